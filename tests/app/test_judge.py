"""How good a brush is, over the folds of a cross-validation."""

import pytest

from brushctl.app.judge import Judgement, merged


@pytest.mark.parametrize(("phrases", "told"), [((30.0, None), None), ((30.0, 20.0), 25.0)])
def test_words_are_judged_beside_the_brush_on_the_same_pairs_or_not_at_all(phrases, told):
    """Each fold of a cross-validation finds its own words, and may find none."""
    parts = [
        Judgement("1 pair", [], [], [], unedited=10, brush=25, phrase=phrase) for phrase in phrases
    ]
    assert merged(parts, on="2 pairs").phrase == told
