"""Runs over what earlier runs made, and over folders that never stay as they are."""

import os
import shutil
import signal
from collections import namedtuple

import pytest

from brushctl.photos import plan as planning
from tests.cli.test_apply import Shell, edited, shell, summary, wait_for  # noqa: F401
from tests.photos import makers
from tests.photos.processes import start


def nearly_full(monkeypatch, free: int) -> None:
    usage = namedtuple("usage", "total used free")
    monkeypatch.setattr(planning.shutil, "disk_usage", lambda _: usage(10**9, 0, free))


def test_room_is_wanted_for_what_is_still_to_be_edited_only(shell, monkeypatch):  # noqa: F811
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


@pytest.mark.parametrize("first", ["in/2024", "in"])
def test_in_place_edits_once_whichever_folder_is_named(shell, first):  # noqa: F811
    shell.photographs(2, folder="in/2024")
    assert summary(shell.events("dusk.brush", first, "--in-place"))[0] == 2
    made = {path.name: path.read_bytes() for path in (shell.folder / "in/2024").glob("*.jpg")}
    shell.photographs(1, folder="in/2025")
    assert summary(shell.events("dusk.brush", "in", "--in-place")) == (1, 2, 0)
    assert summary(shell.events("dusk.brush", "in/2024", "--in-place")) == (0, 2, 0)
    for name, data in made.items():
        assert (shell.folder / "in/2024" / name).read_bytes() == data


def test_names_that_are_no_text_are_planned_and_edited(shell):  # noqa: F811
    (path,) = shell.photographs(1)
    odd = path.with_name(os.fsdecode(b"caf\xe9.jpg"))
    path.rename(odd)
    out, _ = shell.run("dusk.brush", "in", "-o", "out", "--dry-run")
    assert out == b"edit  in/caf\xe9.jpg -> out/caf\xe9.jpg\n"
    shell.run("dusk.brush", "in", "-o", "out")
    assert edited(odd, shell.folder / "out" / odd.name)


@pytest.mark.parametrize("option", ["--dry-run", "--overwrite", "--retry-failed"])
def test_a_hot_folder_takes_no_option_of_a_single_run(shell, option):  # noqa: F811
    shell.photographs(1)
    _, err = shell.run("dusk.brush", "in", "-o", "out", "--watch", option, status=2)
    assert option in err
    shell.run("dusk.brush", "in", "-o", "in/out", "--watch", status=2)
    assert not (shell.folder / "out").exists()


def test_a_hot_folder_outlives_its_absence(shell):  # noqa: F811
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
