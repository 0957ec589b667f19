"""What cannot be read of a journal is kept, and told; no run takes a later version for its own."""

import json
import os

import pytest

from brushctl.errors import DiskError
from brushctl.runs.journal import Journal
from brushctl.runs.records import name_of
from tests.runs.test_journal import SEED, again, written


def test_a_journal_with_damaged_lines_is_kept_and_the_run_is_warned(tmp_path):
    """One byte of the line that names settings makes all their records unreadable."""
    path, said = written(tmp_path, *again(5), *again(5)), []
    damaged = path.read_bytes().replace(name_of(SEED).encode(), b"0" * 12, 1)
    path.write_bytes(damaged)
    with Journal(tmp_path, said.append) as journal:
        assert journal.records == {}
    assert path.read_bytes() == damaged
    (line,) = said
    assert line.startswith(f"warning: {path}: 11 of its lines cannot be read, and are kept.")


def test_torn_lines_are_no_damage(tmp_path):
    """A killed run leaves one at the end, which the next run ends, and goes on after it."""
    path, said = written(tmp_path, *again(3)), []
    whole = path.read_bytes()
    for torn in (whole[:-1], whole[:-20], whole[:-20] + b"\n" + whole, whole + b"\n"):
        path.write_bytes(torn)
        with Journal(tmp_path, said.append):
            pass
    assert said == []


@pytest.mark.parametrize("named", [{}, {"0" * 12: SEED}], ids=["unnamed", "misnamed"])
def test_what_was_made_with_unknown_settings_is_damage_and_no_surprise(tmp_path, named):
    lines = [{"settings": named}, {"made": "b", "from": "a", "settings": "0" * 12}]
    path = tmp_path / "journal.jsonl"
    path.write_text("".join(json.dumps({"brushctl": 2, **line}) + "\n" for line in lines))
    before = path.read_bytes() + written(tmp_path / "other", *again(5), *again(5)).read_bytes()
    path.write_bytes(before)
    with Journal(tmp_path) as journal:
        assert len(journal.records) == 5
    assert path.read_bytes() == before


def test_a_journal_of_a_later_version_is_an_error_that_names_it(tmp_path):
    path = written(tmp_path, *again(3), *again(3))
    later = path.read_bytes().replace(b'"brushctl":2', b'"brushctl":3')
    path.write_bytes(later)
    with pytest.raises(DiskError, match=rf"{path}: .*\(version 3\)\. Update brushctl"):
        Journal(tmp_path).__enter__()
    assert path.read_bytes() == later


@pytest.mark.parametrize(
    "line",
    [
        {"brushctl": 1, "file": ["a"], "status": "done", "settings": {}},
        {"brushctl": 1, "file": "a", "status": "writing", "settings": {}, "source": {},
         "result": {"path": "a\0b", "sha256": "1"}},
        {"made": {"a": 1}, "from": [1], "settings": "q"},
    ],
)  # fmt: skip
def test_a_line_with_values_of_other_kinds_ends_no_run(tmp_path, line):
    path, _ = written(tmp_path, *again(3)), None
    path.write_bytes(path.read_bytes() + json.dumps(line).encode() + b"\n")
    with Journal(tmp_path) as journal:
        assert len(journal.records) >= 1


def test_a_journal_that_is_a_pipe_is_an_error_and_waits_for_nobody(tmp_path):
    os.mkfifo(tmp_path / "journal.jsonl")
    with pytest.raises(OSError, match="a pipe"), Journal(tmp_path):
        pass
