"""Photographs, plans and journals by URL, without a cluster."""

import errno
import fcntl
import os
import time
from dataclasses import replace
from pathlib import Path
from unittest.mock import Mock

import fsspec
import pytest
import s3fs
from fsspec.implementations.memory import MemoryFileSystem

from brushctl.errors import PlanError, StorageError
from brushctl.runs import naming
from brushctl.runs.executors.distributed import edit_on_cluster
from brushctl.runs.executors.ray import Pool
from brushctl.runs.journal import Journal
from brushctl.runs.plan import STATE
from brushctl.runs.records import Record, Result, Source
from brushctl.runs.remote_plan import Task, plan_urls, select_urls
from brushctl.runs.results import replacing_result
from brushctl.runs.steps import Treatment
from brushctl.runs.storage.remote import canonical, find_photographs, sizes_below, write
from brushctl.runs.storage.segments import SegmentedJournal, read_segments
from tests.photos.driver import ToneEditor
from tests.runs.cluster.test_distributed import killed
from tests.runs.test_locking import answering

HOW = {"template": "{stem}.{ext}", "brush": "dusk"}


@pytest.fixture
def folder(s3, request) -> str:
    """The URL of a folder of this test's own."""
    url = f"{s3}/{request.node.name}"
    system = s3fs.S3FileSystem()
    for name in ("a/1.jpg", "b/1.jpg", "c [2024]/1.jpg"):
        system.pipe_file(f"{url}/{name}", b"x")
    system.invalidate_cache()
    return url


@pytest.mark.parametrize("inner", ["", "/out"])
def test_results_may_not_lie_below_the_photographs(folder, inner):
    found = find_photographs([f"{folder}/a"])
    with pytest.raises(PlanError, match="inside the input folder"):
        plan_urls(found, f"{folder}/a{inner}", **HOW)
    assert len(plan_urls(found, f"{folder}/a-edited", **HOW)) == 1


def test_photographs_of_one_name_below_two_folders_are_two_to_the_journal(folder):
    found = find_photographs([f"{folder}/a", f"{folder}/b"])
    tasks = plan_urls(found, f"{folder}/out", template="{folder}-{stem}.{ext}", brush="dusk")
    assert len({task.key for task in tasks}) == 2


def test_a_format_that_this_machine_cannot_write_is_refused_for_photographs_by_url_too(
    folder, monkeypatch
):
    monkeypatch.setattr(naming, "find_spec", lambda _: None)
    found = find_photographs([folder])
    with pytest.raises(PlanError, match="pillow-heif"):
        plan_urls(found, f"{folder}-out", template="{stem}.heic", brush="dusk")


def test_a_folder_may_be_named_like_a_pattern(folder, tmp_path):
    (tmp_path / "x [1]").mkdir()
    (tmp_path / "x [1]/1.jpg").write_bytes(b"x")
    found = find_photographs([f"{folder}/c [2024]", str(tmp_path / "x [1]")])
    assert [item.relative.name for item in found] == ["1.jpg", "1.jpg"]
    assert [item.relative.name for item in find_photographs([f"{folder}/?/1.jpg"])] == ["1.jpg"] * 2


def test_a_file_by_url_is_written_whole_or_not_at_all(tmp_path, monkeypatch):
    output = f"file://{tmp_path}/out/"
    write(f"{output}1.jpg", b"whole", output)
    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", Mock(side_effect=OSError(errno.EIO, "damaged")))
        with pytest.raises(OSError, match="damaged"):
            write(f"{output}2.jpg", b"half", output)
    assert [p.name for p in Path(tmp_path / "out").iterdir()] == ["1.jpg"]


def test_a_bucket_is_not_asked_for_its_folders_again_and_again(folder, monkeypatch):
    asked = []
    call = s3fs.S3FileSystem._call_s3

    async def noted(self, method, *args, **kwargs):
        asked.append(method)
        return await call(self, method, *args, **kwargs)

    monkeypatch.setattr(s3fs.S3FileSystem, "_call_s3", noted)
    for n in range(5):
        write(f"{folder}/out/{n}.jpg", b"x", f"{folder}/out/")
    assert asked.count("put_object") == 5
    assert len(asked) <= 5 + 1


def test_what_is_sent_out_is_in_the_journal_before_it_can_be_written(folder, tmp_path, monkeypatch):
    """A run that is killed in its first seconds leaves results; the next must know them its own."""
    monkeypatch.setenv("BRUSHCTL_HOME", str(tmp_path))
    with SegmentedJournal(f"{folder}/out") as journal:
        journal.write(Record("1.jpg", "sent", {}, Source()))
        assert set(read_segments(f"{folder}/out")) == {"1.jpg"}


def test_of_many_segments_the_last_line_counts(folder, tmp_path, monkeypatch):
    monkeypatch.setenv("BRUSHCTL_HOME", str(tmp_path))
    monkeypatch.setattr("brushctl.runs.storage.segments.TOGETHER", 4)
    with SegmentedJournal(f"{folder}/out [1]") as journal:
        for n in range(10):
            journal.write(Record(f"{n % 3}.jpg", "sent", {"round": n}, Source()))
    records = read_segments(f"{folder}/out [1]")
    assert [records[f"{n}.jpg"].settings["round"] for n in range(3)] == [9, 7, 8]


def test_segments_of_version_1_are_read_and_each_new_one_can_be_read_by_itself(
    folder, tmp_path, monkeypatch
):
    monkeypatch.setenv("BRUSHCTL_HOME", str(tmp_path))
    old = '{"brushctl": 1, "file": "0.jpg", "status": "done", "source": {}, "result": {},'
    old += ' "settings": {"round": 0}, "error": null}'
    system, place = s3fs.S3FileSystem(), f"{folder}/out/{STATE}/journal"
    system.pipe_file(f"{place}/{'0' * 20}.jsonl", old.encode())
    for n in (1, 2):
        with SegmentedJournal(f"{folder}/out") as journal:
            journal.write(Record(f"{n}.jpg", "sent", {"round": 1}, Source()))
    system.invalidate_cache()
    first, second = sorted(system.ls(place, detail=False))[1:]
    assert system.cat_file(first).count(b"round") == system.cat_file(second).count(b"round") == 1
    rounds = {name: one.settings["round"] for name, one in read_segments(f"{folder}/out").items()}
    assert rounds == {"0.jpg": 0, "1.jpg": 1, "2.jpg": 1}


def test_a_home_on_a_share_without_locks_serves_with_a_warning(folder, tmp_path, monkeypatch):
    monkeypatch.setenv("BRUSHCTL_HOME", str(tmp_path))
    monkeypatch.setattr(fcntl, "flock", answering(errno.ENOLCK))
    said = []
    with SegmentedJournal(f"{folder}/out", said.append) as journal:
        journal.write(Record("1.jpg", "sent", {}, Source()))
    assert str(tmp_path / "locks") in said[0]
    assert list(read_segments(f"{folder}/out")) == ["1.jpg"]


def noted(folder: str, name: str) -> tuple[list[Task], dict[str, Record], dict[str, int]]:
    """A plan for one photograph, its journal and its output folder, after a run."""
    (task,) = tasks = plan_urls(find_photographs([f"{folder}/{name}"]), f"{folder}/out", **HOW)
    done = Record(task.key, "done", {}, task.mark, Result(task.key, "0" * 64, 5))
    return tasks, {task.key: done}, {task.target: 5}


AGAIN = {"overwrite": False, "retry_failed": False}


def test_a_result_that_somebody_has_changed_is_left_alone(folder):
    tasks, records, there = noted(folder, "a")
    assert select_urls(tasks, records, {}, there, **AGAIN).current == 1
    retouched = dict.fromkeys(there, 6)
    chosen = select_urls(tasks, records, {}, retouched, **AGAIN)
    assert (chosen.todo, chosen.retouched) == ((), tuple(tasks))
    for status in ("failed", "sent"):  # before it was changed
        records = {
            key: replace(one, status=status, source=Source()) for key, one in records.items()
        }
        assert select_urls(tasks, records, {}, retouched, **AGAIN).retouched == tuple(tasks)
        assert select_urls(tasks, records, {}, there, **AGAIN).todo == tuple(tasks)
    assert select_urls(tasks, records, {}, {}, **AGAIN).todo == tuple(tasks)


def test_another_photograph_of_the_same_name_does_not_replace_the_result(folder):
    _, records, there = noted(folder, "a")
    tasks, _, _ = noted(folder, "b")
    with pytest.raises(PlanError, match="result of another photograph"):
        select_urls(tasks, records, {}, there, **AGAIN)
    how = AGAIN | {"overwrite": True}
    assert select_urls(tasks, records, {}, there, **how).todo == tuple(tasks)


def test_an_alias_of_a_protocol_is_no_other_folder(folder):
    alias = folder.replace("s3://", "s3a://")
    found = find_photographs([f"{folder}/a"])
    for output in (f"{alias}/a", f"{alias}/a/out"):
        with pytest.raises(PlanError, match="inside the input folder"):
            plan_urls(found, output, **HOW)
    with pytest.raises(PlanError, match="would replace a photograph"):
        plan_urls(find_photographs([f"{alias}/a/1.jpg"]), f"{alias}/a", **HOW)
    (task,) = plan_urls(found, f"{alias}/out", **HOW)
    write(task.target, b"x", task.output)
    assert sizes_below(canonical(f"{alias}/out/")) == {task.target: 1}


def test_a_link_to_the_folder_of_the_photographs_is_that_folder(tmp_path):
    (tmp_path / "in").mkdir()
    (tmp_path / "in/1.jpg").write_bytes(b"x")
    (tmp_path / "link").symlink_to("in")
    with pytest.raises(PlanError, match="inside the input folder"):
        plan_urls(find_photographs([f"file://{tmp_path}/in"]), str(tmp_path / "link"), **HOW)
    with pytest.raises(PlanError, match="would replace a photograph"):
        plan_urls(find_photographs([f"file://{tmp_path}/in/1.jpg"]), str(tmp_path / "link"), **HOW)


class Shut(MemoryFileSystem):
    """A storage that answers with an error of its own kind, as one without credentials."""

    protocol = "shut"

    def refuse(self, *_args, **_how):
        raise LookupError("Unable to locate credentials")

    find = glob = pipe_file = cat_file = refuse


@pytest.fixture
def shut(tmp_path, monkeypatch) -> str:
    monkeypatch.setenv("BRUSHCTL_HOME", str(tmp_path))
    fsspec.register_implementation("shut", Shut, clobber=True)
    return "shut://archive/out"


REFUSED = r"archive/out.*: the storage refuses \(Unable to locate credentials\)"


def test_a_storage_that_cannot_be_asked_is_no_riddle(shut):
    for ask in (lambda url: find_photographs([url]), sizes_below, read_segments):
        with pytest.raises(StorageError, match=REFUSED):
            ask(shut)


def test_a_journal_that_cannot_be_read_or_written_is_told_of_and_let_go(shut, monkeypatch):
    for _ in range(2):  # busy, if the first had kept its lock
        with pytest.raises(StorageError, match=REFUSED), SegmentedJournal(shut):
            pass
    monkeypatch.setattr(Shut, "find", MemoryFileSystem.find)
    for _ in range(2):
        with pytest.raises(StorageError, match=REFUSED), SegmentedJournal(shut) as journal:
            journal.write(Record("1.jpg", "done", {}, Source()))


def test_an_endpoint_that_nobody_answers_at_is_told_of(monkeypatch):
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_DEFAULT_REGION"):
        monkeypatch.setenv(name, "testing")
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "1")
    monkeypatch.setattr(s3fs.S3FileSystem, "retries", 1)
    s3fs.S3FileSystem.clear_instance_cache()
    with pytest.raises(StorageError, match="s3://archive/x: the storage refuses"):
        find_photographs(["s3://archive/x"])
    s3fs.S3FileSystem.clear_instance_cache()


def test_lines_of_a_journal_do_not_wait_for_the_next(folder, tmp_path, monkeypatch):
    monkeypatch.setenv("BRUSHCTL_HOME", str(tmp_path))
    monkeypatch.setattr("brushctl.runs.storage.segments.LATEST", 0.2)
    with SegmentedJournal(f"{folder}/out") as journal:
        journal.write(Record("1.jpg", "done", {}, Source()))
        deadline = time.monotonic() + 20
        while not read_segments(f"{folder}/out"):
            assert time.monotonic() < deadline
            time.sleep(0.05)


def test_what_killed_processes_left_in_a_folder_is_deleted_for_photographs_by_url(folder, tmp_path):
    tasks = plan_urls(find_photographs([f"{folder}/a"]), str(tmp_path / "out"), **HOW)
    target = Path(tasks[0].target.removeprefix("file://"))
    target.parent.mkdir(parents=True)
    with replacing_result(target, tmp_path / "out") as file:
        part = Path(file.name)
    part.write_bytes(b"half")
    with Journal(tmp_path / "out" / STATE) as journal:
        how = {"journal": journal, "pool": Pool(), "report": killed}
        with pytest.raises(InterruptedError):
            edit_on_cluster(tasks, ToneEditor, Treatment({}), **how)
    assert not part.exists()


@pytest.mark.parametrize(
    "result", [None, Result("a.jpg", bytes=7)], ids=["none before", "one before"]
)
def test_what_lies_where_a_photograph_failed_is_left_alone_when_it_is_tried_again(result):
    task = Task("s3://in/a.jpg", "s3://out/a.jpg", "a.jpg", "a.jpg", Source("s3://in/a.jpg"))
    record = Record("a.jpg", "failed", {}, Source("s3://in/a.jpg"), result)
    there = {"s3://out/a.jpg": 8}
    chosen = select_urls([task], {"a.jpg": record}, {}, there, overwrite=False, retry_failed=True)
    assert (chosen.todo, chosen.retouched) == ((), (task,))


def test_a_link_to_a_photograph_is_a_photograph(tmp_path):
    (tmp_path / "photos/2024").mkdir(parents=True)
    (tmp_path / "whole.jpg").write_bytes(b"1234567")
    (tmp_path / "photos/2024/a.jpg").symlink_to(tmp_path / "whole.jpg")
    (tmp_path / "photos/b.jpg").symlink_to(tmp_path / "nowhere.jpg")
    (tmp_path / "photos/c.jpg").symlink_to(tmp_path / "photos/2024")
    url = f"file://{tmp_path}/photos"
    assert list(sizes_below(url).values()) == [7]
    for named in (url, f"{url}/*/*.jpg"):
        assert [found.mark["bytes"] for found in find_photographs([named])] == [7]
