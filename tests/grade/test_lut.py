"""The fitted table of colours."""

import numpy as np
import pytest

from brushctl.bench.metrics import psnr
from brushctl.grade.lut import COARSE, FINE, fit_lut, share_carried
from brushctl.tiny.world.looks import NAMED
from brushctl.tiny.world.pictures import draw_picture


@pytest.fixture(scope="module")
def pictures():
    rng = np.random.default_rng(5)
    return [draw_picture(rng).pixels for _ in range(6)]


def test_it_repeats_a_change_of_colours_on_pictures_it_has_not_seen(pictures):
    warm = NAMED["warm"][0]
    after = [np.clip(warm(x), 0, 1) for x in pictures]
    table = fit_lut(pictures[:4], after[:4])
    for x, y in zip(pictures[4:], after[4:], strict=True):
        assert psnr(table(x), y) > psnr(x, y) + 10
        assert psnr(table(x), y) > 30


def test_of_unchanged_pictures_it_is_the_identity(pictures):
    table = fit_lut(pictures[:2], pictures[:2])
    np.testing.assert_allclose(table(pictures[3]), pictures[3], atol=1e-5)


def test_colours_it_has_not_seen_move_with_their_neighbours():
    grey = np.full((8, 8, 3), 0.5)
    table = fit_lut([grey], [grey + 0.2])
    assert table(np.full((2, 2, 3), 0.4)).mean() == pytest.approx(0.6, abs=0.05)


def test_it_cannot_repeat_what_depends_on_the_place():
    rng = np.random.default_rng(6)
    x = rng.random((128, 128, 3))
    assert psnr(fit_lut([x], [x[::-1]], COARSE)(x), x[::-1]) < 15


def test_colours_far_from_all_it_has_seen_go_the_way_of_all(pictures):
    table = fit_lut(pictures, [1 - x for x in pictures], FINE).table
    np.testing.assert_allclose(
        table, 1 - np.indices((FINE,) * 3).transpose(1, 2, 3, 0) / 32, atol=0.01
    )


def test_the_share_that_a_table_carries_is_that_of_colours_alone(pictures):
    warm = NAMED["warm"][0]
    colours = [np.clip(warm(x), 0, 1) for x in pictures]
    assert share_carried(pictures, colours, COARSE) > 0.9
    assert share_carried(pictures, [x[::-1, ::-1] for x in pictures], COARSE) < 0.5
    assert share_carried(pictures, pictures) == 0


def test_what_a_sketch_draws_is_not_lost_beside_all_that_it_turns_white(pictures):
    sketch = NAMED["pencil"][0]
    assert share_carried(pictures, [np.clip(sketch(x), 0, 1) for x in pictures], COARSE) < 0.5
