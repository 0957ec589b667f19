"""A sheet of crops at 1:1: before, under a lattice alone, under the grade, and the truth.

`python -m benchmarks.grade sheet` edits photographs that scikit-image and scikit-learn install,
learns each edit from some of them, and shows the others in docs/images/grade.jpg.
"""

import argparse
import tempfile
from collections.abc import Sequence
from pathlib import Path

from benchmarks.grade.fit import psnr
from benchmarks.grade.methods import Task, grade, lut
from benchmarks.grade.pairs import Codes, make_own, pairs_in, read_codes
from brushctl.bench.contact_sheet import Row, contact_sheet

OUT = Path("docs/images/grade.jpg")
SIDE = 224
"""Of a crop, in pixels."""
SHOWN = {
    "look-warm": ("flower.png", 0.5, 0.5),
    "adaptive-gamma": ("rocket.png", 0.5, 0.5),
    "place-vignette": ("flower.png", 0.0, 0.0),
    "surroundings-glow": ("chelsea.png", 0.3, 0.5),
}
"""Edits, each on a photograph, and where in its height and width the crop lies."""
QUALITY = 90
COLUMNS = ("before", "3D LUT", "grade", "truth")


def crop(codes: Codes, down: float, across: float) -> Codes:
    """A square of `SIDE` pixels, so far down and across as there is room."""
    y, x = (int(part * (n - SIDE)) for part, n in zip((down, across), codes.shape, strict=False))
    return codes[y : y + SIDE, x : x + SIDE]


def row_of(folder: Path, edit: str, name: str, *where: float) -> Row:
    """One edit on a photograph that it was not learned from."""
    pairs = pairs_in(folder, edit, "learn")
    (pair,) = [p for p in pairs_in(folder, edit, "unseen") if p.before.name == name]
    learned = [method(Task(pairs, (), folder)) for method in (lut, grade)]
    truth = read_codes(pair.after)
    edited = [each.edit(pair.before) for each in learned]
    near = ", ".join(
        f"{what} {psnr(x, truth):.1f} dB" for what, x in zip(COLUMNS[1:3], edited, strict=True)
    )
    pictures = [read_codes(pair.before), *edited, truth]
    return Row([crop(x, *where) / 255 for x in pictures], f"{edit}: {near}")


def main(arguments: Sequence[str]) -> None:
    """Learn, edit, crop."""
    argparse.ArgumentParser(prog="sheet", description=__doc__).parse_args(arguments)
    with tempfile.TemporaryDirectory() as name:
        folder = make_own(Path(name))
        rows = [row_of(folder, edit, *shown) for edit, shown in SHOWN.items()]
    title = "Edits learned from four photographs, on others, at 1:1"
    contact_sheet(title, COLUMNS, rows, side=SIDE).save(OUT, quality=QUALITY)
