"""Training: what a network finds, and what it does not let itself be told."""

import numpy as np

from brushctl.grade.network import gain_and_offset, train

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
