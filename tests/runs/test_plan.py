"""A run is thought through before it begins: names, clashes and room are settled first."""

import errno
import os
from collections import namedtuple
from pathlib import Path

import pytest
from PIL import Image

from brushctl.errors import PlanError
from brushctl.files import resolved
from brushctl.runs.inputs import Input, find_inputs
from brushctl.runs.naming import names_picture
from brushctl.runs.plan import check_room, plan_folder, plan_in_place, plan_single
from brushctl.runs.resume import Sources
from brushctl.runs.storage import local
from brushctl.runs.watch import check_reached
from tests.photos import makers


@pytest.fixture
def tree(tmp_path):
    for name in ("in/a.jpg", "in/deep/er/b.PNG", "in/notes.txt", "in/.hidden.jpg", "in/.x/c.jpg"):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"x")
    return tmp_path


def targets(plan, root):
    return [Path(job.target_file).relative_to(root).as_posix() for job in plan.jobs]


def test_a_file_named_twice_is_edited_once(tree):
    named = [str(tree / "in/a.jpg"), str(tree / "in"), str(tree / "in/../in/a.jpg")]
    assert len(find_inputs(named)) == 2


def test_a_name_that_begins_with_a_tilde_is_a_name(tree, monkeypatch):
    monkeypatch.chdir(tree)
    monkeypatch.setenv("HOME", str(tree))
    (tree / "~b.jpg").write_bytes(b"x")
    found = find_inputs(["~b.jpg", "~/in/a.jpg"])
    assert [item.path for item in found] == [Path("~b.jpg"), tree / "in/a.jpg"]
    assert names_picture("~c.jpg")


def test_a_folder_of_results_needs_no_format_of_pillows_to_be_told(monkeypatch):
    monkeypatch.setattr(Image, "registered_extensions", lambda: pytest.fail("all were loaded"))
    assert not names_picture("results")
    assert names_picture("result.jpg")


def test_links_to_folders_are_told_of_and_searched_where_they_are_named(tree):
    for name in ("in/all", "in/deep/.again"):
        (tree / name).symlink_to(tree / "in/deep/er")
    told = []
    found = find_inputs([str(tree / "in")], passed_over=lambda *what: told.append(what))
    assert [str(item.relative) for item in found] == ["a.jpg", "deep/er/b.PNG"]
    assert told == [(str(tree / "in/all"), "it is a link; name it to have it searched")]
    found = find_inputs([str(tree / "in/all")], passed_over=lambda *what: told.append(what))
    assert ([str(item.relative) for item in found], len(told)) == (["b.PNG"], 1)


def test_a_link_takes_its_files_place_only_where_both_would_be_one_result(tree):
    (tree / "in/0.jpg").symlink_to("a.jpg")
    found = find_inputs([str(tree / "in")])
    assert targets(plan_folder(found, tree / "out"), tree / "out") == [
        "0.jpg", "a.jpg", "deep/er/b.PNG",
    ]  # fmt: skip
    assert targets(plan_in_place(found), tree / "in") == ["0.jpg", "deep/er/b.PNG"]


@pytest.mark.parametrize("output", ["in", "in/out", "in/deep/../out"])
def test_the_output_may_not_lie_in_the_input(tree, output):
    with pytest.raises(PlanError, match=r"output folder (is|lies inside .*,) an input folder"):
        plan_folder(find_inputs([str(tree / "in")]), tree / output)


def test_a_result_may_not_replace_a_photograph_unasked(tree):
    found = find_inputs([str(tree / "in/a.jpg")])
    with pytest.raises(PlanError, match="--in-place"):
        plan_folder(found, tree / "in")
    with pytest.raises(PlanError, match="--in-place"):
        plan_single(str(tree / "in/a.jpg"), str(tree / "in/a.jpg"))
    (tree / "in/a-x.jpg").write_bytes(b"y")
    both = find_inputs([str(tree / "in/a.jpg"), str(tree / "in/a-x.jpg")])
    with pytest.raises(PlanError, match="or other names with --name") as other:
        plan_folder(both, tree / "in", template="{stem}-x.{ext}")
    assert "--in-place" not in str(other.value)
    assert plan_in_place(found).jobs[0].target_file == str(tree / "in/a.jpg")


@pytest.mark.parametrize("error", [errno.ENOTCONN, errno.ESTALE, errno.EIO, errno.EHOSTDOWN])
def test_what_cannot_be_looked_at_is_left_to_the_run(tree, error, monkeypatch):
    """A file whose share has dropped is found, named, below a folder or by a pattern."""
    stat, away = Path.stat, ("b.PNG", "gone.jpg")

    def dropped(self: Path, **how):
        if self.name in away:
            raise OSError(error, os.strerror(error), str(self))
        return stat(self, **how)

    monkeypatch.setattr(Path, "stat", dropped)
    named = [str(tree / name) for name in ("gone.jpg", "in", "in/*/*/*.PNG")]
    plan = plan_folder(find_inputs(named), tree / "out")
    assert targets(plan, tree) == ["out/gone.jpg", "out/a.jpg", "out/deep/er/b.PNG"]
    with pytest.raises(PlanError, match="the folder cannot be reached"):
        check_reached([str(tree / "in"), str(tree / "gone.jpg")])


def test_nothing_to_do_is_said(tree):
    (tree / "empty").mkdir()
    with pytest.raises(PlanError, match="no photographs"):
        plan_folder(find_inputs([str(tree / "empty")]), tree / "out")
    with pytest.raises(PlanError, match="no such file"):
        find_inputs([str(tree / "missing.jpg")])
    with pytest.raises(PlanError, match="a name is empty"):
        find_inputs([str(tree / "in/a.jpg"), ""])
    with pytest.raises(PlanError, match="nothing matches"):
        find_inputs([str(tree / "*.avif")])


def test_photographs_on_several_drives_are_edited_but_not_in_place(tree, monkeypatch):
    def far(*_):
        raise ValueError("path is on mount 'D:', start on mount 'C:'")

    found = find_inputs([str(tree / "in")])
    plan = plan_folder(found, tree / "out")
    monkeypatch.setattr(os.path, "relpath", far)
    monkeypatch.setattr(os.path, "commonpath", far)
    assert Sources(plan.output).path(plan.jobs[0]) == str(resolved(tree) / "in/a.jpg")
    with pytest.raises(PlanError, match="one drive at a time"):
        plan_in_place(found)


def test_what_cannot_be_planned_comes_with_advice(tree, monkeypatch):
    found = find_inputs([str(tree / "in/a.jpg"), str(tree / "in/deep/er/b.PNG")])
    monkeypatch.setattr(os, "access", lambda *_: False)
    with pytest.raises(PlanError, match=r"in: the folder cannot be written\. The journal goes"):
        plan_in_place(found)
    with pytest.raises(PlanError, match="Choose another place"):
        plan_folder(found, tree / "out")
    with pytest.raises(PlanError, match=r"only folders match this pattern\. Name one"):
        find_inputs([str(tree / "in/d*")])
    for name in ("missing.jpg", "*.avif"):
        with pytest.raises(PlanError, match="Check the spelling"):
            find_inputs([str(tree / name)])


def test_a_full_disk_is_found_before_the_run(tree, monkeypatch):
    usage = namedtuple("usage", "total used free")
    monkeypatch.setattr(local.shutil, "disk_usage", lambda _: usage(10, 9, 1))
    jobs = plan_folder(find_inputs([str(tree / "in")]), tree / "out").jobs
    with pytest.raises(PlanError, match="may need 3 bytes and there are 1 bytes free"):
        check_room(jobs, str(tree / "out"))


@pytest.mark.parametrize(
    ("size", "told"),
    [(700, "1.1 kB"), (20e3, "30.0 kB"), (5e6, "7.5 MB"), (12e9, "18.0 GB")],
)
def test_room_is_told_in_units_that_fit(tree, monkeypatch, size, told):
    usage = namedtuple("usage", "total used free")
    monkeypatch.setattr(local.shutil, "disk_usage", lambda _: usage(10, 9, 1))
    with pytest.raises(PlanError, match=f"may need {told} and"):
        local.LocalStorage().check_room(size, str(tree))


def test_the_output_may_not_be_a_file(tree):
    (tree / "file").touch()
    with pytest.raises(PlanError, match="not a folder"):
        plan_folder(find_inputs([str(tree / "in")]), tree / "file")


def test_a_vanished_file_of_a_list_is_left_to_the_run(tree):
    gone = tree / "gone.jpg"
    assert find_inputs([], [str(gone)]) == [Input(str(gone), "gone.jpg")]


def test_what_a_list_names_oddly_stops_nothing(tree, monkeypatch):
    """Hidden files, which are named all the same, a link into itself, and what is no file."""
    monkeypatch.chdir(tree / "in")
    (tree / "in/loop.jpg").symlink_to("loop.jpg")
    told = []
    names = [".hidden.jpg", "loop.jpg", "loop.jpg/a.jpg", ".", "..", "/"]
    found = find_inputs([], names, passed_over=lambda *what: told.append(what))
    plan = plan_folder(found, tree / "out")
    assert targets(plan, tree / "out") == names[:3]
    sources = Sources(plan.output)
    assert [sources.path(job) for job in plan.jobs] == [f"../in/{name}" for name in names[:3]]
    assert [name for name, _ in told] == names[3:]
    assert len(plan_in_place(found).jobs) == 3


def test_a_photograph_without_a_suffix_has_a_result_without_one(tmp_path):
    makers.write_jpeg(tmp_path / "IMG_0001", makers.picture())
    plan = plan_folder(find_inputs([str(tmp_path / "IMG_0001")]), tmp_path / "out", brush="dusk")
    assert [Path(job.target_file).name for job in plan.jobs] == ["IMG_0001"]


@pytest.mark.parametrize(
    "folder", ["@eaDir", "#recycle", "$RECYCLE.BIN", "Catalog Previews.lrdata"]
)
def test_folders_of_doubles_and_leavings_are_passed_over_with_a_word(tree, folder):
    (tree / "in" / folder).mkdir()
    (tree / "in" / folder / "a.jpg").write_bytes(b"x")
    told = []
    found = find_inputs([str(tree / "in")], passed_over=lambda *what: told.append(what))
    assert [str(item.relative) for item in found] == ["a.jpg", "deep/er/b.PNG"]
    ((where, why),) = told
    assert where == str(tree / "in" / folder)
    assert why.startswith("it holds ")
    assert len(find_inputs([str(tree / "in" / folder)])) == 1
