"""The journal survives being cut at any byte and killed at any moment; one run has it at a time."""

import errno
import json
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from brushctl.runs import journal as journals
from brushctl.runs.journal import Contents, Journal, contents_in, journal_in
from brushctl.runs.lines import Reader, Writer
from brushctl.runs.records import (
    Facts,
    Fault,
    Learned,
    Made,
    Record,
    Result,
    Source,
    made_by,
    name_of,
)

FACTS = Facts((4000, 3000), "transfer", 0.03, "the edit is a recolouring", (), 1.5)
SEED = {"seed": 1, "brush": "golden-hour"}


def record(file: str, status: str = "done", **more) -> Record:
    how = {"settings": SEED, "source": Source(f"../in/{file}", sha256="a"), "facts": FACTS}
    return Record(file, status, **{"result": Result(file, "b", 3, 4, 5), **how, **more})


def written(state: Path, *records: Record) -> Path:
    with Journal(state) as journal:
        journal.write(*records)
    return journal.path


def files_in(state: Path) -> set[str]:
    """What lies there, but for the lock's file, which filelock removes or not, by its version."""
    return {path.name for path in state.iterdir()} - {"lock"}


def test_the_last_line_about_a_photograph_counts(tmp_path):
    last = record("a.jpg", facts=replace(FACTS, seconds=2.0))
    written(tmp_path, record("a.jpg", "writing"), record("b.jpg"), last)
    with Journal(tmp_path) as journal:
        assert journal.records == {"a.jpg": last, "b.jpg": record("b.jpg")}


def test_a_journal_cut_at_any_byte_is_read_and_written_on(tmp_path):
    path = written(tmp_path, record("a.jpg"), record("ü.jpg"))
    whole = path.read_bytes()
    for cut in range(len(whole)):
        path.write_bytes(whole[:cut])
        with Journal(tmp_path) as journal:
            before = dict(journal.records)
            journal.write(record("c.jpg"))
        assert journal_in(tmp_path) == {**before, "c.jpg": record("c.jpg")}


FULL = """
import pathlib, resource, sys
from brushctl.runs.journal import Journal
from brushctl.runs.records import Record, Source
with Journal(pathlib.Path(sys.argv[1])) as journal:
    journal.write(Record("a.jpg", "done", {}, Source()))
    room = journal.path.stat().st_size + 10
    resource.setrlimit(resource.RLIMIT_FSIZE, (room, resource.RLIM_INFINITY))
    try:
        journal.write(Record("b.jpg", "done", {"seed": 1}, Source()))
    except OSError as error:
        print("full", *journal.records, pathlib.Path(error.filename).name)
    resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY,) * 2)
    journal.write(Record("c.jpg", "done", {"seed": 1}, Source()))
"""


def test_a_line_for_which_there_is_no_room_is_an_error_and_harms_no_later_one(tmp_path):
    """The system writes the part of it that has room, and says so only by its length."""
    command = [sys.executable, "-c", FULL, str(tmp_path)]
    assert subprocess.run(command, capture_output=True, text=True, check=True).stdout == (
        "full a.jpg journal.jsonl\n"
    )
    written(tmp_path, record("d.jpg"))
    records = journal_in(tmp_path)
    assert {name: one.settings for name, one in records.items()} == {
        "a.jpg": {},
        "c.jpg": {"seed": 1},
        "d.jpg": SEED,
    }


@pytest.mark.parametrize("name", ["caf\udce9.jpg", "half a pair \ud83d.jpg"])
def test_names_that_are_no_text_are_kept(tmp_path, name):
    """POSIX gives bytes for them, and Windows halves of surrogate pairs."""
    records = [record(name), record("b.jpg", settings={"brush": name})]
    written(tmp_path, *records)
    assert list(journal_in(tmp_path).values()) == records


def test_names_are_read_that_stand_in_a_journal_as_their_bytes(tmp_path):
    path = written(tmp_path, record("caf?.jpg"))
    path.write_bytes(path.read_bytes().replace(b"caf?", b"caf\xe9"))
    assert list(journal_in(tmp_path)) == ["caf\udce9.jpg"]


def test_after_a_record_that_cannot_be_written_the_next_one_can_be_read(tmp_path):
    with Journal(tmp_path) as journal:
        with pytest.raises(TypeError):
            journal.write(record("a.jpg"), record("b.jpg", settings={"no JSON": object()}))
        journal.write(record("c.jpg"))
    assert journal_in(tmp_path) == {"c.jpg": record("c.jpg")}


def test_each_line_is_json_with_a_version_and_the_settings_stand_once(tmp_path):
    path = written(tmp_path, *(record(f"{n}.jpg") for n in range(3)))
    settings, *lines = map(json.loads, path.read_text().splitlines())
    assert settings == {"brushctl": 2, "settings": {name_of(SEED): SEED}}
    assert [line["brushctl"] for line in lines] == [2, 2, 2]
    assert {line["settings"] for line in lines} == {name_of(SEED)}
    assert lines[0]["seconds"] == FACTS.seconds


words = st.text(max_size=8)
numbers = st.integers(0, 2**63)
records = st.builds(
    Record,
    words,
    st.sampled_from(["writing", "done", "failed", "sent"]),
    st.dictionaries(words, numbers | words | st.none(), max_size=3),
    st.builds(
        Source,
        *(st.none() | each for each in (words, numbers, words, numbers, words)),
        st.lists(words, max_size=2).map(tuple),
    ),
    st.none()
    | st.builds(
        Result, words, *(st.none() | each for each in (words, numbers, numbers, numbers, words))
    ),
    st.none()
    | st.builds(
        Facts,
        st.tuples(numbers, numbers),
        words,
        st.floats(0, 1),
        words,
        st.lists(words, max_size=2).map(tuple),
        st.floats(0, 1),
    )
    | st.builds(Learned, st.none() | st.dictionaries(words, numbers), st.floats(0, 1)),
    st.none() | st.builds(Fault, words, words, st.none() | words, st.none() | words),
)


@given(st.lists(records, max_size=4))
def test_whatever_is_recorded_is_read_back(told):
    writer, reader = Writer(), Reader()
    lines = b"".join(map(writer.lines_of, told)).splitlines()
    assert [found for line in lines if (found := reader.read(line))] == told


@given(st.lists(records, max_size=12))
def test_a_compact_journal_tells_what_the_long_one_told(told):
    writer, long, compact = Writer(), Contents(), Contents()
    long.add(b"".join(map(writer.lines_of, told)).splitlines(keepends=True), "long")
    compact.add(b"".join(long.lines()).splitlines(keepends=True), "compact")
    assert compact.records == long.records
    assert set(compact.history()) == set(long.history()) == set(filter(None, map(made_by, told)))
    assert compact.spent == 0


OLD = {
    "brushctl": 1,
    "file": "a.jpg",
    "status": "done",
    "source": {"path": "../in/a.jpg", "bytes": 1, "mtime_ns": 2, "sha256": "5"},
    "result": {"path": "a.jpg", "sha256": "6", "bytes": 3},
    "size": [96, 64],
    "detail": "transfer",
    "residual": 0.0,
    "reason": "asked for",
    "warnings": ["odd"],
    "seconds": 0.25,
    "settings": {"brush": "dusk", "seed": 1},
    "error": None,
}
BROKEN = {
    **{key: OLD[key] for key in ("brushctl", "settings")},
    "file": "b.jpg",
    "status": "failed",
    "source": {},
    "result": {},
    "error": {"code": "photo", "what": "the file is damaged", "do": None},
}


def test_a_journal_of_version_1_is_read_and_becomes_one_of_version_2(tmp_path):
    path = tmp_path / "journal.jsonl"
    path.write_text("".join(json.dumps(line) + "\n" for line in (OLD, BROKEN)))
    before = journal_in(tmp_path)
    assert before == {
        "a.jpg": Record(
            "a.jpg",
            "done",
            OLD["settings"],
            Source("../in/a.jpg", 1, mtime_ns=2, sha256="5"),
            Result("a.jpg", "6", 3),
            Facts((96, 64), "transfer", 0.0, "asked for", ("odd",), 0.25),
        ),
        "b.jpg": Record(
            "b.jpg",
            "failed",
            OLD["settings"],
            Source(),
            error=Fault("photo", "the file is damaged"),
        ),
    }
    assert [one.to_dict() for one in before.values()] == [OLD, BROKEN]
    with Journal(tmp_path):
        pass
    assert {json.loads(line)["brushctl"] for line in path.read_text().splitlines()} == {2}
    assert journal_in(tmp_path) == before


def again(count: int, **more) -> list[Record]:
    return [record(f"{n}.jpg", result=Result(f"{n}.jpg", f"b{n}", 3), **more) for n in range(count)]


def test_a_journal_that_says_most_things_twice_is_written_anew(tmp_path):
    once = written(tmp_path, *again(20)).stat().st_size
    twice = written(tmp_path, *again(20)).stat().st_size
    assert twice > 1.5 * once
    compact = written(tmp_path).stat().st_size
    assert compact <= once
    inode = (tmp_path / "journal.jsonl").stat().st_ino
    assert written(tmp_path, *again(2)).stat().st_ino == inode  # not each time


def test_a_record_that_is_renewed_leaves_no_line_of_what_was_made(tmp_path):
    for time in range(9):
        written(tmp_path, record("0.jpg", source=Source("0.jpg", 1, None, time, "a")))
    assert contents_in(tmp_path).made == set()


def test_what_a_replaced_result_was_made_of_is_remembered(tmp_path):
    """In place, a copy of it must not be edited again, though a later run edited the file."""
    other = {"settings": {"seed": 2}, "source": Source("0.jpg", sha256="b0")}
    written(tmp_path, *again(1), record("0.jpg", result=Result("0.jpg", "c0", 3), **other))
    for _ in range(3):
        path = written(tmp_path, record("0.jpg", "failed", facts=None))
    told = set(contents_in(tmp_path).history())
    assert Made(name_of(SEED), "a", "b0") in told
    assert Made(name_of({"seed": 2}), "b0", "c0") in told
    assert len(path.read_bytes().splitlines()) < 8


def test_what_was_made_is_remembered_though_making_it_again_has_failed(tmp_path):
    done = record("0.jpg")
    failed = replace(done, status="failed", result=None, facts=None).following(done)
    written(tmp_path, done, failed)
    assert list(contents_in(tmp_path).history()) == [Made(name_of(SEED), "a", "b")]


def test_what_version_1_tells_of_replaced_results_is_remembered(tmp_path):
    first = {**OLD, "settings": {}}
    later = {**OLD, "source": {"sha256": "6"}, "result": {"path": "a.jpg", "sha256": "7"}}
    path = tmp_path / "journal.jsonl"
    path.write_text("".join(json.dumps(line) + "\n" for line in (first, later)))
    with Journal(tmp_path):
        pass
    assert set(contents_in(tmp_path).history()) == {
        Made(name_of({}), "5", "6"),
        Made(name_of(OLD["settings"]), "6", "7"),
    }


KILLED = """
import os, pathlib, sys
from brushctl.runs.journal import Journal
STEPS = "open os.rename os.remove shutil.copymode os.chown os.chmod os.setxattr".split()
count = 0
def audit(event, arguments):
    global count
    if event in STEPS:
        count += 1
        if count == int(sys.argv[2]):
            os._exit(9)
state = pathlib.Path(sys.argv[1])
sys.addaudithook(audit)
with Journal(state):
    pass
print(count)
"""


def test_a_kill_at_any_step_of_writing_it_anew_loses_nothing(tmp_path):
    """Each change that the program makes to a file is once its last."""
    told, step, left = [*again(30), *again(30, settings={"seed": 2})], 0, 9
    while left == 9:
        step += 1
        state = tmp_path / str(step)
        expected = contents_in(written(state, *told).parent)
        command = [sys.executable, "-c", KILLED, str(state), str(step)]
        left = subprocess.run(command, capture_output=True, check=False).returncode
        found = contents_in(state)
        assert found.records == expected.records
        assert set(found.history()) == set(expected.history())
        with Journal(state) as journal:
            assert journal.records == expected.records
        assert files_in(state) == {"journal.jsonl"}
    assert left == 0
    assert step > 4


def test_a_journal_that_cannot_be_written_anew_serves_as_it_is(tmp_path, monkeypatch):
    path = written(tmp_path, *again(5), *again(5))
    before = path.read_bytes()

    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(journals.os, "fsync", full)
    with Journal(tmp_path) as journal:
        assert len(journal.records) == 5
    assert path.read_bytes() == before
    assert files_in(tmp_path) == {"journal.jsonl"}


def test_a_journal_that_others_may_write_stays_one(tmp_path):
    path = written(tmp_path, *again(5), *again(5))
    path.chmod(0o664)
    before = path.stat().st_ino
    written(tmp_path)
    assert path.stat().st_ino != before
    assert path.stat().st_mode & 0o777 == 0o664


def test_a_journal_that_is_no_journal_is_empty(tmp_path):
    (tmp_path / "journal.jsonl").write_bytes(b"\xff\xfe{}\n[]\nnull\n{}\n7\n")
    assert journal_in(tmp_path) == {}
    with pytest.raises(OSError):  # noqa: PT011
        Journal(tmp_path / "journal.jsonl" / "below").__enter__()
