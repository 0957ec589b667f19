"""`brushctl apply` with a grade: exact where it can be, at any depth and strength, then a model."""

import re
from pathlib import Path

import numpy as np
import pytest
import tifffile
from PIL import Image

from brushctl.app.apply_plan import OPTIONS, asked_of_model
from brushctl.brushes.file import read_brush, write_brush
from brushctl.grade import Kept, apply_grade, grade_of
from brushctl.photos.choices import Detail
from brushctl.photos.icc import quantise
from brushctl.photos.photo import open_photo, resize
from brushctl.transfer.grid import to_full_size
from tests.brushes.makers import brush_of, graded
from tests.cli.apply_shell import summary
from tests.grade.makers import HALF, SAME, WARM, affine
from tests.photos import makers
from tests.photos.driver import ToneEditor, tone

CODES = 65535


@pytest.fixture
def keep(shell):
    """Writes a brush into the shell's folder."""

    def written(brush):
        write_brush(brush, shell.folder / f"{brush.metadata.name}.brush")
        return f"{brush.metadata.name}.brush"

    return written


def deep_scan(shell, low=0.35, high=0.65):
    """A 16-bit TIFF of middle tones, which no small change takes out of range."""
    codes = np.rint(CODES * low + makers.deep_picture() * (high - low)).astype(np.uint16)
    makers.write_deep_tiff(shell.folder / "scan.tif", codes)
    return codes


def result(shell, brush, photo, *options, target=None):
    """What a brush makes of a photograph."""
    target = target or f"of-{photo}"
    shell.run(brush, photo, "-o", target, "--overwrite", *options)
    return shell.folder / target


@pytest.mark.parametrize("groups", [None, ("place", "surroundings")], ids=["lattice", "network"])
def test_a_black_and_white_brush_makes_neutral_codes_in_8_and_in_16_bits(shell, keep, groups):
    brush = keep(graded("mono", groups=groups, kept=Kept(nothing_but_greys=True)))
    Image.fromarray(makers.picture()).save(shell.folder / "a.png")
    deep_scan(shell)
    eight = np.asarray(Image.open(result(shell, brush, "a.png")))
    sixteen = tifffile.imread(result(shell, brush, "scan.tif"))
    for codes in (eight, sixteen):
        assert (np.ptp(codes, axis=2) == 0).all()
        assert np.ptp(codes) > 0


@pytest.mark.parametrize("groups", [None, ("place", "surroundings")], ids=["lattice", "network"])
@pytest.mark.parametrize("size", [(1, 200), (200, 1)])
def test_a_strip_that_no_model_would_see_is_graded(shell, keep, groups, size):
    brush = keep(graded("mono", groups=groups, kept=Kept(nothing_but_greys=True)))
    Image.fromarray(makers.picture()).resize(size).save(shell.folder / "strip.png")
    codes = np.asarray(Image.open(result(shell, brush, "strip.png")))
    assert codes.shape == (size[1], size[0], 3)
    assert (np.ptp(codes, axis=2) == 0).all()


def test_an_edit_that_changes_nothing_gives_every_8_bit_code_back(shell, keep):
    codes = np.random.default_rng(0).integers(0, 256, (64, 96, 3), np.uint8)
    Image.fromarray(codes).save(shell.folder / "a.png")
    made = result(shell, keep(brush_of(SAME)), "a.png")
    assert (np.asarray(Image.open(made)) == codes).all()


def test_a_16_bit_photograph_comes_back_with_16_bits_of_precision(shell, keep):
    codes = deep_scan(shell, 0, 1)
    made = tifffile.imread(result(shell, keep(brush_of(HALF)), "scan.tif"))
    assert made.dtype == np.uint16
    meant = np.rint(codes * 0.5 + CODES * 0.25)
    assert np.abs(made - meant).max() <= 1
    assert len(np.unique(made)) > 2000


def test_a_grey_photograph_stays_grey_unless_it_is_given_colour(shell, keep):
    Image.fromarray(makers.picture()[..., 0]).save(shell.folder / "grey.png")
    modes = {
        name: Image.open(result(shell, keep(brush_of(grade, name)), "grey.png")).mode
        for name, grade in (("half", HALF), ("warm", WARM))
    }
    assert modes == {"half": "L", "warm": "RGB"}


def test_transparency_is_none_of_a_grades_business(shell, keep):
    alpha = np.random.default_rng(1).integers(0, 256, (64, 96, 1), np.uint8)
    codes = np.concatenate([makers.picture(), alpha], axis=2)
    Image.fromarray(codes).save(shell.folder / "a.png")
    made = np.asarray(Image.open(result(shell, keep(brush_of(WARM)), "a.png")))
    assert (made[..., 3:] == alpha).all()
    assert (made[..., :3] != codes[..., :3]).any()


def test_colours_that_srgb_cannot_show_survive(shell, keep):
    profile = makers.profile(makers.DISPLAY_P3, 2.2)
    codes = makers.picture().copy()
    codes[:20] = (255, 0, 0)
    Image.fromarray(codes).save(shell.folder / "wide.png", icc_profile=profile)
    same = Image.open(result(shell, keep(brush_of(SAME, "same")), "wide.png"))
    assert same.info["icc_profile"] == profile
    assert (np.asarray(same) == codes).all()
    dim = affine((0.9, 0, 0, 0), (0, 0.9, 0, 0), (0, 0, 0.9, 0))
    made = result(shell, keep(brush_of(dim, "dim")), "wide.png")
    before, after = open_photo(shell.folder / "wide.png").pixels, open_photo(made).pixels
    assert before[:20].min() < -0.1
    np.testing.assert_allclose(after[:20], 0.9 * before[:20], atol=0.02)


@pytest.mark.parametrize("groups", [None, ("place",)], ids=["lattice", "network"])
@pytest.mark.parametrize("strength", [0, 0.5, 2, -1])
def test_a_strength_is_a_share_of_the_change(shell, keep, groups, strength):
    brush = keep(graded("look", groups=groups))
    codes = deep_scan(shell)
    made = tifffile.imread(result(shell, brush, "scan.tif", "--strength", str(strength)))
    x = open_photo(shell.folder / "scan.tif").pixels
    change = apply_grade(grade_of(read_brush(shell.folder / brush)), x).astype(float) - x
    meant = CODES * np.clip(x + strength * change, 0, 1)
    assert np.abs(made - meant).max() <= 1
    assert (made == codes).all() == (strength == 0)


@pytest.mark.parametrize("strength", ["nan", "10.5", "-11"])
def test_a_strength_beyond_any_use_is_refused(shell, keep, strength):
    brush = keep(brush_of(WARM))
    _, err = shell.run(brush, "a.png", "-o", "b.png", "--strength", strength, status=2)
    assert "--strength: must be a number from -10 to 10" in err


@pytest.fixture
def both(shell, keep):
    """A brush with a grade and an instruction."""
    return keep(graded("both", instruction=read_brush(shell.brush)))


@pytest.mark.parametrize("strength", [1, 0.5])
def test_the_grade_comes_first_then_the_model_then_the_transfer(shell, both, strength):
    """The model's edit is the tone curve, whatever the strength."""
    deep_scan(shell)
    made = tifffile.imread(result(shell, both, "scan.tif", "--strength", str(strength)))
    x = open_photo(shell.folder / "scan.tif").pixels
    grade = grade_of(read_brush(shell.folder / both))
    graded_first = (1 - strength) * x + strength * apply_grade(grade, x)
    seen = resize(graded_first, ToneEditor().working_size(96, 64))
    meant = to_full_size(graded_first, seen, tone(seen)).pixels
    assert np.abs(made.astype(int) - quantise(meant, 16)).max() <= (0 if strength == 1 else 2)


def test_at_strength_0_both_parts_leave_the_photograph_alone(shell, both):
    codes = deep_scan(shell)
    made = result(shell, both, "scan.tif", "--strength", "0")
    assert (tifffile.imread(made) == codes).all()


def test_the_model_is_told_the_strength(shell, both):
    shell.photographs(1)
    event, _ = shell.events(both, "in", "-o", "out", "--strength", "0.5")
    assert event["settings"]["strength"] == 0.5


def test_options_that_only_a_model_has_use_for_are_named(shell, keep):
    shell.photographs(1)
    idle = ("--steps", "4", "--s-t", "3", "--s-i", "2", "--base", "x", "--dtype", "float32")
    _, err = shell.run(keep(brush_of(WARM)), "in", "-o", "out", *idle)
    assert "--steps, --s-t, --s-i, --base, --dtype: ignored" in err
    idle = ("--effort", "draft", "--seed", "1", "--device", "cuda", "--detail", "model")
    _, err = shell.run("graded.brush", "in", "-o", "out", *idle)
    assert "--effort, --seed, --device, --detail: ignored" in err
    assert "0 done, 1 unchanged" in err  # and so they make no other edit
    _, err = shell.run("graded.brush", "in", "-o", "out")
    assert "ignored" not in err


def test_the_documentation_names_the_options_that_only_a_model_has_use_for():
    page = (Path(__file__).parents[3] / "docs" / "photographers.md").read_text()
    told = re.search(r"has no use for what is said to a model:([^.]*)\.", page)
    assert told
    further = {"--effort", "--seed", *asked_of_model(device="cpu", detail=Detail.MODEL)}
    assert set(re.findall(r"`(--[a-z-]+)`", told[1])) == {*OPTIONS.values(), *further}


def test_another_strength_is_another_edit_and_the_same_is_none(shell, keep):
    shell.photographs()
    command = (keep(brush_of(WARM)), "in", "-o", "out")
    assert summary(shell.events(*command)) == (3, 0, 0)
    assert summary(shell.events(*command)) == (0, 3, 0)
    assert summary(shell.events(*command, "--strength", "0.5")) == (3, 0, 0)


def test_one_by_one_and_on_one_core_the_bytes_are_those_of_a_folder(shell, keep, monkeypatch):
    brush = keep(graded("look", groups=("tones", "place", "surroundings")))
    shell.photographs()
    for cores, folder in ((7, "many"), (1, "one")):
        monkeypatch.setattr("brushctl.photos.rows.usable_cores", lambda cores=cores: cores)
        shell.run(brush, "in", "-o", folder)
    for name in shell.files("many"):
        shell.run(brush, f"in/{name}", "-o", f"alone-{name}")
        made = {(shell.folder / f"{to}{name}").read_bytes() for to in ("many/", "one/", "alone-")}
        assert len(made) == 1
