"""One photograph, from its bytes to those of its result."""

import numpy as np
import pytest

from brushctl.grade import Blend, Grade, Stack, apply_grade
from brushctl.grade.lattice import Lattice
from brushctl.photos.choices import Detail
from brushctl.photos.encode import encode_photo
from brushctl.photos.photo import decode_photo, resize
from brushctl.runs.records import Source
from brushctl.runs.steps import Treatment, edit_prepared, encoded, prepare
from brushctl.transfer.grid import to_full_size
from tests.grade.test_apply import some_network
from tests.photos import makers
from tests.photos.driver import ToneEditor
from tests.photos.growth import memory

TONES = Grade(
    Lattice(np.eye(3, 4, dtype=np.float32), np.zeros((2, 2, 2, 3), np.float16)),
    some_network(("tones",), 0.02),
    ("tones",),
)

HOW = {
    "grade": {"grade": TONES},
    "transfer": {"editor": ToneEditor()},
    "model's pixels": {"editor": ToneEditor(), "detail": Detail.MODEL},
}


def edited(data: bytes, grade=None, editor=None, detail=Detail.TRANSFER) -> bytes:
    treatment = Treatment({}, grade=grade, detail=detail)
    prepared = prepare(data, "in", Source(), editor, treatment, named=None, target=None)
    (made,) = edit_prepared(editor, [prepared])
    return encoded(prepared, made, treatment)[0]


@pytest.mark.parametrize("grade", [TONES, Stack((TONES, TONES))])
def test_a_graded_photograph_is_the_same_as_if_it_were_graded_whole(tmp_path, grade):
    path = tmp_path / "in.jpg"
    makers.write_jpeg(path, makers.picture(300, 200))
    photo = decode_photo(path.read_bytes(), "in")
    whole, _ = encode_photo(apply_grade(grade, photo.pixels), photo, kind="JPEG")
    assert edited(path.read_bytes(), grade) == whole


@pytest.mark.parametrize("grade", [None, TONES])
@pytest.mark.parametrize("detail", [Detail.TRANSFER, Detail.MODEL])
def test_an_edited_photograph_is_the_same_as_if_it_were_edited_whole(tmp_path, grade, detail):
    path = tmp_path / "in.jpg"
    makers.write_jpeg(path, makers.picture(300, 200))
    photo, editor = decode_photo(path.read_bytes(), "in"), ToneEditor()
    pixels = apply_grade(grade, photo.pixels) if grade else photo.pixels
    (made,) = editor.edit([resize(pixels, editor.working_size(300, 200))])
    full = to_full_size(pixels, made.before, made.after, detail).pixels
    whole, _ = encode_photo(full, photo, kind="JPEG")
    assert edited(path.read_bytes(), grade, editor, detail) == whole


@pytest.mark.parametrize("how", HOW.values(), ids=HOW)
def test_no_picture_of_a_photographs_size_is_held_as_floating_point(tmp_path, how):
    width, height = 3000, 2000
    path = tmp_path / "in.jpg"
    makers.write_jpeg(path, np.broadcast_to(makers.picture(width, 1), (height, width, 3)))
    data = path.read_bytes()
    codes = width * height * 3
    assert memory(lambda: edited(data, **how)) < 4 * codes  # one in float32 has as much


def test_nothing_is_lost_where_nothing_is_edited(tmp_path):
    """Of a wide profile's 16 bits, as of an edit at strength 0."""
    codes = np.random.default_rng(0).integers(0, 2**16, (40, 50, 3), np.uint16)
    codes[..., 1] %= 100
    path = tmp_path / "in.tif"
    makers.write_deep_tiff(path, codes, iccprofile=makers.profile(makers.PROPHOTO, 1.8))
    for grade in (None, Grade(), Blend(((0.0, TONES),))):
        again = decode_photo(edited(path.read_bytes(), grade), "out")
        np.testing.assert_array_equal(again.codes, codes)
