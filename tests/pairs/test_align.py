"""A shift between before and after is measured whatever was done to the tones, and taken out."""

import numpy as np
import pytest

from brushctl.pairs.align import aligned, measure_shift
from brushctl.photos.photo import resize
from tests.photos.looks import LOOKS, in_look, photograph

MARGIN = 30
TONES = ("night", "sepia", "mono", "sunset", "negative", "warm", "contrast", "fog")


def moved(picture, down, right):
    """A window on the picture whose content lies `down` and `right` of the middle window's."""
    h, w = picture.shape[:2]
    m = MARGIN
    return picture[m - down : h - m - down, m - right : w - m - right]


@pytest.mark.parametrize("shift", [(2, -3), (12, 9), (-25, 14)])
@pytest.mark.parametrize("look", TONES)
def test_shifts_are_measured_to_the_pixel(look, shift):
    picture = photograph("astronaut", 300)
    measured = measure_shift(moved(picture, 0, 0), moved(in_look(picture, look), *shift))
    assert measured == shift


@pytest.mark.parametrize("shift", [(12, 9), (-25, 14)])
def test_a_drawing_is_found_to_two_pixels(shift):
    """Its lines are soft, and lie beside the edges that they follow."""
    picture = photograph("astronaut", 300)
    measured = measure_shift(moved(picture, 0, 0), moved(in_look(picture, "pencil"), *shift))
    assert measured == pytest.approx(shift, abs=2)


@pytest.mark.parametrize("look", sorted(LOOKS))
@pytest.mark.parametrize("name", ["astronaut", "coffee", "rocket"])
def test_what_has_not_moved_is_left_alone(name, look):
    picture = photograph(name, 240)
    assert measure_shift(picture, in_look(picture, look)) is None


def test_unlike_and_empty_pictures_have_no_shift():
    assert measure_shift(photograph("astronaut", 240), photograph("coffee", 240)) is None
    grey = np.full((50, 60, 3), 0.5, np.float32)
    assert measure_shift(grey, grey) is None


def test_shifts_are_in_pixels_of_the_original():
    large = photograph("chelsea", 1200)
    after = resize(np.roll(large, (40, -24), (0, 1)), (600, 600))
    down, right = measure_shift(large, after) or (0, 0)
    assert abs(down - 40) <= 1
    assert abs(right + 24) <= 1


def test_registered_pictures_show_the_same_part():
    picture = photograph("coffee", 300)
    before, after = moved(picture, 0, 0), moved(picture, -7, 11)
    x, y = aligned(before, after)
    assert x.shape == y.shape == (240 - 7, 240 - 11, 3)
    np.testing.assert_array_equal(x, y)
    same, kept = aligned(before, in_look(before, "sepia"))
    assert same.shape == kept.shape == before.shape


def test_a_strip_of_one_pixel_has_no_shift():
    strip = np.random.default_rng(0).random((1, 90, 3), dtype=np.float32)
    assert measure_shift(strip, strip) is None
