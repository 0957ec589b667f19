"""Grades that are fitted to pairs in files."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from brushctl.app.grading import find_grade
from brushctl.pairs.find import Pair


@pytest.fixture
def pairs(tmp_path: Path) -> list[Pair]:
    """Two pairs of one look."""
    draws = np.random.default_rng(0)

    def pair(name: str) -> Pair:
        before = draws.integers(0, 256, (32, 32, 3), dtype=np.uint8)
        files = tmp_path / f"{name}_before.png", tmp_path / f"{name}_after.png"
        for file, picture in zip(files, (before, before // 2), strict=True):
            Image.fromarray(picture).save(file)
        return Pair(name, *files)

    return [pair("a"), pair("b")]


def test_what_one_pair_is_worth_is_guessed_only_where_no_other_tells(pairs: list[Pair]) -> None:
    one, other = pairs
    assert find_grade([one]).elsewhere is not None
    assert find_grade([one], [other]).elsewhere is None
    assert find_grade([one, other]).elsewhere is None
