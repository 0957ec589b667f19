"""What `make docs` and `make man` have made: it is whole, and the web is not asked for anything."""

import shutil
import subprocess
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest

from brushctl.files import resolved

ROOT = Path(__file__).parents[2]
SITE, MAN = ROOT / "site", ROOT / "man"
FETCHED = {"script": "src", "img": "src", "link": "href", "iframe": "src", "source": "src"}
needs_site = pytest.mark.skipif(
    not (SITE / "README.html").exists(), reason="`make docs` has not been run"
)
needs_man = pytest.mark.skipif(
    not (MAN / "brushctl.1").exists() or not shutil.which("groff"),
    reason="`make man` has not been run, or groff is not installed",
)


class Page(HTMLParser):
    """What a page fetches, where it leads, and which places in it can be led to."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.fetched: list[str] = []
        self.links: list[str] = []
        self.places: set[str] = {""}
        self.feed(path.read_text())

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        self.places.add(given.get("id", ""))
        if tag in FETCHED and FETCHED[tag] in given:
            self.fetched.append(given[FETCHED[tag]])
        if tag == "a" and "href" in given:
            self.links.append(given["href"])


@pytest.fixture(scope="module")
def pages() -> dict[Path, Page]:
    return {path: Page(path) for path in SITE.glob("**/*.html")}


@needs_site
def test_every_page_of_the_documentation_is_on_the_site():
    sources = [*ROOT.glob("docs/*.md"), *ROOT.glob("formats/*.md"), ROOT / "README.md"]
    missing = [s for s in sources if not (SITE / s.relative_to(ROOT)).with_suffix(".html").exists()]
    assert missing == []


@needs_site
def test_nothing_is_fetched_from_the_web(pages):
    outside = {f for page in pages.values() for f in page.fetched if urlsplit(f).netloc}
    assert outside == set()
    styles = "".join(path.read_text() for path in SITE.glob("**/*.css"))
    assert styles
    assert "url(http" not in styles
    assert "@import" not in styles


@needs_site
def test_every_link_within_the_site_leads_somewhere(pages):
    followed, broken = 0, []
    for path, page in pages.items():
        for link in [*page.links, *page.fetched]:
            parts = urlsplit(link)
            if parts.scheme or parts.netloc or not link:
                continue
            followed += 1
            target = resolved(path.parent / unquote(parts.path)) if parts.path else path
            if not target.is_file() or (
                target in pages and unquote(parts.fragment) not in pages[target].places
            ):
                broken.append(f"{path.relative_to(SITE)}: {link}")
    assert followed > 100
    assert broken == []


@needs_man
def test_groff_has_nothing_to_say_against_the_man_pages():
    files = sorted(MAN.glob("*.1"))
    done = subprocess.run(
        ["groff", "-man", "-ww", "-Kutf8", "-Tutf8", "-P-cbou", *files],
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stderr == ""
    assert "SYNOPSIS" in done.stdout
    assert len(files) > 10
