"""How much of an edit a LUT carries: of looks as they are, and of brushes that learned them.

    uv run python -m benchmarks.luts                 # docs/results/luts.json, a minute
    uv run python -m benchmarks.luts --brushes       # adds brushes and a picture, some minutes more

A 33³ table is fitted to what each look does to drawn pictures, as `brushctl export --lut` does, and
judged by the share of the edit that it explains on pictures left out of the fit. With `--brushes`
the looks are learned on tiny-ip2p with the default recipe, from ten other pairs, and tables are
fitted to what these brushes do.
"""

import argparse
import json
from pathlib import Path
from typing import Any

import numpy as np
import torch

from benchmarks.card import base_of, report
from benchmarks.lessons import learnt
from brushctl.app.demo import teal_and_amber
from brushctl.bench.contact_sheet import Row, contact_sheet
from brushctl.bench.metrics import Pixels, mean_psnr
from brushctl.engine.model.base import open_base
from brushctl.engine.phrases.clip import default_clip, load_clip
from brushctl.engine.sampler import Editor
from brushctl.grade.lut import FINE, Lut, fit_lut, share_carried
from brushctl.tiny.world.looks import NAMED, Look
from brushctl.tiny.world.pictures import draw_picture

OUT, SHEET = Path("docs/results/luts.json"), Path("docs/images/luts.png")
PAIRS = 10
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


def measured(before: Pixels, after: Pixels) -> dict[str, float]:
    """The share of an edit that tables of several sizes carry."""
    return {str(grid): round(share_carried(before, after, grid), 3) for grid in GRIDS}


def falls(table: Lut) -> float:
    """The share of steps along a channel's own axis by which the channel falls."""
    steps = [np.diff(table.table[..., c], axis=c) for c in range(3)]
    return round(float(np.mean([(step < -1e-4).mean() for step in steps])), 4)


def main() -> None:
    """Edit, fit, judge, write."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--looks", nargs="+", choices=LOOKS, default=list(LOOKS))
    options.add_argument("--pictures", type=int, default=12)
    options.add_argument("--brushes", action="store_true")
    chosen = options.parse_args()
    rng = np.random.default_rng(9)
    pictures = np.stack([draw_picture(rng).pixels for _ in range(PAIRS + chosen.pictures)])
    base = open_base(None, torch.device("cpu"), torch.float32) if chosen.brushes else None
    clip = load_clip(default_clip(base.id), base.device) if base else None
    rows: list[dict[str, Any]] = []
    shown: list[Row] = []
    for name in chosen.looks:
        truth = np.stack([np.clip(LOOKS[name](x), 0, 1) for x in pictures]).astype(np.float32)
        unseen, meant = pictures[PAIRS:], truth[PAIRS:]
        table = fit_lut(list(unseen), list(meant), FINE)
        rows.append({"look": name, "carried": measured(unseen, meant), "falls": falls(table)})
        if base and clip:
            learned = learnt(base, clip, pictures[:PAIRS], truth[:PAIRS])
            with Editor(base, learned.instruction) as editor:
                edited = editor.edit(unseen)
            before = np.stack([e.before for e in edited])
            after = np.stack([e.after for e in edited])
            table = fit_lut(list(before[1:]), list(after[1:]), FINE)
            rows[-1] |= {
                "carried of the brush": measured(before, after),
                "falls of the brush": falls(table),
                "psnr of the brush": round(mean_psnr(after, meant), 1),
                "psnr of nothing": round(mean_psnr(unseen, meant), 1),
            }
            shown.append(Row((unseen[0], after[0], table(unseen[0]), meant[0]), name))
        print(json.dumps(rows[-1]), flush=True)
    facts = {
        "base": base_of(base) if base else None,
        "pictures": chosen.pictures,
        "rows": rows,
    }
    report(OUT, facts)
    if shown:
        title = "Brushes as LUTs, on a picture left out of the fit (tiny-ip2p, 64 px)"
        columns = ("before", "brush", "its LUT", "truth")
        contact_sheet(title, columns, shown).save(SHEET, optimize=True)


if __name__ == "__main__":
    main()
