"""A journal holds what was written, is held by one run, and tells of damage: file or segments."""

from dataclasses import replace

import pytest

from brushctl.errors import DiskError
from brushctl.runs.lines import Writer
from brushctl.runs.locking import OutputBusyError
from brushctl.runs.plan import STATE
from brushctl.runs.records import Record, Result, Source, name_of
from brushctl.runs.storage.base import storage_of
from tests.runs.test_journal import FACTS, SEED, record


@pytest.fixture
def output(place) -> str:
    return place.name("out [1]")


def written(output: str, *records: Record) -> None:
    with storage_of(output).journal(output, print) as journal:
        journal.write(*records)


def put(place, data: bytes) -> None:
    """Write the lines of a journal, as an earlier run has left them."""
    bucket = hasattr(place, "url")
    name = f"journal/{'0' * 20}.jsonl" if bucket else "journal.jsonl"
    place.write(f"out [1]/{STATE}/{name}", data)


def test_where_there_is_none_it_is_empty(output):
    assert storage_of(output).records(output) == {}


def test_the_last_record_of_a_photograph_counts_also_of_several_runs(output):
    for n in range(5):
        written(output, *(record(f"{k}.jpg", facts=replace(FACTS, seconds=n)) for k in (n % 2, 2)))
    records = storage_of(output).records(output)
    assert {name: one.facts.seconds for name, one in records.items()} == {
        "0.jpg": 4,
        "1.jpg": 3,
        "2.jpg": 4,
    }


def test_what_is_begun_is_kept_once_it_is_written(output):
    """A run that is killed in its first seconds leaves results; the next must know them its own."""
    with storage_of(output).journal(output, print) as journal:
        journal.write(Record("1.jpg", "sent", {}, Source()))
        assert set(storage_of(output).records(output)) == {"1.jpg"}


def test_a_result_is_read_back_with_all_that_its_storage_tells(output):
    one = record("a.jpg", result=Result("a.jpg", "b", 3, None, None, '"tag"'))
    written(output, one)
    assert storage_of(output).records(output) == {"a.jpg": one}


def test_a_journal_of_version_1_is_read(place, output):
    old = '{"brushctl": 1, "file": "0.jpg", "status": "done", "source": {}, "result": {},'
    put(place, f'{old} "settings": {{"round": 0}}, "error": null}}\n'.encode())
    written(output, record("1.jpg"))
    records = storage_of(output).records(output)
    assert {name: one.settings for name, one in records.items()} == {
        "0.jpg": {"round": 0},
        "1.jpg": SEED,
    }


def test_one_run_holds_it_at_a_time(output):
    with storage_of(output).journal(output, print):
        with pytest.raises(OutputBusyError), storage_of(output).journal(output, print):
            pass
        assert storage_of(output).records(output) == {}  # it may be read
    with storage_of(output).journal(output, print):
        pass


def test_a_later_version_is_an_error_that_lets_the_lock_go(place, output):
    put(place, Writer().lines_of(record("a.jpg")).replace(b'"brushctl":2', b'"brushctl":3'))
    for _ in range(2):  # busy, if the first had kept its lock
        with (
            pytest.raises(DiskError, match=r"\(version 3\)\. Update brushctl"),
            storage_of(output).journal(output, print),
        ):
            pass


def test_damaged_lines_are_told_of_and_torn_ones_are_not(place, output):
    lines, said = Writer().lines_of(record("a.jpg")), []
    for data in (lines[:-9], lines.replace(name_of(SEED).encode(), b"0" * 12, 1)):
        put(place, data)
        with storage_of(output).journal(output, said.append) as journal:
            assert journal.records == {}
    (line,) = said
    assert "2 of its lines cannot be read, and are kept." in line
