"""N: a small network that says, of each pixel, how far its edit departs from a matter of colours.

It multiplies what the lattice gives and adds to it: y = T(x) (1 + gain) + offset, for a vignette or
an exposure is a product, which sums of colour and place are slow to learn. Gain and offset are a
linear function of the features plus two hidden layers: tones that a picture's own stretch explains
are then learned from a few pictures, and carry to others.

It is so small that NumPy trains it in seconds, less than torch takes to load.
`brushctl.grade.network_rows` applies it to photographs.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from brushctl.grade.outliers import NORMAL, OUTLYING, TOLERATED

Array = NDArray[Any]

WIDTH = 32
"""Units of each hidden layer. 64 gained nothing from eight pairs and cost three times as much."""
OUTPUTS = 6
"""Gain and offset of red, green and blue."""
BATCH = 2048
"""Pixels of a step."""
RATE = 8e-3
"""Adam's learning rate at its highest."""
WARM_UP = 0.1
"""Share of steps in which the rate rises; it then falls to nothing along a cosine."""
BETAS, EPSILON = (0.9, 0.999), 1e-8
"""Adam's own: how much of its means stays at each step, and what keeps it from dividing by 0."""
LEAST_SPREAD = 1e-3
"""A feature's standard deviation at least, so that one that never varies stays small."""
HALF = np.float32(0.5)
"""In the precision of training."""


@dataclass(frozen=True, slots=True, eq=False)
class Network:
    """The layers, all float32; each but the last has its biases in its last row.

    Attributes:
        first: (features + 1, WIDTH).
        second: (WIDTH + 1, WIDTH).
        third: (WIDTH, OUTPUTS).
        straight: (features + 1, OUTPUTS), the linear function beside the hidden layers.
    """

    first: Array
    second: Array
    third: Array
    straight: Array


def train(
    features: Array,
    colours: Array,
    results: Array,
    steps: int,
    seed: int,
    advance: Callable[[int], object],
) -> Network:
    """The network that brings the lattice's colours closest to the results.

    Args:
        features: (n, f) float32, of pixels of all pictures; each picture as many.
        colours: (n, 3) float32, what the lattice makes of them.
        results: (n, 3) float32, what they are to become.
        steps: of training.
        seed: of the first weights and of the draws.
        advance: called with the number of steps done.
    """
    draws = np.random.default_rng(seed)
    mean, spread = features.mean(0, dtype=np.float64), features.std(0, dtype=np.float64)
    spread = np.maximum(spread, LEAST_SPREAD)
    order = draws.permutation(len(features))
    X = np.ones((len(features), features.shape[1] + 1), np.float32)  # the last for the biases
    X[:, :-1] = features[order]
    X[:, :-1] -= mean.astype(np.float32)
    X[:, :-1] /= spread.astype(np.float32)
    T, Y = colours[order], results[order]  # (n, 3)
    layers = _first_layers(X.shape[1], draws)
    means = [(np.zeros_like(layer), np.zeros_like(layer)) for layer in layers]
    for step in range(steps):
        at = step * BATCH % max(1, len(X) - BATCH + 1)
        batch = slice(at, at + BATCH)
        slopes = _slopes(layers, X[batch], T[batch], Y[batch])
        for layer, slope, of_layer in zip(layers, slopes, means, strict=True):
            _adam(layer, slope, *of_layer, step + 1, _rate(step / steps))
        advance(step + 1)
    first, second, third, straight = layers
    return Network(
        _of_raw_features(first, mean, spread),
        second,
        third,
        _of_raw_features(straight, mean, spread),
    )


def _first_layers(inputs: int, draws: np.random.Generator) -> list[Array]:
    """Those of a `Network`: random hidden ones (LeCun et al. 1998), and outputs that are 0."""
    shapes = ((inputs, WIDTH), (WIDTH + 1, WIDTH), (WIDTH, OUTPUTS), (inputs, OUTPUTS))
    layers = [np.zeros(shape, np.float32) for shape in shapes]
    for layer in layers[:2]:
        weights = layer[:-1]
        weights[:] = draws.normal(0, len(weights) ** -0.5, weights.shape)
    return layers


def _slopes(layers: list[Array], X: Array, T: Array, Y: Array) -> list[Array]:
    """How the loss of a batch of pixels rises with each layer's numbers, by back-propagation.

    The loss is the mean of the squared errors of T (1 + gain) + offset, less those distrusted.
    """
    first, second, third, straight = layers
    hidden = np.ones((len(X), WIDTH + 1), np.float32)  # the last for the biases
    hidden[:, :-1], slope = _activated(X @ first)
    last, last_slope = _activated(hidden @ second)
    gain, offset = np.hsplit(last @ third + X @ straight, 2)  # (n, 3) each
    errors = T * (1 + gain) + offset - Y
    of_results = errors * (_robust_weights(errors)[:, None] * np.float32(2 / errors.size))
    of_outputs = np.hstack([of_results * T, of_results])
    last_slope *= of_outputs @ third.T
    slope *= last_slope @ second[:-1].T
    return [X.T @ slope, hidden.T @ last_slope, last.T @ of_outputs, X.T @ of_outputs]


def _robust_weights(errors: Array) -> Array:
    """The weights of a batch's pixels, (n,), by the lattice's rule: healed ones count little."""
    size = np.sqrt(np.square(errors).sum(1))
    limit = max(np.float32(OUTLYING * NORMAL) * np.median(size), np.float32(TOLERATED))
    return np.square(limit / np.maximum(size, limit))


def _activated(x: Array) -> tuple[Array, Array]:
    """max(0, x) with a parabola from -1 to 1 in place of the corner, for edits are smooth.

    And its slope. The parabola is the slope's square.
    """
    slope = x * HALF
    slope += HALF
    np.minimum(np.maximum(slope, 0, out=slope), 1, out=slope)
    y = x - np.float32(1)
    np.maximum(y, 0, out=y)
    y += slope * slope
    return y, slope


def _rate(done: float) -> float:
    """The learning rate, by the share of steps that are done."""
    if done < WARM_UP:
        return RATE * (1 - math.cos(math.pi * done / WARM_UP)) / 2
    return RATE * (1 + math.cos(math.pi * (done - WARM_UP) / (1 - WARM_UP))) / 2


def _adam(layer: Array, slope: Array, mean: Array, square: Array, step: int, rate: float) -> None:
    """One step of Adam (Kingma and Ba, 2015, algorithm 1), with its means, in place."""
    mean += (1 - BETAS[0]) * (slope - mean)
    square += (1 - BETAS[1]) * (slope * slope - square)
    size = np.sqrt(square / (1 - BETAS[1] ** step)) + EPSILON
    layer -= rate / (1 - BETAS[0] ** step) * mean / size


def _of_raw_features(layer: Array, mean: Array, spread: Array) -> Array:
    """A layer of standardised features as one of the features themselves."""
    weights = layer[:-1] / spread[:, None]
    return np.vstack([weights, layer[-1] - mean @ weights]).astype(np.float32)


def gain_and_offset(network: Network, features: Array) -> tuple[Array, Array]:
    """What the network says of (n, f) features of pixels: (n, 3) each."""
    hidden, _ = _activated(features @ network.first[:-1] + network.first[-1])
    hidden, _ = _activated(hidden @ network.second[:-1] + network.second[-1])
    out = hidden @ network.third + features @ network.straight[:-1] + network.straight[-1]
    return out[:, :3], out[:, 3:]
