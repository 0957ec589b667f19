"""What killed runs leave half-written is deleted, and never what another run is writing."""

import contextlib
import errno
import os
import shutil
import signal
import stat
import time
from pathlib import Path
from unittest.mock import Mock

import pytest

from brushctl.files import DAY, PART, move, remove_unfinished, replacing, write_atomically
from brushctl.runs.records import Stat
from brushctl.runs.storage.local import LocalStorage, replacing_result, sweep_results


@pytest.fixture
def part(tmp_path):
    """Of a run with its journal in `out`, half-written in a folder below it."""
    target = tmp_path / "out/2024/a.jpg"
    target.parent.mkdir(parents=True)
    with replacing_result(target, tmp_path / "out") as file:
        part = Path(file.name)
    target.unlink()
    part.write_bytes(b"half")
    return part


def test_a_run_with_another_journal_leaves_it(part, tmp_path):
    sweep_results([tmp_path / "out/2024/b.jpg"], tmp_path / "out/2024")
    assert part.exists()


def test_the_next_run_with_its_journal_deletes_it_wherever_the_tree_is_mounted(part, tmp_path):
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "out").rename(tmp_path / "elsewhere/out")
    (tmp_path / "link").symlink_to("elsewhere/out")
    sweep_results([tmp_path / "link/2024/b.jpg"], tmp_path / "link")
    assert not (tmp_path / "link/2024" / part.name).exists()


def test_any_run_deletes_it_a_day_later(part, tmp_path):
    os.utime(part, (time.time() - DAY - 1,) * 2)
    sweep_results([tmp_path / "out/2024/b.jpg"], tmp_path / "out/2024")
    assert not part.exists()


def test_a_result_is_written_whole_or_not_at_all(tmp_path, monkeypatch):
    how = {"output": str(tmp_path), "overwrite": True, "naming": lambda _stat: None}
    LocalStorage().write(str(tmp_path / "out/1.jpg"), b"whole", **how)
    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", Mock(side_effect=OSError(errno.EIO, "damaged")))
        with pytest.raises(OSError, match="damaged"):
            LocalStorage().write(str(tmp_path / "out/2.jpg"), b"half", **how)
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["1.jpg"]


def test_what_stops_a_result_before_it_has_its_name_leaves_what_was_there(tmp_path):
    target = tmp_path / "1.jpg"
    target.write_bytes(b"before")

    def stop(stat: Stat) -> None:
        assert (stat.bytes, target.read_bytes()) == (5, b"before")
        raise RuntimeError

    with pytest.raises(RuntimeError):
        LocalStorage().write(str(target), b"after", output=None, overwrite=True, naming=stop)
    assert [path.read_bytes() for path in tmp_path.iterdir()] == [b"before"]


def test_a_file_keeps_its_permissions_when_it_is_replaced(tmp_path):
    target = tmp_path / "a.jpg"
    target.write_bytes(b"old")
    target.chmod(0o444)
    with replacing(target) as file:
        file.write(b"new")
    assert target.read_bytes() == b"new"
    assert stat.S_IMODE(target.stat().st_mode) == 0o444


def test_a_file_keeps_its_extended_attributes_when_it_is_replaced_and_has_changed(tmp_path):
    target = tmp_path / "a.jpg"
    target.write_bytes(b"old")
    os.utime(target, (0, 0))
    if not has_attributes(target):
        pytest.skip("this file system keeps none")
    with replacing(target) as file:
        file.write(b"new")
    assert os.getxattr(target, "user.xdg.tags") == b"harbour"
    assert target.stat().st_mtime > 0


def has_attributes(path) -> bool:
    """Whether it has one now."""
    try:
        os.setxattr(path, "user.xdg.tags", b"harbour")
    except (OSError, AttributeError):
        return False
    return True


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() != 0, reason="only root gives away")
def test_a_file_keeps_its_owner_and_group_when_root_replaces_it(tmp_path):
    target = tmp_path / "a.jpg"
    target.write_bytes(b"old")
    target.chmod(0o600)
    os.chown(target, 65534, 65533)
    with replacing(target) as file:
        file.write(b"new")
    now = target.stat()
    assert (now.st_uid, now.st_gid, stat.S_IMODE(now.st_mode)) == (65534, 65533, 0o600)


def test_a_file_of_another_is_replaced_where_its_owner_cannot_be_kept(tmp_path, monkeypatch):
    def denied(*_: object) -> None:
        raise PermissionError

    monkeypatch.setattr(os, "chown", denied)
    target = tmp_path / "a.jpg"
    target.write_bytes(b"old")
    with replacing(target) as file:
        file.write(b"new")
    assert target.read_bytes() == b"new"


def test_a_file_that_is_shorter_on_the_disk_than_what_was_written_is_a_full_disk(
    tmp_path, monkeypatch
):
    """As some network shares tell of one: every call succeeds."""
    target = tmp_path / "a.jpg"
    target.write_bytes(b"old")
    flushed = os.fsync

    def lost(descriptor: int) -> None:
        flushed(descriptor)
        os.truncate(descriptor, 2)

    monkeypatch.setattr(os, "fsync", lost)
    with pytest.raises(OSError, match="No space") as full, replacing(target) as file:
        file.write(b"new")
    assert full.value.filename == str(target)
    assert target.read_bytes() == b"old"
    assert [p.name for p in tmp_path.iterdir()] == ["a.jpg"]


def test_a_name_is_on_the_disk_before_a_result_is_called_done(tmp_path, monkeypatch):
    order = []
    flushed, renamed = os.fsync, Path.replace

    def fsync(descriptor: int) -> None:
        order.append("folder" if stat.S_ISDIR(os.fstat(descriptor).st_mode) else "file")
        flushed(descriptor)

    def rename(path: Path, target: Path) -> Path:
        order.append("name")
        return renamed(path, target)

    monkeypatch.setattr(os, "fsync", fsync)
    monkeypatch.setattr(Path, "replace", rename)
    with replacing(tmp_path / "a.jpg") as file:
        file.write(b"new")
    assert order == ["file", "name", "folder"]


def test_what_a_process_is_writing_now_is_not_swept_away(tmp_path):
    target = tmp_path / "a.brush"
    with replacing(target) as file:
        file.write(b"first")
        write_atomically(target, b"second")  # sweeps
    assert target.read_bytes() == b"first"


def test_what_a_killed_writer_of_the_same_file_has_left_goes(tmp_path):
    target = tmp_path / "a.brush"
    if not (child := os.fork()):
        with replacing(target) as file:
            file.write(b"half")
            file.flush()
            os.kill(os.getpid(), signal.SIGKILL)
    os.waitpid(child, 0)
    (left,) = tmp_path.iterdir()
    assert left.name.endswith(PART)
    write_atomically(tmp_path / "b.brush", b"another's")
    assert left.exists(), "only its own owner deletes it at once"
    write_atomically(target, b"whole")
    assert {p.name for p in tmp_path.iterdir()} == {"a.brush", "b.brush"}


def test_a_rename_that_was_killed_between_its_two_names_is_ended_by_the_next(tmp_path):
    old, new = tmp_path / "old", tmp_path / "new"
    old.write_bytes(b"brush")
    new.hardlink_to(old)
    move(old, new, overwrite=False)
    assert [p.name for p in tmp_path.iterdir()] == ["new"]


def test_one_temporary_file_that_cannot_be_deleted_keeps_no_other(tmp_path):
    (tmp_path / "gone").mkdir()
    with contextlib.ExitStack() as writing:
        writing.enter_context(contextlib.suppress(OSError))
        for folder in (tmp_path / "gone", tmp_path):
            writing.enter_context(replacing(folder / "a.jpg"))
        shutil.rmtree(tmp_path / "gone")
        (tmp_path / "gone").write_bytes(b"a file now")
        remove_unfinished()
        assert [path.name for path in tmp_path.iterdir()] == ["gone"]
