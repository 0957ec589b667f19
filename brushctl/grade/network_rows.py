"""The network applied to rows of a photograph, without torch.

The first layer is linear in the colour and in features that are read from tables and maps, so it is
folded into these, and a pixel costs one small product of matrices.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from brushctl.grade.features import LUMA, Description, between, clipped, luma_of
from brushctl.grade.network import OUTPUTS, WIDTH, Network
from brushctl.grade.products import TOGETHER, adding_products
from brushctl.grade.rows import compiled

Array = NDArray[Any]

ROW = WIDTH + 8
"""What an entry of a folded table holds: the hidden layer, the outputs, and two zeros, so that rows
fill whole vector registers."""
BLOCK = 32
"""Pixels that go through the layers together, whose values then stay in the nearest cache."""
EDGE = 4 / 255
"""Near a colour that stays as it is, the network fades out over this far."""
_add_second, _add_third = adding_products(WIDTH, WIDTH), adding_products(WIDTH, ROW - WIDTH)


@dataclass(frozen=True, slots=True, eq=False)
class Folded:
    """A network told of one picture: what it reads per pixel, float32.

    Attributes:
        colour: (3, ROW), the share of red, green and blue.
        tables: (4, BINS, 2, ROW), by red, green, blue and luma: each entry, and what the next one
            has more. (0, 0, 2, ROW) where the network knows nothing of tones.
        maps: (h, w, ROW), with the first layer's biases.
        second: (WIDTH + 1, WIDTH).
        third: (WIDTH, 8), two columns of zeros at the end.
    """

    colour: Array
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
    colour = own[:3, 0] + LUMA[:, None] * own[3, 0]  # a value is its own feature: no table needed
    tables = np.zeros((0, 0, 2, ROW), np.float32)
    if columns > 1:
        entries = description.tables[..., 1:] @ own[:, 1:]
        tables = np.stack([entries, np.diff(entries, axis=1, append=entries[:, -1:])], 2)
    third = np.zeros((WIDTH, ROW - WIDTH), np.float32)
    third[:, :OUTPUTS] = network.third
    maps = description.maps @ rows[4 * columns : -1] + rows[-1]
    return Folded(colour, tables, maps, network.second, third)


def apply_network(
    first: int,
    height: int,
    out: Array,
    pixels: Array,
    folded: Folded,
    stays: tuple[bool, bool, bool],
) -> None:
    """Apply gain and offset to what the lattice made of some rows of a picture.

    Args:
        first: the number of the first of the rows.
        height: rows of the whole picture.
        out: (h, w, 3) float32, T(x); becomes T(x) (1 + gain) + offset.
        pixels: (h, w, 3) float32, x.
        folded: the network, told of the picture.
        stays: whether black, white and greys stay what they are under the edit.
    """
    f = folded
    _apply_rows(first, height, out, pixels, f.colour, f.tables, f.maps, f.second, f.third, stays)


@compiled
def _apply_rows(
    first: int,
    height: int,
    out: Array,
    pixels: Array,
    colour: Array,
    tables: Array,
    maps: Array,
    second: Array,
    third: Array,
    stays: tuple[bool, bool, bool],
) -> None:
    width = pixels.shape[1]
    row = np.empty((maps.shape[1], 2, ROW), np.float32)
    layer, hidden = np.zeros((BLOCK, ROW), np.float32), np.empty((BLOCK, WIDTH), np.float32)
    for y in range(pixels.shape[0]):
        _read_maps(row, maps, first + y, height)
        for start in range(0, width, BLOCK):
            count = min(BLOCK, width - start)
            _first_layer(layer, pixels, y, start, count, colour, row)
            if tables.size:
                _add_tones(layer, pixels, y, start, count, tables)
            _next_layers(layer, hidden, second, third)
            for p in range(count):
                _depart(out, pixels, y, start + p, layer[p, WIDTH:], stays)


@compiled
def _read_maps(row: Array, maps: Array, y: int, height: int) -> None:
    """Write what one row of pixels reads of the maps: entries, and what the next ones have more."""
    h, w = maps.shape[0], maps.shape[1]
    half = np.float32(0.5)
    up, down, t = between((np.float32(y) + half) / np.float32(height) * np.float32(h) - half, h)
    for i in range(w):
        for j in range(ROW):
            row[i, 0, j] = maps[up, i, j] + t * (maps[down, i, j] - maps[up, i, j])
    for i in range(w):
        for j in range(ROW):
            row[i, 1, j] = row[min(i + 1, w - 1), 0, j] - row[i, 0, j]


@compiled
def _first_layer(
    layer: Array, pixels: Array, y: int, start: int, count: int, colour: Array, row: Array
) -> None:
    """Write the first layer, before it is bent, and the linear function: colour and maps."""
    half, w = np.float32(0.5), row.shape[0]
    scale = np.float32(w) / np.float32(pixels.shape[1])
    for p in range(count):
        x = start + p
        i, _, t = between((np.float32(x) + half) * scale - half, w)
        r, g, b = clipped(pixels[y, x, 0]), clipped(pixels[y, x, 1]), clipped(pixels[y, x, 2])
        for j in range(ROW):
            around = row[i, 0, j] + t * row[i, 1, j]
            layer[p, j] = around + r * colour[0, j] + g * colour[1, j] + b * colour[2, j]


@compiled
def _add_tones(layer: Array, pixels: Array, y: int, start: int, count: int, tables: Array) -> None:
    """Add what the first layer and the linear function make of the picture's own tones."""
    bins = tables.shape[1]
    top = np.float32(bins - 1)
    for p in range(count):
        x = start + p
        r, g, b = clipped(pixels[y, x, 0]), clipped(pixels[y, x, 1]), clipped(pixels[y, x, 2])
        i, _, tr = between(r * top, bins)
        k, _, tg = between(g * top, bins)
        m, _, tb = between(b * top, bins)
        n, _, tl = between(luma_of(r, g, b) * top, bins)
        for j in range(ROW):
            entries = tables[0, i, 0, j] + tables[1, k, 0, j] + tables[2, m, 0, j]
            more = tr * tables[0, i, 1, j] + tg * tables[1, k, 1, j] + tb * tables[2, m, 1, j]
            luma = tables[3, n, 0, j] + tl * tables[3, n, 1, j]
            layer[p, j] += entries + more + luma


@compiled
def _next_layers(layer: Array, hidden: Array, second: Array, third: Array) -> None:
    """Bring a block of pixels to gain and offset, which are the columns from WIDTH on."""
    for p in range(BLOCK):
        for j in range(WIDTH):
            layer[p, j] = _activated_value(layer[p, j])
            hidden[p, j] = second[WIDTH, j]
    for p in range(0, BLOCK, TOGETHER):
        _add_second(hidden, layer, second, p, 0)
    for p in range(BLOCK):
        for j in range(WIDTH):
            hidden[p, j] = _activated_value(hidden[p, j])
    for p in range(0, BLOCK, TOGETHER):
        _add_third(layer, hidden, third, p, WIDTH)


@compiled
def _activated_value(x: Any) -> Any:  # noqa: ANN401  (numba knows the type)
    bend = min(max(x + np.float32(1), np.float32(0)), np.float32(2))
    return bend * bend * np.float32(0.25) + max(x - np.float32(1), np.float32(0))


@compiled
def _depart(
    out: Array, pixels: Array, y: int, x: int, said: Array, stays: tuple[bool, bool, bool]
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
    red = fade * (said[0] * out[y, x, 0] + said[3])
    green = fade * (said[1] * out[y, x, 1] + said[4])
    blue = fade * (said[2] * out[y, x, 2] + said[5])
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
