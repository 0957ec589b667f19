"""Tone brushes on photographs: at the model's size, and at full size by the commands themselves.

The photographs are those that scikit-image and scikit-learn ship; tiny-ip2p has never seen any.
PSNR is in dB against the retouched photograph.
"""

import argparse
import json
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from statistics import fmean
from typing import Any

import numpy as np
from PIL import Image

from benchmarks.results import base_of, command, note, report
from benchmarks.study.common import IMAGES, RESULTS, learned, opened
from benchmarks.tones import RETOUCHES, retouch
from brushctl.bench.contact_sheet import Row, contact_sheet
from brushctl.bench.metrics import Pixels, mean_psnr, psnr
from brushctl.engine.model.find import find
from brushctl.engine.sampler import Edited, Editor
from brushctl.engine.training.recipes import DEFAULT
from brushctl.photos.icc import quantise
from brushctl.tiny.train.photographs import photograph_files
from brushctl.tiny.train.photographs import photographs as photographs_of_packages

SHOWN = ("coffee", "china")
"""The photographs that no brush learns from at full size."""


def photographs(arguments: Sequence[str]) -> None:
    """Tone brushes on photographs, at the model's working size: leave one photograph out.

    Each of four retouches is learned from all photographs but one with the default recipe, in as
    many steps as --steps says or its own, and applied to that one; every photograph takes its turn.
    What the autoencoder alone loses of the photographs as they are is the last column.
    """
    options = argparse.ArgumentParser(description=photographs.__doc__)
    options.add_argument("--looks", nargs="+", choices=RETOUCHES, default=list(RETOUCHES))
    options.add_argument("--steps", type=int, default=DEFAULT.steps)
    chosen = options.parse_args(arguments)
    recipe, started = replace(DEFAULT, steps=chosen.steps), time.monotonic()
    base, clip = opened()
    before = photographs_of_packages().astype(np.float32) / 255
    rows: list[dict[str, Any]] = []
    sheet: list[Row] = []
    for name in chosen.looks:
        after = np.stack([retouch(name, x) for x in before])
        results: list[Edited] = []
        for k in range(len(before)):
            others = [n for n in range(len(before)) if n != k]
            result = learned(base, clip, (before[others], after[others]), recipe)
            with Editor(base, result.instruction) as editor:
                results += editor.edit([before[k]])
        row = {
            "look": name,
            "photographs": len(before),
            "nothing": round(mean_psnr(before, after), 2),
            "brush": round(mean_psnr([e.after for e in results], after), 2),
            "autoencoder": round(mean_psnr([e.before for e in results], before), 2),
        }
        rows.append(row)
        print(json.dumps(row), flush=True)
        for k in (0, 2):
            figures = [psnr(x, after[k]) for x in (results[k].after, before[k])]
            caption = f"{name}: brush {figures[0]:.1f}, before {figures[1]:.1f} dB"
            sheet.append(Row((before[k], results[k].after, after[k]), caption))
    seconds = round(time.monotonic() - started, 1)
    report(RESULTS / "photographs.json", {"base": base_of(base), "seconds": seconds, "rows": rows})
    gain = fmean(row["brush"] - row["nothing"] for row in rows)
    note(base.model_sha256, {"photo_gain_db": round(gain, 2), "photo_command": command()})
    title = "Brushes learned from the other photographs (tiny-ip2p, 64 px)"
    contact_sheet(title, ("before", "brush", "retouched"), sheet).save(IMAGES / "photographs.png")


def read(path: Path) -> Pixels:
    """(h, w, 3) in [0, 1]."""
    return np.asarray(Image.open(path).convert("RGB"), np.float32) / 255


def write(pixels: Pixels, path: Path) -> None:
    """As a PNG."""
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(quantise(pixels, 8)).save(path)


def learned_and_applied(look: str, folder: Path) -> list[Pixels]:
    """Learn the look from pairs, and apply it to the photographs left out."""
    for file in photograph_files():
        pixels, name = read(file), f"{file.stem}.png"
        if file.stem in SHOWN:
            write(pixels, folder / "photos" / name)
        else:
            write(pixels, folder / "pairs/before" / name)
            write(retouch(look, pixels), folder / "pairs/after" / name)
    brush, edited = folder / "look.brush", folder / "edited"
    parts = ["--parts", "instruction"]
    for arguments in (
        ["learn", folder / "pairs", "-o", brush, *parts, "--hold-out", "0", "--overwrite"],
        ["apply", brush, folder / "photos", "-o", edited, "--overwrite"],
    ):
        subprocess.run([sys.executable, "-m", "brushctl", *map(str, arguments)], check=True)
    return [read(edited / f"{name}.png") for name in SHOWN]


def full_size(arguments: Sequence[str]) -> None:
    """Brushes learned on photographs, and applied to others at full size, by the commands.

    Each look is learned from all photographs but two, and applied to those two in their own size.
    """
    options = argparse.ArgumentParser(description=full_size.__doc__)
    options.add_argument("--looks", nargs="+", choices=RETOUCHES, default=["split toning", "faded"])
    options.add_argument("--work", type=Path, default=Path("brushctl-photo-brush"))
    chosen = options.parse_args(arguments)
    before = [read(next(f for f in photograph_files() if f.stem == name)) for name in SHOWN]
    rows: list[dict[str, Any]] = []
    sheet: list[Row] = []
    for look in chosen.looks:
        after = learned_and_applied(look, chosen.work / look)
        for name, x, brush in zip(SHOWN, before, after, strict=True):
            y = retouch(look, x)
            row = {"look": look, "photograph": name, "size": [x.shape[1], x.shape[0]]}
            row |= {"nothing": round(psnr(x, y), 2), "brush": round(psnr(brush, y), 2)}
            rows.append(row)
            print(json.dumps(row), flush=True)
            caption = f"{look}: brush {row['brush']:.1f} dB, before {row['nothing']:.1f} dB"
            sheet.append(Row((x, brush, y), caption))
    report(RESULTS / "photo-brush.json", {"base": base_of(find(None)), "rows": rows})
    title = "Brushes learned from seven other photographs (tiny-ip2p), applied at full size"
    columns = ("before", "brush", "retouched")
    contact_sheet(title, columns, sheet, side=320).save(IMAGES / "photo-brush.jpg", quality=88)
