"""`brushctl apply`, through the real command line, with a tone curve for a model."""

import os
import signal
import time

import numpy as np
import pytest
from PIL import Image

from brushctl.photos.photo import open_photo
from tests.cli.apply_shell import edited, summary, wait_for
from tests.photos import makers
from tests.photos.driver import tone
from tests.photos.processes import start


def test_an_effort_is_a_share_of_the_brush_s_own_steps_of_which_it_has_20(shell):
    (photo,) = shell.photographs(1)
    taken = {}
    for effort in ("best", "standard", "draft"):
        events = shell.events("dusk.brush", str(photo), "-o", effort, "--effort", effort)
        taken[effort] = events[0]["settings"]["steps"]
    assert taken == {"best": None, "standard": 12, "draft": 8}


def test_brackets_in_names_are_names(shell):
    (shell.folder / "in").mkdir()
    (shell.folder / "in/[red]a[bold].jpg").write_bytes(b"no photograph")
    _, err = shell.run("dusk.brush", "in", "-o", "out", status=4)
    assert "failed: in/[red]a[bold].jpg: " in err


def test_in_place_edits_once_however_often_it_runs(shell):
    paths = shell.photographs()
    originals = [open_photo(path).pixels for path in paths]
    assert summary(shell.events("dusk.brush", "in", "--in-place")) == (3, 0, 0)
    assert summary(shell.events("dusk.brush", "in", "--in-place")) == (0, 3, 0)
    for path, original in zip(paths, originals, strict=True):
        assert np.abs(open_photo(path).pixels - tone(original)).mean() < 0.03


def test_a_suffix_that_is_wrong_already_converts_nothing_and_another_does(shell):
    (shell.folder / "in").mkdir()
    path = shell.folder / "in/scan.jpg"
    makers.write_deep_tiff(path, makers.deep_picture())
    shell.run("dusk.brush", "in", "-o", "out", "--name", "{stem}.png")
    shell.run("dusk.brush", "in/scan.jpg", "-o", "same.jpg")
    shell.run("dusk.brush", "in", "--in-place")
    made = {name: open_photo(shell.folder / name) for name in ("out/scan.png", "same.jpg", path)}
    assert [photo.format for photo in made.values()] == ["PNG", "TIFF", "TIFF"]
    assert {photo.depth for photo in made.values()} == {16}


def test_one_photograph_through_the_standard_streams(shell):
    (path,) = shell.photographs(1)
    out, err = shell.run("dusk.brush", "-", "-q", data=path.read_bytes())
    assert err == ""
    (shell.folder / "out.jpg").write_bytes(out)
    assert edited(path, shell.folder / "out.jpg")
    shell.run("dusk.brush", "-", "-o", "piped.png", data=path.read_bytes())
    assert edited(path, shell.folder / "piped.png")
    out, _ = shell.run("dusk.brush", "in/0.jpg", "-o", "-")
    assert out == (shell.folder / "out.jpg").read_bytes()


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="this system has no named pipes")
def test_one_photograph_by_a_pipe_that_is_named_like_a_file(shell):
    shell.photographs(1)
    shell.run("dusk.brush", "in/0.jpg", "-o", "0.jpg")
    shell.bash(
        "mkfifo named; cat in/0.jpg > named & brushctl apply dusk.brush named -o 1.jpg; wait\n"
        "brushctl apply dusk.brush <(cat in/0.jpg) -o 2.jpg\n"
        "cat in/0.jpg | brushctl apply dusk.brush /dev/stdin -o - > 3.jpg\n"
    )
    made = [(shell.folder / f"{n}.jpg").read_bytes() for n in range(4)]
    assert made[1:] == made[:1] * 3


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="this system has no named pipes")
def test_a_pipe_has_no_place_for_its_result(shell):
    os.mkfifo(shell.folder / "named")
    _, err = shell.run("dusk.brush", "named", "--in-place", status=2)
    assert "--in-place replaces files, and named is a stream" in err
    assert not (shell.folder / ".brushctl").exists()


def test_one_photograph_to_one_file(shell):
    shell.photographs(1)
    shell.run("dusk.brush", "in/0.jpg", "-o", "result.tif")
    assert Image.open(shell.folder / "result.tif").format == "TIFF"
    assert not (shell.folder / ".brushctl").exists()
    made = (shell.folder / "result.tif").read_bytes()
    _, err = shell.run("dusk.brush", "in/0.jpg", "-o", "result.tif", status=2)
    assert "result.tif: the file exists already" in err  # by whom, no journal tells
    assert "--overwrite replaces it" in err
    assert (shell.folder / "result.tif").read_bytes() == made
    shell.run("dusk.brush", "in/0.jpg", "-o", "result.tif", "--overwrite")


@pytest.mark.parametrize("name", ["out.bmp", "out.GIF", "out.jxl"])
def test_a_name_of_a_picture_that_cannot_be_written_makes_no_folder(shell, name):
    shell.photographs(1)
    _, err = shell.run("dusk.brush", "in/0.jpg", "-o", name, status=2)
    assert f"{name}: the suffix names no format that can be written" in err
    assert not (shell.folder / name).exists()
    for folder in (f"{name}/", name):  # which is there, the second time
        shell.run("dusk.brush", "in/0.jpg", "-o", folder)
    assert shell.files(name) == ["0.jpg"]


@pytest.mark.parametrize(
    "arguments",
    [
        ("in",),
        ("-o", "out"),
        ("in", "-o", "in/out"),
        ("in", "-o", "out", "--in-place"),
        ("in", "-", "-o", "out"),
        ("in", "-o", "-"),
        ("in/*.jpg", "-o", "-"),
        ("-", "--in-place"),
        ("in", "-o", "out", "--name", "{who}"),
        ("in", "--in-place", "--name", "{stem}-x.{ext}"),
        ("in", "--in-place", "--first-frame"),
        ("in/0.jpg", "-o", "out.jpg", "--name", "{stem}-x.{ext}"),
        ("-", "-o", "out.jpg", "--name", "{stem}-x.{ext}"),
        ("-", "--json"),
        ("in", "missing", "-o", "out"),
        ("", "--in-place"),  # "$FOLDER" where there is no such variable
        ("in", "-o", ""),
        ("in", "-o", "out.jpg"),
        ("", "--watch", "-o", "out"),
        ("in/0.jpg", "--watch", "-o", "out"),
        ("in", "-o", "out", "--effort", "draft", "--steps", "9"),
        ("in", "-o", "out", "--settle", "2"),
        ("in", "-o", "out", "--cores", "2"),
        ("in", "-o", "out", "--watch", "--workers", "1"),
    ],
    ids=" ".join,
)
def test_contradictions_are_usage_errors_and_nothing_is_made(shell, arguments):
    paths = shell.photographs()
    before = [path.read_bytes() for path in paths]
    shell.run("dusk.brush", *arguments, status=2)
    assert not list(shell.folder.glob("out*"))
    assert [path.read_bytes() for path in paths] == before


def test_a_damaged_or_missing_brush_is_status_5(shell):
    shell.photographs()
    (shell.folder / "bad.brush").write_bytes(b"nonsense")
    shell.run("bad.brush", "in", "-o", "out", status=5)
    shell.run("nowhere", "in", "-o", "out", status=5)


def test_provenance_can_be_left_out(shell):
    shell.photographs(1)
    shell.run("dusk.brush", "in", "-o", "out")
    assert b"brushctl:brush" in (shell.folder / "out/0.jpg").read_bytes()
    shell.run("dusk.brush", "in", "-o", "bare", "--no-provenance")
    assert b"brushctl" not in (shell.folder / "bare/0.jpg").read_bytes()


def test_ctrl_c_finishes_the_photograph_in_hand(shell):
    shell.photographs(6)
    process = start(shell.folder, "dusk.brush", "in", "-o", "out", seconds=0.5)
    wait_for((shell.folder / "out/0.jpg").exists)
    os.kill(process.pid, signal.SIGINT)
    process.join(60)
    assert process.exitcode == 130
    made = shell.files()
    assert 1 <= len(made) < 6
    assert all(edited(shell.folder / "in" / name, shell.folder / "out" / name) for name in made)
    assert summary(shell.events("dusk.brush", "in", "-o", "out")) == (6 - len(made), len(made), 0)


def test_a_second_run_on_a_busy_output_says_so_and_leaves_it_alone(shell):
    shell.photographs(4)
    first = start(shell.folder, "dusk.brush", "in", "-o", "out", seconds=0.5)
    wait_for((shell.folder / "out/.brushctl/journal.jsonl").exists)
    _, err = shell.run("dusk.brush", "in", "-o", "out", status=0)
    assert "another run is at work" in err
    first.join(60)
    assert first.exitcode == 0


def test_watch_takes_settled_files_only_and_ends_on_a_signal(shell):
    shell.photographs(1)
    process = start(shell.folder, "dusk.brush", "in", "-o", "out", "--watch", "--settle", "1")
    wait_for((shell.folder / "out/0.jpg").exists)
    whole = (shell.folder / "in/0.jpg").read_bytes()
    with (shell.folder / "in/slow.jpg").open("wb") as file:
        for at in range(0, len(whole), len(whole) // 4):
            file.write(whole[at : at + len(whole) // 4])
            file.flush()
            time.sleep(0.4)
    wait_for((shell.folder / "out/slow.jpg").exists)
    os.kill(process.pid, signal.SIGTERM)
    process.join(60)
    assert process.exitcode == 0
    journal = (shell.folder / "out/.brushctl/journal.jsonl").read_text()
    assert '"failed"' not in journal
    assert edited(shell.folder / "in/slow.jpg", shell.folder / "out/slow.jpg")
