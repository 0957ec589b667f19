"""A picture that the model has moved is laid back over its photograph, and no other is touched."""

from itertools import product

import numpy as np
import pytest
from scipy.ndimage import gaussian_filter

from brushctl.errors import PhotoError
from brushctl.photos.choices import Detail
from brushctl.photos.photo import resize
from brushctl.tiny.world.edits import EDITS
from brushctl.transfer.grid import to_full_size
from brushctl.transfer.registration import Movement, measure_movement, registered
from tests.photos.looks import LOOKS, in_look, photograph

SIDE = 512
EDITED = {
    "warm": "astronaut",
    "negative": "coffee",
    "mono": "chelsea",
    "fog": "rocket",
    "snow": "retina",
}
"""A photograph for each look."""
MOVEMENTS = (
    Movement(1, 20, -20),
    Movement(1, 0.7, -1.4),
    Movement(0.97, 0, 0),
    Movement(1.03, -4.3, 9.6),
    Movement(0.985, 12.25, 3.5),
)


def moved(picture, movement):
    """The picture moved; what comes into the frame is mirrored."""
    margin = 2 * max(picture.shape) // 5
    wide = np.pad(picture, ((margin, margin), (margin, margin), (0, 0)), "reflect")
    zoom = movement.zoom
    inverse = Movement(1 / zoom, -movement.down / zoom, -movement.right / zoom)
    bands = [inverse.laid_back(wide[..., k]) for k in range(3)]
    inside = slice(margin, -margin)
    return np.stack(bands, -1)[inside, inside].clip(0, 1)


def as_made(picture, seed=0):
    """The picture as a model makes it: softer, and with noise."""
    noise = gaussian_filter(np.random.default_rng(seed).normal(size=picture.shape), (1, 1, 0))
    soft = gaussian_filter(picture, (0.6, 0.6, 0)) + 0.02 * noise / noise.std()
    return soft.clip(0, 1).astype(np.float32)


def redrawn(picture):
    """The picture with a quarter of it replaced by another."""
    changed = picture.copy()
    part = slice(SIDE // 3, SIDE // 3 + SIDE // 2)
    changed[part, part] = photograph("motorcycle", SIDE)[part, part]
    return changed


def far(found, movement):
    """Pixels by which the worst corner is placed wrong."""
    assert found is not None
    off = found.down - movement.down, found.right - movement.right
    corners = np.array(list(product((-SIDE / 2, SIDE / 2), repeat=2)))
    return np.hypot(*(corners * (found.zoom - movement.zoom) + off).T).max()


def psnr(a, b):
    return float(-10 * np.log10(np.mean((np.clip(a, 0, 1) - b) ** 2)))


@pytest.mark.parametrize("movement", MOVEMENTS)
@pytest.mark.parametrize("look", EDITED)
def test_movements_are_found_to_half_a_pixel_whatever_the_look(look, movement):
    picture = photograph(EDITED[look], SIDE)
    after = as_made(moved(in_look(picture, look), movement))
    assert far(measure_movement(picture, after), movement) < 0.5


@pytest.mark.parametrize("movement", MOVEMENTS)
def test_movements_are_found_where_a_quarter_of_the_picture_is_another(movement):
    picture = photograph("astronaut", SIDE)
    after = as_made(moved(redrawn(picture), movement))
    assert far(measure_movement(picture, after), movement) < 0.5


def test_movements_are_in_pixels_of_the_picture():
    """It is measured on a smaller one."""
    large = resize(photograph("chelsea", SIDE), (1024, 768))
    found = measure_movement(large, moved(large, Movement(1.01, 12, -9)))
    assert found is not None
    np.testing.assert_allclose((found.down, found.right), (12, -9), atol=0.5)
    assert found.zoom == pytest.approx(1.01, abs=1e-3)


@pytest.mark.parametrize("look", sorted(LOOKS))
def test_looks_of_what_has_not_moved_stay_as_they_are(look):
    for name, side in (("astronaut", 256), ("rocket", 192)):
        picture = photograph(name, side)
        after = in_look(picture, look)
        assert registered(picture, after) is after


@pytest.mark.parametrize("name", sorted(EDITS))
def test_drawn_edits_stay_as_they_are(name):
    rng = np.random.default_rng(0)
    for side in (64, 64, 128):
        pair = EDITS[name].make(rng, side)
        before, after = pair.before.pixels, pair.after.pixels
        assert registered(before, after) is after


def test_a_models_noise_moves_nothing():
    picture = photograph("coffee", SIDE)
    after = as_made(redrawn(picture))
    assert registered(as_made(picture, 1), after) is after


@pytest.mark.parametrize("size", [(60, 40), (1, 90), (300, 20)])
def test_where_nothing_can_be_recognised_nothing_is_done(size):
    grey = np.full((*size, 3), 0.5, np.float32)
    noise = np.random.default_rng(0).random((*size, 3), np.float32)
    for before, after in product((grey, noise), repeat=2):
        assert registered(before, after) is after
    picture, other = photograph("astronaut", 240), photograph("coffee", 240)
    assert registered(picture, other) is other


@pytest.mark.parametrize(
    "movement", [Movement(1, 40, 0), Movement(1.14, 0, 0), Movement(1, 0, 100)]
)
def test_what_has_moved_too_far_is_refused(movement):
    """An edit would be missing along a whole edge."""
    picture = photograph("astronaut", SIDE)
    after = as_made(moved(in_look(picture, "warm"), movement))
    with pytest.raises(
        PhotoError, match=r"moved the picture by \d+ pixels of 512 x 512"
    ) as refused:
        registered(picture, after)
    assert "--seed" in str(refused.value)


def test_a_picture_laid_back_is_edited_to_its_edges():
    """What was moved out of the frame is coloured as what lies next to it."""
    picture = photograph("astronaut", SIDE)
    truth = in_look(picture, "night")
    laid = registered(picture, moved(truth, Movement(1.03, 10, -6)))
    edge = np.ones((SIDE, SIDE), bool)
    edge[20:-20, 20:-20] = False
    assert psnr(picture[edge], truth[edge]) < 15
    assert psnr(laid[edge], truth[edge]) > 30
    assert psnr(laid[~edge], truth[~edge]) > 30


def test_the_transfer_of_a_drifted_edit_is_worth_what_it_would_be_without_the_drift():
    photo = photograph("astronaut", SIDE)
    before = as_made(resize(photo, (256, 256)), 1)
    truth = in_look(photo, "sepia")
    after = as_made(resize(truth, (256, 256)))
    drifted = as_made(moved(in_look(before, "sepia"), Movement(1.012, 3.1, -2.4)))

    def worth(edit):
        return psnr(to_full_size(photo, before, edit, Detail.TRANSFER).pixels, truth)

    still, with_drift, laid = map(worth, (after, drifted, registered(before, drifted)))
    assert laid > with_drift + 5
    assert laid > still - 1
