"""Edit photographs one after another: resumable, one bad file never stops the rest."""

import errno
import hashlib
import os
import shutil
import sys
import tempfile
import time
from collections.abc import Callable, Generator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Protocol

from brushctl.errors import BrushctlError, PhotoError, PlanError
from brushctl.events import Advance, Event, Stage, Warned
from brushctl.photos.choices import Detail
from brushctl.photos.colour import Pixels
from brushctl.photos.fullres import FullSize, to_full_size
from brushctl.photos.images import Photo, decode_photo, read_photo, resize
from brushctl.photos.journal import Journal, Record, hash_file
from brushctl.photos.metadata import Provenance
from brushctl.photos.plan import Job, Plan
from brushctl.photos.saving import PART, kind_of, replacing, write_photo

FULL = (errno.ENOSPC, errno.EDQUOT, errno.EROFS)
"""Errors of writing that every further photograph would meet too."""


class Edited(Protocol):
    """A picture before and after its edit, at the model's size."""

    @property
    def before(self) -> Any: ...  # noqa: ANN401, D102  (a float picture of any precision)
    @property
    def after(self) -> Any: ...  # noqa: ANN401, D102


class Editor(Protocol):
    """What edits pictures at its own working size."""

    def working_size(self, width: int, height: int) -> tuple[int, int]:
        """The width and height at which it sees a photograph."""

    def edit(self, images: Sequence[Pixels]) -> Sequence[Edited]:
        """Edit pictures of one working size."""


@dataclass(frozen=True, slots=True)
class Treatment:
    """How every photograph of a run is treated.

    Attributes:
        settings: everything that decides a result, as JSON: a change makes a rerun do it again.
        detail: where fine detail comes from.
        first_frame: edit the first picture of animations and multi-page files.
        strip: leave private metadata out.
        provenance: what is written into the results about the edit.
    """

    settings: dict[str, Any]
    detail: Detail = Detail.AUTO
    first_frame: bool = False
    strip: bool = False
    provenance: Provenance | None = None


@dataclass(frozen=True, slots=True)
class FileDone:
    """One photograph has been edited, or could not be."""

    record: Record


@dataclass(frozen=True, slots=True)
class Selection:
    """Which photographs of a plan are still to be edited.

    Attributes:
        todo: to be edited now.
        current: edited before, and nothing has changed since.
        failed: failed before, and nothing has changed since.
    """

    todo: tuple[Job, ...]
    current: tuple[Job, ...]
    failed: tuple[Record, ...]


def select(
    plan: Plan,
    records: Mapping[str, Record],
    treatment: Treatment,
    *,
    overwrite: bool = False,
    retry_failed: bool = False,
) -> Selection:
    """Compare a plan with the journal.

    Raises:
        PlanError: a file that no earlier run made stands where a result would go.
    """
    todo: list[Job] = []
    current: list[Job] = []
    failed: list[Record] = []
    for job in plan.jobs:
        record = records.get(job.key)
        if not overwrite and record and _still_holds(plan, job, record, treatment.settings):
            if record.status != "failed":
                current.append(job)
                continue
            if not retry_failed:
                failed.append(record)
                continue
        if not overwrite and record is None and job.target != job.source:
            _check_free(job)
        todo.append(job)
    return Selection(tuple(todo), tuple(current), tuple(failed))


def edit_photographs(
    plan: Plan,
    jobs: Sequence[Job],
    editor: Editor,
    treatment: Treatment,
    *,
    journal: Journal | None,
    stop: Callable[[], bool] = lambda: False,
) -> Generator[Event | FileDone, None, list[Record]]:
    """Edit photographs, writing each result and its line in the journal.

    Args:
        plan: where the results go.
        jobs: the photographs of it that are to be edited.
        editor: the model with its brush.
        treatment: how.
        journal: the output folder's, None where there is none.
        stop: asked between photographs; true ends the run.

    Returns:
        what became of each photograph, as far as it got.

    Raises:
        OSError: the disk is full or read-only.
    """
    if journal:
        _sweep(jobs)
    yield Stage("editing photographs", len(jobs))
    records: list[Record] = []
    megapixels, started = 0.0, time.monotonic()
    for n, job in enumerate(jobs):
        if stop():
            break
        pace = megapixels / max(time.monotonic() - started, 1e-9)
        yield Advance(n, f"{pace:.1f} MP/s  {job.key}" if n else job.key)
        record = _edit_one(plan, job, editor, treatment, journal)
        records.append(record)
        width, height = record.facts.get("size", (0, 0))
        megapixels += width * height / 1e6
        for message in record.facts.get("warnings", ()):
            yield Warned(f"{job.key}: {message}")
        if record.error:
            yield Warned(f"{job.key}: {record.error['what']}")
        yield FileDone(record)
    yield Advance(len(records))
    return records


def _sweep(jobs: Sequence[Job]) -> None:
    """Delete what a killed run left half-written: under the journal's lock nobody writes now."""
    for folder in {job.target.parent for job in jobs if job.target}:
        for part in folder.glob(f".*{PART}"):
            part.unlink(missing_ok=True)


def _edit_one(
    plan: Plan, job: Job, editor: Editor, treatment: Treatment, journal: Journal | None
) -> Record:
    """Edit one photograph; whatever goes wrong with it becomes a record of its failure."""
    started = time.monotonic()
    source: dict[str, Any] = {}
    try:
        data = _read(job, source)
        photo = decode_photo(data, job.key, first_frame=treatment.first_frame)
        full = _edit(photo, editor, treatment.detail)
        facts = {
            "size": list(photo.size),
            "detail": str(full.path),
            "residual": round(full.residual, 4),
            "reason": full.reason,
            "warnings": list(photo.warnings),
        }
        record = Record(job.key, "writing", treatment.settings, source, facts=facts)
        record = _write(plan, job, photo, full, treatment, journal, record)
        record.facts["seconds"] = round(time.monotonic() - started, 3)
    except Exception as error:  # one bad file is one failed file
        if isinstance(error, OSError) and error.errno in FULL:
            raise
        record = Record(job.key, "failed", treatment.settings, source, error=_told(error))
    if journal:
        journal.write(record)
    return record


def _edit(photo: Photo, editor: Editor, detail: Detail) -> FullSize:
    (edited,) = editor.edit([resize(photo.pixels, editor.working_size(*photo.size))])
    return to_full_size(photo.pixels, edited.before, edited.after, detail)


def _read(job: Job, source: dict[str, Any]) -> bytes:
    if job.source is None:
        data = sys.stdin.buffer.read()
    else:
        source.update(_stat(job.source))
        data = read_photo(job.source)
    source["sha256"] = hashlib.sha256(data).hexdigest()
    source["bytes"] = len(data)
    return data


def _write(
    plan: Plan,
    job: Job,
    photo: Photo,
    full: FullSize,
    treatment: Treatment,
    journal: Journal | None,
    record: Record,
) -> Record:
    how: dict[str, Any] = {"provenance": treatment.provenance, "strip": treatment.strip}
    if job.target is None:
        # Writers of TIFF and PNG seek, which standard output cannot.
        with tempfile.TemporaryDirectory(prefix="brushctl-") as folder:
            path = Path(folder) / "photo"
            write_photo(path, full.pixels, photo, kind=photo.format, **how)
            with path.open("rb") as file:
                shutil.copyfileobj(file, sys.stdout.buffer)
            sys.stdout.buffer.flush()
        return replace(record, status="done")
    job.target.parent.mkdir(parents=True, exist_ok=True)
    with replacing(job.target) as part:
        write_photo(part, full.pixels, photo, kind=kind_of(job.target, photo), **how)
        if job.source == job.target:
            shutil.copymode(job.target, part)
        result = {
            "path": _result_path(plan, job),
            "sha256": hash_file(part),
            "bytes": part.stat().st_size,
        }
        record = replace(record, result=result)
        if journal:
            # In place, a run killed between renaming and noting it must not edit the edit.
            journal.write(record)
    return replace(record, status="done")


def _still_holds(plan: Plan, job: Job, record: Record, settings: dict[str, Any]) -> bool:
    """Whether a line of the journal still describes a photograph and its result."""
    if job.source is None or job.target is None or record.settings != settings:
        return False
    try:
        if record.status == "failed":
            return _unchanged(job.source, record)
        if job.source == job.target:
            return hash_file(job.source) == record.result["sha256"]
        if record.result["path"] != _result_path(plan, job) or not _unchanged(job.source, record):
            return False
        if record.status == "writing":
            return hash_file(job.target) == record.result["sha256"]
        return job.target.stat().st_size == int(record.result["bytes"])
    except (OSError, PhotoError, KeyError):
        return False


def _unchanged(source: Path, record: Record) -> bool:
    stat = _stat(source)
    if all(record.source.get(key) == value for key, value in stat.items()):
        return True
    return stat["bytes"] == record.source.get("bytes") and hash_file(source) == record.source.get(
        "sha256"
    )


def _stat(path: Path) -> dict[str, int]:
    try:
        stat = path.stat()
    except OSError as error:
        raise PhotoError((error.strerror or str(error)).lower(), where=str(path)) from error
    return {"bytes": stat.st_size, "mtime_ns": stat.st_mtime_ns}


def _check_free(job: Job) -> None:
    if job.target and job.target.exists():
        raise PlanError(
            "a file stands where a result would go, and no earlier run made it",
            where=str(job.target),
            do="Choose another output folder, or pass --overwrite.",
        )


def _result_path(plan: Plan, job: Job) -> str:
    assert job.target is not None
    return os.path.relpath(job.target, plan.state.parent) if plan.state else str(job.target)


def _told(error: Exception) -> dict[str, Any]:
    if isinstance(error, BrushctlError):
        return {"code": error.code, "what": error.what, "do": error.do}
    return {"code": "unexpected", "what": f"{type(error).__name__}: {error}", "do": None}
