"""What brushes do: stretch by stretch of denoising, when they are mixed, and as LUTs."""

import argparse
import json
import time
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import torch
from PIL import Image

from benchmarks.results import base_of, report
from benchmarks.study.common import IMAGES, RESULTS, edited, learned, opened
from benchmarks.tones import teal_and_amber
from brushctl.bench.contact_sheet import Row, contact_sheet
from brushctl.bench.effects import Effect, draw_effects
from brushctl.bench.metrics import Pixels, mean_psnr, psnr
from brushctl.brushes.file import Brush
from brushctl.brushes.mixing import Share, blend, schedule, stack
from brushctl.brushes.provenance import Provenance
from brushctl.cli._progress import reporting
from brushctl.engine.brush.instruction import Instruction, from_noisiest
from brushctl.engine.model.base import BaseModel, open_base
from brushctl.engine.sampler import Editor, editor_on
from brushctl.engine.training.make_brush import InitialPhrase, make_brush
from brushctl.engine.training.recipes import DEFAULT, RECIPES
from brushctl.grade.lut import FINE, Lut, fit_lut, share_carried
from brushctl.tiny.world.looks import NAMED, Look
from brushctl.tiny.world.pictures import draw_picture

TIME_AWARE_EFFECTS = ("lava", "traffic lights", "pencil sketch")
PAIRS, BLOCK, SHOWN = 10, 8, 5
"""Pairs of a mixed brush or a look; side of a block in pixels; pictures of a contact sheet."""
GRIDS = (9, 17, FINE)
LOOKS: dict[str, Look] = {
    "teal and amber": teal_and_amber,
    **{
        name: NAMED[name][0]
        for name in (
            "mono",
            "sepia",
            "night",
            "negative",
            "vignette",
            "fog",
            "snow",
            "painting",
            "pencil",
        )
    },
}
"""Matters of colours alone; of colours and place; of structure."""


def growing_row(base: BaseModel, effect: Effect, instruction: Instruction) -> Row:
    """The first test picture: before, k = 0 to j, truth."""
    before, truth = effect.test[0][0], effect.test[1][0]
    pictures: list[Pixels] = []
    for k in range(DEFAULT.buckets + 1):
        part = from_noisiest(base, instruction, k)
        pictures += edited(base, part, before[None])
    figures = ", ".join(f"{psnr(picture, truth):.1f}" for picture in pictures)
    return Row([before, *pictures, truth], f"{effect.name}   PSNR for k = 0 to 5: {figures} dB")


def time_aware(arguments: Sequence[str]) -> None:
    """Figure 3 of the paper on tiny-ip2p.

    Each row is an effect of TOP-Bench mini; each column has the learned instruction in the first k
    of five stretches of denoising, and the empty instruction in the rest.
    """
    options = argparse.ArgumentParser(description=time_aware.__doc__)
    options.add_argument("--steps", type=int, default=DEFAULT.steps)
    options.add_argument("--dtype", default=None)
    chosen = options.parse_args(arguments)
    base, clip = opened(chosen.dtype)
    recipe = replace(DEFAULT, steps=chosen.steps)
    rows = [
        growing_row(base, effect, learned(base, clip, effect.train, recipe).instruction)
        for effect in draw_effects(TIME_AWARE_EFFECTS, base.resolution, seed=0)
    ]
    columns = ["before", *(f"k = {k}" for k in range(DEFAULT.buckets + 1)), "truth"]
    title = "A learned instruction in the first k of five stretches of denoising (tiny-ip2p)"
    contact_sheet(title, columns, rows, side=144).save(IMAGES / "time-aware.png")


def pictures(seed: int, count: int, size: int) -> np.ndarray:
    """(n, s, s, 3) of the procedural world."""
    rng = np.random.default_rng(seed)
    return np.stack([draw_picture(rng, size).pixels for _ in range(count)])


def learned_look(base: BaseModel, look: str, recipe: str, seed: int) -> Brush:
    """A brush for one look, from pairs that nothing else here uses."""
    before = pictures(1000 + seed, PAIRS, base.resolution)
    after = np.stack([np.clip(NAMED[look][0](x), 0, 1) for x in before])
    with reporting() as progress:
        return make_brush(
            base,
            before,
            after,
            initial_phrase=InitialPhrase(None),
            recipe=RECIPES[recipe],
            seed=seed,
            provenance=Provenance.today(look),
            pair_hashes=["0" * 64] * PAIRS,
            report=progress,
        )


def brush_edited(base: BaseModel, brush: Brush, images: np.ndarray) -> np.ndarray:
    """(n, s, s, 3): the pictures after the brush, at its own settings."""
    with editor_on(base, brush) as editor:
        return np.stack([editor.edit([image])[0].after for image in images])


def mixes(a: Brush, b: Brush) -> dict[str, Brush]:
    """Every way of mixing, by the name it has in the sheet."""
    provenance = Provenance.today("mix")
    j = a.metadata.buckets.count
    coarse_a = [b] * (j // 2) + [a] * (j - j // 2)
    coarse_b = [a] * (j // 2) + [b] * (j - j // 2)
    return {
        "blend .75 A .25 B": blend([Share(a, 0.75), Share(b, 0.25)], provenance),
        "blend .5 A .5 B": blend([Share(a, 0.5), Share(b, 0.5)], provenance),
        "blend .25 A .75 B": blend([Share(a, 0.25), Share(b, 0.75)], provenance),
        "stack A B": stack([Share(a, 1), Share(b, 1)], provenance),
        "coarse A fine B": schedule(coarse_a, provenance),
        "coarse B fine A": schedule(coarse_b, provenance),
    }


def distances(x: np.ndarray, y: np.ndarray) -> dict[str, float]:
    """Root mean square differences of the whole, the coarse part and the fine part."""
    difference = (x - y).astype(np.float64)
    n, h, w, c = difference.shape
    blocks = difference.reshape(n, h // BLOCK, BLOCK, w // BLOCK, BLOCK, c)
    means = blocks.mean(axis=(2, 4), keepdims=True)
    parts = {"whole": difference, "coarse": means, "fine": blocks - means}
    return {name: round(float(np.sqrt(np.mean(part**2))), 4) for name, part in parts.items()}


def mixing_sheet(columns: dict[str, np.ndarray]) -> Image.Image:
    """A column for each method under its name, a row for each picture."""
    rows = [Row([images[k] for images in columns.values()]) for k in range(SHOWN)]
    return contact_sheet("Two brushes and their mixes (tiny-ip2p)", list(columns), rows)


def mixing(arguments: Sequence[str]) -> None:
    """What each way of mixing does to pictures: two brushes learned on tiny-ip2p, and their mixes.

    Both brushes are learned from ten pairs of the procedural world, without a phrase, so that they
    have equally many tokens. All of them then edit the same pictures, which neither has seen. The
    figures are root mean square differences (of 1) between a mix's pictures and those of either
    parent: of the whole pictures; of their coarse part, the means of blocks of 8 x 8 pixels, which
    hold layout and colour; and of the fine part that is left, which holds texture.
    """
    options = argparse.ArgumentParser(description=mixing.__doc__)
    options.add_argument("-a", default="sunset", choices=NAMED)
    options.add_argument("-b", default="pencil", choices=NAMED)
    options.add_argument("--recipe", default="default", choices=RECIPES)
    options.add_argument("--count", type=int, default=24, help="held-out pictures")
    options.add_argument("--device", default="cpu")
    chosen = options.parse_args(arguments)
    started = time.monotonic()
    base = open_base(None, torch.device(chosen.device), torch.float32)
    a, b = (
        learned_look(base, look, chosen.recipe, seed)
        for seed, look in enumerate((chosen.a, chosen.b))
    )
    images = pictures(7, max(chosen.count, SHOWN), base.resolution)
    of_a, of_b = brush_edited(base, a, images), brush_edited(base, b, images)
    columns = {"input": images, f"A: {chosen.a}": of_a, f"B: {chosen.b}": of_b}
    rows = [{"method": "A", "to_b": distances(of_a, of_b)}]
    for name, brush in mixes(a, b).items():
        columns[name] = brush_edited(base, brush, images)
        to_a, to_b = distances(columns[name], of_a), distances(columns[name], of_b)
        rows.append({"method": name, "to_a": to_a, "to_b": to_b})
        print(f"{name:20} to A {to_a}  to B {to_b}")
    mixing_sheet(columns).save(IMAGES / "mixing.png")
    facts = {
        "base": base_of(base),
        "pictures": len(images),
        "seconds": round(time.monotonic() - started, 1),
        "rows": rows,
    }
    report(RESULTS / "mixing.json", facts)


def shares(before: Pixels, after: Pixels) -> dict[str, float]:
    """The share of an edit that tables of several sizes carry."""
    return {str(grid): round(share_carried(before, after, grid), 3) for grid in GRIDS}


def falling_steps(table: Lut) -> float:
    """The share of steps along a channel's own axis by which the channel falls."""
    steps = [np.diff(table.table[..., c], axis=c) for c in range(3)]
    return round(float(np.mean([(step < -1e-4).mean() for step in steps])), 4)


def luts(arguments: Sequence[str]) -> None:
    """How much of an edit a LUT carries: of looks as they are, and of brushes that learned them.

    A 33³ table is fitted to what each look does to drawn pictures, as `brushctl export --lut` does,
    and judged by the share of the edit that it explains on pictures left out of the fit: a minute.
    With --brushes the looks are learned with the default recipe, from ten other pairs, and tables
    are fitted to what these brushes do: some minutes more.
    """
    options = argparse.ArgumentParser(description=luts.__doc__)
    options.add_argument("--looks", nargs="+", choices=LOOKS, default=list(LOOKS))
    options.add_argument("--pictures", type=int, default=12)
    options.add_argument("--brushes", action="store_true")
    chosen = options.parse_args(arguments)
    rng = np.random.default_rng(9)
    pictures = np.stack([draw_picture(rng).pixels for _ in range(PAIRS + chosen.pictures)])
    base, clip = opened("float32") if chosen.brushes else (None, None)
    rows: list[dict[str, Any]] = []
    sheet: list[Row] = []
    for name in chosen.looks:
        truth = np.stack([np.clip(LOOKS[name](x), 0, 1) for x in pictures]).astype(np.float32)
        others, wanted = pictures[PAIRS:], truth[PAIRS:]
        table = fit_lut(list(others), list(wanted), FINE)
        rows.append(
            {"look": name, "carried": shares(others, wanted), "falls": falling_steps(table)}
        )
        if base and clip:
            result = learned(base, clip, (pictures[:PAIRS], truth[:PAIRS]))
            with Editor(base, result.instruction) as editor:
                results = editor.edit(others)
            before = np.stack([e.before for e in results])
            after = np.stack([e.after for e in results])
            table = fit_lut(list(before[1:]), list(after[1:]), FINE)
            rows[-1] |= {
                "carried of the brush": shares(before, after),
                "falls of the brush": falling_steps(table),
                "psnr of the brush": round(mean_psnr(after, wanted), 1),
                "psnr of nothing": round(mean_psnr(others, wanted), 1),
            }
            sheet.append(Row((others[0], after[0], table(others[0]), wanted[0]), name))
        print(json.dumps(rows[-1]), flush=True)
    facts = {
        "base": base_of(base) if base else None,
        "pictures": chosen.pictures,
        "rows": rows,
    }
    report(RESULTS / "luts.json", facts)
    if sheet:
        title = "Brushes as LUTs, on a picture left out of the fit (tiny-ip2p, 64 px)"
        columns = ("before", "brush", "its LUT", "truth")
        contact_sheet(title, columns, sheet).save(IMAGES / "luts.png", optimize=True)
