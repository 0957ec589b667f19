"""A grade applied to a photograph's own pixels, without torch."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from brushctl.grade.features import describe
from brushctl.grade.lattice import Lattice, read_rows
from brushctl.grade.network import Network
from brushctl.grade.network_rows import Folded, apply_network, fold
from brushctl.grade.rows import as_pixels, compiled
from brushctl.photos.rows import Edit, Picture, edit_rows

Array = NDArray[Any]

ROUNDING = 1e-9
"""Weights that sum to 1 to within this do sum to 1."""


@dataclass(frozen=True, slots=True)
class Kept:
    """What the pairs say that an edit leaves as it is, exactly.

    Attributes:
        black: black stays black.
        white: white stays white.
        greys: what has no hue gets none.
        nothing_but_greys: every result is without hue.
    """

    black: bool = False
    white: bool = False
    greys: bool = False
    nothing_but_greys: bool = False


@dataclass(frozen=True, slots=True, eq=False)
class Grade:
    """What becomes of a photograph's pixels: y = T(x) (1 + gain) + offset.

    Attributes:
        lattice: T; None where nothing is changed.
        network: of gain and offset; None where T is all.
        groups: of features that the network is told beside the colour.
        kept: what stays exactly as it is.
    """

    lattice: Lattice | None = None
    network: Network | None = None
    groups: tuple[str, ...] = ()
    kept: Kept = Kept()


@dataclass(frozen=True, slots=True, eq=False)
class Blend:
    """A mix of grades between which it lies.

    Attributes:
        terms: weights and grades. The result is the weighted sum of what the grades make of a
            picture; what the weights lack to 1 is the picture's own.
    """

    terms: "tuple[tuple[float, AnyGrade], ...]"


@dataclass(frozen=True, slots=True, eq=False)
class Stack:
    """Grades one after the other: each grades what the one before it made."""

    grades: "tuple[AnyGrade, ...]"


AnyGrade = Grade | Blend | Stack


def apply_grade(grade: AnyGrade, pixels: Array, threads: int | None = None) -> NDArray[np.float32]:
    """The photograph as graded.

    The same bytes come out whatever the number of threads. Beside the result, memory is needed for
    a reduced picture and some rows only.

    Args:
        grade: what to do.
        pixels: (h, w, 3) float32, sRGB-encoded; colours outside sRGB lie outside [0, 1], and are
            carried through.
        threads: that work at a time; by default one for each core.

    Returns:
        (h, w, 3) float32, within [0, 1], or as far outside as the pixel itself.
    """
    pixels = as_pixels(pixels)
    return edit_rows(pixels, row_grader(grade, pixels, threads), threads)


def row_grader(grade: AnyGrade, picture: Picture, threads: int | None = None) -> Edit:
    """What grades rows of one picture, each pixel to the same bits whatever rows it comes with.

    Where a grade has a network the picture is gone through first, once for each group of features
    that takes all of it.

    Args:
        grade: what to do.
        picture: as `apply_grade` takes it, or what gives its rows.
        threads: that go through it at a time; by default one for each core. Rows are graded in the
            caller's own.
    """
    match grade:
        case Blend(terms=terms):
            rest = 1 - math.fsum(weight for weight, _ in terms)
            parts = [(np.float32(w), row_grader(each, picture, threads)) for w, each in terms]
            # Sums of results, not of changes: where all results are neutral, so is their sum.
            return partial(_blend, np.float32(rest if abs(rest) > ROUNDING else 0), parts)
        case Stack(grades=grades):
            graded = _Graded(picture, [])
            for each in grades:
                graded.graders.append(row_grader(each, graded, threads))
            return graded.grade
        case Grade():
            return _single_grader(grade, picture, threads)


def nodes_of(grade: AnyGrade, colours: Array) -> NDArray[np.float32]:
    """What (1, n, 3) colours become as the nodes of a table.

    As `apply_grade`, but that those of a single grade go on below black and above white: between
    them colours then come right.
    """
    if isinstance(grade, Grade):
        pixels = as_pixels(colours)
        return _single_grader(grade, pixels, None, bounded=False)(0, pixels)
    return apply_grade(grade, colours)


def _blend(
    rest: np.float32, parts: Sequence[tuple[np.float32, Edit]], first: int, pixels: Array
) -> NDArray[np.float32]:
    out: NDArray[np.float32] = pixels * rest
    for weight, grader in parts:
        out += grader(first, pixels) * weight
    return out


@dataclass(frozen=True, slots=True, eq=False)
class _Graded:
    """A picture as graded so far, one after the other."""

    picture: Picture
    graders: list[Edit]

    @property
    def shape(self) -> tuple[int, ...]:
        return self.picture.shape

    def __getitem__(self, rows: slice) -> Array:
        return self.grade(rows.start, self.picture[rows])

    def grade(self, first: int, pixels: Array) -> Array:
        for grader in self.graders:
            pixels = grader(first, pixels)
        return pixels


def _single_grader(
    grade: Grade, picture: Picture, threads: int | None, *, bounded: bool = True
) -> Edit:
    if grade.lattice is None:
        return lambda _, pixels: pixels
    affine, nodes = grade.lattice.affine, grade.lattice.nodes.astype(np.float32)
    folded: Folded | None = None
    if grade.network:
        folded = fold(grade.network, describe(picture, grade.groups, threads))
    kept, height = grade.kept, picture.shape[0]
    stays = (kept.black, kept.white, kept.greys)

    def graded(first: int, pixels: Array) -> NDArray[np.float32]:
        pixels = as_pixels(pixels)
        out = np.empty_like(pixels)
        read_rows(out, pixels, affine, nodes)
        if folded:
            apply_network(first, height, out, pixels, folded, stays)
        _keep_rows(out, pixels, stays, kept.nothing_but_greys)
        if bounded:
            _bound_rows(out, pixels)
        return out

    return graded


@compiled
def _keep_rows(out: Array, pixels: Array, stays: tuple[bool, bool, bool], neutral: bool) -> None:
    """Make exact what the fit has to within rounding."""
    black, white, greys = stays
    for y in range(pixels.shape[0]):
        for x in range(pixels.shape[1]):
            r, g, b = pixels[y, x, 0], pixels[y, x, 1], pixels[y, x, 2]
            grey = r == g and g == b
            if neutral or (greys and grey):
                mean = (out[y, x, 0] + out[y, x, 1] + out[y, x, 2]) / np.float32(3)
                for k in range(3):
                    out[y, x, k] = mean
            if grey and ((black and r == 0) or (white and r == 1)):
                for k in range(3):
                    out[y, x, k] = r


@compiled
def _bound_rows(out: Array, pixels: Array) -> None:
    """Keep results where pictures lie.

    A lattice goes on below black and above white, so that it bends there; photographs end there. A
    mean of grades is one of what each makes. Of a colour outside sRGB results may lie as far out.
    """
    zero, one = np.float32(0), np.float32(1)
    for y in range(pixels.shape[0]):
        for x in range(pixels.shape[1]):
            r, g, b = pixels[y, x, 0], pixels[y, x, 1], pixels[y, x, 2]
            low, high = min(zero, r, g, b), max(one, r, g, b)
            for k in range(3):
                out[y, x, k] = min(max(out[y, x, k], low), high)
