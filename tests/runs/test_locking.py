"""One run holds an output folder at a time, wherever there are locks."""

import errno
import fcntl
import os
import subprocess
import sys
from pathlib import Path

import pytest

from brushctl.runs.journal import Journal, check_idle, journal_in
from brushctl.runs.locking import WITHOUT, OutputBusyError
from tests.runs.test_journal import again, written

BUSY = """
import pathlib, sys
from brushctl.runs.journal import Journal
from brushctl.runs.locking import OutputBusyError
try:
    Journal(pathlib.Path(sys.argv[1])).__enter__()
except OutputBusyError:
    print("busy")
"""


def told_of(state: Path) -> str:
    command = [sys.executable, "-c", BUSY, str(state)]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


def test_a_second_process_is_told_that_the_output_is_busy(tmp_path):
    with Journal(tmp_path):
        assert told_of(tmp_path) == "busy\n"


def test_busy_is_no_failure(tmp_path):
    assert OutputBusyError.exit_status == 0
    with Journal(tmp_path):
        pass
    with Journal(tmp_path):
        pass


def test_a_journal_that_cannot_be_opened_lets_its_lock_go(tmp_path):
    (tmp_path / "journal.jsonl").mkdir()
    kept = Journal(tmp_path)
    with pytest.raises(IsADirectoryError):
        kept.__enter__()
    (tmp_path / "journal.jsonl").rmdir()
    assert told_of(tmp_path) == ""


def answering(error: int):
    """What stands for `flock` where every lock is answered with an error."""

    def flock(*_: object) -> None:
        raise OSError(error, os.strerror(error))

    return flock


@pytest.mark.parametrize("error", sorted(set(WITHOUT)), ids=errno.errorcode.get)
def test_a_share_without_locks_takes_results(tmp_path, monkeypatch, error):
    monkeypatch.setattr(fcntl, "flock", answering(error))
    check_idle([tmp_path])
    written(tmp_path, *again(2))
    check_idle([tmp_path])
    assert list(journal_in(tmp_path)) == ["0.jpg", "1.jpg"]


def test_where_no_lock_can_be_had_the_run_is_warned_and_the_journal_is_only_added_to(
    tmp_path, monkeypatch
):
    path, said = written(tmp_path, *again(5), *again(5)), []
    before = path.read_bytes()
    monkeypatch.setattr(fcntl, "flock", answering(errno.EOPNOTSUPP))
    with Journal(tmp_path, said.append):
        pass
    (line,) = said
    assert line.startswith(f"warning: {tmp_path / 'lock'}: this share has no locks.")
    assert path.read_bytes() == before  # another run may be adding to it


def test_a_lock_that_fails_otherwise_is_an_error_that_names_its_file(tmp_path, monkeypatch):
    monkeypatch.setattr(fcntl, "flock", answering(errno.EIO))
    with pytest.raises(OSError, match="lock") as told:
        Journal(tmp_path).__enter__()
    assert told.value.filename == str(tmp_path / "lock")
