"""Brushes learned on photographs, and applied to others at full size, by the commands themselves.

    uv run python -m benchmarks.photo_brush    # docs/results/photo-brush.json and a sheet

Each look is learned from all photographs that scikit-image and scikit-learn ship but two, and
applied to those two in their own size. PSNR in dB against the retouched photograph, full size.
"""

import argparse
import json
import subprocess
import sys
from pathlib import Path

import numpy as np
from PIL import Image

from benchmarks.card import base_of, report
from benchmarks.photographs import LOOKS, retouched
from brushctl.bench.contact_sheet import Row, contact_sheet
from brushctl.bench.metrics import Pixels, psnr
from brushctl.engine.model.base import find
from brushctl.photos.icc import quantise
from brushctl.tiny.train.photographs import photograph_files

OUT, SHEET = Path("docs/results/photo-brush.json"), Path("docs/images/photo-brush.jpg")
SHOWN = ("coffee", "china")
"""The photographs that no brush learns from."""


def opened(path: Path) -> Pixels:
    """(h, w, 3) in [0, 1]."""
    return np.asarray(Image.open(path).convert("RGB"), np.float32) / 255


def written(pixels: Pixels, path: Path) -> None:
    """As a PNG."""
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(quantise(pixels, 8)).save(path)


def repeat(look: str, folder: Path) -> list[Pixels]:
    """Learn the look from pairs, and apply it to the photographs left out."""
    for file in photograph_files():
        pixels, name = opened(file), f"{file.stem}.png"
        if file.stem in SHOWN:
            written(pixels, folder / "photos" / name)
        else:
            written(pixels, folder / "pairs/before" / name)
            written(retouched(look, pixels), folder / "pairs/after" / name)
    brush, edited = folder / "look.brush", folder / "edited"
    for words in (
        ["learn", folder / "pairs", "-o", brush, "--hold-out", "0", "--overwrite"],
        ["apply", brush, folder / "photos", "-o", edited, "--overwrite"],
    ):
        subprocess.run([sys.executable, "-m", "brushctl", *map(str, words)], check=True)
    return [opened(edited / f"{name}.png") for name in SHOWN]


def main() -> None:
    """Learn, apply, measure, draw."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--looks", nargs="+", choices=LOOKS, default=["split toning", "faded"])
    options.add_argument("--work", type=Path, default=Path("brushctl-photo-brush"))
    chosen = options.parse_args()
    before = [opened(next(f for f in photograph_files() if f.stem == name)) for name in SHOWN]
    rows, shown = [], []
    for look in chosen.looks:
        for name, x, brush in zip(SHOWN, before, repeat(look, chosen.work / look), strict=True):
            y = retouched(look, x)
            row = {"look": look, "photograph": name, "size": [x.shape[1], x.shape[0]]}
            row |= {"nothing": round(psnr(x, y), 2), "brush": round(psnr(brush, y), 2)}
            rows.append(row)
            print(json.dumps(row), flush=True)
            told = f"{look}: brush {row['brush']:.1f} dB, before {row['nothing']:.1f} dB"
            shown.append(Row((x, brush, y), told))
    report(OUT, {"base": base_of(find(None)), "rows": rows})
    title = "Brushes learned from seven other photographs (tiny-ip2p), applied at full size"
    sheet = contact_sheet(title, ("before", "brush", "retouched"), shown, side=320)
    sheet.save(SHEET, quality=88)


if __name__ == "__main__":
    main()
