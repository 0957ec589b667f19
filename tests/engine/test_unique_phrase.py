"""Phrases are chosen as section 4.2 of the paper says: equations 6 and 7, and the template."""

import numpy as np
import pytest

from brushctl.engine.phrases.unique_phrase import (
    Candidate,
    Phrasing,
    builtin_vocabulary,
    choose,
    parse_vocabulary,
)
from brushctl.errors import PhraseError

VOCABULARY = ["a dog", "daylight", "night", "a boat", "fog", "a cat"]
#                  dog  day  night boat  fog  cat
BEFORE = np.array([0.30, 0.28, 0.12, 0.05, 0.10, 0.05], np.float32)
AFTER = np.array([0.29, 0.14, 0.31, 0.05, 0.15, 0.05], np.float32)


def test_captions_are_the_most_similar_phrases_of_each_set():
    found = choose(VOCABULARY, BEFORE, AFTER, r=3, eta=0.15)
    assert [c.phrase for c in found.before] == ["a dog", "daylight", "night"]
    assert [c.phrase for c in found.after] == ["night", "a dog", "fog"]


def test_sensitivity_is_the_difference_of_similarity_seen_from_the_captions_own_set():
    found = choose(VOCABULARY, BEFORE, AFTER, r=3, eta=0.15)
    unit = np.mean([BEFORE.max() - BEFORE.mean(), AFTER.max() - AFTER.mean()])
    assert found.unit == pytest.approx(unit)
    assert found.before[1].sensitivity == pytest.approx((0.28 - 0.14) / unit, rel=1e-4)
    assert found.after[0].sensitivity == pytest.approx((0.31 - 0.12) / unit, rel=1e-4)
    assert found.phrase == "turn daylight into night"


@pytest.mark.parametrize("factor", [0.1, 7.0])
def test_sensitivity_does_not_depend_on_how_widely_a_clip_spreads_its_cosines(factor):
    plain = choose(VOCABULARY, BEFORE, AFTER, r=5, eta=0.15)
    spread = choose(VOCABULARY, factor * BEFORE + 0.1, factor * AFTER + 0.1, r=5, eta=0.15)
    assert [c.sensitivity for c in plain.after] == pytest.approx(
        [c.sensitivity for c in spread.after], rel=1e-4
    )


def candidates(phrase, sensitivity):
    return (Candidate("a dog", 0.3, 0.3, 0.0), Candidate(phrase, 0.2, 0.1, sensitivity))


@pytest.mark.parametrize(
    ("x", "y", "phrase"),
    [
        (0.15, 0.15, "turn daylight into night"),
        (0.149, 0.15, "turn it into night"),
        (0.9, 0.149, None),
        (0.0, 0.0, None),
        (0.4, 0.8, "turn daylight into night"),
        (0.39, 0.8, "turn it into night"),  # less than half as sensitive: only carried along
        (0.8, 0.39, None),
    ],
)
def test_phrases_that_change_too_little_are_dropped_and_the_template_follows(x, y, phrase):
    found = Phrasing(candidates("daylight", x), candidates("night", y), eta=0.15, unit=1.0)
    assert found.phrase == phrase
    assert found.to_dict()["phrase"] == phrase
    assert (found.to_dict()["after"] is None) == (phrase is None)


def test_identical_sets_give_no_phrase():
    assert choose(VOCABULARY, BEFORE, BEFORE, r=5, eta=0.15).phrase is None
    flat = np.zeros(6, np.float32)
    assert choose(VOCABULARY, flat, flat, r=5, eta=0.15).phrase is None


def test_a_vocabulary_is_lines_without_comments_and_repeats():
    text = "# animals\na dog\n\n a  cat \r\na dog\n"
    assert parse_vocabulary(text, "v.txt") == ["a dog", "a cat"]
    with pytest.raises(PhraseError, match=r"v\.txt: the vocabulary has no phrase"):
        parse_vocabulary("# nothing\n\n", "v.txt")


def test_the_builtin_vocabulary_holds_several_thousand_clean_phrases():
    lines = [line for line in builtin_vocabulary().splitlines() if line and line[0] != "#"]
    assert parse_vocabulary(builtin_vocabulary(), "built in") == lines
    assert len(lines) >= 3000
    assert len({line.lower() for line in lines}) == len(lines)
    assert all(line.isascii() and 2 <= len(line) <= 45 for line in lines)
    assert max(len(line.split()) for line in lines) <= 7
