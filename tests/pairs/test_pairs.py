"""Pairs are found in every layout people keep them in, and opened as the model learns them."""

import json
import unicodedata
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from brushctl.app.learn import split_pairs
from brushctl.app.learning_settings import LearningSettings
from brushctl.errors import PairsError
from brushctl.events import Message
from brushctl.pairs.find import find_pairs
from brushctl.pairs.load import load_pairs, pair_sha256, square
from tests.photos.looks import in_look, photograph


def picture(path: Path, size=(12, 8), colour=(200, 100, 50)) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new("RGB", size, colour).save(path)
    return path


def found(path: Path) -> list[tuple[str, str, str]]:
    root = path if path.is_dir() else path.parent
    return [
        (p.name, p.before.relative_to(root).as_posix(), p.after.relative_to(root).as_posix())
        for p in find_pairs(path)
    ]


@pytest.mark.parametrize(("left", "right"), [("before", "after"), ("Original", "Edited")])
def test_two_folders_of_equal_names(tmp_path, left, right):
    for name in ("b.png", "a.jpg"):
        picture(tmp_path / left / name)
    picture(tmp_path / right / "b.png")
    picture(tmp_path / right / "a.png")  # edited copies often change format
    (tmp_path / left / "notes.txt").write_text("not a picture")
    (tmp_path / left / "._a.jpg").write_bytes(b"what macOS leaves beside files")
    assert found(tmp_path) == [
        ("a", f"{left}/a.jpg", f"{right}/a.png"),
        ("b", f"{left}/b.png", f"{right}/b.png"),
    ]


@pytest.mark.parametrize(
    ("before", "after", "name"),
    [
        ("dog_before.jpg", "dog_after.jpg", "dog"),
        ("dog-input.jpg", "dog-output.png", "dog"),
        ("IMG_0_Source.jpg", "IMG_0_Target.jpg", "IMG_0"),
        ("3_0.png", "3_1.png", "3"),
        ("before.png", "after.png", "pairs"),
    ],
)
def test_suffixes_in_one_folder(tmp_path, before, after, name):
    folder = tmp_path / "pairs"
    picture(folder / before)
    picture(folder / after)
    assert found(folder) == [(name, before, after)]


def test_manifests_start_at_their_own_folder(tmp_path):
    picture(tmp_path / "raw" / "a.png")
    picture(tmp_path / "done" / "z.png")
    (tmp_path / "pairs.csv").write_text("note,before,after\nfirst,raw/a.png,done/z.png\n")
    row = {"before": "raw/a.png", "after": "done/z.png"}
    (tmp_path / "pairs.json").write_text(json.dumps([row]))
    expected = [("a", "raw/a.png", "done/z.png")]
    assert found(tmp_path / "pairs.csv") == found(tmp_path / "pairs.json") == expected


@pytest.mark.parametrize(
    ("files", "message"),
    [
        ([], "no picture and no folder"),
        (["a.png", "b.png"], "there is a.png, b.png"),
        (["before/a.png", "before/b.png", "after/a.png"], "no partner: before/b.png"),
        (["before/a.png"], "no partner: before/a.png"),
        (["a_before.png", "a_after.png", "b_befor.png"], "no partner: b_befor.png"),
        (["a_0.png", "a_1.png", "a_2.png"], "no partner: a_2.png"),
        (["before/a.png", "after/a.png", "after/a.jpg"], "are one side of one pair: a.jpg, a.png"),
        (["a_before.png", "a_after.png", "b_0.png", "b_1.png"], "more than one way"),
        (["before/a.png", "after/a.png", "c_input.png", "c_output.png"], "more than one way"),
    ],
)
def test_what_is_ambiguous_or_one_sided_is_refused_and_shown(tmp_path, files, message):
    for name in files:
        picture(tmp_path / name)
    with pytest.raises(PairsError, match=message):
        find_pairs(tmp_path)


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("p.csv", "before,after\na.png,\n", "pair 1: the pair does not name two files"),
        ("p.csv", "a.png,a.png\n", "lists nothing"),
        ("p.csv", "before,after\na.png,lost.png\n", "pair 1: there is no file .*lost.png"),
        ("p.csv", b"before,after\n\xff\xfe.png,a.png\n", "cannot be read"),
        ("p.json", "[", "cannot be read"),
        ("p.json", "[" * 100_000, "cannot be read"),
        ("p.csv", "before,after\na.png,.\n", "is not a file"),
        ("p.csv", f"before,after\na.png,{'x' * 5000}.png\n", "pair 1: .*too long"),
        ("p.json", "{}", "not a JSON array"),
        ("p.json", '[["a.png", "a.png"]]', "does not name two files"),
        ("p.txt", "a.png a.png", "neither a folder nor a manifest"),
    ],
)
def test_a_malformed_manifest_is_refused(tmp_path, name, content, message):
    picture(tmp_path / "a.png")
    path = tmp_path / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    with pytest.raises(PairsError, match=message):
        find_pairs(path)


def test_pairs_of_one_name_from_different_folders_are_told_apart(tmp_path):
    for name in ("mon/a.png", "tue/a.png", "b.png", "z.png"):
        picture(tmp_path / name)
    rows = "mon/a.png,z.png\ntue/a.png,z.png\nb.png,z.png\n"
    (tmp_path / "pairs.csv").write_text(f"before,after\n{rows}")
    names = [pair.name for pair in find_pairs(tmp_path / "pairs.csv")]
    assert names == ["a (pair 1)", "a (pair 2)", "b"]


def test_names_are_the_same_however_their_accents_are_composed(tmp_path):
    for side, form in (("before", "NFC"), ("after", "NFD")):
        picture(tmp_path / "folders" / side / f"{unicodedata.normalize(form, 'Zürich')}.png")
        picture(tmp_path / "suffixes" / f"{unicodedata.normalize(form, 'Zürich')}_{side}.png")
    assert [pair.name for pair in find_pairs(tmp_path / "folders")] == ["Zürich"]
    assert [pair.name for pair in find_pairs(tmp_path / "suffixes")] == ["Zürich"]


def test_a_name_may_hold_the_end_of_a_line(tmp_path):
    for side in ("before", "after"):
        picture(tmp_path / f"new\nline_{side}.png")
    assert [pair.name for pair in find_pairs(tmp_path)] == ["new\nline"]


def test_a_spreadsheets_columns_may_have_semicolons_between_and_capitals(tmp_path):
    picture(tmp_path / "x.png")
    picture(tmp_path / "y.png")
    (tmp_path / "pairs.csv").write_text("Before; After\r\nx.png;y.png\r\n")
    assert found(tmp_path / "pairs.csv") == [("x", "x.png", "y.png")]


def test_nothing_at_the_path(tmp_path):
    with pytest.raises(PairsError, match="nothing here"):
        find_pairs(tmp_path / "lost")


def test_the_hash_knows_contents_and_their_order_but_not_names(tmp_path):
    one, two = (1, 1, 1), (2, 2, 2)
    for name, before, after in (("a", one, two), ("b", one, two), ("c", two, one)):
        picture(tmp_path / f"{name}_0.png", colour=before)
        picture(tmp_path / f"{name}_1.png", colour=after)
    same, again, turned = map(pair_sha256, find_pairs(tmp_path))
    assert same == again != turned
    assert len(same) == 64


def test_loading_gives_upright_squares_of_the_asked_side(tmp_path):
    exif = Image.Exif()
    exif[0x0112] = 6  # the camera was held upright: stored on its side
    picture(tmp_path / "a_before.png", size=(40, 20))
    Image.new("RGB", (20, 40), (255, 0, 0)).save(tmp_path / "a_after.png", exif=exif)
    before, after = load_pairs(find_pairs(tmp_path), 16)
    assert before.shape == after.shape == (1, 16, 16, 3)
    assert before.dtype == after.dtype == np.float32
    np.testing.assert_allclose(before[0, 8, 8], np.array([200, 100, 50]) / 255, atol=2e-3)


@pytest.mark.parametrize("size", [(30, 90), (90, 30), (30, 30), (5, 7)])
def test_the_square_is_the_middle(size):
    h, w = size
    y, x = np.mgrid[0:h, 0:w].astype(np.float32)
    off_centre = np.stack([y / (h - 1), x / (w - 1), np.full_like(x, 0.5)], axis=-1)
    cropped = square(off_centre.astype(np.float32), 16)
    assert cropped.shape == (16, 16, 3)
    np.testing.assert_allclose(cropped.mean((0, 1)), 0.5, atol=0.02)


def scene(path: Path, name: str, *, edited: bool = False) -> Path:
    """A photograph of scikit-image, or a retouched copy of it."""
    pixels = photograph(name, 120)
    shown = in_look(pixels, "sunset") if edited else pixels
    Image.fromarray(np.rint(shown * 255).astype(np.uint8)).save(path)
    return path


@pytest.mark.parametrize(
    "copy",
    ["IMG_1-Edit.tif", "IMG_1_edited.jpg", "IMG_1-edited.jpg", "IMG_1 (Edited).png"],
)
def test_a_copy_that_says_it_is_edited_belongs_to_the_original_beside_it(tmp_path, copy):
    for name in ("IMG_1.jpg", "IMG_2.jpg", copy):
        picture(tmp_path / name)
    assert found(tmp_path) == [("IMG_1", "IMG_1.jpg", copy)]


@pytest.mark.parametrize("copy", ["harbour-2.png", "harbour_01.png"])
def test_a_numbered_copy_is_one_only_if_it_shows_the_same_scene(tmp_path, copy):
    scene(tmp_path / "harbour.png", "coffee")
    scene(tmp_path / copy, "rocket", edited=True)
    with pytest.raises(PairsError, match="no pairs found"):
        find_pairs(tmp_path)
    scene(tmp_path / copy, "coffee", edited=True)
    assert found(tmp_path) == [("harbour", "harbour.png", copy)]


def test_a_numbered_photograph_with_a_copy_of_its_own_is_an_original(tmp_path):
    for name in ("day", "day-2"):
        scene(tmp_path / f"{name}.png", "coffee")
        scene(tmp_path / f"{name}-Edit.png", "coffee", edited=True)
    assert [name for name, _, _ in found(tmp_path)] == ["day", "day-2"]


def test_photographs_that_end_in_0_and_1_are_originals_if_each_has_a_copy(tmp_path):
    for name in ("day_0.jpg", "day_0-edited.jpg", "day_1.jpg", "day_1-edited.jpg", "day_2.jpg"):
        picture(tmp_path / name)
    assert [name for name, _, _ in found(tmp_path)] == ["day_0", "day_1"]
    picture(tmp_path / "night_0.jpg")  # before of `night_1`, or a photograph without a copy
    with pytest.raises(PairsError, match="more than one way"):
        find_pairs(tmp_path)


def test_it_is_reported_what_was_paired_by_name_and_what_was_not(tmp_path):
    for name in ("a.jpg", "a-Edit.jpg", "b.jpg", "IMG_1.jpg"):
        picture(tmp_path / name)
    told = []
    find_pairs(tmp_path, report=told.append)
    assert [event.message for event in told] == [
        "1 pair by name, before and after: a.jpg and a-Edit.jpg",
        "2 pictures without an edited copy: IMG_1.jpg, b.jpg",
    ]


@pytest.mark.parametrize(
    ("files", "message"),
    [
        (["a.jpg", "a-Edit.jpg", "b-Edit.jpg"], "no partner: b-Edit.jpg"),
        (["a.jpg", "a-Edit.jpg", "a_edited.jpg"], "are one side of one pair"),
        (["a.jpg", "a.png", "a-Edit.jpg"], "are one side of one pair: a.jpg, a.png"),
    ],
)
def test_copies_without_an_original_or_with_two_are_refused(tmp_path, files, message):
    for name in files:
        picture(tmp_path / name)
    with pytest.raises(PairsError, match=message):
        find_pairs(tmp_path)


def test_a_second_take_is_left_out_where_a_copy_says_that_it_is_edited(tmp_path):
    for name in ("a", "a-2", "a-Edit"):
        scene(tmp_path / f"{name}.png", "coffee", edited=name == "a-Edit")
    assert found(tmp_path) == [("a", "a.png", "a-Edit.png")]


def test_learning_reports_what_was_paired_by_name(tmp_path):
    for name in ("coffee", "rocket"):
        scene(tmp_path / f"{name}.png", name)
        scene(tmp_path / f"{name}-Edit.png", name, edited=True)
    told = []
    split = split_pairs(tmp_path, LearningSettings(), report=told.append)
    assert [pair.after.name for pair in split.all] == ["coffee-Edit.png", "rocket-Edit.png"]
    shown = "coffee.png and coffee-Edit.png, rocket.png and rocket-Edit.png"
    assert Message(f"2 pairs by name, before and after: {shown}") in told


@pytest.mark.parametrize("name", ["1.jpg", "IMG_1.jpg"])
def test_one_number_says_nothing_of_pairs(tmp_path, name):
    """Photographs `1.jpg` and `2.jpg` are no side of pairs, in whatever folder they lie."""
    for folder in ("photos", "before", "after"):
        for other in (name, "2.jpg"):
            (tmp_path / folder).mkdir(exist_ok=True)
            Image.new("RGB", (8, 8)).save(tmp_path / folder / other)
    with pytest.raises(PairsError, match="no pairs found"):
        find_pairs(tmp_path / "photos")
    with pytest.raises(PairsError, match="one side of the pairs only"):
        find_pairs(tmp_path / "before")
    assert len(find_pairs(tmp_path)) == 2


@pytest.mark.parametrize("side", ["before", "After"])
def test_one_side_of_the_pairs_is_told_where_both_are(tmp_path, side):
    for folder in ("before", "After"):
        (tmp_path / folder).mkdir()
        Image.new("RGB", (8, 8)).save(tmp_path / folder / "a.png")
    with pytest.raises(PairsError, match="one side of the pairs only") as caught:
        find_pairs(tmp_path / side)
    assert caught.value.do == f"Give {tmp_path}, which has both."
