"""What a run and a dry run pass over is said, and why, in one line."""

import pytest

from brushctl.photos import formats
from tests.cli.apply_shell import summary
from tests.photos import makers


@pytest.fixture
def without_heif(monkeypatch):
    """As on a machine without the extra for HEIC."""
    found = formats.find_spec
    monkeypatch.setattr(formats, "find_spec", lambda n: None if n == "pillow_heif" else found(n))


def passed_over(err: str) -> str:
    (line,) = [line for line in err.splitlines() if line.startswith("passed over: ")]
    return line


@pytest.mark.usefixtures("without_heif")
@pytest.mark.parametrize("more", [(), ("--dry-run",)])
def test_it_says_what_it_passes_over_and_why(apply_shell, more):
    apply_shell.photographs(1)
    for name in ("a.CR2", "b.nef", "sub/c.dng", "d.heic", "e.gif", "notes.txt", ".hidden.txt"):
        path = apply_shell.folder / "in" / name
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(b"x")
    _, err = apply_shell.run("dusk.brush", "in", "-o", "out", *more)
    line = passed_over(err)
    assert "3 raw files (.cr2 .dng .nef; develop them to TIFF or JPEG first)" in line
    assert "1 HEIC file (run `" in line
    assert "pillow-heif`)" in line
    assert "1 GIF, 1 other file (.txt)" in line


@pytest.mark.usefixtures("without_heif")
def test_a_file_that_is_named_fails_if_it_cannot_be_read(apply_shell):
    apply_shell.photographs(0)
    (apply_shell.folder / "d.heic").write_bytes(b"x")
    apply_shell.run("dusk.brush", "d.heic", "-o", "out", status=4)


def test_where_there_is_nothing_else_nothing_is_said(apply_shell):
    apply_shell.photographs(2)
    _, err = apply_shell.run("dusk.brush", "in", "-o", "out")
    assert "passed over" not in err


def test_a_folder_of_raw_files_alone_says_so(apply_shell):
    (apply_shell.folder / "in").mkdir()
    (apply_shell.folder / "in/a.nef").write_bytes(b"x")
    _, err = apply_shell.run("dusk.brush", "in", "-o", "out", status=2)
    assert "only 1 raw file (.nef; develop them to TIFF or JPEG first)" in err
    (apply_shell.folder / "in/a.nef").rename(apply_shell.folder / "in/a.txt")
    _, err = apply_shell.run("dusk.brush", "in", "-o", "out", status=2)
    assert "only 1 other file (.txt). Photographs end in .jpg" in err


def test_results_of_earlier_runs_below_the_input_are_not_edited_again(apply_shell):
    apply_shell.photographs(2)
    apply_shell.run("dusk.brush", "in/0.jpg", "in/1.jpg", "-o", "in/edited")
    makers.write_jpeg(apply_shell.folder / "in/edited/new.jpg", makers.picture(seed=8))
    _, err = apply_shell.run("dusk.brush", "in", "-o", "out")
    assert "2 results of earlier runs (name their folder)" in passed_over(err)
    assert apply_shell.files() == ["0.jpg", "1.jpg", "edited/new.jpg"]
    # Whoever names the folder has its results edited, as by another brush.
    assert summary(apply_shell.events("dusk.brush", "in/edited", "-o", "twice")) == (3, 0, 0)
    assert summary(apply_shell.events("dusk.brush", "in", "in/edited", "-o", "all")) == (5, 0, 0)


def test_photographs_that_were_edited_in_place_are_photographs(apply_shell):
    apply_shell.photographs(2, "in/year")
    apply_shell.run("dusk.brush", "in/year", "--in-place")
    assert summary(apply_shell.events("dusk.brush", "in", "-o", "out")) == (2, 0, 0)
