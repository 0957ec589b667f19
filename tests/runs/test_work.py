"""Photographs are edited in windows, each read ahead and written behind the model."""

import json
import threading
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from brushctl.errors import PhotoError
from brushctl.files import PART
from brushctl.runs import memory
from brushctl.runs import windows as pipeline
from brushctl.runs.executors.threads import edit_photographs
from brushctl.runs.inputs import find_inputs
from brushctl.runs.journal import Journal
from brushctl.runs.naming import TEMPLATE
from brushctl.runs.plan import Job, plan_folder
from brushctl.runs.records import Record, Source
from brushctl.runs.resume import select
from brushctl.runs.steps import Treatment
from brushctl.runs.windows import IN_HAND, TOGETHER, Photograph
from tests.photos import makers
from tests.photos.driver import Edited, ToneEditor


def photographs(folder: Path, sizes: list[tuple[int, int]]) -> Path:
    folder.mkdir()
    for n, size in enumerate(sizes):
        makers.write_jpeg(folder / f"{n:03}.jpg", makers.picture(*size, seed=n))
    return folder


def edited(
    folder: Path, output: Path, editor: ToneEditor, template: str = TEMPLATE, **how
) -> list[Record]:
    plan = plan_folder(find_inputs([str(folder)]), output, template=template)
    assert plan.state
    with Journal(plan.state) as journal:
        return edit_photographs(plan, plan.jobs, editor, Treatment({}), journal=journal, **how)


class Recording(ToneEditor):
    """Remembers how many pictures came together."""

    def __init__(self, at_once: int) -> None:
        super().__init__()
        self.at_once = at_once
        self.windows: list[int] = []

    def edit(self, images):
        self.windows.append(len(images))
        return super().edit(images)


@pytest.mark.parametrize("at_once", [1, 3, 16])
def test_the_results_and_their_order_are_the_same_however_many_go_together(tmp_path, at_once):
    folder = photographs(tmp_path / "in", [(60, 40), (40, 60), (50, 50)] * 3)
    edited(folder, tmp_path / "one by one", Recording(1))
    editor = Recording(at_once)
    records = edited(folder, tmp_path / "out", editor)
    assert [record.file for record in records] == [f"{n:03}.jpg" for n in range(9)]
    assert editor.windows == [min(at_once, 9 - n) for n in range(0, 9, at_once)]
    for record in records:
        alone = tmp_path / "one by one" / record.file
        assert alone.read_bytes() == (tmp_path / "out" / record.file).read_bytes()


def test_large_photographs_make_small_windows(tmp_path):
    folder = tmp_path / "in"
    folder.mkdir()
    for n in range(3):
        Image.new("RGB", (5000, 2000), (n, 90, 90)).save(folder / f"{n}.jpg")
    (folder / "9.jpg").write_bytes(b"no photograph")
    editor = Recording(16)
    records = edited(folder, tmp_path / "out", editor)
    assert 3 * 10 > IN_HAND / 2 > 2 * 10
    assert editor.windows == [2, 1]
    assert [record.status for record in records] == ["done"] * 3 + ["failed"]


class Meddling(ToneEditor):
    """While it edits, somebody saves a file where a result is to go."""

    def __init__(self, file: Path) -> None:
        super().__init__()
        self.file = file

    def edit(self, images):
        self.file.write_bytes(b"somebody's")
        return super().edit(images)


def test_a_file_that_appears_during_the_run_is_kept_and_its_photograph_fails(tmp_path):
    folder, out = photographs(tmp_path / "in", [(60, 40)] * 2), tmp_path / "out"
    out.mkdir()
    plan = plan_folder(find_inputs([str(folder)]), out)
    assert plan.state
    with Journal(plan.state) as journal:
        todo = select(plan, {}, Treatment({})).todo
        editor = Meddling(out / "001.jpg")
        edit_photographs(plan, todo, editor, Treatment({}), journal=journal)
        first, second = (journal.records[name] for name in ("000.jpg", "001.jpg"))
        assert (first.status, second.status) == ("done", "failed")
        assert "another program has put a file" in second.reason
        assert (out / "001.jpg").read_bytes() == b"somebody's"
        again = select(plan, journal.records, Treatment({}), retry_failed=True)
        assert [job.key for job in again.retouched] == ["001.jpg"]


class Roomy(Recording):
    """Waits for pictures, as a GPU does."""

    wants_many = True


@pytest.mark.parametrize(
    ("editor", "gigabytes", "of_24", "of_12"),
    [
        (Roomy(32), 128, [8, 8], [16]),
        (Roomy(32), 32, [3, 3, 3, 3, 3, 1], [7, 7, 2]),
        (Roomy(4), 128, [4] * 4, [4] * 4),
        (Roomy(32), 0, [1] * 16, [2] * 8),
        (Roomy(1), 128, [1] * 16, [1] * 16),
        (Recording(5), 128, [1] * 16, [2] * 8),
    ],
)
def test_a_gpu_is_given_a_batch_where_the_machine_has_the_memory(
    monkeypatch, editor, gigabytes, of_24, of_12
):
    monkeypatch.setattr(pipeline, "whole_memory", lambda: gigabytes * 10**9)
    for megapixels, wanted in ((24, of_24), (12, of_12)):
        jobs = (Job(None, None, str(n)) for n in range(TOGETHER))
        sized = ((Photograph(job, Source()), float(megapixels)) for job in jobs)
        made = list(pipeline.windows(sized, editor))
        assert [len(window.photographs) for window in made] == wanted
        room = max(pipeline.SHARE * gigabytes * 1e9, IN_HAND * pipeline.EACH)
        assert 2 * max(window.megapixels for window in made) * pipeline.EACH <= room


def test_the_memory_of_a_container_is_what_counts(monkeypatch, tmp_path):
    monkeypatch.setattr(memory, "CONTAINER", (tmp_path / "none", tmp_path / "limit"))
    machine = memory.whole_memory()
    assert machine > 2**28
    for limit, whole in (("max", machine), (str(2**60), machine), ("1000", 1000)):
        (tmp_path / "limit").write_text(f"{limit}\n")
        assert memory.whole_memory() == whole


class Touchy(Recording):
    """Cannot bear one picture, and says so about all that came with it."""

    def edit(self, images):
        done = super().edit(images)
        if any(image.mean() < 0.1 for image in images):
            raise PhotoError("the model made numbers out of range, and no picture")
        return done


def test_a_picture_that_the_model_cannot_edit_fails_alone(tmp_path):
    folder = photographs(tmp_path / "in", [(60, 40)] * 7)
    Image.new("RGB", (60, 40)).save(folder / "003.jpg")
    records = edited(folder, tmp_path / "out", Touchy(7))
    assert [record.file for record in records if record.error] == ["003.jpg"]
    assert len(records) == 7


def test_a_transparent_photograph_is_refused_a_jpeg_before_it_is_edited(tmp_path):
    folder, editor = tmp_path / "in", Recording(1)
    folder.mkdir()
    Image.new("RGBA", (60, 40)).save(folder / "a.png")
    Image.new("RGB", (60, 40)).save(folder / "b.png")
    first, second = edited(folder, tmp_path / "out", editor, template="{stem}.jpg")
    assert first.error
    assert "transparency" in first.error.what
    assert not second.error
    assert editor.windows == [1]
    assert [path.name for path in (tmp_path / "out").glob("*.jpg")] == ["b.jpg"]


class Cramped(Recording):
    """Finds out at its first window that its memory holds two pictures, not more."""

    def edit(self, images):
        self.at_once = 2
        return super().edit(images)


def test_the_journal_says_when_memory_held_fewer(tmp_path):
    folder = photographs(tmp_path / "in", [(60, 40)] * 4)
    edited(folder, tmp_path / "out", Cramped(4))
    lines = (tmp_path / "out/.brushctl/journal.jsonl").read_text().splitlines()
    warnings = [text for line in map(json.loads, lines) for text in line.get("warnings", ())]
    assert set(warnings) == {"out of memory: going on with 2 pictures at once, not 4"}


class Waiting(Recording):
    """Edits nothing until it is let."""

    def __init__(self) -> None:
        super().__init__(2)
        self.reached, self.go = threading.Event(), threading.Event()

    def edit(self, images):
        self.reached.set()
        assert self.go.wait(30)
        return super().edit(images)


def test_stopping_finishes_what_the_model_has_and_takes_no_more(tmp_path):
    folder = photographs(tmp_path / "in", [(60, 40)] * 8)
    editor = Waiting()

    def stop_while_it_edits() -> None:
        assert editor.reached.wait(30)
        stopped.set()
        editor.go.set()

    stopped = threading.Event()
    thread = threading.Thread(target=stop_while_it_edits)
    thread.start()
    records = edited(folder, tmp_path / "out", editor, stop=stopped.is_set)
    thread.join()
    assert editor.windows == [2]
    assert [record.status for record in records] == ["done", "done"]
    assert len(list((tmp_path / "out").glob("*.jpg"))) == 2


def test_a_full_disk_ends_the_run(tmp_path, monkeypatch):
    folder = photographs(tmp_path / "in", [(60, 40)] * 4)

    def full(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("brushctl.files._flush", full)
    with pytest.raises(OSError, match="No space"):
        edited(folder, tmp_path / "out", Recording(2))
    assert not list((tmp_path / "out").glob("*.jpg"))
    assert not list((tmp_path / "out").glob(f".*{PART}"))


def test_a_result_that_cannot_be_written_is_named_where_its_photograph_has_another_name(
    tmp_path, monkeypatch
):
    folder = photographs(tmp_path / "in", [(60, 40)])

    def denied(*_: object, **__: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("brushctl.files._flush", denied)
    (record,) = edited(folder, tmp_path / "out", Recording(1), template="{stem}-x.{ext}")
    assert record.error
    assert record.error.where == str(tmp_path / "out/000-x.jpg")
    assert record.error.what == "the result cannot be written (permission denied)"


def test_what_the_editor_made_is_what_is_written(tmp_path):
    """Windows of mixed shapes never exchange their pictures."""

    class Marking(Recording):
        def edit(self, images):
            self.windows.append(len(images))
            return [Edited(image, np.full_like(image, image.mean())) for image in images]

    folder = tmp_path / "in"
    folder.mkdir()
    for n in range(10):
        size = (60, 40) if n % 2 else (40, 60)
        Image.new("RGB", size, (20 * n,) * 3).save(folder / f"{n}.png")
    edited(folder, tmp_path / "out", Marking(10))
    for n in range(10):
        assert abs(np.asarray(Image.open(tmp_path / "out" / f"{n}.png")).mean() - 20 * n) < 2
