"""Killing a run at any moment loses no original and leaves nothing half-written."""

import hashlib
import random
import shutil
import signal
import time
from collections.abc import Callable
from multiprocessing.process import BaseProcess
from pathlib import Path

import pytest

from brushctl.files import PART
from brushctl.runs.journal import journal_in
from brushctl.runs.plan import STATE
from tests.photos import makers
from tests.photos.brushes import make_brush
from tests.photos.processes import start

KILLS = 16  # for each of the two ways to write: 32 in all
PHOTOGRAPHS = 8
JOURNAL = f"{STATE}/journal.jsonl"
SECONDS = 0.03  # that an edit of one takes, with its reading and writing, if nothing else runs


def hashes(folder: Path) -> dict[str, str]:
    return {p.name: hashlib.sha256(p.read_bytes()).hexdigest() for p in folder.glob("[!.]*")}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    make_brush(tmp_path / "dusk.brush")
    (tmp_path / "in").mkdir()
    for n in range(PHOTOGRAPHS):
        makers.write_jpeg(tmp_path / "in" / f"{n}.jpg", makers.picture(480, 320, seed=n))
    return tmp_path


def finished(folder: Path, *arguments: str) -> None:
    process = start(folder, *arguments, seconds=0.01)
    process.join(60)
    assert process.exitcode == 0


def kill_and_look(folder: Path, arguments: list[str], journal: Path, look, reset) -> set[int]:
    """Kill runs at random times after their first line in the journal.

    `look` checks what each left behind; `reset` begins anew when one has come to its end.
    """
    rng = random.Random(0)
    progress = set()
    for _ in range(KILLS):
        size = journal.stat().st_size if journal.exists() else 0
        process = start(folder, *arguments, seconds=0.01)
        while process.is_alive() and (not journal.exists() or journal.stat().st_size == size):
            time.sleep(0.001)
        process.join(rng.uniform(0, SECONDS * PHOTOGRAPHS / 2))
        process.kill()
        process.join(60)
        progress.add(look())
        if process.exitcode == 0:
            reset()
    return progress


def test_killed_runs_leave_only_whole_results(folder):
    finished(folder, "dusk.brush", "in", "-o", "reference")
    originals, wanted = hashes(folder / "in"), hashes(folder / "reference")

    def look() -> int:
        assert hashes(folder / "in") == originals
        made = hashes(folder / "out") if (folder / "out").exists() else {}
        assert made.items() <= wanted.items()
        return len(made)

    def reset() -> None:
        for path in (folder / "out").glob("*.jpg"):
            path.unlink()

    progress = kill_and_look(
        folder,
        ["dusk.brush", "in", "-o", "out"],
        folder / "out" / JOURNAL,
        look,
        reset,
    )
    assert len(progress) > 2, "the kills should have hit runs at different points"
    finished(folder, "dusk.brush", "in", "-o", "out")
    assert hashes(folder / "out") == wanted
    assert not [p for p in (folder / "out").glob(".*") if p.name != ".brushctl"]
    journal = journal_in(folder / "out" / STATE)
    assert {record.status for record in journal.values()} == {"done"}


def test_killed_runs_in_place_edit_every_photograph_exactly_once(folder):
    finished(folder, "dusk.brush", "in", "-o", "reference")
    originals, wanted = hashes(folder / "in"), hashes(folder / "reference")
    whole = {p.name: p.read_bytes() for p in (folder / "in").iterdir()}

    def look() -> int:
        there = hashes(folder / "in")
        assert there.keys() == originals.keys()
        for name, digest in there.items():
            assert digest in (originals[name], wanted[name])
        return sum(there[name] == wanted[name] for name in there)

    def reset() -> None:
        (folder / "in" / JOURNAL).unlink()
        for name, data in whole.items():
            (folder / "in" / name).write_bytes(data)

    progress = kill_and_look(
        folder,
        ["dusk.brush", "in", "--in-place"],
        folder / "in" / JOURNAL,
        look,
        reset,
    )
    assert len(progress) > 2
    finished(folder, "dusk.brush", "in", "--in-place")
    assert hashes(folder / "in") == wanted


def kill_when(process: BaseProcess, reached: Callable[[], object]) -> None:
    while process.is_alive() and not reached():
        time.sleep(0.0005)
    process.kill()
    process.join(60)


@pytest.mark.parametrize("reached", ["lock", "journal.jsonl"])
def test_a_run_killed_before_its_first_result_has_written_nothing_but_its_state(folder, reached):
    originals, out = hashes(folder / "in"), folder / "out"
    for _ in range(3):
        shutil.rmtree(out, ignore_errors=True)
        process = start(folder, "dusk.brush", "in", "-o", "out", seconds=60)
        kill_when(process, (out / ".brushctl" / reached).exists)
        assert process.exitcode == -signal.SIGKILL
        assert hashes(folder / "in") == originals
        there = {str(p.relative_to(out)) for p in out.rglob("*")}
        assert there <= {".brushctl", ".brushctl/lock", JOURNAL}


def test_what_a_run_killed_while_it_writes_has_left_goes_with_the_next(folder):
    finished(folder, "dusk.brush", "in", "-o", "reference")
    wanted, out = hashes(folder / "reference"), folder / "out"

    def parts() -> set[str]:
        return {p.name for p in out.glob(f".*{PART}")}

    left = set()
    for _ in range(PHOTOGRAPHS - 1):
        before = parts()
        process = start(folder, "dusk.brush", "in", "-o", "out", seconds=0.01)
        kill_when(process, lambda before=before: parts() - before)
        left |= parts()
        assert {p.name for p in out.glob(".*")} - parts() == {".brushctl"}
        assert hashes(out).items() <= wanted.items()
    assert left, "the kills should have hit runs that were writing"
    finished(folder, "dusk.brush", "in", "-o", "out")
    assert hashes(out) == wanted
    assert parts() == set()
