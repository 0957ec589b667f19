"""The published recipe against the default one, on some effects of TOP-Bench mini.

    uv run python -m benchmarks.recipes     # docs/results/recipes.json, and a table on stdout

Both are run in full, in the number format that this CPU multiplies in, and judged on the same test
pairs under each brush's own best guidance. Cases that are done are kept in --work, as `brushctl
bench` keeps them, and those of the published recipe are the same files. FLOPs are counted on one
step and multiplied; seconds are those of learning and editing, on this machine. The ratios of steps
are copied from docs/results/learn.json (`benchmarks.learn`). Rows of other shots that were measured
on the same weights stay in the file.
"""

import argparse
import json
from pathlib import Path
from statistics import fmean

import torch
from torch.utils.flop_counter import FlopCounterMode

from benchmarks.card import command
from brushctl.bench.effects import draw_effects
from brushctl.bench.methods import Bench
from brushctl.bench.running import Plan, run_bench
from brushctl.bench.summary import MEASURES, summarise
from brushctl.cli.output import follow
from brushctl.engine.attention import brushed
from brushctl.engine.base import BaseModel, open_base
from brushctl.engine.clip import default_clip, load_clip
from brushctl.engine.device import resolve_dtype
from brushctl.engine.draws import EncodedPairs, bucket_losses, draw
from brushctl.engine.guidance import Guidance
from brushctl.engine.instruction import initial
from brushctl.engine.learning import trainable
from brushctl.engine.recipes import DEFAULT, PAPER, Recipe

OUT = Path("docs/results/recipes.json")
LEARN = Path("docs/results/learn.json")
RECIPES = {"paper": ("instructbrush-paper", PAPER), "default": ("instructbrush", DEFAULT)}
EFFECTS = "lava"
"""One that the base was never told. The published recipe takes minutes for each on a CPU."""


def tera_flop(base: BaseModel, recipe: Recipe) -> float:
    """Of one step, in 10^12 operations, a multiplication and an addition being two."""
    channels, side = base.vae.config.latent_channels, base.unet.config.sample_size
    blank = torch.zeros(1, channels, side, side, dtype=base.dtype)
    sample = draw(base, EncodedPairs(blank, blank), recipe, torch.Generator().manual_seed(0))
    scales = recipe.scales or base.defaults.scales
    instruction = trainable(initial(base, "make it", recipe.buckets, least_m=recipe.least_m))
    with brushed(base.unet, instruction) as state, FlopCounterMode(display=False) as counter:
        bucket_losses(Guidance(base, state, scales), sample).sum().backward()
    return counter.get_total_flops() / 1e12


def main() -> None:
    """Run what is missing, summarise, print, write."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--effects", default=EFFECTS)
    options.add_argument("--shots", type=int, nargs="+", default=[10])
    options.add_argument("--work", type=Path, default=Path("brushctl-recipes"))
    chosen = options.parse_args()
    cpu = torch.device("cpu")
    base = open_base(None, cpu, resolve_dtype(None, cpu))
    effects = draw_effects(chosen.effects.split(","), base.resolution, 0)
    methods = [method for method, _ in RECIPES.values()]
    plan = Plan(effects, methods, chosen.shots, None, chosen.work)
    outcome = follow(run_bench(Bench(base, load_clip(default_clip(base.id), cpu), None, 0), plan))
    rows = []
    summaries = [row for row in summarise(outcome.cases, 0) if row.split == "all"]
    for name, (method, recipe) in RECIPES.items():
        step = tera_flop(base, recipe)
        for row in summaries:
            if (row.method, row.guidance) != (method, "best"):
                continue
            seconds = [
                c.seconds for c in outcome.cases if (c.method, c.shots) == (method, row.shots)
            ]
            figures = {measure: getattr(row, measure) for measure in MEASURES}
            flop = round(step * recipe.fitted(row.shots).steps, 2)
            cost = {"tflop_per_brush": flop, "seconds_per_brush": round(fmean(seconds), 1)}
            case = {"recipe": name, "shots": row.shots, "effects": chosen.effects.split(",")}
            rows.append({**case, **figures, **cost, "command": command()})
            print(rows[-1])
    steps = {row["step"]: row for row in json.loads(LEARN.read_text())["rows"]}
    measured_on = {
        "base": {"id": base.id, "unet_sha256": base.unet_sha256},
        "dtype": str(base.dtype).removeprefix("torch."),
    }
    known = json.loads(OUT.read_text()) if OUT.exists() else {}
    if {key: known.get(key) for key in measured_on} == measured_on:
        rows = [row for row in known["rows"] if row["shots"] not in chosen.shots] + rows
    report = {
        "command": "; ".join(dict.fromkeys(row["command"] for row in rows)),
        **measured_on,
        "rows": rows,
        "step_ratio_cpu": steps["paper"]["times_faster"],
        "step_ratio_gpu": None,
        "memory_ratio": steps["paper"]["memory_ratio"],
    }
    OUT.write_text(json.dumps(report, indent=1) + "\n")


if __name__ == "__main__":
    main()
