"""A fitted 3D LUT: what a table of colours alone can repeat of an edit.

The table is the smooth one that brings pictures closest to their edits, in the least squares. Where
no picture has a colour, its change solves a discrete Laplace equation: never more than among its
neighbours, and fading far from everything. Several pictures have one affine transform for all
colours first, which the table corrects: colours that no picture has go the way of all.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array, diags_array, eye_array, kron

from brushctl.grade.apply import AnyGrade, apply_grade
from brushctl.grade.lattice import Lattice

COARSE = 9
"""Nodes along each channel: fine enough for tone curves, coarse enough for ten small pictures."""
FINE = 33
"""Nodes along each channel of the tables that photographers exchange."""
SMOOTHNESS = 1.0
"""Weight of the difference of neighbouring nodes of a coarse table against one pixel's error."""
RIDGE = 1e-3
"""Weight of each coarse node's own change: it decides where no pixel and no neighbour does."""
AFFINE_RIDGE = 1e-5
"""Weight of the transform's coefficients against a pixel's mean error: for pictures of one hue."""
PRECISION = 1e-6
"""Where solving stops, relative to the right-hand side: far below a step of 16 bits."""
TINY = 1e-300
"""What a column that is solved already is divided by."""
COLOURS = 2**16
"""Colours, evenly from all, that a sampled table is judged by."""
FOLDS = 4
"""Parts that pictures are divided in to judge a table by those it was not fitted to."""

Pixels = NDArray[np.floating[Any]]
Weights = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Lut:
    """A table of colours, read by trilinear interpolation.

    Attributes:
        change: of each node's colour, (grid³, 3), red varying slowest.
        grid: nodes along each channel.
    """

    change: Weights
    grid: int

    def __call__(self, picture: Pixels) -> NDArray[np.float32]:
        """The (h, w, 3) picture in [0, 1] with its colours replaced."""
        colours = picture.reshape(-1, 3)
        moved = colours + _weights(colours, self.grid) @ self.change
        return np.clip(moved, 0, 1).reshape(picture.shape).astype(np.float32)

    @classmethod
    def sampled(cls, grade: AnyGrade, grid: int) -> Self:
        """What a grade of colours alone makes of the nodes.

        Where the grade is one lattice of as many nodes, or a blend of such, a program that reads
        tables in tetrahedra makes of every colour what the grade does.
        """
        nodes = np.indices((grid,) * 3).reshape(3, -1).T / (grid - 1)
        graded = apply_grade(grade, nodes.astype(np.float32)[None])[0]
        return cls(graded - nodes, grid)

    @property
    def table(self) -> NDArray[np.float32]:
        """The colour that each node becomes, (grid, grid, grid, 3) by red, green and blue.

        Nodes may lie outside [0, 1], so that colours between them come right; results are clipped.
        """
        shape = (self.grid, self.grid, self.grid, 3)
        nodes = np.moveaxis(np.indices(shape[:3]), 0, -1) / (self.grid - 1)
        return np.asarray(nodes + self.change.reshape(shape), np.float32)


def fit_lut(
    before: Sequence[Pixels],
    after: Sequence[Pixels],
    grid: int = COARSE,
) -> Lut:
    """The smooth table that brings (h, w, 3) pictures closest to their edits.

    One picture has too few colours to say where those that it does not have go: its table comes
    without the transform.
    """
    colours = [x.reshape(-1, 3).astype(np.float64) for x in before]
    changes = [(y - x).reshape(-1, 3) for x, y in zip(before, after, strict=True)]
    affine = _affine(colours, changes) if len(colours) > 1 else np.zeros((4, 3))
    normal, right = _prior(grid), np.zeros((grid**3, 3))
    for c, change in zip(colours, changes, strict=True):
        W = _weights(c, grid)  # (pixels, nodes)
        normal += W.T @ W
        right += W.T @ (change - _with_one(c) @ affine)
    nodes = np.indices((grid,) * 3).reshape(3, -1).T / (grid - 1)
    return Lut(_solved(normal, right) + _with_one(nodes) @ affine, grid)


def share_carried(before: Sequence[Pixels], after: Sequence[Pixels], grid: int = FINE) -> float:
    """The share of the edit's variance that a table explains on pictures it was not fitted to.

    Each picture is judged under a table fitted to the other parts of `FOLDS`. The edit counts for
    no more than the contrasts of its results: else a sketch, which turns everything white, would
    make what it draws look small beside that.

    Args:
        before: two pictures or more, (h, w, 3).
        after: their edits.
        grid: nodes along each channel.

    Returns:
        1 - Σ(edit - table)² / min(Σ(edit - picture)², Σ(edit - its mean)²): at most 1, less than
        0 if the table harms, and 0 where nothing was changed.
    """
    folds = min(FOLDS, len(before))
    missed = changed = contrast = 0.0
    for k in range(folds):
        kept = [n for n in range(len(before)) if n % folds != k]
        table = fit_lut([before[n] for n in kept], [after[n] for n in kept], grid)
        for x, y in zip(before[k::folds], after[k::folds], strict=True):
            missed += float(np.square(y - table(x)).sum())
            changed += float(np.square(y - x).sum())
            contrast += float(np.square(y - y.mean((0, 1))).sum())
    whole = min(changed, contrast)
    return 1 - missed / whole if whole else 0.0


def share_sampled(grade: AnyGrade, lut: Lut) -> float:
    """The share of a grade's variance that a table sampled from it has, over all colours.

    The table is read in tetrahedra.
    """
    table = Lattice(np.eye(3, 4, dtype=np.float32), lut.change.reshape(*[lut.grid] * 3, 3))
    colours = np.random.default_rng(0).random((COLOURS, 1, 3), np.float32)
    graded = np.clip(apply_grade(grade, colours), 0, 1)
    missed = float(np.square(graded - np.clip(table(colours), 0, 1)).sum())
    changed = float(np.square(graded - colours).sum())
    return 1 - missed / changed if changed else 1.0


def _affine(colours: Sequence[Weights], changes: Sequence[Pixels]) -> Weights:
    """The (4, 3) transform of (red, green, blue, 1) that explains most of the changes."""
    count = sum(map(len, colours))
    normal, right = AFFINE_RIDGE * count * np.eye(4), np.zeros((4, 3))
    for c, change in zip(colours, changes, strict=True):
        normal += _with_one(c).T @ _with_one(c)
        right += _with_one(c).T @ change
    return np.asarray(np.linalg.solve(normal, right), np.float64)


def _with_one(colours: Weights) -> Weights:
    return np.concatenate([colours, np.ones((len(colours), 1))], axis=1)


def _weights(colours: Pixels, grid: int) -> csr_array:
    """How much each node counts for each of (n, 3) colours: (n, grid³), rows summing to 1."""
    place = np.clip(colours, 0, 1).astype(np.float64) * (grid - 1)
    low = np.minimum(place.astype(int), grid - 2)
    part = place - low
    corners = list(np.ndindex(2, 2, 2))
    nodes = [np.ravel_multi_index(tuple((low + corner).T), (grid,) * 3) for corner in corners]
    weights = [np.where(corner, part, 1 - part).prod(axis=1) for corner in corners]
    starts = np.arange(len(colours) + 1) * len(corners)
    entries = (np.stack(weights, 1).ravel(), np.stack(nodes, 1).ravel(), starts)
    return csr_array(entries, shape=(len(colours), grid**3))


def _solved(A: csr_array, B: Weights) -> Weights:
    """X of A X = B, by conjugate gradients under A's diagonal, all columns at once.

    SciPy's own take one column and go through BLAS, whose threads, on busy cores, made this fifty
    times slower.
    """
    scale = 1 / A.diagonal()[:, None]
    X, R = np.zeros_like(B), B
    P = Z = scale * R
    rho = (R * Z).sum(0)
    enough = PRECISION**2 * (B * B).sum(0)
    while ((R * R).sum(0) > enough).any():
        AP = A @ P
        alpha = rho / np.maximum((P * AP).sum(0), TINY)
        X, R = X + alpha * P, R - alpha * AP
        Z = scale * R
        rho, before = (R * Z).sum(0), rho
        P = Z + rho / np.maximum(before, TINY) * P
    return X


def _prior(grid: int) -> csr_array:
    """The normal matrix of a smooth and small change, alike for tables of any fineness.

    Σ over nodes stands for an integral over colours, so a sum of squares is worth h³ and one of
    squared differences h: weights for coarse tables are brought to this grid's step h.
    """
    h = (COARSE - 1) / (grid - 1)
    one = eye_array(grid, format="csr")
    step = (diags_array([1.0, -1.0], offsets=[1, 0], shape=(grid - 1, grid))).tocsr()
    line = step.T @ step
    along = ((line, one, one), (one, line, one), (one, one, line))
    smooth = sum((kron(kron(a, b), c) for a, b, c in along), 0 * eye_array(grid**3))
    return csr_array(SMOOTHNESS * h * smooth + RIDGE * h**3 * eye_array(grid**3))
