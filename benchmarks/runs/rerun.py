"""What a run costs that finds all done: plan, journal, comparison; in place; a hot folder at rest.

    uv run python -m benchmarks.runs rerun                  # docs/results/rerun.json, ten minutes
    uv run python -m benchmarks.runs rerun --against DIR    # another checkout too, by turns

No photograph is opened: their files are small ones, and the journal, of version 1 as early runs
left it, says that all are done. Every figure is of a process of its own; memory is less what the
same process takes that only imports. The first run reads the journal of version 1, the second what
the first has made of it, of which the median of three counts.
"""

import argparse
import hashlib
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from benchmarks.results import checkouts_to_compare, report
from brushctl.brushes.header import read_metadata
from tests.photos.brushes import make_brush

OUT = Path("docs/results/rerun.json")
PHOTOGRAPHS, FOLDERS = 100_000, 100
IN_PLACE, IN_PLACE_BYTES = 2_000, 2**20
WATCHED, REST, SETTLING = 20_000, 60.0, 30.0
"""Photographs of a hot folder; seconds for which it is looked at; seconds until it is at rest."""
TURNS = 3
SETTINGS = {
    "brush": "golden-hour",
    "seed": 0,
    "steps": None,
    "s_T": None,
    "s_I": None,
    "base": None,
    "dtype": None,
    "detail": "auto",
    "first_frame": False,
    "strip": False,
    "provenance": True,
}

IMPORTS = """
import json, os, sys, time
from pathlib import Path
from brushctl.runs.inputs import find_inputs
from brushctl.runs.journal import Journal
from brushctl.runs.plan import STATE, plan_folder, plan_in_place
from brushctl.runs.resume import select
from brushctl.runs.steps import Treatment
"""
DONE = """
settings = json.loads(sys.argv[1])
before = time.process_time()
plan = plan_folder(find_inputs(["in"]), Path("out"))
planned = time.process_time()
with Journal(plan.state) as journal:
    opened = time.process_time()
    chosen = select(plan, journal.records, Treatment(settings))
    assert not chosen.todo and len(chosen.current) == len(plan.jobs)
    figures = {"planning": planned - before, "opening": opened - planned}
figures["comparing"] = time.process_time() - opened
"""
READ = """
settings = json.loads(sys.argv[1])
before = int(open("/proc/self/io").read().split()[1])
plan = plan_in_place(find_inputs(["in"]))
with Journal(plan.state) as journal:
    chosen = select(plan, journal.records, Treatment(settings))
    journal.write(*getattr(chosen, "renewed", ()))  # as a run does
    assert not chosen.todo and len(chosen.current) == len(plan.jobs)
figures = {"bytes read": int(open("/proc/self/io").read().split()[1]) - before}
"""
PRINT = """
# Not `ru_maxrss`, in which that of the process which started this one counts.
status = dict(line.split(":", 1) for line in open("/proc/self/status") if ":" in line)
figures["memory"] = int(status["VmHWM"].split()[0]) * 1024
print(json.dumps(figures))
"""


def made(folder: Path, count: int, size: int, *, in_place: bool = False) -> dict[str, Any]:
    """So many photographs, with results or edited in place, and a journal that tells of them.

    Returns:
        the settings with which they were edited.
    """
    shutil.rmtree(folder, ignore_errors=True)
    brush = make_brush(folder / "golden-hour.brush", "golden-hour")
    settings = {**SETTINGS, "brush_sha256": read_metadata(brush).content_sha256}
    out = folder / ("in" if in_place else "out")
    for place in {folder / "in", out}:
        for n in range(FOLDERS):
            (place / f"{n:03}").mkdir(parents=True)
    (out / ".brushctl").mkdir()
    with (out / ".brushctl/journal.jsonl").open("w") as journal:
        for n in range(count):
            name = f"{n % FOLDERS:03}/IMG_{n:06}.jpg"
            source, result = folder / "in" / name, out / name
            source.write_bytes(f"{n:032}".encode() + bytes(size - 32))
            if not in_place:
                result.write_bytes(b"%032d" % -n)
            line = _line(name, source, result, in_place=in_place) | {"settings": settings}
            for status in ("writing", "done"):
                journal.write(json.dumps(line | {"status": status, "error": None}) + "\n")
    return settings


def _line(name: str, source: Path, result: Path, *, in_place: bool) -> dict[str, Any]:
    """What version 1 has of a photograph."""
    stat = source.stat()
    was = hashlib.sha256(b"%d" % stat.st_ino).hexdigest() if in_place else _sha256(source)
    return {
        "brushctl": 1,
        "file": name,
        "source": {
            "path": name if in_place else f"../in/{name}",
            "bytes": stat.st_size,
            "mtime_ns": stat.st_mtime_ns,
            "sha256": was,
        },
        "result": {"path": name, "sha256": _sha256(result), "bytes": result.stat().st_size},
        "size": [4000, 3000],
        "detail": "transfer",
        "residual": 0.0312,
        "reason": "the edit is a recolouring (residual 0.03)",
        "warnings": [],
        "seconds": 1.234,
    }


def _sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def asked(folder: Path, checkout: Path, program: str, settings: dict[str, Any]) -> dict[str, float]:
    """What a process says that runs the program with the code of a checkout."""
    command = [sys.executable, "-c", IMPORTS + program + PRINT, json.dumps(settings)]
    env = os.environ | {"PYTHONPATH": str(checkout)}
    ran = subprocess.run(
        command, cwd=folder, env=env, check=True, stdout=subprocess.PIPE, text=True
    )
    return json.loads(ran.stdout)


def rerun(folder: Path, checkout: Path, settings: dict[str, Any]) -> dict[str, float]:
    """A run over photographs that are all done: core seconds, bytes of memory over the bare."""
    bare = asked(folder, checkout, "figures = {}", settings)["memory"]
    figures = asked(folder, checkout, DONE, settings)
    figures["memory"] -= bare
    figures["together"] = sum(figures[part] for part in ("planning", "opening", "comparing"))
    return figures


def at_rest(folder: Path, checkout: Path) -> float:
    """Core seconds for each second of a hot folder in which all is done."""
    program = [sys.executable, "-m", "tests.photos.driver", "apply", "golden-hour.brush"]
    env = os.environ | {"PYTHONPATH": str(checkout)}
    hot = subprocess.Popen(
        [*program, "in", "-o", "out", "--watch", "--settle", "1", "--quiet"],
        cwd=folder,
        env=env,
        stderr=subprocess.DEVNULL,
    )
    try:
        time.sleep(SETTLING)
        before = _core_seconds(hot.pid)
        time.sleep(REST)
        return (_core_seconds(hot.pid) - before) / REST
    finally:
        hot.terminate()
        hot.wait()


def _core_seconds(process: int) -> float:
    fields = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def measured(checkouts: dict[str, Path], folder: Path) -> dict[str, Any]:
    """Every figure of every checkout; they take turns."""
    facts: dict[str, Any] = {name: {} for name in checkouts}
    turns: dict[str, list[dict[str, float]]] = {name: [] for name in checkouts}
    settings = made(folder, PHOTOGRAPHS, 32)
    journal = folder / "out/.brushctl/journal.jsonl"
    old = journal.read_bytes()
    for name, checkout in checkouts.items():
        journal.write_bytes(old)
        facts[name]["first run"] = rerun(folder, checkout, settings)
        facts[name]["journal bytes"] = journal.stat().st_size
        shutil.copy(journal, folder / name)
    for _ in range(TURNS):
        for name, checkout in checkouts.items():
            shutil.copy(folder / name, journal)
            turns[name].append(rerun(folder, checkout, settings))
    for name, figures in turns.items():
        middle = {part: statistics.median(turn[part] for turn in figures) for part in figures[0]}
        facts[name]["second run"] = middle
    for name, checkout in checkouts.items():
        settings = made(folder, IN_PLACE, IN_PLACE_BYTES, in_place=True)
        runs = [asked(folder, checkout, READ, settings) for _ in ("first", "second")]
        facts[name]["bytes read in place"] = [run["bytes read"] for run in runs]
    for name, checkout in checkouts.items():
        made(folder, WATCHED, 32)
        facts[name]["core at rest"] = at_rest(folder, checkout)
    return facts


def rounded(figures: Any) -> Any:  # noqa: ANN401  (JSON's)
    """The same, to a thousandth."""
    if isinstance(figures, dict):
        return {name: rounded(figure) for name, figure in figures.items()}
    return round(figures, 3) if isinstance(figures, float) else figures


def main(arguments: Sequence[str]) -> None:
    """Measure and write."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--against", type=Path)
    chosen = options.parse_args(arguments)
    checkouts = checkouts_to_compare(chosen.against)
    with tempfile.TemporaryDirectory() as folder:
        print(report(OUT, rounded(measured(checkouts, Path(folder)))))
