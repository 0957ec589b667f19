"""The loops over every pixel of a large photograph, compiled by numba.

Each walks a range of rows and keeps one row's temporaries at most, so that memory stays at the
pictures themselves. Compiled code is cached on disk: only a machine's first run compiles.

Rows are shared out among plain threads, for compiled code runs without Python's lock. Numba's own
parallel loops would start threads for the rest of the process, of whichever library it finds: with
Intel's the process may never end.
"""

import contextlib
import functools
import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise
from pathlib import Path
from typing import Any, TypeVar, cast

import numba
import numpy as np
from numpy.typing import NDArray

from brushctl.errors import UsageError
from brushctl.files import expanded, unwritable

Array = NDArray[Any]
Kernel = TypeVar("Kernel", bound=Callable[..., Any])

_SIZE = 65536
_REACH = 4.0  # linear light up to four times white is tabulated: ProPhoto's green needs 2.0

_linear = np.linspace(0, _REACH, _SIZE)
_ENCODE = np.where(
    _linear > 0.0031308, 1.055 * _linear ** (1 / 2.4) - 0.055, 12.92 * _linear
).astype(np.float32)
_encoded = np.linspace(0, 2, _SIZE)
_DECODE = np.where(
    _encoded > 0.04045, ((_encoded + 0.055) / 1.055) ** 2.4, _encoded / 12.92
).astype(np.float32)

_WORTH_A_THREAD = 2**16
"""Pixels: they take a millisecond, and starting a thread a tenth of one."""


def _has_cache() -> bool:
    """Whether there is a place to keep compiled code; numba would make a folder `~` for one."""
    with contextlib.suppress(UsageError):
        return bool(expanded("~"))
    named = os.environ.get("NUMBA_CACHE_DIR") or os.environ.get("XDG_CACHE_HOME")
    return bool(named) or unwritable(Path(__file__).parent / "__pycache__") is None


def _compiled(function: Kernel) -> Kernel:
    compiled = functools.partial(numba.njit, nogil=True, fastmath=True)
    try:
        return cast("Kernel", compiled(cache=_has_cache())(function))
    except RuntimeError:  # neither the program's folder nor the user's can be written
        return cast("Kernel", compiled()(function))


def _cores() -> int:
    """The cores that this process may use."""
    try:
        return len(os.sched_getaffinity(0))
    except AttributeError:  # macOS and Windows hold no process to some of them
        return os.cpu_count() or 1


def _in_threads(kernel: Callable[..., None], picture: Array, *tables: Array) -> Array:
    """The (h, w, 3) float32 that a kernel makes of a picture, each core taking its share of rows.

    Args:
        kernel: called as kernel(first, end, out, picture, *tables), it writes those rows of `out`.
        picture: (h, w, channels).
        tables: what else it reads.
    """
    h, w = picture.shape[:2]
    out = np.empty((h, w, 3), np.float32)
    parts = max(1, min(_cores(), h, h * w // _WORTH_A_THREAD))
    if parts == 1:
        kernel(0, h, out, picture, *tables)
        return out
    edges = [h * k // parts for k in range(parts + 1)]
    with ThreadPoolExecutor(parts) as pool:
        work = [pool.submit(kernel, *rows, out, picture, *tables) for rows in pairwise(edges)]
    for part in work:
        part.result()
    return out


@_compiled
def _look_up(table: Array, position: Any) -> Any:  # noqa: ANN401  (numba knows the type)
    """Linear interpolation at a fractional index >= 0; the ends hold."""
    last = np.float32(table.shape[0] - 1)
    at = min(position, last)
    low = min(int(at), table.shape[0] - 2)
    share = np.float32(at - low)
    return table[low] + share * (table[low + 1] - table[low])


@_compiled
def _codes_to_srgb(
    first: int, end: int, out: Array, codes: Array, linear: Array, m: Array, encode: Array
) -> None:
    per = np.float32((_SIZE - 1) / _REACH)
    for y in range(first, end):
        for x in range(out.shape[1]):
            r = linear[0, codes[y, x, 0]]
            g = linear[1, codes[y, x, 1]]
            b = linear[2, codes[y, x, 2]]
            for k in range(3):
                light = m[k, 0] * r + m[k, 1] * g + m[k, 2] * b
                value = _look_up(encode, abs(light) * per)
                out[y, x, k] = value if light >= 0 else -value


def codes_to_srgb(codes: Array, linear: Array, matrix: Array) -> Array:
    """Code values to sRGB-encoded pixels.

    Args:
        codes: (h, w, 3), uint8 or uint16.
        linear: (3, 256 or 65536) float32, the linear light of every code of every channel.
        matrix: (3, 3) float32, to linear sRGB.

    Returns:
        (h, w, 3) float32; sRGB's curve is mirrored below zero.
    """
    return _in_threads(_codes_to_srgb, codes, linear, matrix, _ENCODE)


@_compiled
def _srgb_to_codes(
    first: int, end: int, out: Array, pixels: Array, inverse: Array, m: Array, decode: Array
) -> None:
    per = np.float32((_SIZE - 1) / 2)
    top = np.float32(inverse.shape[1] - 1)
    light = np.empty(3, np.float32)
    for y in range(first, end):
        for x in range(out.shape[1]):
            for k in range(3):
                value = pixels[y, x, k]
                linear = _look_up(decode, abs(value) * per)
                light[k] = linear if value >= 0 else -linear
            for k in range(3):
                own = m[k, 0] * light[0] + m[k, 1] * light[1] + m[k, 2] * light[2]
                root = np.sqrt(max(own, np.float32(0)))
                out[y, x, k] = _look_up(inverse[k], root * top)


def srgb_to_codes(pixels: Array, inverse: Array, matrix: Array) -> Array:
    """sRGB-encoded pixels to a profile's own encoding, in [0, 1].

    Args:
        pixels: (h, w, 3) float32.
        inverse: (3, n) float32, each channel's code over the square root of linear light.
        matrix: (3, 3) float32, from linear sRGB to the profile's linear RGB.
    """
    return _in_threads(_srgb_to_codes, pixels, inverse, matrix, _DECODE)


@_compiled
def _cell(position: Any, cells: int) -> Any:  # noqa: ANN401
    """The lower of two neighbouring grid nodes and the share of the upper one."""
    at = min(max(position, np.float32(0)), np.float32(cells - 1))
    low = max(min(int(at), cells - 2), 0)
    return low, np.float32(at - low)


@_compiled
def _luminance(r: Any, g: Any, b: Any) -> Any:  # noqa: ANN401
    return np.float32(0.2126) * r + np.float32(0.7152) * g + np.float32(0.0722) * b


@_compiled
def _splat(before: Array, after: Array, moments: Array) -> None:
    h, w = before.shape[0], before.shape[1]
    gh, gw, gd = moments.shape[0], moments.shape[1], moments.shape[2]
    row = np.empty(7)
    for y in range(h):
        y0, ty = _cell(np.float32((y + 0.5) / h * (gh - 1)), gh)
        for x in range(w):
            x0, tx = _cell(np.float32((x + 0.5) / w * (gw - 1)), gw)
            for k in range(3):
                row[k], row[4 + k] = before[y, x, k], after[y, x, k]
            row[3] = 1.0
            z0, tz = _cell(_luminance(row[0], row[1], row[2]) * (gd - 1), gd)
            for corner in range(8):
                dy, dx, dz = corner >> 2, corner >> 1 & 1, corner & 1
                share = (ty if dy else 1 - ty) * (tx if dx else 1 - tx) * (tz if dz else 1 - tz)
                if share > 0:
                    for i in range(4):
                        for j in range(7):
                            moments[y0 + dy, x0 + dx, z0 + dz, i, j] += share * row[i] * row[j]


def splat(before: Array, after: Array, shape: tuple[int, int, int]) -> Array:
    """Second moments of a picture and its edit, gathered in a bilateral grid.

    Args:
        before: (h, w, 3) float32.
        after: (h, w, 3) float32, the edit.
        shape: the grid's nodes down, across and along luminance; at least 2 each.

    Returns:
        (*shape, 4, 7) float64: each node's weighted sum of (r, g, b, 1) times
        (r, g, b, 1, r', g', b').
    """
    moments = np.zeros((*shape, 4, 7))
    _splat(before, after, moments)
    return moments


@_compiled
def _slice_grid(first: int, end: int, out: Array, pixels: Array, grid: Array) -> None:
    h, w = pixels.shape[0], pixels.shape[1]
    gh, gw, gd = grid.shape[0], grid.shape[1], grid.shape[2]
    one = np.float32(1)
    for y in range(first, end):
        # The grid at this row: pixels then interpolate across and along luminance only.
        y0, ty = _cell(np.float32((y + 0.5) / h * (gh - 1)), gh)
        row = grid[y0] * (one - ty) + grid[y0 + 1] * ty
        for x in range(w):
            x0, tx = _cell(np.float32((x + 0.5) / w * (gw - 1)), gw)
            r, g, b = pixels[y, x, 0], pixels[y, x, 1], pixels[y, x, 2]
            z0, tz = _cell(_luminance(r, g, b) * np.float32(gd - 1), gd)
            w00, w01 = (one - tx) * (one - tz), (one - tx) * tz
            w10, w11 = tx * (one - tz), tx * tz
            for k in range(3):
                value = np.float32(0)
                for c in range(4):
                    m = (
                        w00 * row[x0, z0, k, c]
                        + w01 * row[x0, z0 + 1, k, c]
                        + w10 * row[x0 + 1, z0, k, c]
                        + w11 * row[x0 + 1, z0 + 1, k, c]
                    )
                    value += m * (r if c == 0 else g if c == 1 else b if c == 2 else one)
                out[y, x, k] = value


def slice_grid(pixels: Array, grid: Array) -> Array:
    """Apply a bilateral grid of affine colour transforms.

    Args:
        pixels: (h, w, 3) float32, of any size.
        grid: (down, across, luminance, 3, 4) float32, at least 2 nodes each way.

    Returns:
        (h, w, 3) float32.
    """
    return _in_threads(_slice_grid, pixels, grid)
