"""Room to learn: edits that tiny-ip2p was never shown or told, learned with the paper's recipe.

    uv run python -m benchmarks.unnamed     # adds to docs/results/tiny-ip2p.json; a table on stdout

Eight edits, ten pairs each, judged on five unseen pictures, under each brush's own best guidance,
beside the nearest words and doing nothing: tones that no named look, no clause of the grading
grammar and no monochrome of training makes, a drawing that training has not, new pairings of things
and a new attribute (of a pairing training makes the reverse, of the attribute it shows both states
and never the change).
Cases that are done are kept in --work, as `brushctl bench` keeps them.
"""

import argparse
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch

from benchmarks.card import command, note
from benchmarks.fullres import crossed
from benchmarks.photographs import red_filter, split_toning
from brushctl.bench.effects import GLOBAL, LOCAL, TEST, TRAIN, DrawPair, Effect, change, look
from brushctl.bench.methods.registry import Bench
from brushctl.bench.metrics import Pixels
from brushctl.bench.running import BenchPlan, run_bench
from brushctl.cli._output import reporting
from brushctl.engine.devices import resolve_dtype
from brushctl.engine.model.base import open_base
from brushctl.engine.phrases.clip import default_clip, load_clip
from brushctl.tiny.world.looks import UNNAMED, luma

NAVY, CREAM = np.array((0.05, 0.08, 0.3)), np.array((1.0, 0.93, 0.78))


def duotone(x: Pixels) -> Pixels:
    """Brightness alone, from navy to cream."""
    y = luma(x)
    return NAVY + y * (CREAM - NAVY)


Edit = tuple[str, str, DrawPair]
"""Scope, the nearest words, how a pair is drawn."""
EDITS: dict[str, Edit] = {
    "crossed curves": (GLOBAL, "make it faded", look(crossed)),
    "split toning": (
        GLOBAL,
        "more blue in the shadows, more red in the highlights",
        look(split_toning),
    ),
    "duotone": (GLOBAL, "blue and orange duotone", look(duotone)),
    "red filter": (GLOBAL, "black and white, orange filter", look(red_filter)),
    "watercolour": (GLOBAL, "as a watercolour painting", look(UNNAMED["watercolour"][0])),
    "ball to mushroom": (
        LOCAL,
        "turn the ball into a mushroom",
        change("landscape", {"toy": "ball"}, {"toy": "mushroom"}),
    ),
    "cube to flower": (
        LOCAL,
        "turn the cube into a flower",
        change("landscape", {"toy": "cube"}, {"toy": "flower"}),
    ),
    "beard": (LOCAL, "add a beard", change("portrait", {"beard": False}, {"beard": True})),
}
METHODS = ("nothing", "ip2p", "instructbrush-paper", "instructbrush")
ENOUGH, LEAD = 27.0, 4.0
"""PSNR that a brush should reach, and by how much it should lead words and doing nothing, in dB."""


def effect(name: str, edit: Edit, side: int) -> Effect:
    """An edit's pairs, from a seed of its own."""
    scope, words, draw = edit
    rng = np.random.default_rng((0, len(name), *name.encode()))
    drawn = zip(*(draw(rng, side) for _ in range(TRAIN + TEST)), strict=True)
    before, after = (np.stack(pictures) for pictures in drawn)
    train, test = (before[:TRAIN], after[:TRAIN]), (before[TRAIN:], after[TRAIN:])
    return Effect(name, scope, words, train, test, held_out=True)


def reached(
    bench: Bench, edits: dict[str, Edit], methods: Sequence[str], work: Path
) -> dict[str, dict[str, float]]:
    """Mean PSNR in dB of each edit by each method at its best; what `work` lacks is run."""
    drawn = [effect(name, edit, bench.base.resolution) for name, edit in edits.items()]
    with reporting() as report:
        plan = BenchPlan(drawn, methods, [TRAIN], None, work)
        cases = run_bench(bench, plan, report=report).cases
    psnr = {(case.effect, case.method): float(np.mean(case.best.psnr)) for case in cases}
    return {name: {method: psnr[name, method] for method in methods} for name in edits}


def main() -> None:
    """Run what is missing, print, write."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--work", type=Path, default=Path("brushctl-unnamed"))
    options.add_argument("--edits", nargs="+", default=list(EDITS))
    options.add_argument("--methods", nargs="+", default=list(METHODS))
    chosen = options.parse_args()
    if not {"nothing", "ip2p", "instructbrush-paper"} <= set(chosen.methods):
        options.error("instructbrush-paper is compared with nothing and ip2p: name all three")
    cpu = torch.device("cpu")
    base = open_base(None, cpu, resolve_dtype(None, cpu))
    bench = Bench(base, load_clip(default_clip(base.id), cpu), None, 0)
    edits = {name: EDITS[name] for name in chosen.edits}
    good, rows = 0, []
    for name, figures in reached(bench, edits, chosen.methods, chosen.work).items():
        print(f"{name:14}", *(f"{method} {psnr:5.2f}" for method, psnr in figures.items()))
        lead = figures["instructbrush-paper"] - max(figures["nothing"], figures["ip2p"])
        good += figures["instructbrush-paper"] >= ENOUGH and lead >= LEAD
        rows.append({"edit": name, **{method: round(psnr, 2) for method, psnr in figures.items()}})
    figures = {
        "unnamed_edits": rows,
        "unnamed_edits_tried": len(chosen.edits),
        "unnamed_edits_at_27db": good,
        "unnamed_command": command(),
    }
    note(base.unet_sha256, figures)


if __name__ == "__main__":
    main()
