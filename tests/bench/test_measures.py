"""Each measure on cases whose answer is known."""

import math
import sys
from types import SimpleNamespace

import numpy as np
import pytest
import torch

from brushctl.bench.methods import lpips as perception
from brushctl.bench.methods.lpips import has_lpips, lpips_distance, tower_distance
from brushctl.bench.metrics import BEST, direction, psnr, ssim
from brushctl.bench.summary import bootstrap
from brushctl.engine.phrases.clip import TINY_CLIP, load_clip


@pytest.fixture(scope="module")
def picture():
    rng = np.random.default_rng(3)
    return rng.random((64, 64, 3)).astype(np.float32)


@pytest.fixture(scope="module")
def distance():
    return tower_distance(load_clip(str(TINY_CLIP), torch.device("cpu")))


def test_psnr_of_a_constant_error_is_its_level_in_decibels(picture):
    low = picture * 0.5
    assert psnr(low + 0.1, low) == pytest.approx(20, abs=1e-4)
    assert psnr(low, low) == BEST


def test_ssim_of_flat_pictures_is_its_luminance_term():
    a, b = np.full((16, 16, 3), 0.2), np.full((16, 16, 3), 0.6)
    c1 = 0.01**2
    assert ssim(a, b) == pytest.approx((2 * 0.2 * 0.6 + c1) / (0.2**2 + 0.6**2 + c1), abs=1e-6)


def test_ssim_is_one_for_equals_and_negative_for_a_negative(picture):
    assert ssim(picture, picture) == pytest.approx(1)
    assert ssim(1 - picture, picture) < 0


def test_direction_is_0_along_1_across_and_2_against_the_references():
    x, step = np.zeros((3, 2)), np.array([[1.0, 0.0]])
    reference = (np.zeros((2, 2)), np.repeat(step, 2, axis=0))
    assert direction(x, x + 5 * step, reference) == pytest.approx(0)
    assert direction(x, x + np.array([0.0, 2.0]), reference) == pytest.approx(1)
    assert direction(x, x - step, reference) == pytest.approx(2)
    assert direction(x, x, reference) == 1


def test_direction_averages_before_it_compares():
    x = np.zeros((2, 2))
    scattered = np.array([[1.0, 1.0], [1.0, -1.0]])  # each is 45 degrees off, their mean is not
    assert direction(x, scattered, (x, x + np.array([1.0, 0.0]))) == pytest.approx(0)


def test_tower_distance_is_a_distance_that_grows_with_the_damage(distance, picture):
    rng = np.random.default_rng(4)
    damaged = [
        np.clip(picture + amount * rng.standard_normal(picture.shape), 0, 1).astype(np.float32)
        for amount in (0, 0.05, 0.5)
    ]
    none, little, much = distance(damaged, [picture] * 3)
    assert none == pytest.approx(0, abs=1e-6)
    assert 0 < little < much <= 4
    assert distance([picture], [damaged[2]]) == pytest.approx([much], rel=1e-5)


def test_lpips_is_measured_only_where_its_weights_are(monkeypatch, tmp_path):
    monkeypatch.setattr(torch.hub, "get_dir", lambda: str(tmp_path))
    monkeypatch.setattr(perception, "find_spec", lambda _: "found")
    assert not has_lpips()
    (tmp_path / "checkpoints").mkdir()
    (tmp_path / "checkpoints" / perception.ALEXNET_WEIGHTS).touch()
    assert has_lpips()
    monkeypatch.setattr(perception, "find_spec", lambda _: None)
    assert not has_lpips()


def test_lpips_is_given_pictures_as_its_authors_scale_them(monkeypatch):
    """In [-1, 1], channels first; here a network that tells how far apart their means are."""

    class LPIPS(torch.nn.Module):
        def __init__(self, net, *, verbose):
            super().__init__()
            assert (net, verbose) == ("alex", False)

        def forward(self, a, b):
            assert a.shape[1] == 3
            return (a - b).mean((1, 2, 3), keepdim=True).abs()

    monkeypatch.setitem(sys.modules, "lpips", SimpleNamespace(LPIPS=LPIPS))
    black, white = np.zeros((8, 6, 3), np.float32), np.ones((8, 6, 3), np.float32)
    assert lpips_distance()([black, white], [white, white]) == [2.0, 0.0]


def test_the_bootstrap_covers_the_mean_and_is_narrow_where_effects_agree():
    low, high = bootstrap([1.0, 2.0, 3.0, 4.0], seed=0)
    assert low < 2.5 < high
    assert bootstrap([2.0, 2.0, 2.0], seed=0) == (2.0, 2.0)
    values = list(np.random.default_rng(0).standard_normal(400))
    low, high = bootstrap(values, seed=0)
    assert high - low == pytest.approx(2 * 1.96 / math.sqrt(400), rel=0.15)
