"""What is as a run left it is not read again; what is not, is known by its content."""

import errno
import json
import os
import shutil
from pathlib import Path

import pytest

from brushctl.runs import in_place
from brushctl.runs.plan import STATE
from tests.cli.apply_shell import ApplyShell, summary
from tests.photos import makers

IN_PLACE = ("dusk.brush", "in", "--in-place")


@pytest.fixture
def read(monkeypatch) -> list[str]:
    """The names of the photographs that runs have read to compare them."""
    names, hash_file = [], in_place.hash_file

    def noted(path: Path) -> str:
        names.append(path.name)
        return hash_file(path)

    monkeypatch.setattr(in_place, "hash_file", noted)
    return names


def disguised(path: Path, like: Path) -> None:
    """Pad a JPEG to the length of another, and give it its time."""
    path.write_bytes(path.read_bytes().ljust(like.stat().st_size, b"\0"))
    shutil.copystat(like, path)


def backup(shell: ApplyShell) -> tuple[Path, Path]:
    """A photograph that was edited in place, and one to be put back over it of the same length."""
    (path,) = shell.photographs(1)
    makers.write_jpeg(path, makers.picture(), quality=95)
    shell.run(*IN_PLACE)
    before = shell.folder / "before.jpg"
    makers.write_jpeg(before, makers.picture(seed=4), quality=30)
    disguised(before, path)
    return path, before


def test_in_place_a_rerun_reads_no_photograph_whichever_folder_is_named(shell, read):
    shell.photographs(3, folder="in/2024")
    assert summary(shell.events(*IN_PLACE)) == (3, 0, 0)
    read.clear()
    for folder in ("in", "in/2024"):
        assert summary(shell.events("dusk.brush", folder, "--in-place")) == (0, 3, 0)
    on_top = ("--seed", "1", "--on-top")
    assert summary(shell.events("dusk.brush", "in/2024", "--in-place", *on_top)) == (3, 0, 0)
    read.clear()
    for folder in ("in", "in/2024"):  # two edits, one after the other
        assert summary(shell.events("dusk.brush", folder, "--in-place")) == (0, 3, 0)
    assert read == []


@pytest.mark.parametrize("error", [errno.EIO, errno.ESTALE, errno.EACCES])
def test_in_place_what_cannot_be_compared_for_a_moment_is_not_edited_again(
    shell,
    monkeypatch,
    error,
):
    paths = shell.photographs(2)
    shell.run(*IN_PLACE)
    made = [path.read_bytes() for path in paths]
    os.utime(paths[0])
    hash_file = in_place.hash_file

    def dropped(path: Path) -> str:
        if path.name == "0.jpg":
            raise OSError(error, os.strerror(error))
        return hash_file(path)

    with monkeypatch.context() as patch:
        patch.setattr(in_place, "hash_file", dropped)
        _, err = shell.run(*IN_PLACE, status=3)
        assert f"in/0.jpg: {os.strerror(error).lower()}" in err
        assert "0 done, 1 unchanged, 1 failed" in err
    assert summary(shell.events(*IN_PLACE)) == (0, 2, 0)
    assert [path.read_bytes() for path in paths] == made


def test_in_place_a_photograph_put_back_from_a_backup_is_edited_again(shell):
    path, before = backup(shell)
    os.utime(before, ns=(0, 1_000_000_000))  # as old as backups are
    shutil.copy2(before, path)
    assert summary(shell.events(*IN_PLACE)) == (1, 0, 0)


def test_in_place_another_file_of_the_same_length_and_time_is_edited(shell):
    path, before = backup(shell)
    before.replace(path)
    assert summary(shell.events(*IN_PLACE)) == (1, 0, 0)


def test_in_place_what_was_touched_or_copied_is_read_once_and_then_known(shell, read):
    paths = shell.photographs(2)
    shell.run(*IN_PLACE)
    os.utime(paths[0])
    shutil.copytree(shell.folder / "in", shell.folder / "moved", copy_function=shutil.copy)
    read.clear()
    assert summary(shell.events(*IN_PLACE)) == (0, 2, 0)
    assert read == ["0.jpg"]
    assert summary(shell.events("dusk.brush", "moved", "--in-place")) == (0, 2, 0)
    assert read == ["0.jpg", "0.jpg", "1.jpg"]
    for folder in ("in", "moved"):
        assert summary(shell.events("dusk.brush", folder, "--in-place")) == (0, 2, 0)
    assert len(read) == 3


def test_in_place_results_of_an_old_journal_are_read_once_and_then_known(shell, read):
    shell.photographs(2)
    shell.run(*IN_PLACE)
    journal = shell.folder / "in" / STATE / "journal.jsonl"
    named, *lines = map(json.loads, journal.read_text().splitlines())
    for line in lines:
        result = {key: line["result"][key] for key in ("sha256", "bytes")}
        line |= {"brushctl": 1, "settings": named["settings"][line["settings"]]}
        line |= {"result": {"path": line["file"], **result}, "error": None}
    journal.write_text("".join(json.dumps(line) + "\n" for line in lines))
    read.clear()
    for _ in range(2):
        assert summary(shell.events(*IN_PLACE)) == (0, 2, 0)
    assert sorted(read) == ["0.jpg", "1.jpg"]


def test_checksum_in_place_finds_another_content_of_the_same_length_time_and_inode(shell):
    path, before = backup(shell)
    like = path.stat()
    path.write_bytes(before.read_bytes())
    os.utime(path, ns=(like.st_atime_ns, like.st_mtime_ns))
    assert summary(shell.events(*IN_PLACE)) == (0, 1, 0)
    assert summary(shell.events(*IN_PLACE, "--checksum")) == (1, 0, 0)


def test_checksum_compares_the_content_of_photographs_and_of_results(shell):
    paths = shell.photographs(3)
    arguments = ("dusk.brush", "in", "-o", "out")
    shell.run(*arguments)
    makers.write_jpeg(shell.folder / "other.jpg", makers.picture(seed=4), quality=30)
    disguised(shell.folder / "other.jpg", paths[0])
    shutil.copy2(shell.folder / "other.jpg", paths[0])
    result = shell.folder / "out/1.jpg"
    result.write_bytes(result.read_bytes()[:-2] + b"\0\0")
    assert summary(shell.events(*arguments)) == (0, 3, 0)
    _, err = shell.run(*arguments, "--checksum")
    assert "1 done, 2 unchanged" in err
    assert "out/1.jpg: this result was changed" in err


def test_checksum_is_for_a_run_that_ends(shell):
    shell.photographs(1)
    _, err = shell.run("dusk.brush", "in", "-o", "out", "--watch", "--checksum", status=2)
    assert "--checksum" in err
