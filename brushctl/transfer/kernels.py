"""The loops of the bilateral grid, compiled."""

# ruff: noqa: ANN401  (numba knows the types, and its own are none)

from collections.abc import Callable
from typing import Any

import numpy as np
from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic

from brushctl.photos.compiled import Array, compiled
from brushctl.photos.rows import edit_rows
from brushctl.photos.vectors import floats, lane, plus_product, repeated, selected


@compiled
def _cell(position: Any, cells: int) -> Any:
    """The lower of two neighbouring grid nodes and the share of the upper one."""
    at = min(max(position, np.float32(0)), np.float32(cells - 1))
    low = max(min(int(at), cells - 2), 0)
    return low, np.float32(at - low)


@compiled
def _luminance(r: Any, g: Any, b: Any) -> Any:
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


def _typed_transform(
    _: Any, nodes: Any, x: Any, z: Any, tx: Any, tz: Any, r: Any, g: Any, b: Any
) -> Any:
    return types.UniTuple(types.float32, 3)(nodes, x, z, tx, tz, r, g, b), _transform


def _transform(context: Any, builder: Any, signature: Any, values: Any) -> Any:
    kind, (array, x, z, tx, tz, *colour) = signature.args[0], values
    nodes, one = context.make_array(kind)(context, builder, array), ir.Constant(x.type, 1)

    def node(i: Any, k: Any) -> Any:
        first = [i, k, ir.Constant(x.type, 0)]
        at = cgutils.get_item_pointer(context, builder, kind, nodes, first)
        return builder.load(builder.bitcast(at, floats(16).as_pointer()), align=4)

    def between(low: Any, high: Any, share: Any) -> Any:
        more = builder.fsub(high, low)
        return plus_product(builder, low, more, repeated(builder, share, low.type))

    right, above = builder.add(x, one), builder.add(z, one)
    darker, lighter = (between(node(x, k), node(right, k), tx) for k in (z, above))
    transform = between(darker, lighter, tz)
    *columns, total = (selected(builder, transform, range(4 * c, 4 * c + 4)) for c in range(4))
    for column, value in zip(columns, colour, strict=True):
        total = plus_product(builder, total, column, repeated(builder, value, column.type))
    result = [lane(builder, total, k) for k in range(3)]
    return context.make_tuple(builder, signature.return_type, result)


_transformed: Any = intrinsic(_typed_transform)
"""A colour under the transform between four nodes, in vector registers: in a third of the time.

Called with the (across, luminance, 16) float32 nodes of a row, the lower node across and along
luminance, the shares of the upper ones, and the colour's three values, all float32."""


@compiled
def _slice_rows(first: int, height: int, out: Array, pixels: Array, nodes: Array) -> None:
    w = pixels.shape[1]
    gh, gw, gd = nodes.shape[0], nodes.shape[1], nodes.shape[2]
    low, share = np.empty(w, np.int64), np.empty(w, np.float32)
    for x in range(w):
        low[x], share[x] = _cell(np.float32((x + 0.5) / w * (gw - 1)), gw)
    for y in range(pixels.shape[0]):
        # The grid at this row: pixels then interpolate across and along luminance only.
        y0, ty = _cell(np.float32((first + y + 0.5) / height * (gh - 1)), gh)
        row = nodes[y0] * (np.float32(1) - ty) + nodes[y0 + 1] * ty
        for x in range(w):
            r, g, b = pixels[y, x, 0], pixels[y, x, 1], pixels[y, x, 2]
            z, tz = _cell(_luminance(r, g, b) * np.float32(gd - 1), gd)
            red, green, blue = _transformed(row, low[x], z, share[x], tz, r, g, b)
            out[y, x, 0], out[y, x, 1], out[y, x, 2] = red, green, blue


def grid_slicer(grid: Array, height: int) -> Callable[[int, Array], Array]:
    """What applies a bilateral grid of affine colour transforms to rows of a picture.

    Args:
        grid: (down, across, luminance, 3, 4) float32, at least 2 nodes each way.
        height: rows of the whole picture.

    Returns:
        given the number of the first of some rows and their (h, w, 3) float32 pixels: these
        transformed.
    """
    # By columns of four, the last of which says nothing: each transform fills vector registers.
    nodes = np.zeros((*grid.shape[:3], 4, 4), np.float32)
    nodes[..., :3] = grid.swapaxes(-1, -2)
    nodes = nodes.reshape(*grid.shape[:3], 16)

    def transformed(first: int, pixels: Array) -> Array:
        out = np.empty(pixels.shape, np.float32)
        _slice_rows(first, height, out, np.ascontiguousarray(pixels, np.float32), nodes)
        return out

    return transformed


def slice_grid(pixels: Array, grid: Array) -> Array:
    """Apply a bilateral grid of affine colour transforms.

    Args:
        pixels: (h, w, 3) float32, of any size.
        grid: (down, across, luminance, 3, 4) float32, at least 2 nodes each way.

    Returns:
        (h, w, 3) float32.
    """
    return edit_rows(pixels, grid_slicer(grid, len(pixels)))
