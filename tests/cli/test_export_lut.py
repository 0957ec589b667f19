"""`brushctl export --lut`, with a tone curve for a model."""

import re
import sys

import numpy as np
import pytest
from PIL import Image

from brushctl.brushes.file import write_brush
from tests.brushes.makers import graded
from tests.cli.shell import Shell
from tests.photos.brushes import make_brush
from tests.photos.driver import Edited, ToneEditor, tone_engine


@pytest.fixture
def shell(tmp_path, capfdbinary, monkeypatch):
    monkeypatch.setitem(sys.modules, "brushctl.engine.sampler", tone_engine())
    rng = np.random.default_rng(1)
    for n in range(4):
        soft = rng.random((6, 8, 3)) * 255
        Image.fromarray(soft.astype(np.uint8)).resize((80, 60)).save(tmp_path / f"{n}.png")
    make_brush(tmp_path / "home/brushes/warm.brush", "warm")
    return Shell(tmp_path, capfdbinary)


PICTURES = ("0.png", "1.png", "2.png", "3.png")


def test_a_tone_edit_becomes_a_table(shell):
    _, said = shell.run("export", "warm", "--lut", "look.cube", *PICTURES)
    lines = (shell.folder / "look.cube").read_text().splitlines()
    assert "LUT_3D_SIZE 33" in lines
    assert "brush warm" in lines[0]
    carried = re.search(r"\((\d+)% of the edit", said)
    assert carried
    assert int(carried[1]) >= 95


def test_what_is_no_matter_of_colours_is_refused_unless_forced(shell, monkeypatch):
    def turned(_editor, images):
        return [Edited(image, image[::-1, ::-1]) for image in images]

    monkeypatch.setattr(ToneEditor, "edit", turned)
    _, said = shell.run("export", "warm", "--lut", "look.cube", *PICTURES, status=2)
    assert "--force" in said
    assert not (shell.folder / "look.cube").exists()
    shell.run("export", "warm", "--lut", "look.cube", "--force", *PICTURES)
    assert (shell.folder / "look.cube").exists()


def test_a_table_in_the_way_is_kept(shell):
    shell.run("export", "warm", "--lut", "look.cube", *PICTURES)
    shell.run("export", "warm", "--lut", "look.cube", *PICTURES, status=2)
    shell.run("export", "warm", "--lut", "look.cube", "--overwrite", *PICTURES)


@pytest.mark.parametrize(
    "arguments",
    [
        ("--lut", "look.txt", *PICTURES),
        ("--lut", "look.cube", "0.png"),
        ("a", "b"),
        ("--base", "a"),
        ("--device", "cpu"),
        ("--force",),
    ],
)
def test_what_makes_no_sense_is_refused_before_a_model_loads(shell, arguments):
    shell.run("export", "warm", *arguments, status=2)
    assert not (shell.folder / "look.cube").exists()


@pytest.mark.parametrize("brush", ["warm", "vignette"])
def test_a_picture_that_cannot_be_read_is_told_and_passed_over(shell, brush):
    grade = graded("vignette", groups=("place",))
    write_brush(grade, shell.folder / "home/brushes/vignette.brush")
    options = ("--force", "--overwrite")
    shell.run("export", brush, "--lut", "whole.cube", *PICTURES, *options)
    (shell.folder / "bad.png").write_bytes(b"no picture")
    names = ("bad.png", *PICTURES)
    _, said = shell.run("export", brush, "--lut", "look.cube", *names, *options, status=3)
    assert "bad.png" in said
    whole, look = (
        (shell.folder / f"{name}.cube").read_text().splitlines()[1:] for name in ("whole", "look")
    )
    assert look == whole


def test_where_one_picture_alone_can_be_read_there_is_no_table(shell):
    (shell.folder / "bad.png").write_bytes(b"no picture")
    shell.run("export", "warm", "--lut", "look.cube", "bad.png", "0.png", status=2)
    assert not (shell.folder / "look.cube").exists()
