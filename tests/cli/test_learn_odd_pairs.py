"""`brushctl learn` from pairs that are not as they should be: a clear word, or a sound brush."""

from functools import partial

import numpy as np
import pytest
from PIL import Image

from brushctl.app import grading
from brushctl.grade.fit import fit_grade
from tests.cli.shell import Shell, save
from tests.cli.test_learn_grade import closed, write_pairs
from tests.grade.pictures import photograph, warm

PARTS = ("--parts", "grade")
NO_GRADE = "colour, place and surroundings do not explain this edit"


@pytest.fixture
def shell(tmp_path, capfdbinary, monkeypatch):
    """A shell with four pairs of a look, where no model can be opened nor a network trained."""
    monkeypatch.setattr("brushctl.engine.model.base.open_base", closed)
    monkeypatch.setattr(grading, "fit_grade", partial(fit_grade, groups=()))
    write_pairs(tmp_path / "pairs", warm)
    return Shell(tmp_path, capfdbinary)


def after(shell, name: str = "coffee"):
    """The file of an after-picture."""
    return shell.folder / f"pairs/after/{name}.png"


def learned(shell, *how: str) -> tuple[dict | None, str]:
    """The figures of the brush, if one is made, and what is said."""
    command = ("learn", "pairs", "-o", "x", *PARTS, *how)
    try:
        _, err = shell.run(*command)
    except AssertionError:
        _, err = shell.run(*command, status=2)
        assert shell.cached() == []
        return None, " ".join(err.split())
    held_out = shell.brush("x").metadata.training.held_out
    return held_out and {"psnr": held_out.psnr, "alone": held_out.psnr_unedited}, err


def is_sound(figures: dict | None) -> bool:
    """Whether a brush is no worse on pairs held out than leaving pictures alone."""
    return figures is not None and figures["psnr"] > figures["alone"]


def test_a_smaller_after_picture_is_told_of_and_learned_from(shell):
    Image.open(after(shell)).resize((50, 40)).save(after(shell))
    figures, err = learned(shell)
    assert "different sizes, 100 x 80 before and 50 x 40 after" in " ".join(err.split())
    assert is_sound(figures)


def test_a_shifted_pair_is_told_of_and_aligned_if_asked(shell):
    Image.fromarray(np.roll(np.asarray(Image.open(after(shell))), 6, axis=1)).save(after(shell))
    figures, err = learned(shell)
    assert "shifted by 6 px to the right" in " ".join(err.split())
    assert figures is None or is_sound(figures)
    figures, err = learned(shell, "--align", "--overwrite")
    assert "shifted by" not in " ".join(err.split())
    assert is_sound(figures)


def test_an_after_picture_of_another_scene_is_told_of_and_spoils_nothing(shell):
    save(after(shell), warm(photograph("rocket", (80, 100)))[::-1])
    figures, err = learned(shell)
    assert "pair coffee: before and after show different scenes" in " ".join(err.split())
    assert figures is None or is_sound(figures)


def test_grey_after_pictures_make_a_brush_of_greys(shell):
    for path in after(shell).parent.iterdir():
        Image.open(path).convert("L").save(path)
    figures, _ = learned(shell)
    assert is_sound(figures)
    assert shell.brush("x").metadata.grade.kept.nothing_but_greys


@pytest.mark.parametrize("suffix", ["palette", "jpeg"])
def test_coarse_after_pictures_make_a_sound_brush(shell, suffix):
    for path in after(shell).parent.iterdir():
        picture = Image.open(path)
        if suffix == "palette":
            picture.quantize(256).save(path)
        else:
            picture.save(path.with_suffix(".jpg"), quality=60)
            path.unlink()
    figures, err = learned(shell)
    word = "has 256 colours" if suffix == "palette" else "is a JPEG of low quality"
    assert f"pair coffee: the edited picture {word}" in " ".join(err.split())
    assert is_sound(figures)


def only(shell, before: np.ndarray, edited: np.ndarray) -> None:
    """Leave a single pair."""
    for path in (shell.folder / "pairs").rglob("*.png"):
        path.unlink()
    save(shell.folder / "pairs/before/one.png", before)
    save(shell.folder / "pairs/after/one.png", edited)


def test_one_dark_pair_makes_a_brush_that_keeps_bright_pictures_apart(shell):
    """What no pair shows is carried on from what they show, within the range of colours."""
    dark = 0.1 * photograph("coffee", (80, 100))
    only(shell, dark, np.clip(1.5 * dark, 0, 1))
    learned(shell)
    ramp = np.repeat(np.linspace(0, 1, 64)[None, :, None], 3, axis=2).repeat(8, axis=0)
    save(shell.folder / "ramp.png", ramp)
    shell.run("apply", "x", "ramp.png", "-o", "lit.png")
    row = np.asarray(Image.open(shell.folder / "lit.png"))[0].astype(int)
    assert (np.diff(row, axis=0) >= -1).all()
    assert (row[-1] >= 200).all()


def test_one_pair_of_a_flat_colour_is_a_brush_or_a_clear_word(shell):
    flat = np.full((64, 64, 3), 0.5)
    only(shell, flat, flat * [1.2, 1, 0.8])
    _, err = learned(shell)
    assert "Traceback" not in err
    if shell.cached():
        save(shell.folder / "flat.png", flat)
        shell.run("apply", "x", "flat.png", "-o", "warm.png")
        made = np.asarray(Image.open(shell.folder / "warm.png")).astype(int)
        assert np.abs(made - np.rint(255 * flat * [1.2, 1, 0.8])).max() <= 2
    else:
        assert NO_GRADE in err
