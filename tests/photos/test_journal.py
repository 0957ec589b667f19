"""The journal survives being cut at any byte, and one run holds it at a time."""

import json
import subprocess
import sys

import pytest

from brushctl.photos.journal import Journal, OutputBusyError, Record, read_journal


def record(file: str, status: str = "done", **facts) -> Record:
    return Record(file, status, {"seed": 1}, {"sha256": "a"}, {"path": file}, facts)


def test_the_last_line_about_a_photograph_counts(tmp_path):
    with Journal(tmp_path) as journal:
        journal.write(record("a.jpg", "writing"))
        journal.write(record("b.jpg"))
        journal.write(record("a.jpg", "done", seconds=1.5))
    with Journal(tmp_path) as journal:
        assert journal.records == {
            "a.jpg": record("a.jpg", "done", seconds=1.5),
            "b.jpg": record("b.jpg"),
        }


def test_a_journal_cut_at_any_byte_is_read_and_written_on(tmp_path):
    path = tmp_path / "journal.jsonl"
    with Journal(tmp_path) as journal:
        journal.write(record("a.jpg"))
        journal.write(record("ü.jpg"))
    whole = path.read_bytes()
    for cut in range(len(whole)):
        path.write_bytes(whole[:cut])
        with Journal(tmp_path) as journal:
            before = dict(journal.records)
            journal.write(record("c.jpg"))
        assert read_journal(path) == {**before, "c.jpg": record("c.jpg")}


FULL = """
import pathlib, resource, sys
from brushctl.photos.journal import Journal, Record
with Journal(pathlib.Path(sys.argv[1])) as journal:
    journal.write(Record("a.jpg", "done", {}, {}))
    room = journal.path.stat().st_size + 10
    resource.setrlimit(resource.RLIMIT_FSIZE, (room, resource.RLIM_INFINITY))
    try:
        journal.write(Record("b.jpg", "done", {}, {}))
    except OSError:
        print("full", *journal.records)
    resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY,) * 2)
"""


def test_a_line_for_which_there_is_no_room_is_an_error(tmp_path):
    """The system writes the part of it that has room, and says so only by its length."""
    command = [sys.executable, "-c", FULL, str(tmp_path)]
    assert subprocess.run(command, capture_output=True, text=True, check=True).stdout == (
        "full a.jpg\n"
    )
    with Journal(tmp_path) as journal:
        journal.write(record("c.jpg"))
    assert list(read_journal(tmp_path / "journal.jsonl")) == ["a.jpg", "c.jpg"]


def test_names_that_are_no_text_are_kept(tmp_path):
    name = b"caf\xe9.jpg".decode(errors="surrogateescape")
    with Journal(tmp_path) as journal:
        journal.write(record(name))
    assert list(read_journal(tmp_path / "journal.jsonl")) == [name]


def test_each_line_is_json_with_a_version(tmp_path):
    with Journal(tmp_path) as journal:
        journal.write(record("a.jpg", seconds=2))
    (line,) = (tmp_path / "journal.jsonl").read_text().splitlines()
    assert json.loads(line)["brushctl"] == 1
    assert json.loads(line)["seconds"] == 2


def test_a_second_process_is_told_that_the_output_is_busy(tmp_path):
    program = "import sys, pathlib; from brushctl.photos.journal import *\ntry:\n" \
        "    Journal(pathlib.Path(sys.argv[1])).__enter__()\n" \
        "except OutputBusyError: print('busy')"  # fmt: skip
    with Journal(tmp_path):
        command = [sys.executable, "-c", program, str(tmp_path)]
        said = subprocess.run(command, capture_output=True, text=True, check=True)
    assert said.stdout == "busy\n"


def test_busy_is_no_failure(tmp_path):
    assert OutputBusyError.exit_status == 0
    with Journal(tmp_path):
        pass
    with Journal(tmp_path):
        pass


def test_a_journal_that_is_no_journal_is_empty(tmp_path):
    (tmp_path / "journal.jsonl").write_bytes(b"\xff\xfe{}\n[]\nnull\n{}\n")
    assert read_journal(tmp_path / "journal.jsonl") == {}
    with pytest.raises(OSError):  # noqa: PT011
        Journal(tmp_path / "journal.jsonl" / "below").__enter__()
