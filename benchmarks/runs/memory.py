"""Memory stays flat however many photographs go through one process.

    uv run python -m benchmarks.runs memory             # writes docs/results/memory.json

2,000 JPEGs of 1.2 megapixels through `edit_photographs` with a tone curve for a model; peak memory
after the first 100 and at the end. Exits with 1 if the second is more than 5 % above the first.
"""

import argparse
import resource
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from PIL import Image

from benchmarks.results import report
from brushctl.events import Event
from brushctl.runs.executors.threads import edit_photographs
from brushctl.runs.inputs import find_inputs
from brushctl.runs.journal import Journal
from brushctl.runs.plan import plan_folder
from brushctl.runs.records import FileDone
from brushctl.runs.resume import select
from brushctl.runs.steps import Treatment
from tests.photos.driver import ToneEditor

OUT = Path("docs/results/memory.json")
COUNT, FIRST, LIMIT = 2000, 100, 1.05


def peak_mb() -> float:
    """The most memory this process has held so far."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e3


def make_photographs(folder: Path) -> None:
    """Twenty different pictures, each under a hundred names."""
    folder.mkdir()
    rng = np.random.default_rng(0)
    for n in range(20):
        coarse = rng.integers(0, 256, (30 + n, 40, 3), dtype=np.uint8)
        picture = Image.fromarray(coarse).resize((1280, 960), Image.Resampling.BICUBIC)
        picture.save(folder / f"{n:04}.jpg", quality=90)
        for copy in range(n + 20, COUNT, 20):
            (folder / f"{copy:04}.jpg").hardlink_to(folder / f"{n:04}.jpg")


def main(arguments: Sequence[str]) -> None:
    """Edit them all, and compare."""
    argparse.ArgumentParser(description=__doc__).parse_args(arguments)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        make_photographs(folder / "in")
        # Names of one content are all wanted here, so they come as a list, not as a folder.
        names = [str(path) for path in sorted((folder / "in").iterdir())]
        plan = plan_folder(find_inputs([], names), folder / "out")
        treatment = Treatment(settings={})
        with Journal(folder / "out/.brushctl") as journal:
            todo = select(plan, journal.records, treatment).todo
            peaks: list[float] = []

            def note(event: Event) -> None:
                if isinstance(event, FileDone) and event.record.status == "done":
                    peaks.append(peak_mb())

            edit_photographs(plan, todo, ToneEditor(), treatment, journal=journal, report=note)
    done, first = len(peaks), peaks[FIRST - 1]
    row = {"photographs": done, "peak_mb_first_100": round(first), "peak_mb": round(peak_mb())}
    ratio = peak_mb() / first
    print(report(OUT, {**row, "ratio": round(ratio, 4)}))
    sys.exit(ratio > LIMIT or done != COUNT)
