"""What may not be read or written, or is no longer what it was, fails alone."""

import fcntl
import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from brushctl.photos.photo import open_photo
from brushctl.runs.executors.threads import edit_photographs
from brushctl.runs.inputs import find_inputs
from brushctl.runs.journal import Journal, journal_in
from brushctl.runs.plan import STATE, plan_folder, plan_in_place
from brushctl.runs.records import Record
from brushctl.runs.steps import Treatment
from tests.cli.apply_shell import summary
from tests.photos import makers
from tests.photos.brushes import make_brush
from tests.photos.driver import ToneEditor, tone
from tests.photos.processes import start

NOBODY = 65534 if os.geteuid() == 0 else 0
"""Root may do anything: its tests run the command as another user."""


@pytest.fixture
def folder() -> Iterator[Path]:
    """One that every user can reach, with photographs in `in` and its folders."""
    place = Path(tempfile.mkdtemp(prefix="brushctl-denied-"))
    make_brush(place / "dusk.brush")
    for name in ("in/a.jpg", "in/locked.jpg", "in/2024/b.jpg", "in/2025/c.jpg"):
        (place / name).parent.mkdir(parents=True, exist_ok=True)
        makers.write_jpeg(place / name, makers.picture())
    yield place
    for below in place.rglob("*"):
        below.chmod(0o700)
    shutil.rmtree(place)


def run(folder: Path, *arguments: str) -> tuple[int, dict[str, str | None], str]:
    """The exit status of a run as another user, what became of each file, and what it said."""
    if NOBODY:
        for path in (folder, *folder.rglob("*")):
            os.chown(path, NOBODY, NOBODY)
    process = start(folder, "dusk.brush", "in", *arguments, uid=NOBODY)
    process.join(60)
    place = folder / ("in" if "--in-place" in arguments else "out")
    records = journal_in(place / STATE)
    told = {name: record.error and record.error.what for name, record in records.items()}
    return process.exitcode, told, (folder / "said").read_text()


@pytest.mark.parametrize("how", [("-o", "out"), ("--in-place",)], ids=" ".join)
def test_what_may_not_be_read_fails_alone(folder, how):
    (folder / "in/locked.jpg").chmod(0)
    (folder / "in/2024").chmod(0o600)  # its names may be read, its files not
    status, told, _ = run(folder, *how)
    denied = "permission denied"
    assert told == {"a.jpg": None, "2025/c.jpg": None, "locked.jpg": denied, "2024/b.jpg": denied}
    assert status == 3


def test_in_place_a_result_that_could_not_be_read_for_a_while_is_not_edited_again(folder):
    photograph = folder / "in/a.jpg"
    assert run(folder, "--in-place")[0] == 0
    made = photograph.read_bytes()
    photograph.chmod(0)
    assert run(folder, "--in-place")[0] == 0  # it is as it was left, and need not be read
    assert run(folder, "--in-place", "--checksum")[0] == 3
    photograph.chmod(0o644)
    os.utime(photograph)
    assert run(folder, "--in-place", "--retry-failed")[0] == 0
    assert photograph.read_bytes() == made


@pytest.mark.parametrize("name", ["journal.jsonl", "lock"])
def test_in_place_another_users_journal_that_may_not_be_read_ends_the_run(folder, name):
    """It may tell that these photographs are edited already, or that they are in hand."""
    journal = folder / "in/2024/.brushctl"
    photograph = (folder / "in/2024/b.jpg").read_bytes()
    journal.mkdir()
    (journal / name).touch(mode=0)
    status, _, said = run(folder, "--in-place")
    assert status == 1
    assert f"in/2024/.brushctl/{name}: permission denied" in said
    journal.chmod(0)
    status, _, said = run(folder, "--in-place")
    assert status == 1
    assert "in/2024/.brushctl" in said
    assert (folder / "in/2024/b.jpg").read_bytes() == photograph


def test_in_place_another_users_lock_that_may_be_read_tells_whether_it_is_held(folder):
    lock = folder / "in/2024/.brushctl/lock"
    lock.parent.mkdir()
    lock.touch(mode=0o444)
    with lock.open() as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        status, told, said = run(folder, "--in-place")
    assert "another run is at work on some of these photographs" in said
    assert (status, told) == (0, {})
    status, told, _ = run(folder, "--in-place")
    assert (status, len(told)) == (0, 4)


def test_a_folder_that_may_not_be_searched_is_told_of(folder):
    (folder / "in/2024").chmod(0o300)
    status, told, said = run(folder, "-o", "out")
    assert "in/2024: the folder is passed over (permission denied)" in said
    assert told == {"a.jpg": None, "2025/c.jpg": None, "locked.jpg": None}
    assert status == 0
    *_, said = run(folder, "-o", "out", "--quiet")
    assert "passed over" not in said


def test_a_folder_that_may_not_be_written_fails_alone(folder):
    (folder / "out/2024").mkdir(parents=True)
    (folder / "out/2025").mkdir()
    (folder / "out/2024").chmod(0o500)
    (folder / "out/2025").chmod(0)
    status, told, said = run(folder, "-o", "out")
    assert {name for name, error in told.items() if error} == {"2024/b.jpg", "2025/c.jpg"}
    assert status == 3
    advice = "Check that its folder can be written, then pass --retry-failed."
    assert f"2024/b.jpg: the result cannot be written (permission denied). {advice}" in said
    assert journal_in(folder / "out" / STATE)["2024/b.jpg"].error.code == "disk"
    for below in ("2024", "2025"):
        (folder / "out" / below).chmod(0o700)
    assert run(folder, "-o", "out")[0] == 3
    status, told, _ = run(folder, "-o", "out", "--retry-failed")
    assert (status, any(told.values())) == (0, False)


def test_a_report_that_cannot_be_written_is_found_before_any_work(shell):
    shell.photographs(1)
    (shell.folder / "page").mkdir()
    for report in ("page", "in/0.jpg/report.html", "page/report.pdf"):
        shell.run("dusk.brush", "in", "-o", "out", "--report", report, status=2)
    assert not (shell.folder / "out").exists()


def test_a_report_replaces_a_report_and_unasked_no_other_page(shell):
    shell.photographs(1)
    page = shell.folder / "index.html"
    page.write_text("<!doctype html><title>precious</title>")
    arguments = ("dusk.brush", "in", "-o", "out", "--report", "index.html")
    _, err = shell.run(*arguments, status=2)
    assert "index.html: --report names a file that no earlier run made" in err
    assert "precious" in page.read_text()
    assert not (shell.folder / "out").exists()
    shell.run(*arguments, "--overwrite")
    shell.run(*arguments)


def test_a_report_replaces_no_photograph(shell):
    first, second, _ = paths = shell.photographs()
    odd = first.rename(first.with_name("0.html"))
    whole = odd.read_bytes()
    page, photograph = "names a page, so its name must end", "names a photograph of the run"
    for report, told in ((second, page), (odd, photograph)):
        named = [str(path) for path in paths[1:] if path != report]
        arguments = ("dusk.brush", "-o", "out", "--report", str(report), str(odd), *named)
        _, err = shell.run(*arguments, status=2)
        assert f"{report}: --report {told}" in err
    shell.run("dusk.brush", str(odd), "-o", "out", "--report", "out/0.html", status=2)
    assert not (shell.folder / "out").exists()
    assert odd.read_bytes() == whole


class Meddling(ToneEditor):
    """Does something to the files while it edits."""

    def __init__(self, deed) -> None:
        super().__init__()
        self.deed = deed

    def edit(self, images):
        self.deed()
        return super().edit(images)


def meddled(plan, deed) -> dict[str, Record]:
    assert plan.state
    with Journal(plan.state) as journal:
        edit_photographs(plan, plan.jobs, Meddling(deed), Treatment({}), journal=journal)
        return journal.records


def test_a_photograph_that_changes_during_its_edit_is_not_replaced(tmp_path):
    path = tmp_path / "a.jpg"
    makers.write_jpeg(path, makers.picture())
    saved = path.read_bytes() + b"by another program"
    plan = plan_in_place(find_inputs([str(tmp_path)]))
    records = meddled(plan, lambda: path.write_bytes(saved))
    assert "changed while it was edited" in records["a.jpg"].error.what
    assert path.read_bytes() == saved
    assert [p.name for p in tmp_path.iterdir() if p.name != ".brushctl"] == ["a.jpg"]


def test_a_photograph_that_vanishes_before_it_is_read_fails_alone(tmp_path):
    (tmp_path / "in").mkdir()
    for n in range(20):  # more than are read ahead of the first edit
        makers.write_jpeg(tmp_path / f"in/{n:02}.jpg", makers.picture())
    plan = plan_folder(find_inputs([str(tmp_path / "in")]), tmp_path / "out")
    records = meddled(plan, lambda: (tmp_path / "in/19.jpg").unlink(missing_ok=True))
    assert [name for name, record in records.items() if record.error] == ["19.jpg"]
    assert records["19.jpg"].error.what == "no such file or directory"
    assert len(list((tmp_path / "out").glob("*.jpg"))) == 19


def test_in_place_no_picture_is_lost_that_a_file_holds_beside_the_photograph(shell):
    (shell.folder / "in").mkdir()
    names = ("stereo.jpg", "gain-map.jpg", "preview.jpg")
    stereo, gain_map, preview = paths = [shell.folder / "in" / name for name in names]
    makers.write_mpo(stereo)
    makers.write_mpo(gain_map, xmp=makers.GAIN_MAP)  # Pillow takes it for a plain JPEG
    makers.write_mpo(preview, makers.FULL_HD)
    before = [path.read_bytes() for path in paths]
    _, err = shell.run("dusk.brush", "in", "--in-place", status=3)
    lost = "--in-place would lose what else the file holds: other pictures. Use -o FOLDER"
    assert err.count(lost) == 2
    assert [path.read_bytes() for path in paths[:2]] == before[:2]
    with Image.open(preview) as image:  # of the unedited photograph, as they are all removed
        assert image.format == "JPEG"
    preview.write_bytes(before[2])
    assert summary(shell.events("dusk.brush", "in", "-o", "out")) == (3, 0, 0)


def test_in_place_a_link_stays_one_and_what_it_leads_to_is_edited(shell):
    (path,) = shell.photographs(1, "store")
    original = open_photo(path).pixels
    (shell.folder / "in").mkdir()
    link = shell.folder / "in/link.jpg"
    link.symlink_to("../store/0.jpg")
    for done in (1, 0):
        arguments = ("dusk.brush", "in", "--in-place")
        assert summary(shell.events(*arguments)) == (done, 1 - done, 0)
        assert link.is_symlink()
        assert np.abs(open_photo(path).pixels - tone(original)).mean() < 0.03
    assert [p.name for p in path.parent.iterdir()] == ["0.jpg"]
