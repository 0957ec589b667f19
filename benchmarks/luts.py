"""How much of an edit a LUT carries: brushes for tone looks and for changes of content.

    uv run python -m benchmarks.luts     # docs/results/luts.json and a picture, some five minutes

Eight effects are learned on tiny-ip2p with the default recipe, from ten pairs each that the program
draws. A 33³ table is fitted to what each brush does to `--pictures` unseen pictures, as `brushctl
export --lut` does, and judged by the share of the edit's variance that it explains on pictures left
out of the fit. Beside it: the same share of the true edit, which no model has blurred.
"""

import argparse
import json
import time
from pathlib import Path

import numpy as np
import torch

from brushctl.bench.demo import teal_and_amber
from brushctl.bench.metrics import Pixels, psnr
from brushctl.bench.sheet import Row, contact_sheet
from brushctl.cli.output import follow
from brushctl.engine.base import BaseModel, open_base
from brushctl.engine.clip import default_clip, load_clip
from brushctl.engine.editing import Edited, Editor
from brushctl.engine.learning import learn
from brushctl.engine.making import find_start
from brushctl.engine.recipes import DEFAULT
from brushctl.photos.lut import FINE, Lut, fit_lut, share_carried
from brushctl.tiny.world.looks import NAMED, Look
from brushctl.tiny.world.pictures import draw_picture

OUT, SHEET = Path("docs/results/luts.json"), Path("docs/images/luts.png")
PAIRS = 10
GRIDS = (9, 17, FINE)
LEFT_OUT = 1
"""Pictures that the shown table is not fitted to; they are shown."""
LOOKS: dict[str, Look] = {
    "teal and amber": teal_and_amber,
    **{name: NAMED[name][0] for name in ("faded", "mono", "vignette", "snow", "pencil")},
}
"""Matters of colours alone; of colours and place; of structure."""


def learnt_edit(base: BaseModel, before: Pixels, after: Pixels, unseen: Pixels) -> list[Edited]:
    """What a brush learned from the pairs does to other pictures."""
    clip = load_clip(default_clip(base.id), base.device)
    start = follow(find_start(clip, list(before), list(after)), quiet=True)
    learned = follow(
        learn(base, before, after, phrase=start.phrase, recipe=DEFAULT, seed=0), quiet=True
    )
    with Editor(
        base, learned.instruction, scales=learned.scales, steps=base.defaults.steps, seed=0
    ) as editor:
        return [editor.edit([picture])[0] for picture in unseen]


def measured(before: Pixels, after: Pixels) -> dict[str, float]:
    """The share of an edit that tables of several sizes carry."""
    return {str(grid): round(share_carried(before, after, grid), 3) for grid in GRIDS}


def falls(table: Lut) -> float:
    """The share of steps along a channel's own axis by which the channel falls."""
    steps = [np.diff(table.table[..., c], axis=c) for c in range(3)]
    return round(float(np.mean([(step < -1e-4).mean() for step in steps])), 4)


def main() -> None:
    """Learn, edit, fit, judge, write."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--looks", nargs="+", choices=LOOKS, default=list(LOOKS))
    options.add_argument("--pictures", type=int, default=12)
    chosen = options.parse_args()
    started = time.monotonic()
    base = open_base(None, torch.device("cpu"), torch.float32)
    rng = np.random.default_rng(9)
    pictures = np.stack([draw_picture(rng).pixels for _ in range(PAIRS + chosen.pictures)])
    rows, shown = [], []
    for name in chosen.looks:
        truth = np.stack([np.clip(LOOKS[name](x), 0, 1) for x in pictures]).astype(np.float32)
        unseen, meant = pictures[PAIRS:], truth[PAIRS:]
        edited = learnt_edit(base, pictures[:PAIRS], truth[:PAIRS], unseen)
        before = np.stack([e.before for e in edited])
        after = np.stack([e.after for e in edited])
        table = fit_lut(list(before[LEFT_OUT:]), list(after[LEFT_OUT:]), FINE)
        rows.append(
            {
                "look": name,
                "brush": measured(before, after),
                "true edit": measured(unseen, meant),
                "falls": falls(table),
                "psnr of the brush": _mean_psnr(after, meant),
                "psnr of nothing": _mean_psnr(unseen, meant),
            }
        )
        print(json.dumps(rows[-1]), flush=True)  # noqa: T201
        shown += [
            Row(
                (unseen[k], after[k], table(unseen[k]), meant[k]),
                f"{name}: a LUT carries {rows[-1]['brush'][str(FINE)]:.0%} of the brush",
            )
            for k in range(LEFT_OUT)
        ]
    report = {
        "command": "uv run python -m benchmarks.luts",
        "base": {"id": base.id, "unet_sha256": base.unet_sha256},
        "pictures": chosen.pictures,
        "seconds": round(time.monotonic() - started, 1),
        "rows": rows,
    }
    OUT.write_text(json.dumps(report, indent=2) + "\n")
    title = "Brushes as LUTs, on pictures left out of the fit (tiny-ip2p, 64 px)"
    columns = ("before", "brush", "its LUT", "truth")
    contact_sheet(title, columns, shown).save(SHEET, optimize=True)


def _mean_psnr(pictures: Pixels, truth: Pixels) -> float:
    return round(float(np.mean([psnr(x, y) for x, y in zip(pictures, truth, strict=True)])), 1)


if __name__ == "__main__":
    main()
