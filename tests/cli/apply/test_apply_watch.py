"""A hot folder in which all is done is left in peace, and whatever changes in it is noticed."""

import itertools
import os
import time
from collections.abc import Callable, Iterator
from contextlib import nullcontext

import pytest

from brushctl.app import watch as watching
from brushctl.app.apply_plan import ApplySettings
from brushctl.cli import apply as command
from brushctl.runs.inputs import find_inputs
from brushctl.runs.journal import journal_in
from brushctl.runs.plan import STATE, plan_folder
from brushctl.runs.watch import LONGEST, HotFolders, rest_after, wait
from tests.cli.apply_shell import edited
from tests.photos import makers

WATCH = ("dusk.brush", "in", "-o", "out", "--watch", "--settle", "0")


@pytest.fixture
def watched(shell, monkeypatch) -> Callable[[Iterator[None]], tuple[list[int], str]]:
    """Watches for as long as a script goes on, which takes a step between looks and windows.

    Returns:
        how many photographs were compared with the journal at each look that compared any, and
        what was said.
    """
    compared: list[int] = []
    select = ApplySettings.select

    def noted(self, plan, records):
        compared.append(len(plan.jobs))
        return select(self, plan, records)

    monkeypatch.setattr(ApplySettings, "select", noted)
    monkeypatch.setattr(watching, "LOOK_INTERVAL", 0)
    monkeypatch.setattr("brushctl.runs.watch.SHARE", 1e9)  # no look is dear

    def watch(script: Iterator[None]) -> tuple[list[int], str]:
        ended = object()
        stop = nullcontext(lambda: next(script, ended) is ended)
        monkeypatch.setattr(command, "stopping_gently", lambda *_: stop)
        _, err = shell.run(*WATCH)
        return compared, err

    return watch


def test_what_is_done_is_not_compared_again_and_again(shell, watched):
    shell.photographs(3)
    compared, _ = watched(until(lambda: len(shell.files()) == 3))
    assert compared == [3, 3]  # once to edit them, once to see that they are done
    assert len(shell.files()) == 3


def test_it_ends_with_a_summary(shell, watched):
    shell.photographs(2)
    (shell.folder / "in/cut.jpg").write_bytes(b"\xff\xd8\xff\xe0 cut")
    _, err = watched(until(lambda: len(shell.files()) == 2))
    assert "2 done, 1 failed" in err.splitlines()[-1]


def test_it_says_once_what_it_passes_over(shell, watched):
    shell.photographs(1)
    (shell.folder / "in/a.nef").write_bytes(b"x")
    _, err = watched(until(lambda: len(shell.files()) == 1))
    assert err.count("passed over: raw files (.nef; develop them to TIFF or JPEG first)\n") == 1


def test_each_change_is_noticed(shell, watched):
    photographs = shell.photographs(3)
    photographs[2].write_bytes(b"no photograph")
    out = shell.folder / "out"

    def script() -> Iterator[None]:
        yield from until(lambda: shell.files() == ["0.jpg", "1.jpg"])
        (out / "0.jpg").unlink()
        yield from until(lambda: shell.files() == ["0.jpg", "1.jpg"])
        makers.write_jpeg(photographs[1], makers.picture(seed=9))
        makers.write_jpeg(photographs[2], makers.picture(seed=8))
        yield from until((out / "2.jpg").exists)
        assert all(edited(path, out / path.name) for path in photographs[1:])
        makers.write_jpeg(shell.folder / "in/2024.jpg", makers.picture(seed=7))
        photographs[0].unlink()
        yield from until(lambda: len(shell.files()) == 4)
        assert edited(shell.folder / "in/2024.jpg", out / "2024.jpg")

    compared, _ = watched(script())
    assert compared == [3] * 8


def test_what_was_touched_is_noted_so_that_a_later_run_need_not_read_it(shell, watched):
    (photograph,) = shell.photographs(1)
    out = shell.folder / "out"

    def noted() -> bool:
        records = journal_in(out / STATE)
        return records["0.jpg"].source.mtime_ns == 10**18

    def script() -> Iterator[None]:
        yield from until((out / "0.jpg").exists)
        os.utime(photograph, ns=(0, 10**18))
        yield from until(noted)

    watched(script())
    assert edited(photograph, out / "0.jpg")


def test_results_at_a_url_are_refused_a_hot_folder(shell):
    shell.photographs(1)
    arguments = ("dusk.brush", "in", "-o", "s3://archive/out", "--watch")
    _, err = shell.run(*arguments, status=2)
    assert "--watch needs an output folder with a path" in err


def until(condition: Callable[[], bool]) -> Iterator[None]:
    """Steps until something is so, and some more in which nothing is to be done."""
    steps = 0
    while not condition():
        steps += 1
        assert steps < 1000
        yield
    yield from [None] * 9


def test_what_keeps_it_waiting_is_tried_at_each_look(shell, watched):
    shell.photographs(1)
    (shell.folder / "out").mkdir()
    in_the_way = shell.folder / "out/0.jpg"
    in_the_way.write_bytes(b"by hand")

    def script() -> Iterator[None]:
        yield from [None] * 4
        in_the_way.unlink()
        yield from until(in_the_way.exists)

    _, err = watched(script())
    assert err.count("waiting: ") == 1
    assert edited(shell.folder / "in/0.jpg", in_the_way)


def test_a_file_counts_as_whole_once_it_has_settled(tmp_path):
    (tmp_path / "in").mkdir()
    path = tmp_path / "in/a.jpg"
    path.write_bytes(b"half")
    hot = HotFolders([str(tmp_path / "in")], settle=0.2)
    hot.look(print)
    assert (hot.whole, hot.settling) == ({}, True)
    path.write_bytes(b"whole")
    os.utime(path, ns=(0, 0))  # of another clock
    hot.look(print)
    time.sleep(0.25)
    hot.look(print)
    assert (list(hot.whole), hot.settling) == ([str(path)], False)
    assert not hot.is_done()
    hot.note(plan_folder(find_inputs([str(tmp_path / "in")]), tmp_path / "out"))
    assert hot.is_done()
    (tmp_path / "out").mkdir()
    assert not hot.is_done()


def test_a_new_file_is_noticed_before_the_next_look(tmp_path):
    for name in ("0.jpg", "2024/1.jpg"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(b"x")
        os.utime((tmp_path / name).parent, ns=(0, 0))
    hot = HotFolders([str(tmp_path)], settle=0)
    hot.look(print)
    assert not hot.has_news()
    (tmp_path / "2024/2.jpg").write_bytes(b"x")
    assert hot.has_news()


def test_dear_looks_are_rare_but_never_too_rare():
    for seconds in (0.01, 0.1):
        assert seconds / (seconds + rest_after(seconds)) < 0.01
    assert rest_after(100) == LONGEST


def test_a_wait_ends_when_it_is_told_to(monkeypatch):
    monkeypatch.setattr("brushctl.runs.watch.STEP", 0.01)
    asked = itertools.count(1)
    started = time.monotonic()
    wait(60, lambda: next(asked) == 3)
    assert time.monotonic() - started < 30
