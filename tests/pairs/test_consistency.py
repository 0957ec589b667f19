"""One edit is told from another and from its own reverse, over every look of the world."""

from functools import cache

import numpy as np
import pytest

from brushctl.pairs.consistency import LEAST_PAIRS, find_outliers, sums_of
from tests.photos.looks import LOOKS, PHOTOGRAPHS, in_look, photograph

SIDE = 96


@cache
def samples(name, look):
    """Both ways: (before to after, after to before)."""
    before = photograph(name, SIDE)
    after = in_look(before, look)
    return sums_of(before, after), sums_of(after, before)


def suspects(pairs):
    forward, reverse = zip(*pairs, strict=True)
    return [(odd.index, odd.swapped) for odd in find_outliers(forward, reverse)]


@pytest.mark.parametrize("look", sorted(LOOKS))
def test_pairs_of_one_look_belong_together(look):
    assert suspects([samples(name, look) for name in PHOTOGRAPHS]) == []


def test_most_swapped_pairs_are_found_and_few_others_accused():
    found = accused = 0
    for look in LOOKS:
        pairs = [samples(name, look) for name in PHOTOGRAPHS]
        for k, pair in enumerate(pairs):
            odd = suspects([*pairs[:k], pair[::-1], *pairs[k + 1 :]])
            found += (k, True) in odd
            accused += any(index != k for index, _ in odd)
    assert found >= 0.85 * len(LOOKS) * len(PHOTOGRAPHS)
    assert accused <= 0.03 * len(LOOKS) * len(PHOTOGRAPHS)


def test_most_pairs_of_another_look_are_found():
    found, names = 0, sorted(LOOKS)
    for look, other in zip(names, names[7:] + names[:7], strict=True):
        pairs = [samples(name, look) for name in PHOTOGRAPHS]
        for k, name in enumerate(PHOTOGRAPHS):
            odd = suspects([*pairs[:k], samples(name, other), *pairs[k + 1 :]])
            found += any(index == k for index, _ in odd)
    assert found >= 0.7 * len(LOOKS) * len(PHOTOGRAPHS)


def test_few_pairs_accuse_nobody():
    pairs = [samples(name, "night") for name in PHOTOGRAPHS[: LEAST_PAIRS - 1]]
    assert suspects([pairs[0][::-1], *pairs[1:]]) == []


def auto_gamma(picture):
    return picture ** (np.log(0.5) / np.log(picture.mean()))


def auto_exposure(picture):
    return (picture * (0.45 / picture.mean())).clip(0, 1)


@pytest.mark.parametrize("edit", [auto_gamma, auto_exposure])
def test_an_edit_that_brightens_one_and_darkens_another_accuses_nobody(edit):
    pairs = []
    for name in PHOTOGRAPHS:
        before = photograph(name, SIDE)
        after = edit(before).astype(np.float32)
        pairs.append((sums_of(before, after), sums_of(after, before)))
    assert suspects(pairs) == []
