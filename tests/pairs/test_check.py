"""What is amiss with a set of pairs is found before any model loads, each with what to do."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from brushctl.bench.effects import draw_effects
from brushctl.events import Advance
from brushctl.pairs.check import check_pairs
from brushctl.pairs.find import find_pairs
from brushctl.pairs.findings import Finding, Kind, Severity
from tests.photos.looks import PHOTOGRAPHS, in_look, photograph

SIDE = 240


def save(path: Path, pixels, **options):
    Image.fromarray(np.rint(pixels * 255).astype(np.uint8)).save(path, **options)


@pytest.fixture
def folder(tmp_path):
    """Five pairs of one edit with nothing amiss."""
    for name in PHOTOGRAPHS[:5]:
        picture = photograph(name, SIDE)
        save(tmp_path / f"{name}_before.png", picture)
        save(tmp_path / f"{name}_after.png", in_look(picture, "sunset"))
    return tmp_path


def findings(folder: Path) -> list[tuple[Kind, str | None]]:
    return [(finding.kind, finding.pair) for finding in run(folder)]


def run(folder: Path, *, align: bool = False) -> list[Finding]:
    events = []
    found = check_pairs(find_pairs(folder), align=align, report=events.append)
    assert isinstance(events[-1], Advance)
    return found


def test_good_pairs_pass(folder):
    assert run(folder) == []


def test_unequal_aspect_is_an_error_and_unequal_size_a_note(folder):
    picture = in_look(photograph("coffee", SIDE), "sunset")
    save(folder / "coffee_after.png", picture[:, :200])
    save(folder / "rocket_after.png", in_look(photograph("rocket", 120), "sunset"))
    found = run(folder)
    assert [(f.kind, f.pair, f.severity) for f in found] == [
        (Kind.aspect, "coffee", Severity.error),
        (Kind.size, "rocket", Severity.note),
    ]
    assert "240 x 240 before and 200 x 240 after" in found[0].what


def test_a_shifted_pair_is_found_and_told_how_far(folder):
    after = in_look(photograph("astronaut", SIDE), "sunset")
    save(folder / "astronaut_after.png", np.roll(after, (6, -9), (0, 1)))
    (finding,) = run(folder)
    assert (finding.kind, finding.pair) == (Kind.shifted, "astronaut")
    assert "9 px to the left and 6 px down" in finding.what
    assert "--align" in finding.do


@pytest.mark.parametrize(
    ("how", "axes"), [("mirrored", 1), ("mirrored top to bottom", 0), ("upside down", (0, 1))]
)
def test_a_turned_picture_is_called_so_and_not_shifted(folder, how, axes):
    after = in_look(photograph("astronaut", SIDE), "sunset")
    save(folder / "astronaut_after.png", np.flip(after, axes))
    (finding,) = run(folder)
    assert (finding.kind, finding.pair, finding.severity) == (
        Kind.turned,
        "astronaut",
        Severity.error,
    )
    assert f"is {how}, and its original is not" in finding.what


@pytest.mark.parametrize("turns", [1, 3])
def test_a_picture_on_its_side_is_called_so_and_not_cropped(folder, turns):
    before = photograph("astronaut", SIDE)[: SIDE * 3 // 4]
    save(folder / "astronaut_before.png", before)
    save(folder / "astronaut_after.png", np.rot90(in_look(before, "sunset"), turns))
    (finding,) = run(folder)
    assert (finding.kind, finding.pair) == (Kind.turned, "astronaut")
    assert "is on its side, and its original is not" in finding.what


def test_a_picture_cropped_to_the_shape_of_one_on_its_side_is_no_such(folder):
    before = photograph("astronaut", SIDE)
    save(folder / "astronaut_before.png", before[: SIDE * 3 // 4])
    save(folder / "astronaut_after.png", in_look(before[:, : SIDE * 3 // 4], "sunset"))
    (finding,) = run(folder)
    assert finding.kind == Kind.aspect


@pytest.mark.parametrize("align", [False, True])
def test_a_shift_is_not_taken_for_another_edit(folder, align):
    for name, shift in (("coffee", 20), ("rocket", 12)):
        after = in_look(photograph(name, SIDE), "sunset")
        save(folder / f"{name}_after.png", np.roll(after, shift, axis=1))
    kinds = [finding.kind for finding in run(folder, align=align)]
    assert kinds == ([] if align else [Kind.shifted] * 2)


def test_an_after_picture_of_another_scene_is_found_and_is_no_odd_edit(folder):
    save(folder / "coffee_after.png", in_look(photograph(PHOTOGRAPHS[6], SIDE), "sunset"))
    (finding,) = run(folder)
    assert (finding.kind, finding.pair, finding.severity) == (
        Kind.scene,
        "coffee",
        Severity.warning,
    )
    assert "different scenes" in finding.what
    assert "right picture" in finding.do


def test_after_pictures_that_are_numbered_otherwise_are_all_found(folder):
    for name, other in zip(PHOTOGRAPHS[:5], (*PHOTOGRAPHS[1:5], PHOTOGRAPHS[0]), strict=True):
        save(folder / f"{name}_after.png", in_look(photograph(other, SIDE), "sunset"))
    assert [kind for kind, _ in findings(folder)] == [Kind.scene] * 5


@pytest.mark.parametrize(
    "look", ["charcoal", "comic", "fog", "negative", "neon", "pixel", "poster"]
)
def test_a_look_that_redraws_a_picture_is_of_the_same_scene(folder, look):
    for name in PHOTOGRAPHS[:5]:
        save(folder / f"{name}_after.png", in_look(photograph(name, SIDE), look))
    assert Kind.scene not in [kind for kind, _ in findings(folder)]


@pytest.mark.parametrize("effect", ["cake", "dog2cat", "pencil sketch", "rain", "wallpaper"])
def test_an_edit_of_content_is_of_the_same_scene(tmp_path, effect):
    (drawn,) = draw_effects([effect], 64, 1)
    for k, (before, after) in enumerate(zip(*drawn.train, strict=True)):
        save(tmp_path / f"{k}_before.png", before)
        save(tmp_path / f"{k}_after.png", after)
    assert Kind.scene not in [kind for kind, _ in findings(tmp_path)]


def test_an_identical_pair_is_found_even_if_saved_again(folder):
    save(folder / "coffee_after.png", photograph("coffee", SIDE))
    (folder / "rocket_after.png").unlink()
    save(folder / "rocket_after.jpg", photograph("rocket", SIDE), quality=90)
    assert findings(folder) == [(Kind.identical, "coffee"), (Kind.identical, "rocket")]


def test_an_edit_of_one_spot_is_not_identical(tmp_path):
    picture = photograph("chelsea", SIDE)
    save(tmp_path / "a_0.png", picture)
    picture[100:110, 100:110] = (0.9, 0.1, 0.1)
    save(tmp_path / "a_1.png", picture)
    assert findings(tmp_path) == [(Kind.few, None)]


def test_a_pair_of_one_colour_is_warned_of(folder):
    grey = np.full((SIDE, SIDE, 3), 0.5)
    save(folder / "wall_before.png", grey + 0.01 * photograph("coffee", SIDE))
    save(folder / "wall_after.png", grey * [1.2, 1, 0.8])
    (finding,) = [each for each in run(folder) if each.kind is Kind.flat]
    assert (finding.pair, finding.severity) == ("wall", Severity.warning)
    assert "has one colour only" in finding.what


@pytest.mark.parametrize("how", ["jpeg", "palette"])
def test_an_after_picture_that_was_saved_coarsely_is_noted(folder, how):
    path = folder / "rocket_after.png"
    with Image.open(path) as picture:
        if how == "palette":
            picture.quantize(64).save(path)
        else:
            picture.save(path.with_suffix(".jpg"), quality=60)
            path.unlink()
    (finding,) = run(folder)
    assert (finding.kind, finding.pair, finding.severity) == (
        Kind.coarse,
        "rocket",
        Severity.note,
    )
    assert ("low quality" if how == "jpeg" else "64 colours") in finding.what


def test_neither_greys_nor_a_jpeg_of_quality_80_are_coarse(folder):
    for name in ("rocket", "coffee"):
        path = folder / f"{name}_after.png"
        with Image.open(path) as picture:
            picture.convert("L" if name == "coffee" else "RGB").save(
                path.with_suffix(".jpg"), quality=80
            )
        path.unlink()
    assert Kind.coarse not in [kind for kind, _ in findings(folder)]


def test_a_swapped_pair_is_found(folder):
    before, after = folder / "chelsea_before.png", folder / "chelsea_after.png"
    before.rename(folder / "kept.png")
    after.rename(before)
    (folder / "kept.png").rename(after)
    assert findings(folder) == [(Kind.swapped, "chelsea")]


def test_a_pair_edited_otherwise_is_found(folder):
    save(folder / "retina_after.png", in_look(photograph("retina", SIDE), "night"))
    assert findings(folder) == [(Kind.outlier, "retina")]


def test_a_picture_given_twice_is_found(folder):
    for side in ("before", "after"):
        with Image.open(folder / f"chelsea_{side}.png") as picture:
            picture.save(folder / f"zoe_{side}.jpg", quality=90)
    assert findings(folder) == [(Kind.duplicate, "zoe")]


def test_few_pairs_are_noted_and_a_broken_file_does_not_stop_the_others(folder):
    for name in ("coffee", "rocket", "retina"):
        for side in ("before", "after"):
            (folder / f"{name}_{side}.png").unlink()
    (folder / "astronaut_after.png").write_bytes(b"no picture")
    found = run(folder)
    assert [f.kind for f in found] == [Kind.unreadable, Kind.few]
    assert "there are 2 pairs" in found[1].what
    assert found[0].to_dict()["severity"] == "error"
