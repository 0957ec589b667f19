"""Runs over what earlier runs made, and over folders that never stay as they are."""

import errno
import json
import os
import shutil
import signal
from collections import namedtuple
from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path

import pytest

from brushctl.app import watch
from brushctl.brushes.file import read_brush, sealed, write_brush
from brushctl.cli import apply as command
from brushctl.runs.journal import Journal
from brushctl.runs.plan import STATE
from brushctl.runs.storage import local
from tests.cli.apply_shell import edited, summary, wait_for
from tests.photos import makers
from tests.photos.processes import start


def nearly_full(monkeypatch, free: int) -> None:
    usage = namedtuple("usage", "total used free")
    monkeypatch.setattr(local.shutil, "disk_usage", lambda _: usage(10**9, 0, free))


def test_room_is_wanted_for_what_is_still_to_be_edited_only(shell, monkeypatch):
    paths = shell.photographs(5)
    shell.run("dusk.brush", "in", "-o", "out")
    makers.write_jpeg(paths[0], makers.picture(seed=9))
    nearly_full(monkeypatch, paths[0].stat().st_size * 2)
    assert summary(shell.events("dusk.brush", "in", "-o", "out")) == (1, 4, 0)
    nearly_full(monkeypatch, 1)
    assert summary(shell.events("dusk.brush", "in", "-o", "out")) == (0, 5, 0)
    _, err = shell.run("dusk.brush", "in", "-o", "elsewhere", status=2)
    assert "free" in err
    assert not shell.files("elsewhere")


def test_a_result_that_cannot_be_read_is_left_alone_and_stops_nothing(shell, monkeypatch):
    shell.photographs(2)
    shell.run("dusk.brush", "in", "-o", "out")
    hash_file = local.hash_file

    def damaged(path: Path) -> str:
        if path == Path("out/0.jpg"):
            raise OSError(errno.EIO, os.strerror(errno.EIO), str(path))
        return hash_file(path)

    monkeypatch.setattr(local, "hash_file", damaged)
    _, err = shell.run("dusk.brush", "in", "-o", "out", "--seed", "1")
    assert "1 done, 1 unchanged" in err
    assert "out/0.jpg: this result was changed or cannot be read" in err


@pytest.mark.parametrize("first", ["in/2024", "in"])
def test_in_place_edits_once_whichever_folder_is_named(shell, first):
    shell.photographs(2, folder="in/2024")
    assert summary(shell.events("dusk.brush", first, "--in-place"))[0] == 2
    made = {path.name: path.read_bytes() for path in (shell.folder / "in/2024").glob("*.jpg")}
    shell.photographs(1, folder="in/2025")
    assert summary(shell.events("dusk.brush", "in", "--in-place")) == (1, 2, 0)
    assert summary(shell.events("dusk.brush", "in/2024", "--in-place")) == (0, 2, 0)
    for name, data in made.items():
        assert (shell.folder / "in/2024" / name).read_bytes() == data


def test_in_place_a_photograph_that_was_moved_or_copied_is_not_edited_again(shell):
    first, second, third = shell.photographs(3, folder="in/2024")
    shell.photographs(1, folder="in/2025")
    assert summary(shell.events("dusk.brush", "in", "--in-place")) == (4, 0, 0)
    best = shell.folder / "in/best"
    best.mkdir()
    first.rename(best / first.name)
    second.rename(second.with_name("renamed.jpg"))
    shutil.copy(third, best)
    photographs = sorted(shell.folder.glob("in/*/*.jpg"))
    made = [path.read_bytes() for path in photographs]
    assert summary(shell.events("dusk.brush", "in", "--in-place")) == (0, 5, 0)
    assert summary(shell.events("dusk.brush", "in/best", "--in-place")) == (0, 2, 0)
    assert [path.read_bytes() for path in photographs] == made
    on_top = ("--seed", "1", "--on-top")
    assert summary(shell.events("dusk.brush", "in", "--in-place", *on_top)) == (5, 0, 0)


def test_in_place_two_edits_one_after_the_other_are_made_once_each(shell):
    paths = shell.photographs(2)
    in_place = ("dusk.brush", "in", "--in-place", "--on-top", "--seed")
    for seed in ("1", "2"):
        assert summary(shell.events(*in_place, seed)) == (2, 0, 0)
    made = [path.read_bytes() for path in paths]
    paths[0] = paths[0].rename(paths[0].with_name("renamed.jpg"))
    for seed in ("1", "2", "1"):
        assert summary(shell.events(*in_place, seed)) == (0, 2, 0)
    assert [path.read_bytes() for path in paths] == made


@pytest.mark.parametrize(
    ("brush", "options", "told"),
    [
        ("dusk.brush", ("--seed", "1"), "of dusk with seed 0 already, and"),
        ("again.brush", (), "of an earlier dusk already, and"),
        ("dawn.brush", (), "of dusk already, and"),
    ],
)
def test_in_place_a_result_of_another_edit_is_left_alone_and_told(shell, brush, options, told):
    """Edited on top of the first, it would be neither edit, and the original is gone."""
    paths = shell.photographs(2)
    dusk = read_brush(shell.folder / "dusk.brush")
    renamed = replace(dusk, metadata=replace(dusk.metadata, name="dawn"))
    write_brush(renamed, shell.folder / "dawn.brush")
    changed = replace(dusk.metadata.apply, steps=dusk.metadata.apply.steps - 1)
    write_brush(
        sealed(replace(dusk, metadata=replace(dusk.metadata, apply=changed))),
        shell.folder / "again.brush",
    )
    shell.run("dusk.brush", "in", "--in-place")
    made = [path.read_bytes() for path in paths]
    makers.write_jpeg(shell.folder / "in/new.jpg", makers.picture(seed=9))
    _, err = shell.run(brush, "in", "--in-place", *options, "--dry-run")
    assert f"2 of the photographs are results {told} stay as they are" in err
    _, err = shell.run(brush, "in", "--in-place", *options, "--dry-run", "--quiet")
    assert err == ""
    _, err = shell.run(brush, "in", "--in-place", *options)
    assert "1 done, 2 unchanged" in err
    assert f"2 of the photographs are results {told} stay as they are" in err
    assert "--on-top" in err
    assert [path.read_bytes() for path in paths] == made
    _, err = shell.run(brush, "in", "--in-place", *options, "--on-top")
    assert "2 done, 1 unchanged" in err
    assert "left alone" not in err


def test_in_place_a_result_that_no_journal_knows_is_known_by_its_xmp(shell):
    paths = shell.photographs(2)
    shell.run("dusk.brush", "in", "--in-place")
    made = [path.read_bytes() for path in paths]
    shutil.rmtree(shell.folder / "in" / STATE)
    _, err = shell.run("dusk.brush", "in", "--in-place", status=4)
    assert "its XMP says that it is a result of dusk already" in " ".join(err.split())
    assert "--on-top" in err
    assert [path.read_bytes() for path in paths] == made
    again = ("dusk.brush", "in", "--in-place", "--on-top", "--retry-failed")
    assert summary(shell.events(*again)) == (2, 0, 0)


def test_on_top_is_for_results_in_place(shell):
    shell.photographs(1)
    _, err = shell.run("dusk.brush", "in", "-o", "out", "--on-top", status=2)
    assert "--on-top works with --in-place" in err


def test_names_that_are_no_text_are_planned_and_edited(shell):
    (path,) = shell.photographs(1)
    odd = path.with_name(os.fsdecode(b"caf\xe9.jpg"))
    path.rename(odd)
    out, _ = shell.run("dusk.brush", "in", "-o", "out", "--dry-run")
    assert out == b"edit  in/caf\xe9.jpg -> out/caf\xe9.jpg\n"
    shell.run("dusk.brush", "in", "-o", "out")
    assert edited(odd, shell.folder / "out" / odd.name)


@pytest.mark.parametrize(
    "option", [("--dry-run",), ("--overwrite",), ("--retry-failed",), ("--files-from", "")]
)
def test_a_hot_folder_takes_no_option_of_a_single_run(shell, option):
    shell.photographs(1)
    _, err = shell.run("dusk.brush", "in", "-o", "out", "--watch", *option, status=2)
    assert option[0] in err
    shell.run("dusk.brush", "in", "-o", "in/out", "--watch", status=2)
    assert not (shell.folder / "out").exists()


def test_a_hot_folder_outlives_its_absence(shell):
    shell.photographs(1)
    process = start(shell.folder, "dusk.brush", "in", "-o", "out", "--watch", "--settle", "0.1")
    wait_for((shell.folder / "out/0.jpg").exists)
    (shell.folder / "in").rename(shell.folder / "away")
    process.join(2.5)
    assert process.is_alive()
    shutil.copy(shell.folder / "away/0.jpg", shell.folder / "away/1.jpg")
    (shell.folder / "away").rename(shell.folder / "in")
    wait_for((shell.folder / "out/1.jpg").exists)
    os.kill(process.pid, signal.SIGTERM)
    process.join(60)
    assert process.exitcode == 0


def test_a_hot_folder_outlives_a_share_that_drops(shell, monkeypatch):
    shell.photographs(1)
    stat, looks = Path.stat, [0]

    def stop() -> bool:
        looks[0] += 1
        return looks[0] > 9

    def dropped(self: Path, **how):
        if looks[0] < 4 and "in" in self.parts:
            raise OSError(errno.ENOTCONN, os.strerror(errno.ENOTCONN))
        return stat(self, **how)

    monkeypatch.setattr(command, "stopping_gently", lambda *_: nullcontext(stop))
    monkeypatch.setattr(watch, "LOOK_INTERVAL", 0)
    looks[0] = 9  # it is there at the start
    monkeypatch.setattr(Path, "stat", dropped)
    monkeypatch.setattr(watch, "check_outside", lambda *_: looks.__setitem__(0, 0))
    _, err = shell.run("dusk.brush", "in", "-o", "out", "--watch", "--settle", "0")
    assert (
        err.count("waiting: in: the folder cannot be reached (transport endpoint is not connected)")
        == 1
    )
    assert edited(shell.folder / "in/0.jpg", shell.folder / "out/0.jpg")


@pytest.mark.parametrize("output", [".", "edited"])
def test_results_that_a_later_list_holds_too_are_passed_over(shell, output):
    shell.photographs(2, ".")
    arguments = ("dusk.brush", "--files-from", "-", "-o", output, "--name", "{stem}-{n}.{ext}")

    def run(*more: str) -> str:
        found = sorted(shell.folder.rglob("*.jpg"))
        names = "\0".join(str(path.relative_to(shell.folder)) for path in found)
        return shell.run(*arguments, *more, data=names.encode())[1]

    assert "2 done, 0 unchanged" in run()
    again = run()
    assert f"passed over: 2 results of earlier runs into {output}." in again
    assert "0 done, 2 unchanged" in again
    assert "2 done, 0 unchanged" in run("--seed", "1")
    assert len(list(shell.folder.rglob("*.jpg"))) == 4


def test_photographs_that_were_edited_in_place_are_no_results_to_pass_over(shell):
    shell.photographs(2)
    assert summary(shell.events("dusk.brush", "in", "--in-place")) == (2, 0, 0)
    beside = ("in/0.jpg", "in/1.jpg", "-o", "in", "--name", "{stem}-x.{ext}")
    assert summary(shell.events("dusk.brush", *beside)) == (2, 0, 0)


@pytest.mark.parametrize("when", ["read", "renamed"])
def test_what_is_retouched_after_its_photograph_failed_is_left_alone(shell, monkeypatch, when):
    paths = shell.photographs(2)
    arguments = ("dusk.brush", "in", "-o", "out", "--retry-failed")
    shell.run(*arguments)
    result, whole = shell.folder / "out/0.jpg", paths[0].read_bytes()
    with monkeypatch.context() as patch:
        if when == "read":
            paths[0].write_bytes(whole[:700])
        else:
            makers.write_jpeg(paths[0], makers.picture(seed=9))
            patch.setattr(Path, "replace", refuse)  # its line "writing" is in the journal already
        for _ in range(2):
            assert summary(shell.events(*arguments, status=3)) == (0, 1, 1)
    retouched = result.read_bytes()[:-2] + b"\0\0"
    result.write_bytes(retouched)
    paths[0].write_bytes(whole)
    _, err = shell.run(*arguments)
    assert "out/0.jpg: this result was changed or cannot be read" in err
    assert result.read_bytes() == retouched


def test_what_is_retouched_after_a_run_was_killed_before_its_last_word_is_left_alone(shell):
    (path,) = shell.photographs(1)
    shell.run("dusk.brush", "in", "-o", "out")
    result, journal = shell.folder / "out/0.jpg", shell.folder / "out" / STATE / "journal.jsonl"
    settings, writing, done = journal.read_bytes().splitlines(keepends=True)
    journal.write_bytes(settings + writing)
    assert summary(shell.events("dusk.brush", "in", "-o", "out")) == (0, 1, 0)
    assert journal.read_bytes() == settings + writing + settings + done
    result.write_bytes(result.read_bytes()[:-2] + b"\0\0")
    makers.write_jpeg(path, makers.picture(seed=9))
    _, err = shell.run("dusk.brush", "in", "-o", "out")
    assert "out/0.jpg: this result was changed or cannot be read" in err


def refuse(*_: object) -> None:
    raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))


def test_quiet_says_nothing_of_what_is_no_error(shell):
    """Cron sends mail of every word."""
    shell.photographs(2)
    arguments = ("dusk.brush", "in", "-o", "out", "--quiet")
    with Journal(shell.folder / "out" / STATE):
        assert shell.run(*arguments) == (b"", "")
        _, err = shell.run(*arguments[:-1])
        assert err == "out: another run is at work on this output\n"  # and no "error: "
        told, _ = shell.run(*arguments, "--json")
        assert json.loads(told)["error"]["code"] == "busy"
    shell.run(*arguments)
    result = shell.folder / "out/0.jpg"
    result.write_bytes(result.read_bytes() + b"by hand")
    shell.photographs(1)
    assert shell.run(*arguments, "--seed", "1") == (b"", "")
    assert result.read_bytes().endswith(b"by hand")


@pytest.mark.parametrize(("held", "named"), [("in", "in/2024"), ("in/2024", "in"), ("in", "link")])
def test_in_place_one_run_at_a_time_works_on_a_tree(shell, held, named):
    (path,) = shell.photographs(1, folder="in/2024")
    (shell.folder / "link").symlink_to("in/2024")
    whole = path.read_bytes()
    with Journal(shell.folder / held / STATE):
        _, err = shell.run("dusk.brush", named, "--in-place")
        assert "another run is at work" in err
        assert path.read_bytes() == whole
        assert summary(shell.events("dusk.brush", named, "-o", "out")) == (1, 0, 0)
    assert summary(shell.events("dusk.brush", named, "--in-place")) == (1, 0, 0)
    for again in (held, named):
        assert summary(shell.events("dusk.brush", again, "--in-place")) == (0, 1, 0)
