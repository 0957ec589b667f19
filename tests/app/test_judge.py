"""How good a brush is, over the folds of a cross-validation."""

import numpy as np
import pytest

from brushctl.app.judge import BRUSH, PHRASE, UNEDITED, Judged, Judgement, merged
from brushctl.bench.metrics import Score

PIXEL = np.zeros((1, 1, 3), np.float32)


def judged(phrase: float | None) -> Judgement:
    scores = {UNEDITED: Score(10, 9), BRUSH: Score(25, 3)}
    if phrase is not None:
        scores[PHRASE] = Score(phrase, 5)
    return Judgement("1 pair", [Judged(scores, PIXEL, PIXEL, {}, 1)], BRUSH)


@pytest.mark.parametrize(("phrases", "told"), [((30.0, None), None), ((30.0, 20.0), 25.0)])
def test_words_are_judged_beside_the_brush_on_the_same_pairs_or_not_at_all(phrases, told):
    """Each fold of a cross-validation finds its own words, and may find none."""
    both = merged([judged(phrase) for phrase in phrases], on="2 pairs")
    assert both.figures()["psnr_phrase"] == told
    assert both.of_brush().psnr == 25
    assert both.folds == 2


def test_a_verdict_says_what_the_brush_is_compared_with_and_which_way_is_better():
    assert judged(20.0).verdict() == (
        "on 1 pair: 25.0 dB (unedited 10.0, phrase alone 20.0; higher is better); "
        "colour difference 3.0 CIEDE2000 (unedited 9.0; lower is better)"
    )
