"""The documentation site and the man pages, by Sphinx.

The sources are the repository's own Markdown files where they lie, so that a link that works on the
site works on a code host as well. Nothing is fetched, neither when the site is built nor when it is
read.
"""

import sys
from pathlib import Path

from sphinx.application import Sphinx

ROOT = Path(__file__).parents[2]
sys.path[:0] = [str(ROOT), str(Path(__file__).parent)]

import reference  # noqa: E402  (what stands above makes it findable)
from brushctl import __version__  # noqa: E402

reference.write(ROOT / "reference")
COMMANDS = [f"reference/{name}" for name, _, _ in reference.commands()]
NAVIGATION = {
    "Begin": ["docs/start", "docs/faq", "docs/base-models", "docs/editors", "docs/editor-families"],
    "Use": ["docs/photographers", "docs/pipelines", "docs/cron", "docs/python", "docs/scale"],
    "Make brushes": ["docs/learning", "docs/vocabulary", "docs/brushes", "docs/luts"],
    "Understand": [
        "docs/how-it-works",
        "docs/architecture",
        "docs/full-resolution",
        "docs/grade",
        "docs/tiny-ip2p",
        "docs/tiny-dit",
    ],
    "Measure": ["docs/bench", "docs/speed", "docs/experiments"],
    "Look up": ["reference/python", "docs/format", "formats/brush-1", "CHANGELOG"],
    "Commands": COMMANDS,
}
"""The pages, by the headings they stand under at the side."""

project = "brushctl"
version = release = __version__
root_doc = "README"
include_patterns = ["README.md", "CHANGELOG.md", "docs/*.md", "formats/*.md", "reference/*.md"]
exclude_patterns = [".*", "brushctl", "benchmarks", "man", "site", "tests", "work"]

extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx.ext.napoleon"]
myst_enable_extensions = ["deflist"]
myst_heading_anchors = 4
nitpicky = True
nitpick_ignore_regex = [("py:.*", ".*")]  # types of other libraries, of which no index is at hand
autodoc_typehints = "description"
autodoc_default_options = {"members": True}
smartquotes = False  # two hyphens are an option's, not a dash
highlight_language = "none"

html_theme = "furo"
html_title = "brushctl"
html_copy_source = False
html_show_sphinx = False
html_extra_path = ["redirect"]

man_pages = [(f"reference/{name}", name, about, [], 1) for name, about, _ in reference.commands()]


def setup(app: Sphinx) -> None:
    """Give the first page the table of contents, which a code host has no use for."""
    app.connect("source-read", _add_contents)


def _add_contents(_: Sphinx, page: str, source: list[str]) -> None:
    if page != root_doc:
        return
    for heading, pages in NAVIGATION.items():
        listed = "\n".join(f"/{name}" for name in pages)
        source[0] += f"\n```{{toctree}}\n:hidden:\n:caption: {heading}\n\n{listed}\n```\n"
