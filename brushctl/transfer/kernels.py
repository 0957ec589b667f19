"""The loops of the bilateral grid, compiled."""

from typing import Any

import numpy as np

from brushctl.photos.compiled import Array, compiled, in_threads


@compiled
def _cell(position: Any, cells: int) -> Any:  # noqa: ANN401
    """The lower of two neighbouring grid nodes and the share of the upper one."""
    at = min(max(position, np.float32(0)), np.float32(cells - 1))
    low = max(min(int(at), cells - 2), 0)
    return low, np.float32(at - low)


@compiled
def _luminance(r: Any, g: Any, b: Any) -> Any:  # noqa: ANN401
    return np.float32(0.2126) * r + np.float32(0.7152) * g + np.float32(0.0722) * b


@compiled
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


@compiled
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
    return in_threads(_slice_grid, pixels, grid)
