"""A run as one web page: every photograph before and after, with nothing loaded from elsewhere."""

import base64
import html
import io
from collections.abc import Iterable, Iterator, Mapping
from itertools import chain
from pathlib import Path

from PIL import Image

from brushctl.errors import PhotoError, UsageError
from brushctl.files import NOWHERE, leads_nowhere, naming, replacing, resolved, sweep
from brushctl.photos.icc import SRGB, Pixels
from brushctl.photos.photo import decode_photo, resize
from brushctl.runs.plan import Job, Plan
from brushctl.runs.records import Facts, Record
from brushctl.runs.storage.base import is_url, storage_of
from brushctl.runs.storage.local import check_writable

PAGES = (".html", ".htm")
SIDE = 640
"""The longer side of a picture in the report, in pixels."""
QUALITY = 82

MARK = '<meta name="generator" content="brushctl apply --report">'
"""By which a page of an earlier run is known, which the next one may replace."""
HEAD = """<!doctype html>
<html lang="en">
<meta charset="utf-8">
{mark}
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title>
<style>
:root {{ color-scheme: light dark; font: 15px/1.45 system-ui, sans-serif }}
body {{ max-width: 90rem; margin: 1.5rem auto; padding: 0 1rem }}
h1 {{ font-size: 1.3rem }}
ul {{ display: grid; grid-template-columns: repeat(auto-fill, minmax(20rem, 1fr)); gap: 1.5rem;
  padding: 0; list-style: none }}
figure {{ margin: 0 }}
.pair {{ position: relative; --at: 50%; cursor: ew-resize; touch-action: pan-y; user-select: none }}
.pair img {{ display: block; width: 100%; height: auto; pointer-events: none }}
.pair img + img {{ position: absolute; inset: 0; clip-path: inset(0 0 0 var(--at)) }}
.edge {{ position: absolute; inset: 0 auto 0 var(--at); width: 2px; margin-left: -1px;
  background: #fff; box-shadow: 0 0 3px #000 }}
.edge::after {{ content: "\\2194"; position: absolute; top: 50%; left: 50%; width: 2rem;
  line-height: 2rem; translate: -50% -50%; border-radius: 50%; text-align: center;
  background: #fff; color: #000; box-shadow: 0 0 3px #000 }}
.pair input {{ position: absolute; inset: 0; width: 100%; height: 100%; margin: 0; opacity: 0;
  pointer-events: none }}
.pair:focus-within {{ outline: 2px solid #08f; outline-offset: 2px }}
.side {{ position: absolute; top: .5rem; padding: 0 .5rem; border-radius: .2rem;
  background: #000a; color: #fff; font-size: .85rem }}
.before {{ left: .5rem }}
.after {{ right: .5rem }}
figcaption {{ margin-top: .4rem }}
b {{ overflow-wrap: anywhere }}
dl {{ display: grid; grid-template-columns: max-content 1fr; gap: 0 .8rem; margin: .3rem 0 }}
dt {{ opacity: .7 }}
dd, p {{ margin: 0; overflow-wrap: anywhere }}
.failures {{ grid-template-columns: repeat(auto-fill, minmax(14rem, 1fr)); gap: .8rem }}
.failures li {{ border-left: 4px solid #c22; padding-left: .6rem; font-size: .9rem }}
</style>
<h1>{title}</h1>
<p>{summary}</p>
<ul>
"""
FAILURES = """</ul>
<h2>Failed</h2>
<ul class="failures">
"""
TAIL = """</ul>
<script>
function move(pair, to) {
  pair.querySelector("input").value = to;
  pair.style.setProperty("--at", Math.min(100, Math.max(0, to)) + "%");
}
document.addEventListener("input", function (event) {
  move(event.target.closest(".pair"), event.target.value);
});
for (const pair of document.querySelectorAll(".pair")) {
  const follow = function (event) {
    const box = pair.getBoundingClientRect();
    move(pair, 100 * (event.clientX - box.left) / box.width);
  };
  pair.addEventListener("pointerdown", function (event) {
    pair.setPointerCapture(event.pointerId);
    pair.querySelector("input").focus({preventScroll: true});
    follow(event);
  });
  pair.addEventListener("pointermove", function (event) {
    if (pair.hasPointerCapture(event.pointerId)) follow(event);
  });
}
</script>
</html>
"""


def check_page(report: Path, plan: Plan, *, overwrite: bool) -> None:
    """See that a report can be written, and replaces unasked nothing but a report.

    Raises:
        UsageError: it cannot, or would.
    """
    if report.is_dir():
        raise UsageError("--report names a folder", where=str(report), do="Name a file in it.")
    if report.suffix.lower() not in PAGES:
        raise UsageError(
            "--report names a page, so its name must end in .html",
            where=str(report),
            do=f"Name it {report.with_suffix('.html')}.",
        )
    files = (name for job in plan.jobs for name in (job.source_file, job.target_file))
    photographs = (Path(name) for name in files if name and not is_url(name))
    if leads_nowhere(report):
        raise UsageError(NOWHERE, where=str(report), do="Name another page.")
    if resolved(report) in map(resolved, photographs):
        raise UsageError(
            "--report names a photograph of the run", where=str(report), do="Name another file."
        )
    check_writable(report.parent)
    if report.exists() and not overwrite and not _is_report(report):
        raise UsageError(
            "--report names a file that no earlier run made",
            where=str(report),
            do="Name another file, or pass --overwrite, which also edits every photograph again.",
        )


def _is_report(path: Path) -> bool:
    """Whether a file is the page of an earlier run.

    Raises:
        OSError: it cannot be read.
    """
    with naming(path), path.open("rb") as page:
        return MARK.encode() in page.read(1024)


def write_report(
    path: Path, jobs: Iterable[Job], records: Mapping[str, Record], *, title: str
) -> None:
    """Write the page; photographs are read and embedded one after another.

    Args:
        path: where to.
        jobs: the photographs of the run, in order.
        records: the journal's latest line about each.
        title: the heading.
    """
    told = [job for job in jobs if job.key in records and records[job.key].status != "sent"]
    failed = [job for job in told if records[job.key].error]
    edited = [job for job in told if not records[job.key].error]
    summary = f"{len(edited)} photographs edited, {len(failed)} failed."
    path.parent.mkdir(parents=True, exist_ok=True)
    sweep(path.parent, path.name)
    head = HEAD.format(mark=MARK, title=html.escape(title), summary=summary)
    items = (line for job in edited for line in _item(job, records[job.key]))
    failures = (_failure(job.key, records[job.key]) for job in failed)
    shown = chain([head], items, [FAILURES] if failed else [], failures, [TAIL])
    with replacing(path) as page:
        for line in shown:
            page.write(line.encode(errors="replace"))


def _failure(key: str, record: Record) -> str:
    """A card that says what went wrong with a photograph, and what to do about it."""
    told = (record.reason, record.error and record.error.do)
    lines = "".join(f"<p>{html.escape(line)}</p>" for line in told if line)
    return f"<li><b>{html.escape(key)}</b>{lines}</li>\n"


def _item(job: Job, record: Record) -> Iterator[str]:
    name = html.escape(job.key)
    assert job.source_file is not None
    assert job.target_file is not None
    yield "<li><figure>\n"
    try:
        before, after = _picture(job.source_file), _picture(job.target_file)
    except PhotoError as error:
        yield f"<p>The pictures cannot be shown: {html.escape(error.what)}</p>"
    else:
        yield f'<div class="pair"><img alt="{name} before" src="{before}">'
        yield f'<img alt="{name} after" src="{after}"><span class="edge"></span>\n'
        yield '<span class="side before">Before</span><span class="side after">After</span>\n'
        yield (
            '<input type="range" min="0" max="100" value="50" step="any" '
            f'aria-label="{name}: 0 shows all of the result, 100 all of the original"></div>\n'
        )
    yield f"<figcaption><b>{name}</b><dl>{''.join(_facts(record))}</dl></figcaption>"
    yield "</figure></li>\n"


def _facts(record: Record) -> Iterator[str]:
    facts = record.facts
    if not isinstance(facts, Facts):
        return
    width, height = facts.size
    seed = record.settings.get("seed")
    rows = {
        "Size": f"{width} × {height}",
        "Detail": f"{facts.detail}: {facts.reason}",
        "Brush": str(record.settings.get("brush")) + (f", seed {seed}" if seed is not None else ""),
        "Time": f"{facts.seconds:.1f} s",
        "Warnings": "; ".join(facts.warnings),
    }
    for label, value in rows.items():
        if value:
            yield f"<dt>{label}</dt><dd>{html.escape(value)}</dd>"


def _picture(name: str) -> str:
    """A photograph as a small sRGB JPEG in a data URL."""
    photo = decode_photo(storage_of(name).read(name), name, first_frame=True)
    width, height = photo.size
    scale = min(1, SIDE / max(width, height))
    size = max(1, round(width * scale)), max(1, round(height * scale))
    small: Pixels = resize(photo.pixels, size)
    data = io.BytesIO()
    Image.fromarray(SRGB(3).from_srgb(small, 8)).save(data, "JPEG", quality=QUALITY)
    return "data:image/jpeg;base64," + base64.b64encode(data.getvalue()).decode()
