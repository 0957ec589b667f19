"""Room to learn: edits that tiny-ip2p was never shown or told, learned with the paper's recipe.

    uv run python -m benchmarks.unnamed     # adds to docs/results/tiny-ip2p.json; a table on stdout

Eight edits, ten pairs each, judged on five unseen pictures, under each brush's own best guidance,
beside the nearest words and doing nothing. Cases that are done are kept in --work, as
`brushctl bench` keeps them.
"""

import argparse
import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch

from benchmarks.photographs import LOOKS
from brushctl.bench.cases import Case
from brushctl.bench.effects import GLOBAL, TEST, TRAIN, Effect, draw_effects
from brushctl.bench.methods import Bench
from brushctl.bench.metrics import Pixels
from brushctl.bench.running import Plan, run_bench
from brushctl.cli.output import follow
from brushctl.engine.base import open_base
from brushctl.engine.clip import default_clip, load_clip
from brushctl.tiny.world.pictures import draw_picture

OUT = Path("docs/results/tiny-ip2p.json")
TONES = {
    "split toning": "make the shadows blue and the highlights orange",
    "S curve": "make it strong contrast",
}
EFFECTS = ("charcoal", "watercolor", "purple", "lava", "cake", "juice")
"""Of TOP-Bench mini, held out of the base's training."""
METHODS = ("nothing", "ip2p", "instructbrush-paper", "instructbrush")
ENOUGH, LEAD = 27.0, 4.0
"""PSNR that a brush should reach, and by how much it should lead words and doing nothing, in dB."""


def tone_effect(name: str, look: Callable[[Pixels], Pixels], words: str, side: int) -> Effect:
    """Pictures of the world under a tone edit made for photographs."""
    rng = np.random.default_rng(list(TONES).index(name))
    before = np.stack([draw_picture(rng, side).pixels for _ in range(TRAIN + TEST)])
    after = np.stack([np.clip(look(x), 0, 1) for x in before]).astype(np.float32)
    train, test = (before[:TRAIN], after[:TRAIN]), (before[TRAIN:], after[TRAIN:])
    return Effect(name, GLOBAL, words, train, test, held_out=True)


def best(case: Case) -> float:
    """The mean PSNR under the best guidance."""
    (run,) = (run for run in case.runs if run.guidance == "best")
    return float(np.mean(run.psnr))


def main() -> None:
    """Run what is missing, print, write."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--work", type=Path, default=Path("brushctl-unnamed"))
    options.add_argument("--edits", nargs="+", default=[*TONES, *EFFECTS])
    options.add_argument("--methods", nargs="+", default=list(METHODS))
    chosen = options.parse_args()
    cpu = torch.device("cpu")
    base = open_base(None, cpu, torch.bfloat16)
    drawn = [
        tone_effect(name, LOOKS[name], TONES[name], base.resolution)
        if name in TONES
        else draw_effects([name], base.resolution, 0)[0]
        for name in chosen.edits
    ]
    plan = Plan(drawn, chosen.methods, [TRAIN], None, chosen.work)
    bench = Bench(base, load_clip(default_clip(base.id), cpu), None, 0)
    outcome = follow(run_bench(bench, plan))
    table = {(case.effect, case.method): best(case) for case in outcome.cases}
    good = 0
    for name in chosen.edits:
        figures = {method: table[name, method] for method in chosen.methods}
        print(f"{name:14}", *(f"{method} {psnr:5.2f}" for method, psnr in figures.items()))
        lead = figures["instructbrush-paper"] - max(figures["nothing"], figures["ip2p"])
        good += figures["instructbrush-paper"] >= ENOUGH and lead >= LEAD
    known = json.loads(OUT.read_text())
    known |= {
        "unnamed_edits_tried": len(chosen.edits),
        "unnamed_edits_at_27db": good,
        "unnamed_command": "uv run python -m benchmarks.unnamed",
    }
    OUT.write_text(json.dumps(known, indent=2) + "\n")


if __name__ == "__main__":
    main()
