"""N: a small network that says, of each pixel, how far its edit departs from a matter of colours.

It multiplies what the lattice gives and adds to it: y = T(x) (1 + gain) + offset, for a vignette or
an exposure is a product, which sums of colour and place are slow to learn. Gain and offset are a
linear function of the features plus two hidden layers: tones that a picture's own stretch explains
are then learned from a few pictures, and carry to others.

torch trains it. Without torch it is applied: the first layer is linear in features that are read
from tables and maps, so it is folded into these, and a pixel costs one small product of matrices.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from brushctl.grade.features import Description, between, clipped, luma_of
from brushctl.grade.rows import compiled

if TYPE_CHECKING:
    import torch

Array = NDArray[Any]

WIDTH = 32
"""Units of each hidden layer. 64 gained nothing from eight pairs and cost three times as much."""
OUTPUTS = 6
"""Gain and offset of red, green and blue."""
ROW = WIDTH + 8
"""What each entry of a folded table holds: the hidden layer, the outputs, and two zeros, so that
rows fill whole vector registers."""
BLOCK = 64
"""Pixels that go through the layers together, whose values then stay in the nearest cache."""
BATCH = 2048
"""Pixels of a step."""
RATE = 8e-3
"""Adam's learning rate at its highest."""
WARM_UP = 0.1
"""Share of steps in which the rate rises; it then falls to nothing along a cosine."""
LEAST_SPREAD = 1e-3
"""A feature's standard deviation at least, so that one that never varies stays small."""
EDGE = 4 / 255
"""Near a colour that stays as it is, the network fades out over this far."""


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
    import torch

    draws = torch.Generator().manual_seed(seed)
    mean = features.mean(0, dtype=np.float64)
    spread = np.maximum(features.std(0, dtype=np.float64), LEAST_SPREAD)
    order = torch.randperm(len(features), generator=draws)
    X = torch.from_numpy(((features - mean) / spread).astype(np.float32))[order]  # (n, f)
    T, Y = torch.from_numpy(colours)[order], torch.from_numpy(results)[order]  # (n, 3)
    layers = _first_layers(X.shape[1], draws)
    optimizer = torch.optim.Adam(layers, RATE)
    schedule = torch.optim.lr_scheduler.OneCycleLR(
        optimizer, RATE, total_steps=steps, pct_start=WARM_UP
    )
    for step in range(steps):
        at = step * BATCH % max(1, len(X) - BATCH + 1)
        batch = slice(at, at + BATCH)
        gain, offset = _outputs(layers, X[batch]).chunk(2, dim=1)  # (BATCH, 3) each
        edited = T[batch] * (1 + gain) + offset
        errors = edited - Y[batch]
        loss = (_robust_weights(errors.detach())[:, None] * errors.square()).mean()
        optimizer.zero_grad(set_to_none=True)
        torch.autograd.backward(loss)
        optimizer.step()
        schedule.step()
        advance(step + 1)
    first, second, third, straight = (layer.detach().double().numpy() for layer in layers)
    return Network(
        _of_raw_features(first, mean, spread),
        second.astype(np.float32),
        third.astype(np.float32),
        _of_raw_features(straight, mean, spread),
    )


def _first_layers(features: int, draws: "torch.Generator") -> "list[torch.Tensor]":
    """Random hidden layers (LeCun et al. 1998), and outputs that are 0 at first."""
    import torch

    shapes = ((features + 1, WIDTH), (WIDTH + 1, WIDTH), (WIDTH, OUTPUTS), (features + 1, OUTPUTS))
    layers = [torch.zeros(shape) for shape in shapes]
    for layer in layers[:2]:
        inputs = layer.shape[0] - 1
        layer[:-1].normal_(0, (1 / inputs) ** 0.5, generator=draws)
    return [layer.requires_grad_() for layer in layers]


def _robust_weights(errors: "torch.Tensor") -> "torch.Tensor":
    """The weights of a batch's pixels, (n,), by the lattice's rule: healed ones count little."""
    size = errors.square().sum(1).sqrt()
    from brushctl.grade.lattice_fit import NORMAL, OUTLYING, TOLERATED

    limit = (OUTLYING * NORMAL * size.median()).clamp(min=TOLERATED)
    return (limit / size.maximum(limit)).square()


def _outputs(layers: "Sequence[torch.Tensor]", X: "torch.Tensor") -> "torch.Tensor":
    """Gain and offset, (n, OUTPUTS), of standardised features."""
    first, second, third, straight = layers
    hidden = _activated(X @ first[:-1] + first[-1])
    hidden = _activated(hidden @ second[:-1] + second[-1])
    return hidden @ third + X @ straight[:-1] + straight[-1]


def _activated(x: "torch.Tensor") -> "torch.Tensor":
    """max(0, x) with a parabola from -1 to 1 in place of the corner: edits are smooth."""
    return (x + 1).clamp(0, 2).square() / 4 + (x - 1).clamp(min=0)


def _of_raw_features(layer: Array, mean: Array, spread: Array) -> Array:
    """A layer of standardised features as one of the features themselves."""
    weights = layer[:-1] / spread[:, None]
    return np.vstack([weights, layer[-1] - mean @ weights]).astype(np.float32)


def gain_and_offset(network: Network, features: Array) -> tuple[Array, Array]:
    """What the network says of (n, f) features of pixels: (n, 3) each."""
    hidden = _activated_array(features @ network.first[:-1] + network.first[-1])
    hidden = _activated_array(hidden @ network.second[:-1] + network.second[-1])
    out = hidden @ network.third + features @ network.straight[:-1] + network.straight[-1]
    return out[:, :3], out[:, 3:]


def _activated_array(x: Array) -> Array:
    return np.square(np.clip(x + 1, 0, 2)) / 4 + np.maximum(x - 1, 0)


@dataclass(frozen=True, slots=True, eq=False)
class Folded:
    """A network told of one picture: what it reads per pixel, float32.

    Attributes:
        tables: (4, BINS, ROW).
        maps: (h, w, ROW), with the first layer's biases.
        second: (WIDTH + 1, WIDTH).
        third: (WIDTH, 8), two columns of zeros at the end.
    """

    tables: Array
    maps: Array
    second: Array
    third: Array


def fold(network: Network, description: Description) -> Folded:
    """Put the first layer, and the linear function, into a picture's tables and maps."""
    rows = np.zeros((len(network.first), ROW), np.float32)
    rows[:, :WIDTH], rows[:, WIDTH : WIDTH + OUTPUTS] = network.first, network.straight
    columns = description.tables.shape[2]
    own = rows[: 4 * columns].reshape(4, columns, ROW)
    third = np.zeros((WIDTH, ROW - WIDTH), np.float32)
    third[:, :OUTPUTS] = network.third
    maps = description.maps @ rows[4 * columns : -1] + rows[-1]
    return Folded(description.tables @ own, maps, network.second, third)


@compiled
def apply_network_rows(
    first: int,
    end: int,
    out: Array,
    pixels: Array,
    tables: Array,
    maps: Array,
    second: Array,
    third: Array,
    stays: tuple[bool, bool, bool],
) -> None:
    """Apply gain and offset to the rows from first to end of what the lattice made of pixels.

    Pixels go through the layers in blocks of `BLOCK`, side by side in vector registers.

    Args:
        first: row.
        end: the row after the last.
        out: (h, w, 3) float32, T(x); becomes T(x) (1 + gain) + offset.
        pixels: (h, w, 3) float32, x.
        tables: `Folded`'s, as are maps, second and third.
        maps: see tables.
        second: see tables.
        third: see tables.
        stays: whether black, white and greys stay what they are under the edit.
    """
    height, width = pixels.shape[0], pixels.shape[1]
    half = np.float32(0.5)
    h, w = maps.shape[0], maps.shape[1]
    row = np.empty((w, ROW), np.float32)
    folded = np.zeros((BLOCK, ROW), np.float32)
    inputs, hidden = np.empty((WIDTH, BLOCK), np.float32), np.empty((WIDTH, BLOCK), np.float32)
    said = np.empty((ROW - WIDTH, BLOCK), np.float32)
    for y in range(first, end):
        up, down, t = between((np.float32(y) + half) / np.float32(height) * np.float32(h) - half, h)
        for i in range(w):
            for j in range(ROW):
                row[i, j] = maps[up, i, j] + t * (maps[down, i, j] - maps[up, i, j])
        for start in range(0, width, BLOCK):
            count = min(BLOCK, width - start)
            for p in range(count):
                _first_layer(folded, p, pixels, y, start + p, tables, row)
            _next_layers(said, folded, inputs, hidden, second, third)
            for p in range(count):
                _depart(out, pixels, y, start + p, said, p, stays)


@compiled
def _next_layers(
    said: Array, folded: Array, inputs: Array, hidden: Array, second: Array, third: Array
) -> None:
    """Write gain and offset of a block of pixels, (OUTPUTS, BLOCK) of `said`."""
    for p in range(BLOCK):  # along rows, and then turned: bent on the way they take twice as long
        for j in range(WIDTH):
            folded[p, j] = _activated_value(folded[p, j])
    for j in range(WIDTH):
        for p in range(BLOCK):
            inputs[j, p] = folded[p, j]
    for j in range(0, WIDTH, 2):
        for p in range(BLOCK):
            hidden[j, p], hidden[j + 1, p] = second[WIDTH, j], second[WIDTH, j + 1]
        _add_products(hidden, j, inputs, second)
    for j in range(WIDTH):
        for p in range(BLOCK):
            hidden[j, p] = _activated_value(hidden[j, p])
    for j in range(0, OUTPUTS, 2):
        for p in range(BLOCK):
            said[j, p], said[j + 1, p] = folded[p, WIDTH + j], folded[p, WIDTH + j + 1]
        _add_products(said, j, hidden, third)


@compiled
def _first_layer(
    folded: Array, p: int, pixels: Array, y: int, x: int, tables: Array, row: Array
) -> None:
    """Write the first layer, before it is bent, and the linear function, for one pixel."""
    top, bins, w = np.float32(tables.shape[1] - 1), tables.shape[1], row.shape[0]
    half = np.float32(0.5)
    place = (np.float32(x) + half) / np.float32(pixels.shape[1]) * np.float32(w) - half
    left, right, t = between(place, w)
    r, g, b = clipped(pixels[y, x, 0]), clipped(pixels[y, x, 1]), clipped(pixels[y, x, 2])
    r0, r1, tr = between(r * top, bins)
    g0, g1, tg = between(g * top, bins)
    b0, b1, tb = between(b * top, bins)
    l0, l1, tl = between(luma_of(r, g, b) * top, bins)
    for j in range(ROW):
        around = row[left, j] + t * (row[right, j] - row[left, j])
        red = tables[0, r0, j] + tr * (tables[0, r1, j] - tables[0, r0, j])
        green = tables[1, g0, j] + tg * (tables[1, g1, j] - tables[1, g0, j])
        blue = tables[2, b0, j] + tb * (tables[2, b1, j] - tables[2, b0, j])
        luma = tables[3, l0, j] + tl * (tables[3, l1, j] - tables[3, l0, j])
        folded[p, j] = around + red + green + blue + luma


@compiled
def _activated_value(x: Any) -> Any:  # noqa: ANN401  (numba knows the type)
    bend = min(max(x + np.float32(1), np.float32(0)), np.float32(2))
    return bend * bend * np.float32(0.25) + max(x - np.float32(1), np.float32(0))


@compiled
def _add_products(out: Array, j: int, inputs: Array, weights: Array) -> None:
    """Add the inputs, (WIDTH, BLOCK), times columns j and j + 1 of the weights to those rows."""
    for i in range(0, WIDTH, 4):
        # Four for two sums: an input is loaded once for both, and a sum once for four products.
        u0, u1, u2, u3 = weights[i, j], weights[i + 1, j], weights[i + 2, j], weights[i + 3, j]
        k = j + 1
        v0, v1, v2, v3 = weights[i, k], weights[i + 1, k], weights[i + 2, k], weights[i + 3, k]
        for p in range(BLOCK):
            x0, x1, x2, x3 = inputs[i, p], inputs[i + 1, p], inputs[i + 2, p], inputs[i + 3, p]
            total = out[j, p] + u0 * x0 + u1 * x1
            out[j, p] = total + u2 * x2 + u3 * x3
            total = out[k, p] + v0 * x0 + v1 * x1
            out[k, p] = total + v2 * x2 + v3 * x3


@compiled
def _depart(
    out: Array,
    pixels: Array,
    y: int,
    x: int,
    said: Array,
    p: int,
    stays: tuple[bool, bool, bool],
) -> None:
    """Apply one pixel's gain and offset, less near colours that stay as they are."""
    steep, one = np.float32(1 / EDGE), np.float32(1)
    r, g, b = clipped(pixels[y, x, 0]), clipped(pixels[y, x, 1]), clipped(pixels[y, x, 2])
    most, least = max(r, g, b), min(r, g, b)
    fade = one
    if stays[0]:
        fade = min(fade, most * steep)
    if stays[1]:
        fade = min(fade, (one - least) * steep)
    red = fade * (said[0, p] * out[y, x, 0] + said[3, p])
    green = fade * (said[1, p] * out[y, x, 1] + said[4, p])
    blue = fade * (said[2, p] * out[y, x, 2] + said[5, p])
    if stays[2]:
        hue = min(one, (most - least) * steep)
        mean = (red + green + blue) / np.float32(3)
        red, green, blue = (
            mean + hue * (red - mean),
            mean + hue * (green - mean),
            mean + hue * (blue - mean),
        )
    out[y, x, 0] += red
    out[y, x, 1] += green
    out[y, x, 2] += blue
