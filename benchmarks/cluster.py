"""What a cluster costs over one process: the same photographs, brush and settings, on one machine.

    uv run python -m benchmarks.cluster        # docs/results/cluster.json, some ten minutes

tiny-ip2p edits `--count` small JPEGs: in this process, on a Ray cluster of this machine with one
process of one core, and with two. Times are to the first and to the last photograph; pace is what
lies between. Memory is the resident memory of the processes that edit, at a quarter of the run and
at its end. A second cluster run, with an edit that takes no time, gives the seconds that the driver
spends on a block.
"""

import argparse
import json
import tempfile
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch
from PIL import Image

from brushctl.brushes.file import encode_brush
from brushctl.brushes.stamp import Stamp
from brushctl.cli.output import follow
from brushctl.cluster.planning import tasks_of
from brushctl.cluster.running import LARGEST, PIECES, Pool, cluster, edit_on_cluster
from brushctl.cluster.worker import Opener, open_editor_of
from brushctl.engine.base import open_base
from brushctl.engine.making import Start, make_brush
from brushctl.engine.recipes import DEFAULT
from brushctl.photos.batch import FileDone, Treatment, edit_photographs
from brushctl.photos.inputs import find_inputs
from brushctl.photos.journal import Journal
from brushctl.photos.plan import Plan, plan_folder
from brushctl.tiny.world.pictures import draw_picture
from tests.photos.driver import ToneEditor

OUT = Path("docs/results/cluster.json")
TREATMENT = Treatment({})
SETTINGS = {"device": "cpu", "dtype": "float32"}
"""Half precision, where a CPU has it, is not what is compared here."""


def make_photographs(folder: Path, count: int) -> None:
    """Different ones, of 480 x 360 pixels."""
    folder.mkdir()
    rng = np.random.default_rng(0)
    for n in range(count):
        coarse = Image.fromarray(rng.integers(0, 256, (18, 24, 3), dtype=np.uint8))
        coarse.resize((480, 360), Image.Resampling.BICUBIC).save(folder / f"{n:04}.jpg")


def brush() -> bytes:
    """One that has hardly learned: what it does costs the same."""
    base = open_base(None, torch.device("cpu"), torch.float32)
    rng = np.random.default_rng(1)
    pictures = np.stack([draw_picture(rng).pixels for _ in range(4)])
    work = make_brush(
        base,
        pictures,
        1 - pictures,
        start=Start("invert the colours"),
        recipe=replace(DEFAULT, steps=2),
        seed=0,
        stamp=Stamp("bench", "2026-01-01T00:00:00Z", "bench"),
        pair_hashes=(),
    )
    return encode_brush(follow(work, quiet=True))


def timed(work: Iterator[Any], count: int, name: str) -> dict[str, float]:
    """Run to the end; seconds to the first and last photograph, and memory on the way."""
    started, done, first, quarter = time.monotonic(), 0, 0.0, 0.0
    for event in work:
        if isinstance(event, FileDone):
            done += 1
            first = first or time.monotonic() - started
            quarter = memory(name) if done == count // 4 else quarter
    last = time.monotonic() - started
    assert done == count
    return {
        "first": round(first, 1),
        "last": round(last, 1),
        "each": round((last - first) / (count - 1), 4),
        "MB at a quarter": round(quarter),
    }


def memory(name: str) -> float:
    """The resident memory in MB of the largest process whose command line has the name in it."""
    sizes = [0.0]
    for process in Path("/proc").glob("[0-9]*"):
        try:
            if name in (process / "cmdline").read_text().replace("\0", " "):
                pages = int((process / "statm").read_text().split()[1])
                sizes.append(pages * 4096 / 1e6)
        except OSError:  # it has ended
            continue
    return max(sizes)


def main() -> None:
    """Run all, compare, write."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--count", type=int, default=400)
    count = options.parse_args().count
    data = brush()
    rows: dict[str, dict[str, float]] = {}
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        make_photographs(folder / "in", count)

        def plan(output: str) -> Plan:
            return plan_folder(find_inputs([str(folder / "in")]), folder / output)

        rows["one process"] = _alone(plan("alone"), open_editor_of(data, SETTINGS), count)
        with cluster(None):
            for most in (1, 2):
                opener = partial(open_editor_of, data, SETTINGS)
                rows[f"Ray, {most}"] = _spread(plan(f"ray{most}"), opener, most, count)
                same = _results(folder / "alone") == _results(folder / f"ray{most}")
                rows[f"Ray, {most}"]["same bytes"] = same
            rows["Ray, no work"] = _spread(plan("none"), ToneEditor, 1, count)
    size = max(2, min(LARGEST, count // PIECES))
    alone, one, two = rows["one process"], rows["Ray, 1"], rows["Ray, 2"]
    report = {
        "command": "uv run python -m benchmarks.cluster",
        "photographs": count,
        "rows": rows,
        "overhead of one": round(one["each"] / alone["each"] - 1, 3),
        "gain of two": round(one["each"] / two["each"], 2),
        "seconds for each block": round(rows["Ray, no work"]["each"] * size, 4),
    }
    OUT.write_text(json.dumps(report, indent=2) + "\n")
    print(json.dumps(report, indent=1))  # noqa: T201


def _alone(plan: Plan, opened: AbstractContextManager[Any], count: int) -> dict[str, float]:
    assert plan.state
    with opened as editor, Journal(plan.state) as journal:
        work = edit_photographs(plan, plan.jobs, editor, TREATMENT, journal=journal)
        row = timed(work, count, "benchmarks.cluster")
    return row | {"MB at the end": round(memory("benchmarks.cluster"))}


def _spread(plan: Plan, opener: Opener, most: int, count: int) -> dict[str, Any]:
    assert plan.state
    with Journal(plan.state) as journal:
        work = edit_on_cluster(
            tasks_of(plan, plan.jobs), opener, TREATMENT, journal=journal, pool=Pool(most)
        )
        end = [0.0]

        def watched() -> Iterator[Any]:
            for event in work:
                yield event
                end[0] = memory("MapWorker") or end[0]

        return timed(watched(), count, "MapWorker") | {"MB at the end": round(end[0])}


def _results(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.glob("*.jpg")}


if __name__ == "__main__":
    main()
