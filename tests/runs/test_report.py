"""The report is one page that loads nothing, says everything, and works by keyboard."""

import re
import shutil
import subprocess
from html.parser import HTMLParser
from pathlib import Path

import pytest
from PIL import Image

from brushctl.runs.plan import Job
from brushctl.runs.records import Facts, Fault, Record, Source
from brushctl.runs.report import write_report
from tests.photos import makers

CHROMIUM = shutil.which("chromium")


class Page(HTMLParser):
    """The elements of a page, and whether each was closed."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        self.found.append((tag, dict(attributes)))

    def all(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.found if name == tag]


@pytest.fixture
def report(tmp_path: Path) -> Path:
    before, after = tmp_path / "<b>&.jpg", tmp_path / "after.jpg"
    makers.write_jpeg(before, makers.picture(900, 300))
    Image.new("RGB", (900, 300), (200, 30, 30)).save(after)
    settings = {"brush": "dusk", "seed": 3}
    facts, source = Facts((900, 300), "transfer", 0.1, "it fits", (), 1.25), Source()
    fault = Fault("photo", "the file is <empty>", "Put <another> there.", "bad.jpg, page 2")
    records = {
        "<b>&.jpg": Record("<b>&.jpg", "done", settings, source, facts=facts),
        "bad.jpg": Record("bad.jpg", "failed", settings, source, error=fault),
        "gone.jpg": Record("gone.jpg", "done", settings, source, facts=facts),
        "sent.jpg": Record("sent.jpg", "sent", {}, source),
    }
    jobs = [
        Job(str(before), str(after), "<b>&.jpg"),
        Job(str(tmp_path / "bad.jpg"), str(tmp_path / "no.jpg"), "bad.jpg"),
        Job(str(before), str(tmp_path / "gone.jpg"), "gone.jpg"),
        Job(str(before), str(after), "never tried.jpg"),
        Job(str(before), str(tmp_path / "not yet.jpg"), "sent.jpg"),
    ]
    write_report(tmp_path / "report.html", jobs, records, title="dusk: <out>")
    return tmp_path / "report.html"


def test_it_loads_nothing_from_elsewhere(report):
    page = Page(report.read_text())
    sources = [image["src"] for image in page.all("img")]
    assert len(sources) == 2
    assert all(source.startswith("data:image/jpeg;base64,") for source in sources)
    assert not page.all("link")
    assert not re.search(r"https?://|@import|url\(", report.read_text())


def test_every_picture_and_slider_has_a_name(report):
    page = Page(report.read_text())
    assert [image["alt"] for image in page.all("img")] == ["<b>&.jpg before", "<b>&.jpg after"]
    (slider,) = page.all("input")
    assert slider["type"] == "range"
    assert slider["aria-label"].startswith("<b>&.jpg: ")
    assert page.all("html")[0]["lang"] == "en"


def test_both_sides_are_labelled_and_the_handle_lies_on_the_picture(report):
    page = Page(report.read_text())
    labels = [attributes["class"] for attributes in page.all("span")]
    assert labels == ["edge", "side before", "side after"]
    assert ">Before</span>" in report.read_text()
    assert ">After</span>" in report.read_text()
    names = [name for name, _ in page.found]
    at = [names.index("div"), names.index("span"), names.index("input"), names.index("figcaption")]
    assert at == sorted(at), "the edge, the labels and the slider are within the picture"


def test_a_failure_is_a_card_of_its_own_with_what_to_do(report):
    text = report.read_text()
    edited, _, failures = text.partition('<ul class="failures">')
    assert "bad.jpg" not in edited
    assert "<p>bad.jpg, page 2: the file is &lt;empty&gt;</p>" in failures
    assert "<p>Put &lt;another&gt; there.</p>" in failures


def test_where_nothing_failed_there_is_no_heading_for_it(tmp_path):
    write_report(tmp_path / "none.html", [], {}, title="none")
    assert "Failed" not in (tmp_path / "none.html").read_text()


def test_it_says_what_happened_and_escapes_what_it_says(report):
    text = report.read_text()
    assert "2 photographs edited, 1 failed." in text
    assert "transfer: it fits" in text
    assert "The pictures cannot be shown: no such file" in text
    assert "<title>dusk: &lt;out&gt;</title>" in text
    assert "never tried" not in text
    assert "sent.jpg" not in text


BY_KEYS = """const slider = document.querySelector("input"); slider.value = 100;
slider.dispatchEvent(new Event("input", {bubbles: true}));"""
BY_POINTER = """const pair = document.querySelector(".pair"), box = pair.getBoundingClientRect();
pair.setPointerCapture = function () {}; pair.hasPointerCapture = function () { return true; };
for (const [kind, x] of [["pointerdown", box.left + box.width / 2], ["pointermove", box.right]])
  pair.dispatchEvent(new PointerEvent(kind, {clientX: x, clientY: box.top + 5, pointerId: 1}));"""


@pytest.mark.skipif(CHROMIUM is None, reason="there is no chromium here")
@pytest.mark.parametrize("moving", [BY_KEYS, BY_POINTER], ids=["by keys", "on the picture"])
def test_a_browser_shows_it_and_the_edge_can_be_moved(report, tmp_path, moving):
    moved = report.read_text().replace("</html>", f"<script>{moving}</script></html>")
    (tmp_path / "moved.html").write_text(moved)
    red = [reds(tmp_path / name) for name in ("report.html", "moved.html")]
    assert red[0] > 1000, "half of the picture shows the result"
    assert red[1] < red[0] / 10, "at 100 the original covers it"


def reds(page: Path) -> int:
    """How many pixels of a screenshot have the colour of the result."""
    shot = page.with_suffix(".png")
    options = ["--headless", "--no-sandbox", "--disable-gpu", "--window-size=900,700"]
    command = [CHROMIUM, *options, f"--screenshot={shot}", page.as_uri()]
    subprocess.run(command, check=True, capture_output=True, timeout=60)
    with Image.open(shot) as image:
        return sum(
            count
            for count, (r, g, b) in image.convert("RGB").getcolors(2**24)
            if r > 180 and g < 60 and b < 60
        )
