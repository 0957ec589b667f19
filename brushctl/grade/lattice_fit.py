"""T fitted to pixels by regularised lattice regression.

One affine transform of all colours comes first. The lattice holds what that leaves: the values at
its nodes that fit the pixels with the least curvature (Garcia and Gupta, "Lattice regression",
2009), so colours that no picture has go on as their neighbours do.
"""

from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array, diags_array, eye_array, kron

from brushctl.grade.lattice import Lattice, apply_affine, corners
from brushctl.grade.outliers import NORMAL, OUTLYING, TOLERATED
from brushctl.grade.rows import compiled
from brushctl.photos.compiled import compiling

Array = NDArray[Any]

NODES = 33
"""Nodes along each channel: what photographers' tables have, and 216 KB in float16."""
FEW_NODES = 17
"""As many for pictures of few pixels, which fill no more."""
COARSEST = 9
"""Nodes along each channel of the lattice that solving starts from."""
PURE = 1e-9
"""Weight of the squared second derivative along one channel against the pixels' mean squared
error, where colours and derivatives are measured over [0, 1]. Of 1e-10 to 1e-5 the best for looks
of photographs, from eight pairs, and within 0.2 dB of the best from one."""
MIXED = 1e-8
"""Weight of the squared derivative along two channels, twice in the sum. It is more than `PURE`,
for many looks are curves of single channels, which have none."""
RIDGE = 1e-9
"""Weight of a node's own value: it decides where neither pixels nor curvature do."""
AFFINE_RIDGE = 1e-6
"""Weight of the transform's departure from identity: for pictures of one hue."""
AT_ONCE = 2**13
"""Pixels that are summed at once: what is made of them stays in the cache."""
PRECISION = 1e-5
"""Where solving stops, relative to the right-hand side, nodes without pixels counting as much as
those with many. 1e-4 costs looks 0.7 dB, 1e-6 gains nothing and takes three times as long."""
TRIES = 500
"""Rounds of solving at most, should it not get there."""
ROUNDS = 6
"""Fits, each but the first with the pixels reweighted by what the one before missed."""
SETTLED = 0.005
"""Change of all pixels' weight below which another fit would be the same."""
TINY = 1e-300
"""What a column that is solved already is divided by."""


def fit_lattice(
    colours: Array,
    results: Array,
    weights: Array,
    nodes: int | None = None,
    rounds: int = ROUNDS,
) -> Lattice:
    """The smooth lattice that brings colours closest to their results.

    Pixels that it misses by far more than the others are distrusted, and fitted around: where a
    picture was healed or dodged, its pixels say nothing of what becomes of colours.

    Args:
        colours: (n, 3) float32.
        results: (n, 3) float32.
        weights: (n,) float64, what each pixel counts.
        nodes: along each channel, 2^k + 1, at least `COARSEST`; None for `NODES`, or `FEW_NODES`
            where there are fewer pixels than a lattice of `NODES` has nodes.
        rounds: of reweighting at most.
    """
    if nodes is None:
        nodes = NODES if len(colours) >= NODES**3 else FEW_NODES
    weights = weights / weights.sum()
    grid = np.indices((nodes,) * 3).reshape(3, -1).T / (nodes - 1)  # (nodes³, 3)
    trusted, total = weights, None
    for _ in range(rounds):
        affine = fit_affine(colours, results, trusted)
        start = None if total is None else total - apply_affine(affine, grid)
        values = _solved(colours, results - apply_affine(affine, colours), trusted, nodes, start)
        total = values + apply_affine(affine, grid)
        fitted = Lattice(affine, values.reshape(nodes, nodes, nodes, 3).astype(np.float16))
        before, trusted = trusted, weights * _robust_weights(fitted(colours) - results, weights)
        if np.abs(trusted - before).sum() < SETTLED:
            break
    return fitted


def fit_affine(colours: Array, results: Array, weights: Array) -> Array:
    """The (3, 4) float32 transform of (r, g, b, 1) that explains most, in the least squares."""
    normal, right = AFFINE_RIDGE * weights.sum() * np.eye(4), np.zeros((4, 3))
    for first in range(0, len(colours), AT_ONCE):
        these = slice(first, first + AT_ONCE)
        x = colours[these]
        X = np.concatenate([x, np.ones((len(x), 1))], 1, dtype=np.float64)
        weighted = (X * weights[these, None]).T
        normal += weighted @ X
        right += weighted @ (results[these] - x)
    change = np.linalg.solve(normal, right)
    return (np.eye(3, 4) + change.T).astype(np.float32)


def _robust_weights(errors: Array, weights: Array) -> Array:
    """What is left of each pixel's weight: 1 up to a limit c, (c / error)² beyond."""
    size = np.sqrt(np.square(errors, dtype=np.float64).sum(1))
    order = np.argsort(size)
    half = np.searchsorted(np.cumsum(weights[order]), 0.5 * weights.sum())
    median = size[order[min(half, len(size) - 1)]]
    limit = max(OUTLYING * NORMAL * median, TOLERATED)
    return np.square(limit / np.maximum(size, limit))


def _solved(
    colours: Array, results: Array, weights: Array, nodes: int, start: Array | None
) -> Array:
    """The nodes' values, (nodes³, 3): from values near them, or from those of coarser lattices."""
    sides = [nodes]
    while start is None and sides[0] > COARSEST:
        sides.insert(0, (sides[0] + 1) // 2)
    values = np.zeros((sides[0] ** 3, 3)) if start is None else start
    for side in sides:
        if len(values) < side**3:
            values = _refined(values, (side + 1) // 2)
        normal, right = _normal_equations(colours, results, weights, side)
        values = _conjugate_gradients(csr_array(normal + _curvature(side)), right, values)
    return values


def _normal_equations(
    colours: Array, results: Array, weights: Array, side: int
) -> tuple[csr_array, Array]:
    """Of the least squares: a node is tied to those it shares a tetrahedron with."""
    products, right = np.zeros((8, side**3)), np.zeros((side**3, 3))
    _accumulate(colours, results, weights, side, products, right)
    steps = [(o >> 2) * side**2 + (o >> 1 & 1) * side + (o & 1) for o in range(8)]
    above = [p[: side**3 - step] for p, step in zip(products, steps, strict=True)]
    offsets = [*steps, *(-step for step in steps[1:])]
    normal = diags_array([*above, *above[1:]], offsets=offsets, shape=(side**3, side**3))
    return normal.tocsr(), right


@cache
def _curvature(side: int) -> csr_array:
    """The normal matrix of the squared derivatives, integrated over all colours."""
    h = 1 / (side - 1)
    one = eye_array(side, format="csr")
    step = diags_array([-1.0, 1.0], offsets=[0, 1], shape=(side - 1, side)).tocsr() / h
    bend = diags_array([1.0, -2.0, 1.0], offsets=[0, 1, 2], shape=(side - 2, side)).tocsr() / h**2
    first, second = step.T @ step, bend.T @ bend
    pure = ((second, one, one), (one, second, one), (one, one, second))
    mixed = ((first, first, one), (first, one, first), (one, first, first))
    terms = [PURE * kron(kron(a, b), c) for a, b, c in pure]
    terms += [MIXED * kron(kron(a, b), c) for a, b, c in mixed]
    return csr_array(h**3 * sum(terms, RIDGE * eye_array(side**3, format="csr")))


def _refined(values: Array, side: int) -> Array:
    """Values on a lattice with a node between every two, (side³, 3) to ((2 side - 1)³, 3)."""
    cube = values.reshape(side, side, side, 3)
    for axis in range(3):
        cube = np.moveaxis(cube, axis, 0)
        finer = np.repeat(cube, 2, axis=0)[:-1]
        finer[1::2] = (cube[:-1] + cube[1:]) / 2
        cube = np.moveaxis(finer, 0, axis)
    return cube.reshape(-1, 3)


def _conjugate_gradients(A: csr_array, B: Array, X: Array) -> Array:
    """X of A X = B, all three columns at once, from an X near it, under A's diagonal."""
    X = X.copy()
    _descend(A.data, A.indices, A.indptr, 1 / A.diagonal(), B, X)
    return X


@compiling()
def _multiply(data: Array, indices: Array, indptr: Array, X: Array, AX: Array) -> None:
    """The product of a matrix in compressed rows and one of three columns."""
    for i in range(len(AX)):
        a, b, c = 0.0, 0.0, 0.0
        for at in range(indptr[i], indptr[i + 1]):
            value, j = data[at], indices[at]
            a += value * X[j, 0]
            b += value * X[j, 1]
            c += value * X[j, 2]
        AX[i, 0], AX[i, 1], AX[i, 2] = a, b, c


@compiling()  # each sum in the order of its rows: then every machine finds the same grade
def _descend(data: Array, indices: Array, indptr: Array, scale: Array, B: Array, X: Array) -> None:
    """Conjugate gradients on A in compressed rows; in X from where to start, then the solution."""
    R, P, AP = np.empty_like(B), np.empty_like(B), np.empty_like(B)
    rho, enough = np.zeros(3), np.zeros(3)
    _multiply(data, indices, indptr, X, AP)
    for i in range(len(B)):
        for k in range(3):
            R[i, k] = B[i, k] - AP[i, k]
            P[i, k] = scale[i] * R[i, k]
            rho[k] += R[i, k] * P[i, k]
            enough[k] += B[i, k] * (scale[i] * B[i, k])
    enough = PRECISION**2 * enough + TINY
    for _ in range(TRIES):
        if (rho <= enough).all():
            break
        _multiply(data, indices, indptr, P, AP)
        curvature, after = np.zeros(3), np.zeros(3)
        for i in range(len(B)):
            for k in range(3):
                curvature[k] += P[i, k] * AP[i, k]
        alpha = rho / np.maximum(curvature, TINY)
        for i in range(len(B)):
            for k in range(3):
                X[i, k] += alpha[k] * P[i, k]
                R[i, k] -= alpha[k] * AP[i, k]
                after[k] += R[i, k] * (scale[i] * R[i, k])
        beta = after / np.maximum(rho, TINY)
        for i in range(len(B)):
            for k in range(3):
                P[i, k] = scale[i] * R[i, k] + beta[k] * P[i, k]
        rho = after


@compiled
def _accumulate(
    colours: Array, results: Array, weights: Array, side: int, products: Array, right: Array
) -> None:
    """Add the pixels to the normal equations: products[step] ties a node to the one a step on."""
    steps, shares = np.zeros(4, np.int64), np.zeros(4)
    steps[3] = 7
    for p in range(colours.shape[0]):
        node, steps[1], steps[2], shares[0], shares[1], shares[2], shares[3] = corners(
            colours[p, 0], colours[p, 1], colours[p, 2], side
        )
        for a in range(4):
            s = steps[a]
            at = node + (s >> 2) * side * side + (s >> 1 & 1) * side + (s & 1)
            for b in range(a, 4):
                products[steps[b] ^ s, at] += weights[p] * shares[a] * shares[b]
            for k in range(3):
                right[at, k] += weights[p] * shares[a] * results[p, k]
