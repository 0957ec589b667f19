"""A photograph is made smaller some rows at a time, to the bits of Pillow's own resampling."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from brushctl.photos.photo import GAP, photo_of, resize, rows_enlarged

SIDES = st.tuples(st.integers(1, 400), st.integers(1, 400))
SMALL = st.tuples(st.integers(1, 40), st.integers(1, 40))
LANCZOS = Image.Resampling.LANCZOS


def picture(width: int, height: int, seed: int) -> np.ndarray:
    return np.random.default_rng(seed).random((height, width, 3), np.float32)


def by_pillow(pixels: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    bands = [Image.fromarray(np.ascontiguousarray(pixels[..., k])) for k in range(3)]
    return np.stack([np.asarray(b.resize(size, LANCZOS, reducing_gap=GAP)) for b in bands], -1)


@given(sides=SIDES, size=SMALL, seed=st.integers(0, 2**16))
def test_a_picture_is_resized_as_pillow_does(sides, size, seed):
    pixels = picture(*sides, seed)
    np.testing.assert_array_equal(resize(pixels, size), by_pillow(pixels, size).clip(0, 1))


def test_the_rows_of_a_photograph_are_resized_as_its_pixels():
    codes = np.random.default_rng(0).integers(0, 256, (700, 500, 3), np.uint8)
    photo = photo_of(Image.fromarray(codes))
    np.testing.assert_array_equal(resize(photo.rows, (50, 70)), resize(photo.pixels, (50, 70)))


@given(sides=SMALL, size=SIDES, part=st.tuples(st.floats(0, 1), st.floats(0, 1)))
def test_rows_of_an_enlarged_picture_are_those_of_the_whole(sides, size, part):
    pixels, (_, height) = picture(*sides, 0), size
    first = min(int(part[0] * height), height - 1)
    end = max(first + 1, int(part[1] * height))
    whole = resize(pixels, size)
    if min(a / b for a, b in zip(size, sides, strict=True)) >= 1:
        rows = rows_enlarged(pixels, size, first, end)
        np.testing.assert_allclose(rows, whole[first:end], atol=1e-4)
