"""The pixels of before/after pairs that a grade is fitted to, and what they say must stay."""

import warnings
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from brushctl.errors import PairsError
from brushctl.events import Advance, Reporter, Stage
from brushctl.grade.apply import Kept
from brushctl.grade.features import GROUPS, at_pixels, describe
from brushctl.grade.rows import as_pixels

Array = NDArray[Any]

PIXELS = 2**17
"""Pixels of a pair that the lattice is fitted to: those of a picture of 443 by 296. They are the
photograph's own, from all over it; means of several would not be colours that the edit has seen."""
MOST_PIXELS = 2**22
"""Of all pairs together: 100 MB. More pairs give fewer pixels each."""
NETWORK_PIXELS = 2**18
"""Of all pairs together, for the network: at most 2^15 each, and 60 MB with their features."""
PARTS = 4
"""Groups that a picture's colours are parted in. With eight, those held out lie so near the others
that a grade guesses them."""
HALF_STEP = 0.5 / 255
"""Half a step of 8 bits: less is not a change."""


@dataclass(frozen=True, slots=True, eq=False)
class Samples:
    """Pixels of one pair.

    Attributes:
        colours: (n, 3) float32, before.
        results: (n, 3) float32, after.
        features: (m, f) float32 of the first m of them, of all groups.
        quarters: (n,) of the picture that they lie in, 0 to 3.
    """

    colours: Array
    results: Array
    features: Array
    quarters: Array

    def first(self, pixels: int, features: int | None = None) -> Self:
        """A copy of the first of the pixels, and of those with features."""
        c, r, q = (x[:pixels].copy() for x in (self.colours, self.results, self.quarters))
        few = self.features[: pixels if features is None else features].copy()
        return type(self)(c, r, few, q)

    def evened(self, pixels: int) -> Self:
        """So many of the pixels with features, some of them several times if there are fewer."""
        these = np.resize(np.arange(len(self.features)), pixels)
        c, r, q = (x[these] for x in (self.colours, self.results, self.quarters))
        return type(self)(c, r, self.features[these], q)

    def where(self, these: Array) -> Self:
        """Some of the pixels, (n,) bool."""
        c, r, q = (x[these] for x in (self.colours, self.results, self.quarters))
        return type(self)(c, r, self.features[these[: len(self.features)]], q)


def parts_of_colours(colours: Array, seed: int) -> list[Array]:
    """The masks, (n,) bool, of up to `PARTS` groups of colours (n, 3) that are like each other.

    A picture of one colour has one group.
    """
    from scipy.cluster.vq import kmeans2

    distinct = len(np.unique(colours, axis=0))
    with warnings.catch_warnings(action="ignore"):  # a group that has come out empty
        _, groups = kmeans2(colours.astype(np.float64), min(PARTS, distinct), minit="++", seed=seed)
    return [groups == k for k in np.unique(groups)]


def sample_pairs(
    pairs: Iterable[tuple[Array, Array]], seed: int, report: Reporter
) -> list[Samples]:
    """Pixels of each pair, from all over it; pairs are gone through once.

    Raises:
        PairsError: there is no pair, or the sides of one do not fit each other.
    """
    report(Stage("reading pairs"))
    samples = list[Samples]()
    for n, (before, after) in enumerate(pairs):
        samples.append(_sample(before, after, n, seed))
        most = max(1, MOST_PIXELS // (n + 1)), max(1, NETWORK_PIXELS // (n + 1))
        if len(samples[0].colours) > most[0] or len(samples[0].features) > most[1]:
            samples = [s.first(*most) for s in samples]
        report(Advance(n + 1))
    if not samples:
        raise PairsError("there is no pair to learn from", do="Give one before/after pair or more.")
    return samples


def _sample(before: Array, after: Array, n: int, seed: int) -> Samples:
    """Pixels of the n-th pair, one from each cell of a grid, in any order."""
    where = f"pair {n + 1}"
    if before.shape != after.shape or before.ndim != 3 or before.shape[2] != 3 or not before.size:
        raise PairsError(
            f"before is {_size(before)} and after is {_size(after)}",
            where=where,
            do="Both must be RGB pictures of one size; `--align` crops them to what they share.",
        )
    before, after = as_pixels(before), as_pixels(after)
    if not (np.isfinite(before).all() and np.isfinite(after).all()):
        raise PairsError(
            "some pixels are not numbers (NaN or infinity)", where=where, do="Leave this pair out."
        )
    rng = np.random.default_rng([seed, n])
    h, w = before.shape[:2]
    cell = max(1.0, (h * w / PIXELS) ** 0.5)
    down, across = max(1, int(h / cell)), max(1, int(w / cell))
    y = ((np.arange(down)[:, None] + rng.random((down, across))) * h / down).astype(int).ravel()
    x = ((np.arange(across)[None, :] + rng.random((down, across))) * w / across).astype(int).ravel()
    order = rng.permutation(len(y))
    y, x = y[order], x[order]
    few = slice(NETWORK_PIXELS // 8)
    places = np.stack([(y[few] + 0.5) / h, (x[few] + 0.5) / w], 1)
    features = at_pixels(describe(before, GROUPS), before[y[few], x[few]], places)
    quarters = (2 * (y >= h // 2) + (x >= w // 2)).astype(np.uint8)
    return Samples(before[y, x], after[y, x], features, quarters)


def _size(picture: Array) -> str:
    return " x ".join(map(str, picture.shape[1::-1])) if picture.ndim == 3 else "no picture"


def stacked(samples: Sequence[Samples]) -> tuple[Array, Array, Array]:
    """Colours, results and weights of all pixels; every picture weighs the same."""
    weights = [np.full(len(s.colours), 1 / len(s.colours)) for s in samples]
    return (
        np.concatenate([s.colours for s in samples]),
        np.concatenate([s.results for s in samples]),
        np.concatenate(weights),
    )


def what_stays(samples: Sequence[Samples]) -> Kept:
    """What all pairs that can say so leave as it is."""

    def agreed(of: Callable[[Array], Array], stays: Callable[[Array, Array], Array]) -> bool:
        """Whether every pair that has enough such colours leaves 95 % of them: some were healed."""
        chosen = [(s, of(s.colours)) for s in samples]
        enough = [(s, these) for s, these in chosen if these.sum() >= 20]
        shares = [stays(s.colours[these], s.results[these]).mean() for s, these in enough]
        return len(shares) >= min(2, len(samples)) and bool(min(shares) >= 0.95)

    def same(x: Array, y: Array) -> Array:
        return np.abs(y - x).max(1) <= HALF_STEP

    return Kept(
        black=agreed(lambda x: x.max(1) <= HALF_STEP, same),
        white=agreed(lambda x: x.min(1) >= 1 - HALF_STEP, same),
        greys=agreed(
            lambda x: (np.ptp(x, 1) == 0) & (x[:, 0] > 0.02) & (x[:, 0] < 0.98),
            lambda _, y: np.ptp(y, 1) <= HALF_STEP,
        ),
        nothing_but_greys=all(
            float((np.ptp(s.results, 1) <= HALF_STEP).mean()) > 0.999 for s in samples
        ),
    )
