"""A 3D LUT: what a table of colours alone can repeat of an edit, for programs that read such.

It is a grade's lattice (`brushctl.grade.lattice`), fitted in the same way, as the colour that each
node becomes. Files are `.cube` (Adobe, Cube LUT Specification 1.0, 2013).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from brushctl.grade.apply import AnyGrade, Grade, apply_grade, nodes_of
from brushctl.grade.lattice import Lattice
from brushctl.grade.lattice_fit import fit_lattice

COARSE = 9
"""Nodes along each channel of tables for small devices."""
FINE = 33
"""Nodes along each channel of the tables that photographers exchange."""
FOLDS = 4
"""Parts that pictures are divided in to judge a table by those it was not fitted to."""
COLOURS = 2**16
"""Colours, evenly from all, that a sampled table is judged by."""

Pixels = NDArray[np.floating[Any]]


@dataclass(frozen=True, slots=True)
class Lut:
    """A table of colours, read in tetrahedra.

    Attributes:
        change: of each node's colour, (grid³, 3), red varying slowest.
        grid: nodes along each channel.
    """

    change: NDArray[np.float64]
    grid: int

    def __call__(self, picture: Pixels) -> NDArray[np.float32]:
        """The (h, w, 3) picture in [0, 1] with its colours replaced."""
        nodes = self.change.reshape(self.grid, self.grid, self.grid, 3)
        table = Lattice(np.eye(3, 4, dtype=np.float32), nodes)
        return np.clip(table(np.asarray(picture, np.float32)), 0, 1)

    @classmethod
    def sampled(cls, grade: AnyGrade, grid: int) -> Self:
        """What a grade of colours alone makes of the nodes.

        Where the grade is one lattice of as many nodes, or a blend of such, a program that reads
        tables in tetrahedra makes of every colour what the grade does.
        """
        nodes = np.indices((grid,) * 3).reshape(3, -1).T / (grid - 1)
        graded = nodes_of(grade, nodes.astype(np.float32)[None])[0]
        return cls(graded - nodes, grid)

    @property
    def table(self) -> NDArray[np.float32]:
        """The colour that each node becomes, (grid, grid, grid, 3) by red, green and blue.

        Nodes may lie outside [0, 1], so that colours between them come right; results are clipped.
        """
        shape = (self.grid, self.grid, self.grid, 3)
        nodes = np.moveaxis(np.indices(shape[:3]), 0, -1) / (self.grid - 1)
        return np.asarray(nodes + self.change.reshape(shape), np.float32)


def fit_lut(before: Sequence[Pixels], after: Sequence[Pixels], grid: int = FINE) -> Lut:
    """The smooth table that brings (h, w, 3) pictures closest to their edits.

    Args:
        before: pictures.
        after: what became of them.
        grid: nodes along each channel: 9, 17, 33 or 65.
    """
    colours = np.concatenate([np.asarray(x, np.float32).reshape(-1, 3) for x in before])
    results = np.concatenate([np.asarray(y, np.float32).reshape(-1, 3) for y in after])
    weights = np.concatenate([np.full(x[..., 0].size, 1 / x[..., 0].size) for x in before])
    return Lut.sampled(Grade(fit_lattice(colours, results, weights, grid)), grid)


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
    """The share of a grade's variance that a table sampled from it has, over all colours.."""
    colours = np.random.default_rng(0).random((COLOURS, 1, 3), np.float32)
    graded = np.clip(apply_grade(grade, colours), 0, 1)
    missed = float(np.square(graded - lut(colours)).sum())
    changed = float(np.square(graded - colours).sum())
    return 1 - missed / changed if changed else 1.0


def encode_cube(lut: Lut, comment: str) -> str:
    """The text of a `.cube` file: the comment, the size, a line for each node, red fastest.

    Args:
        lut: the table.
        comment: one line, for people who open the file.
    """
    rows = lut.table.transpose(2, 1, 0, 3).reshape(-1, 3).tolist()
    nodes = "".join(f"{red:.6f} {green:.6f} {blue:.6f}\n" for red, green, blue in rows)
    return f"# {comment}\n\nLUT_3D_SIZE {lut.grid}\n{nodes}"
