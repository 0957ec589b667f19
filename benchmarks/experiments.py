"""What was tried on the way to the default recipe, each variation beside the recipe itself.

    uv run python -m benchmarks.experiments                       # all of them; hours on a CPU
    uv run python -m benchmarks.experiments "rate 0.1" float32    # some
    uv run python -m benchmarks.experiments "100 steps" --effects lava cake --shots 1 --add crops

Every brush is learned from the training pairs of an effect of TOP-Bench mini, ten or the first
--shots of them, with others made from them if --add names any, and judged on its five test pairs,
on tiny-ip2p in the number format that this CPU multiplies in. Each outcome goes into
docs/results/experiments.json as soon as it is known. `float32` is the recipe itself in that format.
"""

import argparse
import json
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch.nn import functional as F

from brushctl.bench.effects import TRAIN, Effect, draw_effects
from brushctl.bench.metrics import Pixels, psnr, ssim
from brushctl.engine.brush.scales import Scales
from brushctl.engine.devices import resolve_dtype
from brushctl.engine.model.base import BaseModel, open_base
from brushctl.engine.phrases.clip import default_clip, load_clip
from brushctl.engine.phrases.unique_phrase import find_phrase, vocabulary_of
from brushctl.engine.sampler import Editor
from brushctl.engine.training.loop import train
from brushctl.engine.training.recipes import DEFAULT

OUT = Path("docs/results/experiments.json")
EFFECTS = ("lava", "cake", "charcoal", "apple")
"""Two of the whole picture and two of a part; only `apple` is known to the base."""
EARLY = {"steps": 80, "batch": 2, "tied": 0}
"""The budget of the first search, thirty seconds a brush."""
VARIATIONS: dict[str, dict[str, Any]] = {
    "80 x 2, rate 0.1": {**EARLY, "rate": 0.1},
    "80 x 2, rate 0.1, m 32": {**EARLY, "rate": 0.1, "least_m": 32},
    "80 x 8, rate 0.1": {**EARLY, "rate": 0.1, "batch": 8},
    "80 x 2, rate 0.3": EARLY,
    "80 x 2, rate 1": {**EARLY, "rate": 1.0},
    "160 x 1, rate 0.3": {"steps": 160, "tied": 0},
    "200 x 2, rate 0.3": {"steps": 200, "batch": 2, "tied": 0},
    "150 x 1, tied 0": {"steps": 150, "tied": 0},
    "150 x 1, tied 0.5": {"steps": 150, "tied": 0.5},
    "150 x 1, tied 0.8": {"steps": 150},
    "150 x 1, tied 1": {"steps": 150, "tied": 1},
    "default": {},
    "100 steps": {"steps": 100},
}
STEPS = (3, 5, 20)
"""Sampling steps that each brush is applied with."""


Pairs = tuple[Pixels, Pixels]
"""Before and after, each (n, s, s, 3)."""


def lessons(effect: Effect, shots: int) -> Pairs:
    """The first pairs of an effect to learn from."""
    before, after = effect.train
    return before[:shots], after[:shots]


def mirrored(before: Pixels, after: Pixels) -> Pairs:
    """The pairs in the mirror."""
    return before[:, :, ::-1], after[:, :, ::-1]


def crops(before: Pixels, after: Pixels) -> Pairs:
    """Of each pair the four corners, three quarters of a side, at the size of the whole."""
    cut = before.shape[1] // 4

    def corners(pictures: Pixels) -> Pixels:
        parts = [
            pictures[:, y : y - cut or None, x : x - cut or None]
            for y in (0, cut)
            for x in (0, cut)
        ]
        return np.concatenate([_enlarged(part, pictures.shape[1]) for part in parts])

    return corners(before), corners(after)


def _enlarged(pictures: Pixels, side: int) -> Pixels:
    x = torch.from_numpy(pictures).permute(0, 3, 1, 2)
    return F.interpolate(x, size=(side, side), mode="bicubic").clamp(0, 1).movedim(1, 3).numpy()


def identities(_before: Pixels, after: Pixels) -> Pairs:
    """What has been edited already is to stay as it is."""
    return after, after


ADDED: dict[str, Callable[[Pixels, Pixels], Pairs]] = {
    "mirrored": mirrored,
    "crops": crops,
    "identities": identities,
}
"""Pairs made from pairs, to be learned from beside them."""


def with_added(pairs: Pairs, name: str | None) -> Pairs:
    """The pairs, and those of that name made from them."""
    if name is None:
        return pairs
    before, after = (np.concatenate(both) for both in zip(pairs, ADDED[name](*pairs), strict=True))
    return before, after


def outcome(
    base: BaseModel,
    pairs: Pairs,
    test: Pairs,
    phrase: str | None,
    change: dict[str, Any],
) -> dict[str, float]:
    """PSNR and SSIM of one brush at each number of sampling steps, and its learning's seconds."""
    recipe, started = replace(DEFAULT, **change), time.monotonic()
    learned = train(base, *pairs, phrase=phrase, recipe=recipe, seed=0)
    figures = {"seconds": time.monotonic() - started}
    before, truth = test
    for steps in STEPS:
        with Editor(base, learned.instruction, scales=Scales(1, 1), steps=steps, seed=0) as editor:
            edited = [x.after for x in editor.edit(list(before))]
        both = list(zip(edited, truth, strict=True))
        figures[f"psnr_{steps}"] = float(np.mean([psnr(x, y) for x, y in both]))
        figures[f"ssim_{steps}"] = float(np.mean([ssim(x, y) for x, y in both]))
    return figures


def main() -> None:
    """Run the variations asked for; print and keep the mean of each over the effects."""
    parser = argparse.ArgumentParser()
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"of {', '.join(VARIATIONS)}")
    parser.add_argument("--effects", nargs="+", default=list(EFFECTS))
    parser.add_argument("--shots", type=int, default=TRAIN)
    parser.add_argument("--add", choices=ADDED)
    chosen = parser.parse_args()
    cpu = torch.device("cpu")
    clip = load_clip(default_clip("tiny-ip2p"), cpu)
    effects = draw_effects(chosen.effects, 64, 0)
    pairs = [lessons(effect, chosen.shots) for effect in effects]
    phrases = [
        find_phrase(clip, list(before), list(after), vocabulary_of(clip)).phrase
        for before, after in pairs
    ]
    pairs = [with_added(both, chosen.add) for both in pairs]
    base = open_base(None, cpu, resolve_dtype(None, cpu))
    for name in chosen.names or list(VARIATIONS):
        rows = [
            outcome(base, learned_from, effect.test, phrase, VARIATIONS[name])
            for effect, learned_from, phrase in zip(effects, pairs, phrases, strict=True)
        ]
        figures = {key: round(float(np.mean([row[key] for row in rows])), 3) for key in rows[0]}
        told = (name, *chosen.effects, f"{chosen.shots} shots", chosen.add)
        title = ", ".join(part for part in told if part)
        print(title, figures, flush=True)
        known = json.loads(OUT.read_text()) if OUT.exists() else {}
        known[title] = {
            "unet": base.unet_sha256[:12],
            "dtype": str(base.dtype).removeprefix("torch."),
            "threads": torch.get_num_threads(),
            **figures,
        }
        OUT.write_text(json.dumps(known, indent=1) + "\n")


if __name__ == "__main__":
    main()
