"""Grades for tests, made by hand: each is one affine transform of all colours."""

import numpy as np

from brushctl.grade import Grade, Kept
from brushctl.grade.lattice import Lattice

Row = tuple[float, float, float, float]


def affine(*rows: Row, kept: Kept = Kept()) -> Grade:  # noqa: B008  (frozen)
    """A grade of three rows: the shares of red, green and blue, and what is added."""
    nothing = np.zeros((2, 2, 2, 3), np.float16)
    return Grade(Lattice(np.array(rows, np.float32), nothing), kept=kept)


SAME = affine((1, 0, 0, 0), (0, 1, 0, 0), (0, 0, 1, 0))
HALF = affine((0.5, 0, 0, 0.25), (0, 0.5, 0, 0.25), (0, 0, 0.5, 0.25))
WARM = affine((1, 0, 0, 0.1), (0, 1, 0, 0), (0, 0, 1, -0.1))
