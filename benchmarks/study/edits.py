"""Edits that tiny-ip2p was not trained on, the scale of its keys and values, and qualities."""

import argparse
import json
import time
from collections.abc import Sequence
from pathlib import Path
from statistics import fmean

import numpy as np

from benchmarks.results import base_of, command, note, report
from benchmarks.study.common import RESULTS, best_psnr, dtype_of, edited, learned, opened
from benchmarks.tones import crossed, curve, duotone, faded, red_filter, split_toning
from brushctl.bench.effects import (
    GLOBAL,
    LOCAL,
    TEST,
    TRAIN,
    DrawPair,
    Effect,
    change,
    draw_effects,
    look,
)
from brushctl.bench.methods.registry import Bench
from brushctl.bench.metrics import psnr, ssim
from brushctl.photos.choices import Effort
from brushctl.tiny.train.unet import set_key_value_scale
from brushctl.tiny.world.looks import UNNAMED

Edit = tuple[str, str, DrawPair]
"""Scope, the nearest words, how a pair is drawn."""
UNTRAINED: dict[str, Edit] = {
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
UNTRAINED_METHODS = ("nothing", "ip2p", "instructbrush-paper", "instructbrush")
ENOUGH, LEAD = 27.0, 4.0
"""PSNR that a brush should reach, and by how much it should lead words and doing nothing, in dB."""
SCALED: dict[str, Edit] = {
    "faded film": (GLOBAL, "make it faded", look(faded)),
    "s curve": (GLOBAL, "more contrast", look(curve)),
}
SCALED_METHODS = ("nothing", "instructbrush-paper")
POWERS = (-10, -12, -14)
"""Of two: RMS(W_K) : RMS(W_Q) and RMS(W_V) : RMS(W_out)."""


def effect_of(name: str, edit: Edit, side: int) -> Effect:
    """An edit's pairs, from a seed of its own."""
    scope, words, draw = edit
    rng = np.random.default_rng((0, len(name), *name.encode()))
    drawn = zip(*(draw(rng, side) for _ in range(TRAIN + TEST)), strict=True)
    before, after = (np.stack(pictures) for pictures in drawn)
    training, test = (before[:TRAIN], after[:TRAIN]), (before[TRAIN:], after[TRAIN:])
    return Effect(name, scope, words, training, test, held_out=True)


def untrained(arguments: Sequence[str]) -> None:
    """Room to learn: edits that tiny-ip2p was never shown or told, with the paper's recipe.

    Eight edits, ten pairs each, judged on five test pictures, under each brush's own best guidance,
    next to the nearest words and doing nothing: tones that no named look, no clause of the grading
    grammar and no monochrome of training makes, a drawing that training has not, new pairings of
    things and a new attribute (of a pairing training makes the reverse, of the attribute it shows
    both states and never the change). Cases that are done are kept in --work.
    """
    options = argparse.ArgumentParser(description=untrained.__doc__)
    options.add_argument("--work", type=Path, default=Path("brushctl-untrained"))
    options.add_argument("--edits", nargs="+", choices=UNTRAINED, default=list(UNTRAINED))
    options.add_argument("--methods", nargs="+", default=list(UNTRAINED_METHODS))
    chosen = options.parse_args(arguments)
    if not {"nothing", "ip2p", "instructbrush-paper"} <= set(chosen.methods):
        options.error("instructbrush-paper is compared with nothing and ip2p: name all three")
    base, clip = opened()
    effects = [effect_of(name, UNTRAINED[name], base.resolution) for name in chosen.edits]
    good, rows = 0, []
    found = best_psnr(Bench(base, clip, None, 0), effects, chosen.methods, chosen.work)
    for name, figures in found.items():
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
    note(base.model_sha256, figures)


def key_value_scale(arguments: Sequence[str]) -> None:
    """How small tiny-ip2p's keys and values should be for the published recipe's absolute rate.

    Their scale changes no prediction, only how far a step of 1e-3 carries. Two tones that are among
    neither the edits of `untrained` nor the world's looks, ten pairs each, judged on five test
    pictures, under each brush's own best guidance. Cases that are done are kept in --work.
    """
    options = argparse.ArgumentParser(description=key_value_scale.__doc__)
    options.add_argument("--work", type=Path, default=Path("brushctl-key-value-scale"))
    chosen = options.parse_args(arguments)
    base, clip = opened()
    effects = [effect_of(name, edit, base.resolution) for name, edit in SCALED.items()]
    rows = []
    for power in POWERS:
        set_key_value_scale(base.unet, 2.0**power)
        work = chosen.work / f"ratio{power}"
        found = best_psnr(Bench(base, clip, None, 0), effects, SCALED_METHODS, work)
        for name, figures in found.items():
            rounded = {method: round(figure, 2) for method, figure in figures.items()}
            rows.append({"log2_ratio": power, "edit": name, **rounded})
            print(json.dumps(rows[-1]), flush=True)
    report(RESULTS / "gauge.json", {"base": base_of(base), "rows": rows})


EFFORT_EFFECTS = ("lava", "cake", "charcoal", "watercolor", "midnight", "apple", "snow", "dog2cat")
"""Half of them of the whole picture, half unknown to the base."""


def effort(arguments: Sequence[str]) -> None:
    """What `brushctl apply --effort` costs, in PSNR against the truth and in time.

    A brush by the default recipe from the ten training pairs of each effect, applied to its five
    test pictures with each effort's share of the base's own steps, in turns. Some ten minutes.
    """
    options = argparse.ArgumentParser(description=effort.__doc__)
    options.add_argument("--effects", nargs="+", default=EFFORT_EFFECTS)
    chosen = options.parse_args(arguments)
    base, clip = opened()
    steps = {each: each.fewer(base.defaults.steps) or base.defaults.steps for each in Effort}
    found: dict[Effort, list[tuple[float, float, float]]] = {each: [] for each in Effort}
    for effect in draw_effects(chosen.effects, base.resolution, 0):
        instruction = learned(base, clip, effect.train).instruction
        before, truth = effect.test
        for each in Effort:
            began = time.monotonic()
            both = list(
                zip(edited(base, instruction, before, steps=steps[each]), truth, strict=True)
            )
            seconds = (time.monotonic() - began) / len(before)
            figures = [fmean(measure(x, y) for x, y in both) for measure in (psnr, ssim)]
            found[each].append((*figures, seconds))
        print(effect.name, {str(each): round(found[each][-1][0], 2) for each in Effort}, flush=True)
    rows = [
        {
            "effort": str(each),
            "steps": steps[each],
            "psnr": round(fmean(f[0] for f in found[each]), 3),
            "ssim": round(fmean(f[1] for f in found[each]), 4),
            "model_seconds_each": round(fmean(f[2] for f in found[each]), 4),
        }
        for each in Effort
    ]
    facts = {"base": base_of(base), "dtype": dtype_of(base), "effects": list(chosen.effects)}
    report(RESULTS / "effort.json", {**facts, "rows": rows})
    print(json.dumps(rows, indent=1))
