"""The published recipe against the default one, on TOP-Bench mini.

    uv run python -m benchmarks.recipes     # docs/results/recipes.json, and a table on stdout

Both are run in full, in the number format that this CPU multiplies in, and judged on the same test
pairs under each brush's own best guidance; the published one takes minutes for each effect. Cases
that are done are kept in --work, as `brushctl bench` keeps them, and those of the published recipe
are the same files. FLOPs are counted on one step and multiplied; seconds are those of learning and
editing, on this machine. The ratios of steps are copied from docs/results/learn.json
(`benchmarks.learn`). Rows of other shots that were measured on the same weights stay in the file.
"""

import argparse
import json
from collections.abc import Sequence
from pathlib import Path
from statistics import fmean
from typing import Any

import torch
from torch.utils.flop_counter import FlopCounterMode

from benchmarks.card import base_of, command
from brushctl.bench.cases import Case
from brushctl.bench.effects import TABLE_3, draw_effects, held_out
from brushctl.bench.methods.registry import Bench
from brushctl.bench.running import BenchPlan, run_bench
from brushctl.bench.summary import MEASURES, summarise
from brushctl.cli._output import reporting
from brushctl.engine.brush.attention import brushed
from brushctl.engine.brush.guidance import Guidance
from brushctl.engine.brush.instruction import initial
from brushctl.engine.devices import resolve_dtype
from brushctl.engine.model.base import BaseModel, open_base
from brushctl.engine.phrases.clip import default_clip, load_clip
from brushctl.engine.training.loop import trainable
from brushctl.engine.training.recipes import DEFAULT, PAPER, Recipe
from brushctl.engine.training.samples import EncodedPairs, bucket_losses, draw_samples

OUT = Path("docs/results/recipes.json")
LEARN = Path("docs/results/learn.json")
RECIPES = {"paper": ("instructbrush-paper", PAPER), "default": ("instructbrush", DEFAULT)}


def tera_flop(base: BaseModel, recipe: Recipe) -> float:
    """Of one step, in 10^12 operations, a multiplication and an addition being two."""
    channels, side = base.vae.config.latent_channels, base.unet.config.sample_size
    blank = torch.zeros(1, channels, side, side, dtype=base.dtype)
    sample = draw_samples(
        base, EncodedPairs(blank, blank), recipe, torch.Generator().manual_seed(0)
    )
    scales = recipe.scales or base.defaults.scales
    instruction = trainable(initial(base, "make it", recipe.buckets, least_m=recipe.least_m))
    with brushed(base.unet, instruction) as state, FlopCounterMode(display=False) as counter:
        bucket_losses(Guidance(base, state, scales), sample).sum().backward()
    return counter.get_total_flops() / 1e12


def measured(
    base: BaseModel, names: list[str], shots: list[int], work: Path
) -> list[dict[str, Any]]:
    """A row for each recipe and number of shots; what `work` lacks is run."""
    clip = load_clip(default_clip(base.id), base.device)
    methods = [method for method, _ in RECIPES.values()]
    plan = BenchPlan(draw_effects(names, base.resolution, 0), methods, shots, None, work)
    with reporting() as report:
        cases = run_bench(Bench(base, clip, None, 0), plan, report=report).cases
    of = {(row.method, row.guidance, row.split, row.shots): row for row in summarise(cases, 0)}
    rows = []
    for name, (method, recipe) in RECIPES.items():
        step = tera_flop(base, recipe)
        for n in shots:
            row = of[method, "best", "all", n]
            figures = {measure: getattr(row, measure) for measure in MEASURES}
            mine = [case for case in cases if (case.method, case.shots) == (method, n)]
            seconds = fmean(case.seconds for case in mine)
            flop = round(step * recipe.for_pairs(n).steps, 2)
            cost = {"tflop_per_brush": flop, "seconds_per_brush": round(seconds, 1)}
            facts = {"recipe": name, "shots": n, **figures, **cost, "command": command()}
            rows.append({**facts, "psnr_by_effect": psnr_by_effect(mine)})
    return rows


def psnr_by_effect(cases: Sequence[Case]) -> dict[str, float]:
    """Of each effect's test pictures in the mean, in dB, under the guidance that is best for it."""
    return {case.effect: round(fmean(case.best.psnr), 2) for case in cases}


def table_by_effect(rows: Sequence[dict[str, Any]]) -> str:
    """A line for each effect, a column for each recipe and number of shots."""
    columns = [row["psnr_by_effect"] for row in rows]
    heads = " | ".join(f"`{row['recipe']}`, {row['shots']}" for row in rows)
    lines = [f"| effect | {heads} |", "| --- |" + " --- |" * len(rows)]
    for effect in columns[0]:
        figures = " | ".join(f"{of[effect]:.1f}" if effect in of else "" for of in columns)
        lines.append(f"| {effect}{' *' if held_out(effect) else ''} | {figures} |")
    return "\n".join(lines)


def main() -> None:
    """Run what is missing, summarise, print, write."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--effects", default=",".join(TABLE_3))
    options.add_argument("--shots", type=int, nargs="+", default=[10, 1])
    options.add_argument("--work", type=Path, default=Path("brushctl-recipes"))
    chosen = options.parse_args()
    cpu = torch.device("cpu")
    base = open_base(None, cpu, resolve_dtype(None, cpu))
    rows = measured(base, chosen.effects.split(","), chosen.shots, chosen.work)
    steps = {row["step"]: row for row in json.loads(LEARN.read_text())["rows"]}
    measured_on = {
        "base": base_of(base),
        "dtype": str(base.dtype).removeprefix("torch."),
    }
    known = json.loads(OUT.read_text()) if OUT.exists() else {}
    if {key: known.get(key) for key in measured_on} == measured_on:
        rows = [row for row in known["rows"] if row["shots"] not in chosen.shots] + rows
    for row in rows:
        print({key: value for key, value in row.items() if key != "psnr_by_effect"})
    print(table_by_effect(rows))
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
