"""The pages of the documentation say a thing once; they and the messages say it shortly."""

import ast
import re
from collections import Counter
from collections.abc import Iterator
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


AS_CODE = re.compile(r"`[^`]*`")
LINK = re.compile(r"!?\[([^\]]*)\]\([^)]*\)")
TABLE_OR_HEADING = re.compile(r"^\s*(\||#|<!--).*$", re.MULTILINE)
ITEM = re.compile(r"\n(?=\s*(?:[-*]|\d+\.) )")
MEAN, LONGEST = 17, 42
"""Words of a page's sentences: more makes the reader go back."""
MESSAGE_LONGEST = 30
PRIVATE = re.compile(
    r"\b(?:is|are) told\b|upright once|the results go is not said"
    r"|\bis one(?=[.,;:)])"
)
"""Phrases that made readers go back."""


def sentences(page: Path) -> list[str]:
    """The running text of a page, without code, tables and headings."""
    text = TABLE_OR_HEADING.sub("\n", CODE.sub("", page.read_text()))
    text = LINK.sub(r"\1", AS_CODE.sub("code", text))
    blocks = [block for part in re.split(r"\n\s*\n", text) for block in ITEM.split(part)]
    return [one for block in blocks for one in re.split(r"(?<=[.?!])\s+", " ".join(block.split()))]


def words(sentence: str) -> int:
    return len(re.findall(r"[\w'.-]*\w[\w'.-]*", sentence))


@pytest.mark.parametrize(
    "page", [page for page in PAGES if page.name != "CHANGELOG.md"], ids=lambda page: page.name
)
def test_sentences_are_short_and_without_private_phrases(page):
    counts = {one: words(one) for one in sentences(page) if words(one) > 1}
    assert sum(counts.values()) / len(counts) <= MEAN
    assert [one for one, count in counts.items() if count > LONGEST] == []
    assert [one for one in counts if PRIVATE.search(one)] == []


SAYING = {
    "Message",
    "Warned",
    "Failed",
    "Noted",
    "Stage",
    "Finding",
    "Fault",
    "say",
    "Option",
    "Argument",
}
"""What else than errors is given text for people."""


def literal(node: ast.expr) -> str:
    """The text of an expression as far as it is written there."""
    if isinstance(node, ast.BinOp):
        return literal(node.left) + literal(node.right)
    if isinstance(node, ast.JoinedStr):
        return "".join(literal(part) for part in node.values)
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return node.value
    return "x"


def messages() -> Iterator[str]:
    """The texts of errors, warnings, notes and help in the code."""
    for path in sorted((ROOT / "brushctl").rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text())):
            if not isinstance(node, ast.Call):
                continue
            name = getattr(node.func, "id", None) or getattr(node.func, "attr", "")
            if name.endswith("Error") or name in SAYING:
                given = [*node.args, *(each.value for each in node.keywords)]
                yield from (text for each in given if " " in (text := literal(each)))


def test_messages_are_short_and_without_private_phrases():
    told = [one for text in messages() for one in re.split(r"(?<=[.?!])\s+", text)]
    assert len(told) > 500  # they are found
    assert sum(map(words, told)) / len(told) <= MEAN
    assert [one for one in told if words(one) > MESSAGE_LONGEST] == []
    assert [one for one in told if PRIVATE.search(one)] == []
