"""Kinds of grades, fitted to pixels of pairs: a lattice, or a network and what lies beneath it."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from brushctl.grade.apply import Grade
from brushctl.grade.features import PLACE, SURROUNDINGS, TONES
from brushctl.grade.lattice import Lattice, apply_affine
from brushctl.grade.lattice_fit import ROUNDS, fit_affine, fit_lattice
from brushctl.grade.network import Network, gain_and_offset, train
from brushctl.grade.samples import Samples, stacked

Array = NDArray[Any]

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


def fit_network(
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


def fit_beneath(
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


def graded_by(grade: Grade, samples: Samples) -> Array:
    """The pixels of a pair under a grade, if it has a network those that have features."""
    if grade.lattice is None:
        return samples.colours
    if grade.network is None:
        return grade.lattice(samples.colours)
    gain, offset = gain_and_offset(grade.network, samples.features[:, _columns(grade.groups)])
    return grade.lattice(samples.colours[: len(gain)]) * (1 + gain) + offset


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
