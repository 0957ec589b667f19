"""A grade fitted to before/after pairs, and no more of it than pairs held out can do with.

A lattice comes first. Where it leaves something, a network is told of one more group of features at
a time, of that which helps most on pairs held out, for as long as that helps: features that an edit
does not depend on are only ways to learn eight photographs by heart.
"""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from brushctl.events import Reporter, Stage, silent
from brushctl.grade.apply import Grade, Kept
from brushctl.grade.features import GROUPS
from brushctl.grade.judging import (
    ENOUGH,
    FOLDS,
    JUDGING_STEPS,
    advances,
    judge_lattice,
    judge_networks,
    psnr,
    psnr_of_colours,
)
from brushctl.grade.kinds import LATTICE, UNTOUCHED, Score, fit_beneath, fit_network
from brushctl.grade.lattice import Lattice
from brushctl.grade.lattice_fit import fit_lattice
from brushctl.grade.samples import Samples, sample_pairs, stacked, what_stays

Array = NDArray[Any]

REFIT_STEPS, STEPS = 600, 4800
"""Steps of networks that some pairs had no part in, and of the one that stays: eight times the
steps bring two decibels at most."""
PROMISING = 30.0
"""PSNR in dB of pairs held out from which on a lattice may be all that is needed: looks have 35 and
more, what is no matter of colours alone has some 20."""


@dataclass(frozen=True, slots=True, eq=False)
class Fitted:
    """A grade and what it was chosen from.

    Attributes:
        grade: the one to keep.
        scores: of all that was tried; with a single pair, of quarters of it that were held out.
        chosen: of them, what the grade is.
        kept: what stays exactly as it is.
        samples: of the pairs.
        seed: of what is drawn.
    """

    grade: Grade
    scores: tuple[Score, ...]
    chosen: Score
    kept: Kept
    samples: Sequence[Samples]
    seed: int

    def without(
        self, held_out: Collection[int], steps: int = REFIT_STEPS, report: Reporter = silent
    ) -> Grade:
        """A grade of the same kind that some of the pairs, by their places, had no part in.

        Args:
            held_out: those pairs; at least one other must be left.
            steps: of its network, if it has one.
            report: called as by `fit_grade`.
        """
        others = [s for k, s in enumerate(self.samples) if k not in held_out]
        return _fit_chosen(others, self.chosen, self.kept, steps, self.seed, report)

    def elsewhere(self) -> float | None:
        """PSNR in dB that the grade of a single pair is likely to have on another picture.

        None of several pairs, which are held out in turn, and where pictures are left alone.
        Quarters of a picture show much the same colours. Where they leave nothing that is seen the
        edit is taken for a look; else what counts is what becomes of colours that were not seen.
        """
        if len(self.samples) > 1 or self.grade.lattice is None:
            return None
        return self.chosen.psnr if self.chosen.psnr >= ENOUGH else self.on_other_colours()

    def on_other_colours(self) -> float:
        """PSNR in dB that the grade of a single pair has on parts of its colours held out."""
        (one,) = self.samples

        def fit(some: Samples) -> Grade:
            return _fit_chosen([some], self.chosen, self.kept, JUDGING_STEPS, self.seed, silent)

        return psnr_of_colours(fit, one, self.seed)

    def folds(self, report: Reporter = silent) -> list[tuple[Grade, Sequence[int]]]:
        """Grades of the same kind, each with the places of the pairs that it had no part in.

        Every pair is in one of them. Of a single pair there is the grade itself.
        """
        pairs = len(self.samples)
        count = min(FOLDS, pairs)
        if count == 1:
            return [(self.grade, range(1))]
        parts = [range(k, pairs, count) for k in range(count)]
        return [(self.without(part, report=report), part) for part in parts]


def fit_grade(
    pairs: Iterable[tuple[Array, Array]],
    groups: Sequence[str] = GROUPS,
    seed: int = 0,
    report: Reporter = silent,
) -> Fitted:
    """The grade that repeats what the pairs have in common.

    On one machine the same pairs and seed give the same grade.

    Args:
        pairs: before and after, each (h, w, 3) float32 and sRGB-encoded; gone through once.
        groups: of features that a network may be told; without any there is no network.
        seed: of what is drawn.
        report: called with `Stage` and `Advance`, every few seconds at least; what it raises ends
            the work.

    Raises:
        PairsError: there is no pair, or the sides of one do not fit each other.
    """
    samples = sample_pairs(pairs, seed, report)
    kept = what_stays(samples)
    if kept.nothing_but_greys:
        samples = [replace(s, results=_greys(s.results)) for s in samples]
    report(Stage("fitting colours"))
    scores = judge_lattice(samples)
    best = max(scores, key=lambda score: score.psnr)  # the first of equals: untouched
    lattice = fit_lattice(*stacked(samples)) if best.psnr > PROMISING else None
    if len(samples) == 1:  # a single picture's tones tell nothing
        groups = [group for group in groups if group != "tones"]
    if best.psnr < ENOUGH and not _explains(lattice, samples):
        best, tried = judge_networks(samples, best, groups, seed, report)
        scores += tried
    if lattice and best.method == LATTICE and not best.groups:
        grade = Grade(lattice, kept=kept)
    else:
        grade = _fit_chosen(samples, best, kept, STEPS, seed, report)
    return Fitted(grade, tuple(scores), best, kept, samples, seed)


def _fit_chosen(
    samples: Sequence[Samples], chosen: Score, kept: Kept, steps: int, seed: int, report: Reporter
) -> Grade:
    """A grade of the kind that was chosen."""
    if chosen.method == UNTOUCHED:
        return Grade()
    if not chosen.groups:
        return Grade(fit_lattice(*stacked(samples)), kept=kept)
    report(Stage("training", steps))
    lattice, network = fit_network(samples, chosen.groups, steps, seed, advances(report))
    if chosen.method == LATTICE:
        lattice = fit_beneath(samples, chosen.groups, network)
    return Grade(lattice, network, chosen.groups, kept)


def _greys(results: Array) -> Array:
    return np.repeat(results.mean(1, keepdims=True), 3, axis=1)


def _explains(lattice: Lattice | None, samples: Sequence[Samples]) -> bool:
    """Whether a lattice leaves nothing that is seen of its own pairs, though some be healed."""
    if lattice is None:
        return False
    return np.median([psnr(lattice(s.colours), s.results) for s in samples]) >= ENOUGH
