"""Training: what a network finds, and what it does not let itself be told."""

import subprocess
import sys

import numpy as np
import pytest

from brushctl.grade.network import _first_layers, _slopes, gain_and_offset, train

RNG = np.random.default_rng(5)
COLOURS = RNG.random((30_000, 3), np.float32)
PLACES = RNG.uniform(-1, 1, (30_000, 2)).astype(np.float32)
FEATURES = np.concatenate([COLOURS, PLACES], 1)
DARKENED = COLOURS * (1 - 0.4 * np.square(PLACES).mean(1, keepdims=True))


def error(results: np.ndarray) -> float:
    """The mean error against what was meant, when trained on results."""
    network = train(FEATURES, COLOURS, results, steps=400, seed=0, advance=lambda _: None)
    gain, offset = gain_and_offset(network, FEATURES)
    return float(np.abs(COLOURS * (1 + gain) + offset - DARKENED).mean())


def test_a_product_of_colour_and_place_is_found_to_a_step_of_8_bits():
    assert error(DARKENED) < 1 / 255


def test_healed_pixels_do_not_move_the_others():
    healed = DARKENED.copy()
    healed[:4500] = RNG.random((4500, 3))  # 15 %
    assert error(healed) < 1.5 / 255


def test_the_same_seed_gives_the_same_network():
    one, two, other = (
        train(FEATURES, COLOURS, DARKENED, steps=3, seed=seed, advance=lambda _: None)
        for seed in (1, 1, 2)
    )
    assert np.array_equal(one.first, two.first)
    assert not np.array_equal(one.first, other.first)


@pytest.mark.parametrize("layer", range(4))
def test_slopes_are_those_of_the_loss(layer):
    """Along a random direction, by differences; no pixel is distrusted."""
    X = np.concatenate([RNG.normal(0, 1, (500, 5)), np.ones((500, 1))], 1).astype(np.float32)
    T = RNG.random((500, 3), np.float32)
    Y = T + RNG.normal(0, 0.004, T.shape).astype(np.float32)
    layers = _first_layers(6, np.random.default_rng(0))
    for output in layers[2:]:
        output[:] = RNG.normal(0, 5e-4, output.shape)

    def loss() -> float:
        first, second, third, straight = (x.astype(np.float64) for x in layers)

        def bent(x: np.ndarray) -> np.ndarray:
            return np.square(np.clip(x + 1, 0, 2)) / 4 + np.maximum(x - 1, 0)

        hidden = bent(bent(X @ first) @ second[:-1] + second[-1])
        said = hidden @ third + X @ straight
        return float(np.square(T * (1 + said[:, :3]) + said[:, 3:] - Y).mean())

    slope = _slopes(layers, X, T, Y)[layer]
    direction = RNG.normal(0, 1, slope.shape).astype(np.float32)
    own, step = layers[layer].copy(), 1e-5
    layers[layer] = own.astype(np.float64) + step * direction
    above = loss()
    layers[layer] = own.astype(np.float64) - step * direction
    assert (above - loss()) / (2 * step) == pytest.approx(
        float((slope * direction).sum()), rel=1e-3
    )


def test_training_loads_no_torch():
    program = """
import sys, numpy as np
from brushctl.grade.network import train
x = np.random.default_rng(0).random((3000, 3), np.float32)
train(x, x, x * x, 2, 0, lambda _: None)
sys.exit('torch' in sys.modules)
"""
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0
