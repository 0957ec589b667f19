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
figure {{ margin: 0; --at: 50% }}
.pair {{ position: relative }}
.pair img {{ display: block; width: 100%; height: auto }}
.pair img + img {{ position: absolute; inset: 0; clip-path: inset(0 0 0 var(--at)) }}
.pair::after {{ content: ""; position: absolute; inset: 0 auto 0 var(--at); width: 2px;
  background: #fff; box-shadow: 0 0 3px #000 }}
input {{ width: 100%; margin: .4rem 0 }}
figcaption b {{ overflow-wrap: anywhere }}
dl {{ display: grid; grid-template-columns: max-content 1fr; gap: 0 .8rem; margin: .3rem 0 }}
dt {{ opacity: .7 }}
dd {{ margin: 0; overflow-wrap: anywhere }}
.failed {{ border-left: 4px solid #c22; padding-left: .8rem }}
</style>
<h1>{title}</h1>
<p>{summary}</p>
<ul>
"""
TAIL = """</ul>
<script>
document.addEventListener("input", function (event) {
  event.target.closest("figure").style.setProperty("--at", event.target.value + "%");
});
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
            "--report names no page", where=str(report), do="Let its name end in .html."
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
            "--report names a page that no earlier run made",
            where=str(report),
            do="Name another file, or pass --overwrite, which also edits all anew.",
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
    jobs = [job for job in jobs if job.key in records and records[job.key].status != "sent"]
    failed = sum(records[job.key].error is not None for job in jobs)
    summary = f"{len(jobs) - failed} photographs edited, {failed} failed."
    path.parent.mkdir(parents=True, exist_ok=True)
    sweep(path.parent, path.name)
    told = {"title": html.escape(title), "summary": html.escape(summary)}
    items = (line for job in jobs for line in _item(job, records[job.key]))
    with replacing(path) as page:
        for line in chain([HEAD.format(mark=MARK, **told)], items, [TAIL]):
            page.write(line.encode(errors="replace"))


def _item(job: Job, record: Record) -> Iterator[str]:
    name = html.escape(job.key)
    if record.error or job.source_file is None or job.target_file is None:
        reason = html.escape(record.error.what if record.error else "")
        yield f'<li class="failed"><b>{name}</b><p>Failed: {reason}</p></li>\n'
        return
    yield "<li><figure>\n"
    try:
        before, after = _picture(job.source_file), _picture(job.target_file)
    except PhotoError as error:
        yield f"<p>The pictures cannot be shown: {html.escape(error.what)}</p>"
    else:
        yield f'<div class="pair"><img alt="{name} before" src="{before}">'
        yield f'<img alt="{name} after" src="{after}"></div>\n'
        yield (
            '<input type="range" min="0" max="100" value="50" '
            f'aria-label="{name}: 0 shows all of the result, 100 all of the original">\n'
        )
    yield f"<figcaption><b>{name}</b><dl>{''.join(_facts(record))}</dl></figcaption>"
    yield "</figure></li>\n"


def _facts(record: Record) -> Iterator[str]:
    facts = record.facts
    if not isinstance(facts, Facts):
        return
    width, height = facts.size
    rows = {
        "Size": f"{width} × {height}",
        "Detail": f"{facts.detail}: {facts.reason}",
        "Brush": f"{record.settings.get('brush')}, seed {record.settings.get('seed')}",
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
