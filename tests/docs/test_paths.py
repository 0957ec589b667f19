"""The documentation names files and folders that there are."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGES = [ROOT / "README.md", *sorted(ROOT.glob("docs/*.md"))]
NAMED = re.compile(r"`((?:brushctl|tests|benchmarks|formats)/[\w./-]+)`")


def paths_on(page: Path) -> set[str]:
    return set(NAMED.findall(page.read_text()))


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_every_path_on_the_page_is_in_the_repository(page):
    assert [path for path in sorted(paths_on(page)) if not (ROOT / path).exists()] == []


def test_the_map_names_much_of_the_code():
    assert len(paths_on(ROOT / "docs/architecture.md")) > 40
