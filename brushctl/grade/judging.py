"""How near grades come to pairs, or to parts of a single one, that were held out from them."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from brushctl.events import Advance, Reporter, Stage
from brushctl.grade.apply import Grade
from brushctl.grade.kinds import (
    AFFINE,
    LATTICE,
    UNTOUCHED,
    Score,
    fit_beneath,
    fit_network,
    graded_by,
)
from brushctl.grade.lattice_fit import fit_lattice
from brushctl.grade.samples import Samples, parts_of_colours, stacked

Array = NDArray[Any]

FOLDS = 3
"""Parts that pairs are held out in, at most: each pair once."""
JUDGING_NODES, JUDGING_ROUNDS, JUDGING_STEPS = 17, 2, 200
"""Of lattices, and steps of networks, that are only judged: a twentieth of the work."""
PARTED_PIXELS = 2**14
"""Of a single pair that its colours are parted in."""
GAIN = 1.0
"""What more must bring on pairs held out, in dB: a network, one more group of features, a lattice
beneath it. Less is found by chance among few pairs."""
ENOUGH = 45.0
"""PSNR in dB from which on nobody sees what is left; nothing more is tried then."""
BEST = 50.0
"""PSNR in dB that counts as perfect: a mean would else be ruled by single pictures."""


def judge_lattice(samples: Sequence[Samples]) -> list[Score]:
    """Of leaving pictures alone and of a lattice."""
    untouched = [psnr(s.colours, s.results) for s in samples]
    scores: list[float] = []
    for fitted, held_out in _folds(samples):
        judged = fit_lattice(*stacked(fitted), JUDGING_NODES, JUDGING_ROUNDS)
        scores += [psnr(judged(s.colours), s.results) for s in held_out]
    return [
        Score(UNTOUCHED, (), float(np.mean(untouched))),
        Score(LATTICE, (), float(np.mean(scores))),
    ]


def judge_networks(
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
    report(Stage(f"trying {groups[-1]}", len(folds) * JUDGING_STEPS))
    scores: dict[str, list[float]] = {AFFINE: [], LATTICE: []}
    for n, (fitted, held_out) in enumerate(folds):
        advance = advances(report, n * JUDGING_STEPS, _so_far(scores, without))
        affine, network = fit_network(fitted, groups, JUDGING_STEPS, seed, advance)
        beneath = fit_beneath(fitted, groups, network, JUDGING_NODES, JUDGING_ROUNDS)
        for method, lattice in ((AFFINE, affine), (LATTICE, beneath)):
            grade = Grade(lattice, network, groups)
            scores[method] += [psnr(graded_by(grade, s), s.results) for s in held_out]
    report(Advance(len(folds) * JUDGING_STEPS, _so_far(scores, without)))
    return [Score(method, groups, float(np.mean(own))) for method, own in scores.items()]


def psnr_of_colours(fit: Callable[[Samples], Grade], one: Samples, seed: int) -> float:
    """PSNR in dB over parts of a picture's colours, each under a grade of the other parts.

    Args:
        fit: fits a grade to some of the pixels.
        one: those of the pair.
        seed: of what is drawn.
    """
    few = one.first(PARTED_PIXELS)
    squares = list[Array]()
    for part in parts_of_colours(few.colours, seed):
        fitted, held_out = few.where(~part), few.where(part)
        if len(fitted.features) and len(held_out.features):
            squares.append(_squared_errors(graded_by(fit(fitted), held_out), held_out.results))
    return _decibels(np.concatenate(squares)) if squares else 0.0


def _so_far(scores: Mapping[str, Sequence[float]], without: Score) -> str:
    """The better mean of the methods over the pairs judged so far, beside what it is to beat."""
    other = f"{' and '.join(without.groups) or 'colour alone'} {without.psnr:.1f}"
    best = max((float(np.mean(own)) for own in scores.values() if own), default=None)
    return f"{other} dB" if best is None else f"{best:.1f} dB ({other})"


def advances(report: Reporter, done: int = 0, note: str = "") -> Callable[[int], object]:
    """What reports steps of training, after so many that were done before."""
    return lambda steps: report(Advance(done + steps, note))


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


def psnr(graded: Array, results: Array) -> float:
    """Of graded pixels beside as many of the results, in dB and at most `BEST`."""
    return _decibels(_squared_errors(graded, results))


def _squared_errors(graded: Array, results: Array) -> Array:
    return np.square(np.clip(graded, 0, 1) - results[: len(graded)])


def _decibels(squared_errors: Array) -> float:
    error = float(squared_errors.mean())
    return BEST if error == 0 else min(BEST, -10 * np.log10(error))
