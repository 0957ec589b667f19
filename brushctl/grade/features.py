"""What the network is told of a pixel beside its colour: tones, place and surroundings.

Two things describe a picture. **Tables** say what a channel's value means among the picture's
tones: its rank, or what it becomes under the picture's own stretch or gamma. **Maps** say what lies
around a place; they are drawn on a picture reduced to `SIDE` pixels, and read between their pixels.
Both are the same for a photograph and its copy of another size, up to what reducing it averages
away, so what is learned at 2 megapixels means the same at 24.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from brushctl.grade.rows import as_pixels, compiled
from brushctl.photos.rows import STRIPE, Picture, in_stripes

Array = NDArray[Any]

VERSION = 1
"""Of what the names below mean. A grade keeps it, and another version's is refused."""
SIDE = 512
"""Pixels of the longer side that maps have: fine enough for the smallest of `SCALES`."""
SCALES = (0.004, 0.012, 0.036)
"""Standard deviations of the blurs, in parts of the picture's diagonal."""
BINS = 256
"""Values that tones are counted and tabled at: the codes of 8 bits."""
CLIPPED = 0.005
"""Share of pixels at either end that a stretch clips."""
MIDDLE_GREY = 0.18
"""Linear luminance that exposure is brought to, on the geometric mean."""
LUMA = np.array([0.2126, 0.7152, 0.0722], np.float32)
"""Of sRGB's primaries (IEC 61966-2-1), here of encoded values."""

COLOUR = ("value",)
TONES = (
    "rank",  # among the channel's values: what equalising makes of it
    "rank in luma",
    "stretch",  # from the channel's darkest to its lightest
    "stretch of luma",
    "grey world",  # scaled, in linear light, so that all channels have luma's mean
    "gamma",  # that brings the channel's mean to one half
    "gamma of luma",
    "exposure",  # scaled, in linear light, to middle grey
)
"""Columns of tables, each there of red, green, blue and luma."""
PLACE = ("u", "v", "u²", "v²", "radius", "radius²")
"""Columns of maps: from -1 to 1 across and down; the radius in parts of the diagonal."""
SURROUNDINGS = (
    *(f"{channel} blurred {scale}" for scale in range(3) for channel in ("red", "green", "blue")),
    *(f"contrast {scale}" for scale in range(3)),  # standard deviation of luma within the blur
    "dark channel",  # the darkest value nearby, of any channel
)
"""Columns of maps."""
GROUPS = ("tones", "place", "surroundings")
"""What a network may be told beside the colour, each group as a whole."""


@dataclass(frozen=True, slots=True, eq=False)
class Description:
    """What the pixels of one picture have in common, for the groups asked for.

    Attributes:
        tables: (4, BINS, tables' columns) float32, by red, green, blue and luma.
        maps: (h, w, maps' columns) float32, h and w at most `SIDE`; 1 by 1 without columns.
    """

    tables: Array
    maps: Array


def describe(picture: Picture, groups: Sequence[str], threads: int | None = None) -> Description:
    """The description of a picture, which is gone through in stripes."""
    values = np.broadcast_to(np.linspace(0, 1, BINS)[:, None], (4, BINS, 1))
    tables = [values, *([tone_tables(count_tones(picture, threads))] if "tones" in groups else [])]
    if not {"place", "surroundings"} & set(groups):
        return Description(
            np.concatenate(tables, 2, dtype=np.float32), np.zeros((1, 1, 0), np.float32)
        )
    maps = [place_maps(*reduced_size(picture))] if "place" in groups else []
    maps += [surroundings_maps(reduce(picture, threads))] if "surroundings" in groups else []
    return Description(
        np.concatenate(tables, 2, dtype=np.float32), np.concatenate(maps, 2, dtype=np.float32)
    )


def count_features(groups: Sequence[str]) -> tuple[int, int]:
    """How many columns tables and maps have."""
    tables = len(COLOUR) + len(TONES) * ("tones" in groups)
    return tables, len(PLACE) * ("place" in groups) + len(SURROUNDINGS) * ("surroundings" in groups)


def at_pixels(description: Description, colours: Array, places: Array) -> Array:
    """The features of single pixels.

    Args:
        description: of their picture.
        colours: (n, 3) float32.
        places: (n, 2) float32, down and across, from 0 to 1.

    Returns:
        (n, 4 x tables' columns + maps' columns) float32; a table's columns follow one another.
    """
    tables, maps = description.tables, description.maps
    out = np.empty((len(colours), 4 * tables.shape[2] + maps.shape[2]), np.float32)
    _read(out, np.ascontiguousarray(colours, np.float32), places.astype(np.float32), tables, maps)
    return out


def count_tones(picture: Picture, threads: int | None = None) -> Array:
    """How many pixels have each value, (4, BINS) by red, green, blue and luma."""
    counts: list[Array] = []

    def count(first: int, end: int) -> None:
        own = np.zeros((4, BINS), np.int64)
        _count(own, as_pixels(picture[first:end]))
        counts.append(own)  # sums of integers do not depend on their order

    in_stripes(count, picture.shape[0], threads)
    return np.sum(counts, axis=0)


def tone_tables(counts: Array) -> Array:
    """The columns `TONES`, (4, BINS, 8), of a picture's tones."""
    v = np.linspace(0, 1, BINS)
    light = _decoded(v)
    share = counts / counts.sum(1, keepdims=True)
    below = np.cumsum(share, axis=1)
    rank = below - share / 2
    ends = np.array([np.interp((CLIPPED, 1 - CLIPPED), row, v) for row in below])
    reach = np.maximum(ends[:, 1] - ends[:, 0], 0.05)  # a flat picture is not stretched to noise
    stretch = (v - ends[:, :1]) / reach[:, None]
    mean_light = np.maximum(share @ light, 1e-4)  # black pictures are not scaled without limit
    balance = np.minimum(mean_light[3] / mean_light, 8)
    power = np.log(0.5) / np.log(np.clip(share @ v, 0.02, 0.98))
    gamma = v ** power[:, None]
    exposure = min(MIDDLE_GREY / np.exp(share[3] @ np.log(light + 1e-3)), 16)
    alike = np.ones((4, 1))
    columns = (
        rank,
        alike * rank[3],
        stretch,
        alike * stretch[3],
        _encoded(light * balance[:, None]),
        gamma,
        alike * gamma[3],
        alike * _encoded(light * exposure),
    )
    return np.clip(np.stack(columns, 2), -0.5, 1.5)


def reduced_size(picture: Picture) -> tuple[int, int]:
    """The height and width that maps of a picture have."""
    h, w = picture.shape[:2]
    scale = min(1.0, SIDE / max(h, w))
    return max(1, round(h * scale)), max(1, round(w * scale))


def reduce(picture: Picture, threads: int | None = None) -> Array:
    """The picture averaged down to at most `SIDE` pixels a side; a smaller one as it is."""
    h, small = picture.shape[0], np.empty((*reduced_size(picture), 3), np.float32)
    sh = len(small)

    def stripe(first: int, end: int) -> None:
        top, bottom = first * h // sh, -(-end * h // sh)  # all rows that those have a part in
        _reduce(first, end, small, top, h, as_pixels(picture[top:bottom]))

    in_stripes(stripe, sh, threads, max(1, STRIPE * sh // h))
    return small


def place_maps(h: int, w: int) -> Array:
    """The columns `PLACE`, (h, w, 6)."""
    v, u = ((np.arange(n) + 0.5) / n * 2 - 1 for n in (h, w))
    u, v = np.broadcast_arrays(u[None, :], v[:, None])
    radius = np.hypot(u * w, v * h) / np.hypot(w, h)
    return np.stack([u, v, u * u, v * v, radius, radius * radius], 2)


def surroundings_maps(small: Array) -> Array:
    """The columns `SURROUNDINGS`, (h, w, 13)."""
    from scipy.ndimage import minimum_filter

    diagonal = float(np.hypot(*small.shape[:2]))
    # About middle grey, so that squares are small and float32 tells a flat area's from its mean's.
    square = np.square(small @ LUMA - 0.5)[..., None]
    planes = np.concatenate([small, square], 2)
    blurred, contrasts = [], []
    for scale in SCALES:
        means = _blurred(planes, scale * diagonal)
        blurred.append(means[..., :3])
        variance = means[..., 3] - np.square(means[..., :3] @ LUMA - 0.5)
        contrasts.append(np.sqrt(np.maximum(variance, 0))[..., None])
    sigma = SCALES[1] * diagonal
    darkest = minimum_filter(small.min(2), int(sigma) | 1, mode="nearest")
    return np.concatenate([*blurred, *contrasts, _blurred(darkest[..., None], sigma)], 2)


def _blurred(planes: Array, sigma: float) -> Array:
    """(h, w, planes) under a Gaussian of three standard deviations; pictures go on as they end."""
    reach = int(3 * sigma + 0.5)
    shares = np.exp(-0.5 * np.square(np.arange(reach + 1) / sigma))
    shares /= shares[0] + 2 * shares[1:].sum()
    for _ in range(2):  # down, and then across
        h, w, n = planes.shape
        means = np.empty((h, w * n), np.float32)
        _blur_down(means, planes.reshape(h, w * n), shares.astype(np.float32))
        planes = np.ascontiguousarray(means.reshape(h, w, n).swapaxes(0, 1))
    return planes


def _decoded(v: Array) -> Array:
    return np.where(v > 0.04045, ((v + 0.055) / 1.055) ** 2.4, v / 12.92)


def _encoded(light: Array) -> Array:
    return np.where(light > 0.0031308, 1.055 * light ** (1 / 2.4) - 0.055, 12.92 * light)


@compiled
def clipped(value: Any) -> Any:  # noqa: ANN401  (numba knows the type)
    """A value of a picture, kept within what tables have."""
    return min(max(value, np.float32(0)), np.float32(1))


@compiled
def luma_of(r: Any, g: Any, b: Any) -> Any:  # noqa: ANN401
    """Luma of encoded values."""
    return np.float32(0.2126) * r + np.float32(0.7152) * g + np.float32(0.0722) * b


@compiled
def between(position: Any, count: int) -> Any:  # noqa: ANN401
    """The lower of two neighbouring entries, the upper, and the share of the upper."""
    at = min(max(position, np.float32(0)), np.float32(count - 1))
    low = min(int(at), max(count - 2, 0))
    return low, min(low + 1, count - 1), np.float32(at - low)


@compiled
def _blur_down(means: Array, rows: Array, shares: Array) -> None:
    """Write the mean of each row and those around it, by the shares of the distances."""
    h, w = rows.shape[0], rows.shape[1]
    for y in range(h):
        for x in range(w):
            means[y, x] = shares[0] * rows[y, x]
        for k in range(1, shares.shape[0]):
            up, down, share = max(y - k, 0), min(y + k, h - 1), shares[k]
            for x in range(w):
                means[y, x] += share * (rows[up, x] + rows[down, x])


@compiled
def _count(counts: Array, pixels: Array) -> None:
    top = np.float32(counts.shape[1] - 1)
    half = np.float32(0.5)
    for y in range(pixels.shape[0]):
        for x in range(pixels.shape[1]):
            r, g, b = clipped(pixels[y, x, 0]), clipped(pixels[y, x, 1]), clipped(pixels[y, x, 2])
            counts[0, int(r * top + half)] += 1
            counts[1, int(g * top + half)] += 1
            counts[2, int(b * top + half)] += 1
            counts[3, int(luma_of(r, g, b) * top + half)] += 1


@compiled
def _reduce(first: int, end: int, small: Array, top: int, h: int, pixels: Array) -> None:
    """Write some rows of the small picture: means of what they cover, parts of pixels included.

    Given are rows of the large picture, which has h of them, from the one that is number `top` on.
    """
    w = pixels.shape[1]
    sh, sw = small.shape[0], small.shape[1]
    for i in range(first, end):
        sums = np.zeros((sw, 3))
        above, below = i * h / sh, (i + 1) * h / sh
        for y in range(int(above), min(int(np.ceil(below)), h)):
            down = min(y + 1.0, below) - max(float(y), above)
            for j in range(sw):
                left, right = j * w / sw, (j + 1) * w / sw
                for x in range(int(left), min(int(np.ceil(right)), w)):
                    part = down * (min(x + 1.0, right) - max(float(x), left))
                    for k in range(3):
                        sums[j, k] += part * clipped(pixels[y - top, x, k])
        for j in range(sw):
            for k in range(3):
                small[i, j, k] = sums[j, k] / (h / sh * (w / sw))


@compiled
def _read(out: Array, colours: Array, places: Array, tables: Array, maps: Array) -> None:
    h, w, columns = maps.shape[0], maps.shape[1], tables.shape[2]
    bins, half, one = tables.shape[1], np.float32(0.5), np.float32(1)
    for p in range(colours.shape[0]):
        r, g, b = clipped(colours[p, 0]), clipped(colours[p, 1]), clipped(colours[p, 2])
        values = (r, g, b, luma_of(r, g, b))
        for k in range(4):
            low, high, t = between(values[k] * np.float32(bins - 1), bins)
            for c in range(columns):
                out[p, k * columns + c] = (one - t) * tables[k, low, c] + t * tables[k, high, c]
        up, down, ty = between(places[p, 0] * np.float32(h) - half, h)
        left, right, tx = between(places[p, 1] * np.float32(w) - half, w)
        for c in range(maps.shape[2]):
            above = (one - tx) * maps[up, left, c] + tx * maps[up, right, c]
            below = (one - tx) * maps[down, left, c] + tx * maps[down, right, c]
            out[p, 4 * columns + c] = (one - ty) * above + ty * below
