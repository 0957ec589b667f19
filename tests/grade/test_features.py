"""Features: the same for a photograph and its copy of another size, and read where they belong."""

import numpy as np
import pytest
from scipy.ndimage import gaussian_filter, zoom

from brushctl.grade import features
from brushctl.grade.features import (
    BINS,
    GROUPS,
    LUMA,
    SCALES,
    SIDE,
    at_pixels,
    count_features,
    count_tones,
    describe,
    reduce,
    surroundings_maps,
    tone_tables,
)
from tests.grade.pictures import NAMES, auto_gamma, photograph

PLACES = np.random.default_rng(1).uniform(0.02, 0.98, (400, 2)).astype(np.float32)


@pytest.mark.parametrize("name", NAMES)
def test_a_photograph_and_its_enlargement_have_the_same_features(name):
    small = photograph(name, (400, 500))
    large = np.clip(zoom(small, (3, 3, 1), order=1, grid_mode=True, mode="nearest"), 0, 1)
    colours = np.random.default_rng(2).random((400, 3), np.float32)
    own, other = (at_pixels(describe(x, GROUPS), colours, PLACES) for x in (small, large))
    assert np.abs(own - other).mean() < 0.01
    assert np.quantile(np.abs(own - other), 0.99) < 0.06


def test_there_are_as_many_as_counted():
    picture = photograph("coffee")
    for groups in ((), ("tones",), ("place",), ("surroundings", "tones"), GROUPS):
        description = describe(picture, groups)
        assert count_features(groups) == (description.tables.shape[2], description.maps.shape[2])


def test_ranks_are_what_sorting_says():
    picture = photograph("chelsea")
    tables = tone_tables(count_tones(picture))
    green = picture[..., 1].ravel()
    for code in (40, 100, 180):
        value = np.float32(code / (BINS - 1))
        rank = (green < value).mean() + (green == value).mean() / 2
        assert tables[1, code, 0] == pytest.approx(rank, abs=1e-6)


def test_the_gamma_column_is_what_auto_gamma_does():
    picture = photograph("rocket")
    tables = tone_tables(count_tones(picture))
    red = picture[..., :1]
    codes = np.round(red * (BINS - 1)).astype(int)
    assert np.abs(tables[0, :, 5][codes] - auto_gamma(red)).max() < 1e-4


def test_counts_do_not_depend_on_threads():
    picture = photograph("coffee", (300, 200))
    assert np.array_equal(count_tones(picture, 1), count_tones(picture, 3))
    assert count_tones(picture).sum() == 4 * 300 * 200


@pytest.mark.parametrize("size", [(1, 1), (1, 2000), (700, 3), (1100, 777)])
def test_reducing_keeps_the_mean_and_the_limit(size):
    picture = np.random.default_rng(3).random((*size, 3), np.float32)
    small = reduce(picture)
    assert max(small.shape) <= SIDE
    assert small.mean((0, 1)) == pytest.approx(picture.mean((0, 1)), abs=1e-5)


@pytest.mark.parametrize("value", [0.0, 0.5, 1.0])
def test_a_flat_picture_has_finite_features(value):
    flat = np.full((30, 40, 3), value, np.float32)
    assert np.isfinite(at_pixels(describe(flat, GROUPS), flat.reshape(-1, 3)[:400], PLACES)).all()


@pytest.mark.parametrize("size", [(160, 200), (3, 200), (1, 1)])
def test_surroundings_are_gaussian_means_and_deviations(size):
    picture = photograph("coffee", size)
    maps, luma = surroundings_maps(picture), picture.astype(np.float64) @ LUMA
    for k, scale in enumerate(SCALES):

        def mean(plane, scale=scale):
            sigma = scale * np.hypot(*size)
            return gaussian_filter(plane, sigma, mode="nearest", truncate=3, output=np.float64)

        for channel in range(3):
            meant = mean(picture[..., channel])
            np.testing.assert_allclose(maps[..., 3 * k + channel], meant, atol=1e-5)
        variance = mean(luma**2) - mean(luma) ** 2
        np.testing.assert_allclose(maps[..., 9 + k] ** 2, np.maximum(variance, 0), atol=1e-5)


def test_the_same_picture_is_reduced_from_stripes_of_any_height(monkeypatch):
    picture = np.random.default_rng(4).random((1100, 777, 3), np.float32)
    whole = reduce(picture)
    for stripe in (1, 50, 5000):
        monkeypatch.setattr(features, "STRIPE", stripe)
        assert reduce(picture).tobytes() == whole.tobytes()
