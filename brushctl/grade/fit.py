"""A grade fitted to before/after pairs, and no more of it than pairs held out can do with.

A lattice comes first. Where it leaves something, a network is told of one more group of features at
a time, of that which helps most on pairs held out, for as long as that helps: features that an edit
does not depend on are only ways to learn eight photographs by heart.
"""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from brushctl.events import Advance, Reporter, Stage, silent
from brushctl.grade.apply import Grade, Kept
from brushctl.grade.features import GROUPS, PLACE, SURROUNDINGS, TONES
from brushctl.grade.lattice import Lattice, apply_affine
from brushctl.grade.lattice_fit import ROUNDS, fit_affine, fit_lattice
from brushctl.grade.network import Network, gain_and_offset, train
from brushctl.grade.samples import Samples, sample_pairs, stacked, what_stays

Array = NDArray[Any]

FOLDS = 3
"""Parts that pairs are held out in, at most: each pair once."""
JUDGING_NODES, JUDGING_ROUNDS = 17, 2
"""Of lattices that are only judged: a twentieth of the work."""
JUDGING_STEPS, REFIT_STEPS, STEPS = 200, 600, 4800
"""Steps of networks that are only judged, of those that some pairs had no part in, and of the one
that stays: eight times the steps bring two decibels at most."""
GAIN = 1.0
"""What more must bring on pairs held out, in dB: a network, one more group of features, a lattice
beneath it. Less is found by chance among few pairs."""
ENOUGH = 45.0
"""PSNR in dB from which on nobody sees what is left; nothing more is tried then."""
PROMISING = 30.0
"""PSNR in dB of pairs held out from which on a lattice may be all that is needed: looks have 35 and
more, what is no matter of colours alone has some 20."""
BEST = 50.0
"""PSNR in dB that counts as perfect: a mean would else be ruled by single pictures."""
UNTOUCHED, AFFINE, LATTICE = "untouched", "affine", "lattice"
LEAST_GAIN = 0.1
"""Of the network's 1 + gain where the lattice is fitted to what lies beneath it."""


@dataclass(frozen=True, slots=True)
class Score:
    """How close pairs held out come to their results.

    Attributes:
        method: `UNTOUCHED`, or what colours go through: `AFFINE` or `LATTICE`.
        groups: of features that the network above it was told; empty without a network.
        psnr: in dB, mean over pairs, at most `BEST`.
    """

    method: str
    groups: tuple[str, ...]
    psnr: float


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
    scores = _judge_lattice(samples)
    best = max(scores, key=lambda score: score.psnr)  # the first of equals: untouched
    lattice = fit_lattice(*stacked(samples)) if best.psnr > PROMISING else None
    if len(samples) == 1:  # a single picture's tones tell nothing
        groups = [group for group in groups if group != "tones"]
    if best.psnr < ENOUGH and not _explains(lattice, samples):
        best, tried = _judge_networks(samples, best, groups, seed, report)
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
    lattice, network = _fit_network(samples, chosen.groups, steps, seed, _advance(report))
    if chosen.method == LATTICE:
        lattice = _fit_beneath(samples, chosen.groups, network)
    return Grade(lattice, network, chosen.groups, kept)


def _greys(results: Array) -> Array:
    return np.repeat(results.mean(1, keepdims=True), 3, axis=1)


def _explains(lattice: Lattice | None, samples: Sequence[Samples]) -> bool:
    """Whether a lattice leaves nothing that is seen of its own pairs, though some be healed."""
    if lattice is None:
        return False
    return np.median([_psnr(lattice(s.colours), s.results) for s in samples]) >= ENOUGH


def _fit_network(
    samples: Sequence[Samples],
    groups: tuple[str, ...],
    steps: int,
    seed: int,
    advance: Callable[[int], object],
) -> tuple[Lattice, Network]:
    """A network over one affine transform of all colours.

    Over a lattice of its own a network would first have to undo what the lattice makes of edits
    that are no matter of colours.
    """
    few = _with_features(samples)
    colours, results, weights = stacked(few)
    affine = fit_affine(colours, results, weights)
    features = np.concatenate([s.features[:, _columns(groups)] for s in few])
    network = train(features, apply_affine(affine, colours), results, steps, seed, advance)
    return Lattice(affine, np.zeros((2, 2, 2, 3), np.float16)), network


def _fit_beneath(
    samples: Sequence[Samples],
    groups: tuple[str, ...],
    network: Network,
    nodes: int | None = None,
    rounds: int = ROUNDS,
) -> Lattice:
    """The lattice that, under the network's gain and offset, fits the pixels."""
    few = _with_features(samples)
    colours, results, weights = stacked(few)
    features = np.concatenate([s.features[:, _columns(groups)] for s in few])
    gain, offset = gain_and_offset(network, features)
    gain = np.maximum(1 + gain, LEAST_GAIN)
    weights = weights * np.square(gain).mean(1)
    return fit_lattice(colours, (results - offset) / gain, weights, nodes, rounds)


def _with_features(samples: Sequence[Samples]) -> list[Samples]:
    """The pixels that have features, of every pair as many."""
    most = max(len(s.features) for s in samples)
    return [s.evened(most) for s in samples]


def _columns(groups: Sequence[str]) -> Array:
    """Which of the features of all groups those of some are, in the order of `at_pixels`."""
    tables = np.arange(4 * (1 + len(TONES))).reshape(4, -1)
    first, second = tables.size, tables.size + len(PLACE)
    parts = [(tables if "tones" in groups else tables[:, :1]).ravel()]
    parts += [np.arange(first, second)] if "place" in groups else []
    parts += [np.arange(second, second + len(SURROUNDINGS))] if "surroundings" in groups else []
    return np.concatenate(parts)


def _graded(samples: Samples, lattice: Lattice, network: Network, groups: Sequence[str]) -> Array:
    """The pixels of a pair that have features, under lattice and network."""
    gain, offset = gain_and_offset(network, samples.features[:, _columns(groups)])
    return lattice(samples.colours[: len(gain)]) * (1 + gain) + offset


def _psnr(graded: Array, results: Array) -> float:
    error = float(np.square(np.clip(graded, 0, 1) - results[: len(graded)]).mean())
    return BEST if error == 0 else min(BEST, -10 * np.log10(error))


def _folds(samples: Sequence[Samples]) -> list[tuple[list[Samples], list[Samples]]]:
    """Pairs to fit to and pairs held out: each once. Of a single pair, quarters of its picture."""
    if len(samples) == 1:
        (one,) = samples
        masks = [one.quarters == k for k in range(4)]
        parts = [([one.where(~mask)], [one.where(mask)]) for mask in masks if mask.sum() > 0]
        return parts if len(parts) > 1 else [(list(samples), list(samples))]
    count = min(FOLDS, len(samples))
    return [
        ([s for n, s in enumerate(samples) if n % count != k], list(samples[k::count]))
        for k in range(count)
    ]


def _judge_lattice(samples: Sequence[Samples]) -> list[Score]:
    """Of leaving pictures alone and of a lattice."""
    untouched = [_psnr(s.colours, s.results) for s in samples]
    scores: list[float] = []
    for fitted, held_out in _folds(samples):
        judged = fit_lattice(*stacked(fitted), JUDGING_NODES, JUDGING_ROUNDS)
        scores += [_psnr(judged(s.colours), s.results) for s in held_out]
    return [
        Score(UNTOUCHED, (), float(np.mean(untouched))),
        Score(LATTICE, (), float(np.mean(scores))),
    ]


def _judge_networks(
    samples: Sequence[Samples], without: Score, groups: Sequence[str], seed: int, report: Reporter
) -> tuple[Score, list[Score]]:
    """The best of networks with one group of features, then with that and one more, while it helps.

    Returns:
        The best, or the one without a network where none is worth it; and all that were tried.
    """
    best, tried = without, []
    while len(best.groups) < len(groups) and best.psnr < ENOUGH:
        more = [(*best.groups, group) for group in groups if group not in best.groups]
        judged = (_judge_network(samples, these, best, seed, report) for these in more)
        scores = [score for own in judged for score in own]
        tried += scores
        over_affine, over_lattice = (
            max((s for s in scores if s.method == method), key=lambda score: score.psnr)
            for method in (AFFINE, LATTICE)
        )
        top = over_lattice if over_lattice.psnr > over_affine.psnr + GAIN else over_affine
        if top.psnr < best.psnr + GAIN:
            break
        best = top
    return best, tried


def _judge_network(
    samples: Sequence[Samples],
    groups: tuple[str, ...],
    without: Score,
    seed: int,
    report: Reporter,
) -> list[Score]:
    """Of a network over an affine transform, and over the lattice that fits beneath it.

    What pairs held out come to so far is reported beside what they came to without the last group.
    """
    folds = _folds(samples)
    report(Stage(f"trying {', '.join(groups)}", len(folds) * JUDGING_STEPS))
    scores: dict[str, list[float]] = {AFFINE: [], LATTICE: []}
    for n, (fitted, held_out) in enumerate(folds):
        advance = _advance(report, n * JUDGING_STEPS, _so_far(scores, without))
        affine, network = _fit_network(fitted, groups, JUDGING_STEPS, seed, advance)
        beneath = _fit_beneath(fitted, groups, network, JUDGING_NODES, JUDGING_ROUNDS)
        for method, lattice in ((AFFINE, affine), (LATTICE, beneath)):
            graded = [_graded(s, lattice, network, groups) for s in held_out]
            scores[method] += [_psnr(g, s.results) for g, s in zip(graded, held_out, strict=True)]
    report(Advance(len(folds) * JUDGING_STEPS, _so_far(scores, without)))
    return [Score(method, groups, float(np.mean(own))) for method, own in scores.items()]


def _so_far(scores: Mapping[str, Sequence[float]], without: Score) -> str:
    """The better mean of the methods over the pairs judged so far, beside what it is to beat."""
    other = f"{' and '.join(without.groups) or 'colour alone'} {without.psnr:.1f} dB"
    best = max((float(np.mean(own)) for own in scores.values() if own), default=None)
    return other if best is None else f"{best:.1f} dB ({other})"


def _advance(report: Reporter, done: int = 0, note: str = "") -> Callable[[int], object]:
    return lambda steps: report(Advance(done + steps, note))
