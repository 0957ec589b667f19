"""Recipes: what was tried on the way to the default one, and the published one against it."""

import argparse
import json
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from statistics import fmean
from typing import Any

import numpy as np
import torch
from torch.nn import functional as F
from torch.utils.flop_counter import FlopCounterMode

from benchmarks.results import base_of, command
from benchmarks.study.common import RESULTS, Pairs, bench_cases, dtype_of, edited, opened
from brushctl.bench.effects import TABLE_3, TRAIN, draw_effects, held_out
from brushctl.bench.methods.registry import Bench
from brushctl.bench.metrics import Pixels, psnr, ssim
from brushctl.bench.summary import MEASURES, summarise
from brushctl.engine.brush.attention import brushed
from brushctl.engine.brush.guidance import Guidance
from brushctl.engine.brush.instruction import initial
from brushctl.engine.brush.scales import Scales
from brushctl.engine.model.base import BaseModel
from brushctl.engine.phrases.clip import Clip
from brushctl.engine.phrases.unique_phrase import find_phrase, vocabulary_of
from brushctl.engine.training.loop import train, trainable
from brushctl.engine.training.recipes import DEFAULT, PAPER, Recipe
from brushctl.engine.training.samples import EncodedPairs, bucket_losses, draw_samples

EXPERIMENTS, RECIPES = RESULTS / "experiments.json", RESULTS / "recipes.json"
VARIED_EFFECTS = ("lava", "cake", "charcoal", "apple")
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
    "300 steps, five buckets each": {"steps": 300, "tied_buckets": 5},
    "default": {},
    "520 steps": {"steps": 520},
    "100 steps": {"steps": 100},
}
SAMPLING_STEPS = (3, 5, 20)
"""Sampling steps that each brush is applied with."""


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


AUGMENTATIONS: dict[str, Callable[[Pixels, Pixels], Pairs]] = {
    "mirrored": mirrored,
    "crops": crops,
    "identities": identities,
}
"""Pairs made from pairs, to be learned from as well."""


def augmented(pairs: Pairs, name: str | None) -> Pairs:
    """The pairs, and those of that name made from them."""
    if name is None:
        return pairs
    more = AUGMENTATIONS[name](*pairs)
    before, after = (np.concatenate(both) for both in zip(pairs, more, strict=True))
    return before, after


def varied(
    base: BaseModel, pairs: Pairs, test: Pairs, phrase: str | None, recipe: Recipe
) -> dict[str, float]:
    """PSNR and SSIM of one brush by number of sampling steps, and its training's core seconds."""
    started = time.process_time()
    result = train(base, *pairs, phrase=phrase, recipe=recipe, seed=0)
    figures = {"seconds": time.process_time() - started}
    before, truth = test
    for steps in SAMPLING_STEPS:
        after = edited(base, result.instruction, before, scales=Scales(1, 1), steps=steps, seed=0)
        both = list(zip(after, truth, strict=True))
        figures[f"psnr_{steps}"] = fmean(psnr(x, y) for x, y in both)
        figures[f"ssim_{steps}"] = fmean(ssim(x, y) for x, y in both)
    return figures


def variations(arguments: Sequence[str]) -> None:
    """What was tried on the way to the default recipe, each variation next to the recipe itself.

    Every brush is learned from the training pairs of an effect of TOP-Bench mini, ten or the first
    --shots of them, with others made from them if --add names any, and judged on its five test
    pairs. Each outcome is written as soon as it is known. All of them take hours on a CPU.
    """
    options = argparse.ArgumentParser(description=variations.__doc__)
    options.add_argument("names", nargs="*", metavar="NAME", help=f"of {', '.join(VARIATIONS)}")
    options.add_argument("--effects", nargs="+", default=list(VARIED_EFFECTS))
    options.add_argument("--shots", type=int, default=TRAIN)
    options.add_argument("--add", choices=AUGMENTATIONS)
    chosen = options.parse_args(arguments)
    base, clip = opened()
    effects = draw_effects(chosen.effects, base.resolution, 0)
    pairs = [effect.limited(chosen.shots, None).train for effect in effects]
    vocabulary = vocabulary_of(clip)
    phrases = [find_phrase(clip, *map(list, both), vocabulary).phrase for both in pairs]
    pairs = [augmented(both, chosen.add) for both in pairs]
    for name in chosen.names or list(VARIATIONS):
        recipe = replace(DEFAULT, **VARIATIONS[name])
        rows = [
            varied(base, both, effect.test, phrase, recipe)
            for effect, both, phrase in zip(effects, pairs, phrases, strict=True)
        ]
        figures = {key: round(fmean(row[key] for row in rows), 3) for key in rows[0]}
        parts = (name, *chosen.effects, f"{chosen.shots} shots", chosen.add)
        title = ", ".join(part for part in parts if part)
        print(title, figures, flush=True)
        known = json.loads(EXPERIMENTS.read_text()) if EXPERIMENTS.exists() else {}
        known[title] = {
            "unet": base.model_sha256[:12],
            "dtype": dtype_of(base),
            "threads": torch.get_num_threads(),
            **figures,
        }
        EXPERIMENTS.write_text(json.dumps(known, indent=1) + "\n")


RECIPE_METHODS = {"paper": ("instructbrush-paper", PAPER), "default": ("instructbrush", DEFAULT)}


def tera_flop(base: BaseModel, recipe: Recipe) -> float:
    """Of one step, in 10^12 operations, a multiplication and an addition being two."""
    channels, side = base.vae.config.latent_channels, base.unet.config.sample_size
    blank = torch.zeros(1, channels, side, side, dtype=base.dtype)
    pairs = EncodedPairs(blank, blank)
    sample = draw_samples(base, pairs, recipe, torch.Generator().manual_seed(0))
    scales = recipe.scales or base.defaults.scales
    instruction = trainable(initial(base, "make it", recipe.buckets, least_m=recipe.least_m))
    with brushed(base.unet, instruction) as state, FlopCounterMode(display=False) as counter:
        bucket_losses(Guidance(base, state, scales), sample).sum().backward()
    return counter.get_total_flops() / 1e12


def recipe_rows(
    base: BaseModel, clip: Clip, names: list[str], shots: list[int], work: Path
) -> list[dict[str, Any]]:
    """A row for each recipe and number of shots; what `work` lacks is run."""
    effects = draw_effects(names, base.resolution, 0)
    methods = [method for method, _ in RECIPE_METHODS.values()]
    cases = bench_cases(Bench(base, clip, None, 0), effects, methods, shots, work)
    of = {(row.method, row.guidance, row.split, row.shots): row for row in summarise(cases, 0)}
    rows = []
    for name, (method, recipe) in RECIPE_METHODS.items():
        step = tera_flop(base, recipe)
        for n in shots:
            row = of[method, "best", "all", n]
            own = [case for case in cases if (case.method, case.shots) == (method, n)]
            rows.append(
                {
                    "recipe": name,
                    "shots": n,
                    **{measure: getattr(row, measure) for measure in MEASURES},
                    "tflop_per_brush": round(step * recipe.for_pairs(n).steps, 2),
                    "seconds_per_brush": round(fmean(case.seconds for case in own), 1),
                    "command": command(),
                    "psnr_by_effect": {c.effect: round(fmean(c.best.psnr), 2) for c in own},
                }
            )
    return rows


def table_by_effect(rows: Sequence[dict[str, Any]]) -> str:
    """A line for each effect, a column for each recipe and number of shots."""
    columns = [row["psnr_by_effect"] for row in rows]
    heads = " | ".join(f"`{row['recipe']}`, {row['shots']}" for row in rows)
    lines = [f"| effect | {heads} |", "| --- |" + " --- |" * len(rows)]
    for effect in columns[0]:
        figures = " | ".join(f"{of[effect]:.1f}" if effect in of else "" for of in columns)
        lines.append(f"| {effect}{' *' if held_out(effect) else ''} | {figures} |")
    return "\n".join(lines)


def recipes(arguments: Sequence[str]) -> None:
    """The published recipe against the default one, on TOP-Bench mini.

    Both are run in full and judged on the same test pairs under each brush's own best guidance; the
    published one takes minutes for each effect. Cases that are done are kept in --work, as
    `brushctl bench` keeps them, and those of the published recipe are the same files. FLOPs are
    counted on one step and multiplied; seconds are those of learning and editing, on this machine.
    The ratios of steps are copied from docs/results/learn.json (`benchmarks.speed learn`). Rows of
    other shots that were measured on the same weights stay in the file.
    """
    options = argparse.ArgumentParser(description=recipes.__doc__)
    options.add_argument("--effects", default=",".join(TABLE_3))
    options.add_argument("--shots", type=int, nargs="+", default=[10, 1])
    options.add_argument("--work", type=Path, default=Path("brushctl-recipes"))
    chosen = options.parse_args(arguments)
    base, clip = opened()
    rows = recipe_rows(base, clip, chosen.effects.split(","), chosen.shots, chosen.work)
    learn_rows = json.loads((RESULTS / "learn.json").read_text())["rows"]
    steps = {row["step"]: row for row in learn_rows}
    measured_on = {"base": base_of(base), "dtype": dtype_of(base)}
    known = json.loads(RECIPES.read_text()) if RECIPES.exists() else {}
    if {key: known.get(key) for key in measured_on} == measured_on:
        rows = [row for row in known["rows"] if row["shots"] not in chosen.shots] + rows
    for row in rows:
        print({key: value for key, value in row.items() if key != "psnr_by_effect"})
    print(table_by_effect(rows))
    facts = {
        "command": "; ".join(dict.fromkeys(row["command"] for row in rows)),
        **measured_on,
        "rows": rows,
        "step_ratio_cpu": steps["paper"]["times_faster"],
        "step_ratio_gpu": None,
        "memory_ratio": steps["paper"]["memory_ratio"],
    }
    RECIPES.write_text(json.dumps(facts, indent=1) + "\n")
