"""A grade applied to a photograph's own pixels, without torch."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from brushctl.grade.features import describe
from brushctl.grade.lattice import Lattice, read_rows
from brushctl.grade.network import Folded, Network, depart_rows, fold
from brushctl.grade.rows import as_pixels, compiled, in_threads

Array = NDArray[Any]


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


def apply_grade(grade: Grade, pixels: Array, threads: int | None = None) -> NDArray[np.float32]:
    """The photograph as graded.

    The same bytes come out whatever the number of threads. Beside the result, memory is needed for
    a reduced picture only.

    Args:
        grade: what to do.
        pixels: (h, w, 3) float32, sRGB-encoded; colours outside sRGB lie outside [0, 1], and are
            carried through.
        threads: that work at a time; by default one for each core.

    Returns:
        (h, w, 3) float32, not clipped.
    """
    pixels = as_pixels(pixels)
    if grade.lattice is None:
        return pixels.copy()
    out = np.empty_like(pixels)
    affine, nodes = grade.lattice.affine, grade.lattice.nodes.astype(np.float32)
    folded: Folded | None = None
    if grade.network:
        folded = fold(grade.network, describe(pixels, grade.groups, threads))
    kept = grade.kept
    stays = (kept.black, kept.white, kept.greys)

    def stripe(first: int, end: int) -> None:
        read_rows(first, end, out, pixels, affine, nodes)
        if folded:
            f = folded
            depart_rows(first, end, out, pixels, f.tables, f.maps, f.second, f.third, stays)
        _keep_rows(first, end, out, pixels, stays, kept.nothing_but_greys)

    in_threads(stripe, len(pixels), threads)
    return out


@compiled
def _keep_rows(
    first: int,
    end: int,
    out: Array,
    pixels: Array,
    stays: tuple[bool, bool, bool],
    neutral: bool,
) -> None:
    """Make exact what the fit has to within rounding."""
    black, white, greys = stays
    for y in range(first, end):
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
