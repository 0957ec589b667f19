"""The procedural world: one word for one thing."""

import numpy as np
import pytest

from brushctl.tiny.world.edits import EDITS
from brushctl.tiny.world.grading import FILTERS


def test_fruit_is_called_the_same_in_instructions_and_in_phrases():
    rng = np.random.default_rng(0)
    for _ in range(40):
        pair = EDITS["fruit"].make(rng, 16)
        *_, new = pair.instruction.split()
        assert new in pair.after.phrases, pair.instruction
        assert new not in pair.before.phrases


def test_a_filter_leaves_white_white():
    for parts in FILTERS.values():
        assert sum(parts) == pytest.approx(1)
