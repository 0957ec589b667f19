"""Photographs, plans and journals by URL, without a cluster."""

from pathlib import Path

import pytest
import s3fs

from brushctl.cluster.places import find_photographs, writing
from brushctl.cluster.planning import Task, plan_urls, select_urls
from brushctl.cluster.segments import SegmentedJournal, read_segments
from brushctl.errors import PlanError
from brushctl.photos.journal import Record

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


def test_a_folder_may_be_named_like_a_pattern(folder, tmp_path):
    (tmp_path / "x [1]").mkdir()
    (tmp_path / "x [1]/1.jpg").write_bytes(b"x")
    found = find_photographs([f"{folder}/c [2024]", str(tmp_path / "x [1]")])
    assert [item.relative.name for item in found] == ["1.jpg", "1.jpg"]
    assert [item.relative.name for item in find_photographs([f"{folder}/?/1.jpg"])] == ["1.jpg"] * 2


def test_a_file_by_url_is_written_whole_or_not_at_all(tmp_path):
    with writing(f"file://{tmp_path}/out/1.jpg") as part:
        part.write_bytes(b"half")
        assert part.parent == tmp_path / "out"
        assert not (tmp_path / "out/1.jpg").exists()
    assert [p.name for p in Path(tmp_path / "out").iterdir()] == ["1.jpg"]


def test_a_bucket_is_not_asked_for_its_folders_again_and_again(folder, monkeypatch):
    asked = []
    call = s3fs.S3FileSystem._call_s3

    async def noted(self, method, *args, **kwargs):
        asked.append(method)
        return await call(self, method, *args, **kwargs)

    monkeypatch.setattr(s3fs.S3FileSystem, "_call_s3", noted)
    for n in range(5):
        with writing(f"{folder}/out/{n}.jpg") as part:
            part.write_bytes(b"x")
    assert asked.count("put_object") == 5
    assert len(asked) <= 5 + 1


def test_what_is_sent_out_is_in_the_journal_before_it_can_be_written(folder, tmp_path, monkeypatch):
    """A run that is killed in its first seconds leaves results; the next must know them its own."""
    monkeypatch.setenv("BRUSHCTL_HOME", str(tmp_path))
    with SegmentedJournal(f"{folder}/out") as journal:
        journal.write(Record("1.jpg", "sent", {}, {}))
        assert set(read_segments(f"{folder}/out")) == {"1.jpg"}


def test_of_many_segments_the_last_line_counts(folder, tmp_path, monkeypatch):
    monkeypatch.setenv("BRUSHCTL_HOME", str(tmp_path))
    monkeypatch.setattr("brushctl.cluster.segments.TOGETHER", 4)
    with SegmentedJournal(f"{folder}/out [1]") as journal:
        for n in range(10):
            journal.write(Record(f"{n % 3}.jpg", "sent", {"round": n}, {}))
    records = read_segments(f"{folder}/out [1]")
    assert [records[f"{n}.jpg"].settings["round"] for n in range(3)] == [9, 7, 8]


def noted(folder: str, name: str) -> tuple[list[Task], dict[str, Record], dict[str, int]]:
    """A plan for one photograph, its journal and its output folder, after a run."""
    (task,) = tasks = plan_urls(find_photographs([f"{folder}/{name}"]), f"{folder}/out", **HOW)
    done = Record(task.key, "done", {}, task.mark, {"sha256": "0" * 64, "bytes": 5})
    return tasks, {task.key: done}, {task.target: 5}


AGAIN = {"overwrite": False, "retry_failed": False}


def test_a_result_that_somebody_has_changed_is_left_alone(folder):
    tasks, records, there = noted(folder, "a")
    assert select_urls(tasks, records, {}, there, **AGAIN).current == 1
    retouched = dict.fromkeys(there, 6)
    chosen = select_urls(tasks, records, {}, retouched, **AGAIN)
    assert (chosen.todo, chosen.retouched) == ((), tuple(tasks))
    assert select_urls(tasks, records, {}, {}, **AGAIN).todo == tuple(tasks)


def test_another_photograph_of_the_same_name_does_not_replace_the_result(folder):
    _, records, there = noted(folder, "a")
    tasks, _, _ = noted(folder, "b")
    with pytest.raises(PlanError, match="result of another photograph"):
        select_urls(tasks, records, {}, there, **AGAIN)
    how = AGAIN | {"overwrite": True}
    assert select_urls(tasks, records, {}, there, **how).todo == tuple(tasks)
