"""What the disk gives out no more: one failed photograph at most, and a message that says where.

The memory of a process is such a file on Linux: it opens, and reading its first bytes is an
input/output error.
"""

import errno
import json
import os
from pathlib import Path

import pytest
from PIL import Image

from brushctl.runs.records import Fault, Source
from brushctl.runs.steps import failed
from tests.cli import shell as others
from tests.cli.apply_shell import summary
from tests.photos import makers

DAMAGED = Path("/proc/self/mem")
pytestmark = pytest.mark.skipif(not DAMAGED.exists(), reason="only Linux has such a file")
SAID = "input/output error"


def damage(path: Path) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.unlink(missing_ok=True)
    path.symlink_to(DAMAGED)
    return path


@pytest.mark.parametrize("where", [("-o", "out"), ("--in-place",)], ids=" ".join)
def test_a_photograph_that_cannot_be_read_fails_alone_and_can_be_tried_again(apply_shell, where):
    apply_shell.photographs(3)
    bad = damage(apply_shell.folder / "in/1.jpg")
    events = apply_shell.events("dusk.brush", "in", *where, status=3)
    assert summary(events) == (2, 0, 1)
    (told,) = (event for event in events if event.get("status") == "failed")
    assert (told["file"], told["error"]["code"]) == ("1.jpg", "photo")
    assert told["error"]["what"] == SAID
    bad.unlink()
    makers.write_jpeg(bad, makers.picture(seed=1))
    assert summary(apply_shell.events("dusk.brush", "in", *where, "--retry-failed")) == (1, 2, 0)


def test_in_place_a_journal_below_that_cannot_be_read_ends_the_run(apply_shell):
    """It may tell that these photographs are edited already."""
    (path,) = apply_shell.photographs(1, folder="in/2024")
    apply_shell.run("dusk.brush", "in/2024", "--in-place")
    made = path.read_bytes()
    apply_shell.photographs(1, folder="in/2025")
    damage(apply_shell.folder / "in/2024/.brushctl/journal.jsonl")
    for how in ((), ("--dry-run",)):
        _, err = apply_shell.run("dusk.brush", "in", "--in-place", *how, status=1)
        assert f"in/2024/.brushctl/journal.jsonl: {SAID}" in err
    assert path.read_bytes() == made


@pytest.mark.parametrize("number", [errno.EIO, errno.ESTALE, errno.ENXIO, errno.EOVERFLOW])
def test_whatever_the_disk_says_is_told_and_is_no_surprise(number):
    error = OSError(number, os.strerror(number), "pairs/a.png")
    told = failed("look", error, Source(), {}).error
    what = os.strerror(number).lower()
    assert told == Fault("disk", what, where="pairs/a.png")


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EDQUOT, errno.EROFS])
def test_a_disk_that_takes_nothing_more_is_told_with_what_helps(apply_shell, monkeypatch, number):
    def refused(*_, **__):
        raise OSError(number, os.strerror(number), "out/0.jpg")

    apply_shell.photographs(1)
    monkeypatch.setattr("brushctl.runs.storage.local.replacing_result", refused)
    _, err = apply_shell.run("dusk.brush", "in", "-o", "out", status=1)
    assert f"error: out/0.jpg: {os.strerror(number).lower()}. " in err
    assert "choose" in err
    assert "permissions" not in err


@pytest.fixture
def cache(tmp_path, capfdbinary) -> others.Shell:
    for side in ("before", "after"):
        (tmp_path / "pairs" / side).mkdir(parents=True)
        Image.effect_noise((64, 64), len(side)).save(tmp_path / f"pairs/{side}/a.png")
    return others.shell_with_brushes(tmp_path, capfdbinary)


@pytest.mark.parametrize(
    ("name", "command", "status"),
    [
        ("bad.brush", "apply bad.brush pairs/before -o out", 1),
        ("bad.brush", "import bad.brush", 1),
        ("bad.brush", "inspect bad.brush", 5),
        ("bad.brush", "inspect bad.brush --tensors", 5),
        ("bad.brush", "verify bad.brush", 5),
        ("bad.brush", "mix bad.brush warm -o new", 1),
        ("bad.brush", "label bad.brush --title x", 1),
        ("home/brushes/warm.brush", "export warm copy.brush", 1),
        ("home/brushes/warm.brush", "apply warm pairs/before -o out", 1),
        ("home/brushes/warm.brush", "verify", 5),
        ("out/.brushctl/journal.jsonl", "apply warm pairs/before -o out", 1),
        ("out/.brushctl/journal.jsonl", "apply warm pairs/before -o out --dry-run", 1),
        ("list.txt", "apply warm --files-from list.txt -o out", 2),
        ("page.html", "apply warm pairs/before -o out --report page.html", 1),
        ("pairs/after/a.png", "learn pairs -o new", 2),
        ("pairs/after/a.png", "init-phrase pairs", 2),
        ("list.csv", "learn list.csv -o new", 2),
        ("list.csv", "learn --batch list.csv", 2),
        ("words.txt", "init-phrase pairs --vocabulary words.txt", 2),
    ],
)
def test_what_cannot_be_read_is_named(cache, name, command, status):
    damage(cache.folder / name)
    _, err = cache.run(*command.split(), status=status)
    assert SAID in err
    assert name in err
    assert "unexpected" not in err


def test_of_a_list_of_sets_one_that_cannot_be_read_fails_alone_and_is_named(cache):
    damage(cache.folder / "pairs/after/a.png")
    (cache.folder / "sets.json").write_text(json.dumps([{"pairs": "pairs"}]))
    out, err = cache.run("learn", "--batch", "sets.json", "-o", "new", "--json", status=4)
    assert f"pairs/after/a.png: {SAID}" in err
    told = json.loads(out.splitlines()[0])
    assert (told["file"], told["error"]["code"]) == ("pairs", "disk")


def test_a_brush_that_cannot_be_read_hides_no_other_in_a_list(cache):
    damage(cache.folder / "home/brushes/warm.brush")
    entries = {entry["name"]: entry for entry in cache.json("list")["brushes"]}
    assert entries["warm"]["error"]["where"].endswith("warm.brush")
    assert "metadata" in entries["grain"]
