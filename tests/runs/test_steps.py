"""One photograph, from its bytes to those of its result."""

import numpy as np
import pytest

from brushctl.grade import Grade, Stack, apply_grade
from brushctl.grade.lattice import Lattice
from brushctl.photos.encode import encode_photo
from brushctl.photos.photo import decode_photo
from brushctl.runs.records import Source
from brushctl.runs.steps import Treatment, encoded, prepare
from tests.grade.test_apply import some_network
from tests.photos import makers
from tests.photos.growth import memory

TONES = Grade(
    Lattice(np.eye(3, 4, dtype=np.float32), np.zeros((2, 2, 2, 3), np.float16)),
    some_network(("tones",), 0.02),
    ("tones",),
)


def graded(data: bytes, grade) -> bytes:
    treatment = Treatment({}, grade=grade)
    prepared = prepare(data, "in", Source(), None, treatment, named=None, target=None)
    return encoded(prepared, None, treatment)[0]


@pytest.mark.parametrize("grade", [TONES, Stack((TONES, TONES))])
def test_a_graded_photograph_is_the_same_as_if_it_were_graded_whole(tmp_path, grade):
    path = tmp_path / "in.jpg"
    makers.write_jpeg(path, makers.picture(300, 200))
    photo = decode_photo(path.read_bytes(), "in")
    whole, _ = encode_photo(apply_grade(grade, photo.pixels), photo, kind="JPEG")
    assert graded(path.read_bytes(), grade) == whole


def test_no_picture_of_a_photographs_size_is_held_as_floating_point(tmp_path):
    width, height = 3000, 2000
    path = tmp_path / "in.jpg"
    makers.write_jpeg(path, np.broadcast_to(makers.picture(width, 1), (height, width, 3)))
    data = path.read_bytes()
    codes = width * height * 3
    assert memory(lambda: graded(data, TONES)) < 4 * codes  # one in float32 has as much
