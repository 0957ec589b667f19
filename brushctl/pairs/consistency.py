"""Do all pairs show one edit? Fit the edit of all pairs but one, and see if it explains that one.

The edit is modelled as the change of a pixel's colour given its colour and its surroundings: a
quadratic in r, g, b plus the mean colour around it, 13 terms fitted by ridge regression. That is
far less than an edit can be, and enough to tell an edit from another, or from its own reverse.
Least squares need only the sums of products of each pair, so any number of pairs is quick.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from brushctl.photos.icc import Pixels
from brushctl.photos.photo import resize

Sums = NDArray[np.floating[Any]]

SIDE, AROUND = 64, 8
"""Pairs are compared at 64 x 64 pixels; the surroundings of a pixel are an eighth of the side."""
RIDGE = 1e-4
FAINTEST = 0.02
"""A change below this root mean square is as likely noise as an edit."""
LEAST_PAIRS = 4
"""With fewer pairs there is no saying which of them is the odd one."""
FAR, TIMES = 0.4, 3.0
"""An odd pair's change is explained with an error of at least this share of it, and of this many
times the error usual among the other pairs."""
REVERSE_FAR, REVERSE_GAIN = 0.8, 0.75
"""A swapped pair's change is not explained, and its reverse is explained this much better.
Over 29 looks of seven photographs: no pair of 203 is suspected wrongly, nine in ten swapped pairs
are found (a negative is its own reverse), and three in four pairs edited in another look."""


@dataclass(frozen=True, slots=True)
class Outlier:
    """A pair whose change is not that of the others.

    Attributes:
        index: which pair.
        swapped: the others' edit leads from its after to its before.
        error: the share of its change that the others' edit does not explain.
        usual: the same among the other pairs.
    """

    index: int
    swapped: bool
    error: float
    usual: float


@dataclass(frozen=True, slots=True)
class PairSums:
    """A pair's sums of products, in a unit in which the pair's whole change is about 1.

    Attributes:
        AA: (13, 13), of the terms.
        AB: (13, 3), of the terms with the change.
        BB: of the change with itself.
    """

    AA: Sums
    AB: Sums
    BB: float


def sums_of(before: Pixels, after: Pixels) -> PairSums:
    """The sums of one pair, two pictures of any one size."""
    x = resize(before, (SIDE, SIDE))
    around = resize(resize(x, (AROUND, AROUND)), (SIDE, SIDE)).reshape(-1, 3)
    B = (resize(after, (SIDE, SIDE)) - x).reshape(-1, 3).astype(float)  # (n, 3)
    r, g, b = x.reshape(-1, 3).T
    terms = [np.ones_like(r), r, g, b, r * r, g * g, b * b, r * g, r * b, g * b, *around.T]
    A = np.stack(terms, axis=1).astype(float)  # (n, 13)
    unit = len(B) * FAINTEST**2 + (B * B).sum()
    return PairSums(A.T @ A / unit, A.T @ B / unit, float((B * B).sum() / unit))


def find_outliers(forward: Sequence[PairSums], reverse: Sequence[PairSums]) -> list[Outlier]:
    """The pairs that do not belong, found one by one, each without those found before.

    Args:
        forward: each pair's `sums_of(before, after)`.
        reverse: each pair's `sums_of(after, before)`.
    """
    rest, found = list(range(len(forward))), list[Outlier]()
    while len(rest) >= LEAST_PAIRS:
        outlier = _farthest([forward[k] for k in rest], [reverse[k] for k in rest])
        if outlier is None:
            break
        found.append(
            Outlier(rest.pop(outlier.index), outlier.swapped, outlier.error, outlier.usual)
        )
    return sorted(found, key=lambda outlier: outlier.index)


def _farthest(forward: Sequence[PairSums], reverse: Sequence[PairSums]) -> Outlier | None:
    AA, AB = np.stack([s.AA for s in forward]), np.stack([s.AB for s in forward])
    # W[i] is the edit fitted without pair i: (n, 13, 3)
    ridge = RIDGE * np.trace(AA.sum(0)) * np.eye(AA.shape[1])
    W = np.linalg.solve(AA.sum(0) - AA + ridge, AB.sum(0) - AB)
    errors = np.stack([_errors(W, s) for s in forward], axis=1)  # (n, n): of pair k under W[i]
    others = ~np.eye(len(forward), dtype=bool)
    index = int(np.argmin([row[mask].mean() for row, mask in zip(errors, others, strict=True)]))
    error, usual = float(errors[index, index]), float(np.median(errors[index][others[index]]))
    back = float(_errors(W[index : index + 1], reverse[index])[0])
    limit = max(FAR, TIMES * usual)
    swapped = error >= REVERSE_FAR and back <= min(limit, REVERSE_GAIN * error)
    if swapped or error >= limit:
        return Outlier(index, swapped, error, usual)
    return None


def _errors(W: Sums, s: PairSums) -> Sums:
    """Root of the share of a pair's change that each edit leaves unexplained, (n,)."""
    square = s.BB - 2 * (W * s.AB).sum((1, 2)) + (W * (s.AA @ W)).sum((1, 2))
    return np.asarray(np.sqrt(np.maximum(square, 0)))
