"""`brushctl demo`: the whole way on pictures of its own, without a download."""

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from brushctl.cli._options import Json, Quiet, Seed
from brushctl.cli._output import print_json, shown
from brushctl.cli._progress import reporting
from brushctl.errors import UsageError
from brushctl.files import PART, write_atomically

if TYPE_CHECKING:
    from brushctl.app.demo import DemoResult, ShownBrush

COLUMNS = {"nothing": "nothing", "lut": "3D LUT", "words": "words", "brush": "brush"}
"""Of the table: what was done to pictures, and how it is called there."""
MARK = "brushctl-demo.txt"
"""Says whose folder this is: only such a folder is written over."""


def demo(
    folder: Annotated[
        Path, typer.Argument(help="Where the pictures, the brush and the results go.")
    ] = Path("brushctl-demo"),
    *,
    seed: Seed = 0,
    json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Learn three edits from example pairs, and repeat each on other pictures.

    A look and a local edit on photographs that are installed with the program, and an edit of
    content on drawn pictures, on tiny-ip2p, the base model that ships with it. Each is measured
    beside a 3D LUT that was fitted to the same pairs. Takes under three minutes on two cores.

    Examples:
        brushctl demo
        brushctl demo shown/ --seed 1
    """
    _claim(folder)

    from brushctl.app.demo import demonstrate

    with reporting(quiet=quiet) as report:
        done = demonstrate(folder, seed=seed, report=report)
    if json:
        print_json(_facts(done))
    else:
        sys.stdout.write("\n".join(map(shown, _summary(done).split("\n"))))


def _claim(folder: Path) -> None:
    there = folder.iterdir() if folder.exists() else ()
    if not (folder / MARK).is_file() and any(map(_is_anothers, there)):
        raise UsageError(
            "this folder is not empty, and no demonstration made it",
            where=str(folder),
            do="Name another folder: brushctl demo FOLDER.",
        )
    write_atomically(folder / MARK, b"Made by `brushctl demo`, which may write it anew.\n")


def _is_anothers(path: Path) -> bool:
    return not path.name.endswith(PART)  # which a killed demonstration may have left


def _facts(done: "DemoResult") -> dict[str, object]:
    return {
        "base": "tiny-ip2p",
        "folder": str(done.root),
        "sheet": str(done.sheet),
        "edits": [_facts_of(each) for each in done.brushes],
    }


def _facts_of(shown_brush: "ShownBrush") -> dict[str, object]:
    metadata, scores = shown_brush.brush.metadata, shown_brush.scores
    instruction = metadata.instruction
    return {
        "name": shown_brush.example.name,
        "title": shown_brush.example.title,
        "brush": str(shown_brush.folders.brush),
        "parts": list(metadata.parts),
        "initial_phrase": instruction.phrase if instruction else None,
        "pairs": shown_brush.pairs,
        "pictures": shown_brush.pictures,
        "psnr": {name: score.psnr for name, score in scores.items()},
        "de2000": {name: score.de2000 for name, score in scores.items()},
    }


def _summary(done: "DemoResult") -> str:
    first = done.brushes[0].folders
    return f"""
Pictures that were not learned from, against the true edit, at full size: mean
PSNR in dB (more is better, at most 50) and CIEDE2000 (less is, 1 is just seen).

{_table(done.brushes)}

  look at   {done.sheet}   (before, 3D LUT, brush, truth)
  brushes   {done.root / "*.brush"}
  pairs     {first.pairs}, and so on
  edited    {first.edited("brush")}   (from {first.photos})

next: brushctl inspect {first.brush}
      brushctl apply {first.brush} YOUR-PHOTOS -o EDITED
      brushctl learn YOUR-PAIRS -o NAME
"""


def _table(brushes: "Sequence[ShownBrush]") -> str:
    rows = [("", *COLUMNS.values())]
    for each in brushes:
        scores = map(each.scores.get, COLUMNS)
        cells = [f"{s.psnr:.1f}, {s.de2000:4.1f}" if s else "" for s in scores]
        rows.append((f"{each.example.title}, {each.pairs} pairs", *cells))
    return "\n".join(f"  {title:<28}" + "".join(f"{cell:>12}" for cell in cells)
                     for title, *cells in rows)  # fmt: skip
