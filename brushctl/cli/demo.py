"""`brushctl demo`: the whole way on pictures of its own, without a download."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from brushctl.cli._options import Json, Quiet, Seed
from brushctl.cli._output import print_json, reporting, shown
from brushctl.errors import UsageError
from brushctl.files import PART, write_atomically

if TYPE_CHECKING:
    from brushctl.app.demo import DemoResult

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
    """Learn a look from eight example pairs, and repeat it on a folder of other pictures.

    Takes a few minutes on two cores. The program draws the pictures itself, and edits them on
    tiny-ip2p, the base model that ships with it.
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
            "this folder holds something else than an earlier demonstration",
            where=str(folder),
            do="Name another folder: brushctl demo FOLDER.",
        )
    write_atomically(folder / MARK, b"Made by `brushctl demo`, which may write it anew.\n")


def _is_anothers(path: Path) -> bool:
    return not path.name.endswith(PART)  # which a killed demonstration may have left


def _facts(done: "DemoResult") -> dict[str, object]:
    return {
        "base": "tiny-ip2p",
        "folder": str(done.folders.root),
        "brush": str(done.folders.brush),
        "sheet": str(done.folders.sheet),
        "initial_phrase": done.phrase,
        "pictures": done.pictures,
        "psnr": {"nothing": done.nothing, "text": done.text, "brush": done.brush},
    }


def _summary(done: "DemoResult") -> str:
    at = done.folders
    return f"""
{done.pictures} pictures that learning never saw, mean PSNR against the true edit (tiny-ip2p):
  doing nothing             {done.nothing:5.2f} dB
  text: {done.words!r:<19} {done.text:5.2f} dB
  brush learned from pairs  {done.brush:5.2f} dB

  look at   {at.sheet}   (before, text, brush, truth)
  pairs     {at.pairs}
  brush     {at.brush}
  edited    {at.edited}   (from {at.photos})

next: brushctl inspect {at.brush}
      brushctl apply {at.brush} YOUR-PHOTOS -o EDITED
      brushctl learn YOUR-PAIRS -o NAME
"""
