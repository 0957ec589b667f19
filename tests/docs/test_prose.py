"""The pages of the documentation say a thing once."""

import re
from collections import Counter
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGES = [ROOT / "README.md", ROOT / "CHANGELOG.md", *sorted((ROOT / "docs").glob("*.md"))]
CODE = re.compile(r"```.*?```", re.DOTALL)
LONG = 60
"""Letters from which on a sentence is no phrase that may well come again."""


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_no_sentence_stands_twice_on_a_page(page):
    text = CODE.sub("", page.read_text())
    sentences = re.split(r"(?<=[.:])\s+", re.sub(r"\n(?!\n)", " ", text))
    counts = Counter(sentence for sentence in sentences if len(sentence) >= LONG)
    assert [sentence for sentence, count in counts.items() if count > 1] == []
