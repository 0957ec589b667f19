"""What a cluster costs over one process: the same photographs and settings, on one machine.

    uv run python -m benchmarks.runs cluster        # docs/results/cluster.json, some six minutes

Small JPEGs are edited in this process, on a Ray cluster of this machine with one process of one
core, and with two, by an edit that waits for a fifth of a second, as for a GPU. Times are to the
first and to the last photograph; pace is what lies between, in seconds of the clock and of all
cores together (this process, Ray's own and those that edit). Memory is the resident memory of the
process that edits, at a quarter of the run and at its end. What Ray spends on a block, wherever, is
the difference of the core seconds.
"""

import argparse
import contextlib
import itertools
import os
import tempfile
import time
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from benchmarks.results import report
from brushctl.events import Event, Reporter
from brushctl.runs.executors.ray import EditorOpener, Pool, block_size, cluster, edit_on_cluster
from brushctl.runs.executors.threads import edit_photographs
from brushctl.runs.inputs import find_inputs
from brushctl.runs.journal import Journal
from brushctl.runs.plan import Plan, plan_folder
from brushctl.runs.records import FileDone
from brushctl.runs.steps import Treatment
from tests.photos.driver import ToneEditor

OUT = Path("docs/results/cluster.json")
WAIT = 0.2
"""Seconds that an edit waits."""
TREATMENT = Treatment({})


def make_photographs(folder: Path, count: int) -> None:
    """Different ones, of 480 x 360 pixels."""
    folder.mkdir()
    rng = np.random.default_rng(0)
    for n in range(count):
        coarse = Image.fromarray(rng.integers(0, 256, (18, 24, 3), dtype=np.uint8))
        coarse.resize((480, 360), Image.Resampling.BICUBIC).save(folder / f"{n:04}.jpg")


def timed(run: Callable[[Reporter], Any], count: int, name: str) -> dict[str, Any]:
    """Run to the end; seconds to the first and last photograph, and memory on the way."""
    started, at = time.monotonic(), dict[int, tuple[float, float, float]]()
    done = itertools.count(1)

    def note(event: Event) -> None:
        if isinstance(event, FileDone) and (n := next(done)) in (1, count // 4, count):
            at[n] = time.monotonic() - started, cpu_seconds(), memory(name)

    run(note)
    (first, before, _), (last, after, end), quarter = at[1], at[count], at[count // 4][2]
    spent = after - before
    return {
        "first": round(first, 1),
        "last": round(last, 1),
        "each": round((last - first) / (count - 1), 4),
        "core seconds each": round(spent / (count - 1), 4),
        "MB": [round(quarter), round(end)],
    }


def cpu_seconds() -> float:
    """What this process and every process of Ray have spent so far."""
    total = time.process_time()
    for process in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):  # it has ended
            command = (process / "cmdline").read_text()
            if "ray::" in command or "/ray/" in command:
                fields = (process / "stat").read_text().rpartition(")")[2].split()
                total += (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
    return total


def memory(name: str) -> float:
    """The resident memory in MB of the largest process whose command line has the name in it."""
    sizes = [0.0]
    for process in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            if name in (process / "cmdline").read_text().replace("\0", " "):
                pages = int((process / "statm").read_text().split()[1])
                sizes.append(pages * 4096 / 1e6)
    return max(sizes)


def main(arguments: Sequence[str]) -> None:
    """Run all, compare, write."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--count", type=int, default=500)
    count = options.parse_args(arguments).count
    waiting = partial(ToneEditor, seconds=WAIT)
    rows: dict[str, dict[str, Any]] = {}
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        make_photographs(folder / "in", count)

        def plan(output: str) -> Plan:
            return plan_folder(find_inputs([str(folder / "in")]), folder / output)

        rows["one process"] = _alone(plan("waited"), waiting, count)
        with cluster(None):
            for most in (1, 2):
                rows[f"Ray with {most}"] = _spread(plan(f"waited{most}"), waiting, most, count)
        same = _results(folder / "waited") == _results(folder / "waited2")
    alone, one, two = (rows[how] for how in ("one process", "Ray with 1", "Ray with 2"))
    spent = one["core seconds each"] - alone["core seconds each"]
    facts = {
        "photographs": count,
        "rows": rows,
        "overhead of one": round(one["each"] / alone["each"] - 1, 3),
        "gain of two": round(one["each"] / two["each"], 2),
        "same bytes": same,
        "core seconds for each block": round(spent * block_size(count), 4),
    }
    print(report(OUT, facts))


def _alone(plan: Plan, opener: EditorOpener, count: int) -> dict[str, Any]:
    assert plan.state
    with opener() as editor, Journal(plan.state) as journal:
        how: dict[str, Any] = {"journal": journal}
        run = partial(edit_photographs, plan, plan.jobs, editor, TREATMENT, **how)
        return timed(lambda report: run(report=report), count, "benchmarks.runs cluster")


def _spread(plan: Plan, opener: EditorOpener, most: int, count: int) -> dict[str, Any]:
    assert plan.state
    with Journal(plan.state) as journal:
        how: dict[str, Any] = {"journal": journal, "pool": Pool(most)}
        run = partial(edit_on_cluster, plan, plan.jobs, opener, TREATMENT, **how)
        return timed(lambda report: run(report=report), count, "MapWorker")


def _results(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.glob("*.jpg")}
