"""A fitted 3D LUT: what a table of colours alone can repeat of an edit."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from brushctl.bench.metrics import Pixels

GRID = 9
"""Nodes along each channel: fine enough for tone curves, coarse enough for ten small pictures."""
SMOOTHNESS = 1.0
"""Weight of the difference of neighbouring nodes against one pixel's error."""
RIDGE = 1e-3
"""Weight of each node's own change: it decides only where no pixel and no neighbour does."""

Weights = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Lut:
    """A colour's change by trilinear interpolation: (GRID³, 3), red varying slowest."""

    change: Weights

    def __call__(self, picture: Pixels) -> Pixels:
        """The (h, w, 3) picture in [0, 1] with its colours replaced."""
        colours = picture.reshape(-1, 3)
        moved = colours + _weights(colours) @ self.change
        return np.clip(moved, 0, 1).reshape(picture.shape).astype(np.float32)


def fit_lut(before: Sequence[Pixels], after: Sequence[Pixels]) -> Lut:
    """The smooth table that brings the pictures closest to their edits, in the least squares."""
    normal = _smoothing() + RIDGE * np.eye(GRID**3)
    right = np.zeros((GRID**3, 3))
    for x, y in zip(before, after, strict=True):
        W = _weights(x.reshape(-1, 3))  # (pixels, nodes)
        normal += W.T @ W
        right += W.T @ (y - x).reshape(-1, 3)
    return Lut(np.asarray(np.linalg.solve(normal, right), np.float64))


def _weights(colours: Pixels) -> Weights:
    """How much each node counts for each of (n, 3) colours: (n, GRID³), rows summing to 1."""
    place = np.clip(colours, 0, 1) * (GRID - 1)
    low = np.minimum(place.astype(int), GRID - 2)
    part = place - low
    rows, weights = np.arange(len(colours)), np.zeros((len(colours), GRID**3))
    for corner in np.ndindex(2, 2, 2):
        node = np.ravel_multi_index(tuple((low + corner).T), (GRID,) * 3)
        weights[rows, node] = np.where(corner, part, 1 - part).prod(axis=1)
    return weights


def _smoothing() -> Weights:
    """The normal matrix of the differences between neighbours along all three axes."""
    step = np.diff(np.eye(GRID), axis=0)
    one, line = np.eye(GRID), step.T @ step
    along = ((line, one, one), (one, line, one), (one, one, line))
    total: Weights = sum((np.kron(np.kron(a, b), c) for a, b, c in along), np.zeros((GRID**3,) * 2))
    return SMOOTHNESS * total
