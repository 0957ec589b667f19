"""One photograph, from its bytes to those of its result: what every way to run a batch does."""

import contextlib
import errno
import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from brushctl.errors import BrushctlError, DiskError, reason, shortage
from brushctl.events import Advance, Failed, Noted, Reporter, Warned
from brushctl.grade.apply import AnyGrade, Grade, row_grader
from brushctl.photos.choices import Detail
from brushctl.photos.encode import encode_photo, kind_of
from brushctl.photos.icc import Pixels
from brushctl.photos.metadata.blocks import Provenance
from brushctl.photos.photo import Photo, check_seen, decode_photo, resize
from brushctl.photos.rows import Edit, Picture, edit_rows
from brushctl.runs.records import Facts, Fault, FileDone, Record, Source
from brushctl.transfer.grid import to_full_size

if TYPE_CHECKING:
    from brushctl.runs.plan import Job

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

    @property
    def at_once(self) -> int:
        """How many pictures it edits together."""

    @property
    def wants_many(self) -> bool:
        """Whether it waits for pictures and not they for it: a GPU, for which more may be held."""

    def working_size(self, width: int, height: int) -> tuple[int, int]:
        """The width and height at which it sees a photograph."""

    def edit(self, images: Sequence[Pixels]) -> Sequence[Edited]:
        """Edit pictures, each of its own working size."""


@dataclass(frozen=True, slots=True)
class Treatment:
    """How every photograph of a run is treated.

    Attributes:
        settings: everything that decides a result, as JSON: a change makes a rerun do it again.
        detail: where fine detail comes from.
        first_frame: edit the first picture of animations and multi-page files.
        strip: leave private metadata out.
        provenance: what is written into the results about the edit.
        quality: of the encoder; None for the photograph's own, or the format's usual one.
        grade: what is done to colours, at full size, before a model sees the photograph.
        on_top: edit in place also what its XMP says is a result already.
    """

    settings: dict[str, Any]
    detail: Detail = Detail.AUTO
    first_frame: bool = False
    strip: bool = False
    provenance: Provenance | None = None
    quality: int | None = None
    grade: AnyGrade | None = None
    on_top: bool = False


@dataclass(slots=True)
class Prepared:
    """A photograph in hand.

    Attributes:
        photo: it, decoded.
        kind: the format of its result.
        graded: it, graded, where a model saw it so; else that is done as its result is encoded.
        seen: it, at the model's size; None without a model.
        source: what the journal says of its file.
        warnings: what there is to tell about it.
        seconds: spent on it so far.
    """

    photo: Photo
    kind: str
    graded: Pixels | None
    seen: Pixels | None
    source: Source
    warnings: list[str] = field(default_factory=list)
    seconds: float = 0.0


def prepare(
    data: bytes,
    key: str,
    source: Source,
    editor: Editor | None,
    treatment: Treatment,
    *,
    named: str | None,
    target: str | None,
) -> Prepared:
    """Decode a photograph, grade it, and bring it to the model's size.

    Args:
        data: its bytes.
        key: what errors call it.
        source: what the journal says of its file.
        editor: the model, if there is one.
        treatment: how it is edited.
        named: its path or URL, whose suffix is that of its format.
        target: that of its result.

    Raises:
        PhotoError: it is damaged, too large, of an unknown kind, too narrow for the model, or one
            that `target` cannot hold.
    """
    started = time.monotonic()
    photo = decode_photo(data, key, first_frame=treatment.first_frame)
    if editor:
        check_seen(photo.size, key)
    result_path, own_path = (Path(name) if name else None for name in (target, named))
    kind = kind_of(result_path, own_path, photo)
    graded, seen = None, None
    if editor:
        picture: Picture = photo.rows
        if treatment.grade:
            picture = graded = edit_rows(picture, row_grader(treatment.grade, picture))
        seen = resize(picture, editor.working_size(*photo.size))
    warnings = list(photo.warnings)
    return Prepared(photo, kind, graded, seen, source, warnings, time.monotonic() - started)


def edit_prepared(
    editor: Editor | None, prepared: Sequence[Prepared]
) -> Sequence[Edited | Exception | None]:
    """Edit photographs together; halves of those that fail, until only those at fault do.

    None for each where there is no model.
    """
    if not prepared or editor is None:
        return [None] * len(prepared)
    started, before = time.monotonic(), editor.at_once
    try:
        seen = [one.seen for one in prepared if one.seen is not None]
        edited: list[Edited | Exception | None] = list(editor.edit(seen))
    except Exception as error:
        if len(prepared) == 1:
            return [error]
        half = len(prepared) // 2
        return [
            *edit_prepared(editor, prepared[:half]),
            *edit_prepared(editor, prepared[half:]),
        ]
    if editor.at_once < before:
        fewer = f"out of memory: going on with {editor.at_once} pictures at once, not {before}"
        prepared[0].warnings.append(fewer)
    for one in prepared:
        one.seconds += (time.monotonic() - started) / len(prepared)
    return edited


def encoded(prepared: Prepared, edited: Edited | None, treatment: Treatment) -> tuple[bytes, Facts]:
    """The file of an edit at its photograph's size, and the facts about it for the journal.

    Args:
        prepared: the photograph.
        edited: what the model made of it; None where the grade is all.
        treatment: how it is edited.

    Raises:
        PhotoError: the format cannot be written, or not at this size.
    """
    started = time.monotonic()
    photo, graded = prepared.photo, prepared.graded
    residual, path, reason = 0.0, "grade", "no model had a part in it"
    if edited is None:
        edit = row_grader(treatment.grade or Grade(), photo.rows)
    else:
        picture = photo.rows if graded is None else graded
        full = to_full_size(picture, edited.before, edited.after, treatment.detail)
        edit = full.edit if graded is None else partial(_edited_rows, graded, full.edit)
        residual, path, reason = round(full.residual, 4), str(full.path), full.reason
    data, warnings = encode_photo(
        edit,
        photo,
        kind=prepared.kind,
        provenance=treatment.provenance,
        strip=treatment.strip,
        quality=treatment.quality,
    )
    facts = Facts(
        size=photo.size,
        detail=path,
        residual=residual,
        reason=reason,
        warnings=(*prepared.warnings, *warnings),
        seconds=round(prepared.seconds + time.monotonic() - started, 3),
    )
    return data, facts


def _edited_rows(picture: Pixels, edit: Edit, first: int, pixels: Pixels) -> Pixels:
    """Rows of a picture as edited, which stands in a photograph's place."""
    return edit(first, picture[first : first + len(pixels)])


@contextlib.contextmanager
def writing_result() -> Iterator[None]:
    """Within the block, what the file system refuses is one photograph's failure.

    A later run does not try again unasked: it would edit the photograph each time to find out.

    Raises:
        DiskError: it refuses this one.
        OSError: the disk is full or read-only, and so it is for all.
    """
    try:
        yield
    except OSError as error:
        if error.errno in FULL:
            raise
        raise DiskError(
            f"the result cannot be written ({reason(error)})",
            where=str(error.filename) if error.filename else None,
            do="Check that its folder can be written, then pass --retry-failed.",
        ) from error


def failed(key: str, error: Exception, source: Source, settings: dict[str, Any]) -> Record:
    """What went wrong with one photograph or brush, which never stops the others.

    Raises:
        OSError: the disk is full or read-only, which would stop them too.
    """
    if isinstance(error, OSError) and error.errno in FULL:
        raise error
    if not isinstance(error, BrushctlError):
        error = shortage(error) or error
    if isinstance(error, OSError) and error.errno:
        error = DiskError(reason(error), where=str(error.filename) if error.filename else None)
    fault = Fault("unexpected", f"{type(error).__name__}: {error}")
    if isinstance(error, BrushctlError):
        fault = Fault(error.code, error.what, error.do)
        if error.where and Path(error.where).name != Path(source.path or key).name:
            fault = replace(fault, where=error.where)  # one pair of a set, say
    return Record(key, "failed", settings, source, error=fault)


def report_record(record: Record, report: Reporter, job: "Job") -> None:
    """Report what is to be said of a photograph that is done with, and that it is.

    Args:
        record: what became of it.
        report: is told.
        job: says what the user calls it, and its result.
    """
    name = job.called or record.photograph
    for message in record.warnings:
        report(Warned(f"{name}: {message}"))
    if record.error:
        told = record.failure.removeprefix(f"{name}: ")  # as the error of a link begins
        report(Failed(f"{name}: {told}"))
    elif record.result:
        report(Noted(f"{name} -> {job.result_called or record.result.path}"))
    report(FileDone(record))


class Progress:
    """What has become of the photographs of a run so far, reported as it is added.

    Args:
        report: is told of each photograph, and how far the run has come.
        jobs: the photographs of the run.

    Attributes:
        records: of the photographs that are done with.
    """

    def __init__(self, report: Reporter, jobs: "Iterable[Job]") -> None:
        self.records: list[Record] = []
        self._jobs = {job.key: job for job in jobs}
        self._report = report
        self._megapixels, self._started = 0.0, time.monotonic()

    def add(self, *records: Record, note: str = "") -> None:
        """Report photographs that are done with, and then the pace.

        Args:
            records: they.
            note: stands behind the pace.
        """
        for record in records:
            self.records.append(record)
            report_record(record, self._report, self._jobs[record.file])
            self._megapixels += record.megapixels
        pace = self._megapixels / max(time.monotonic() - self._started, 1e-9)
        self._report(Advance(len(self.records), f"{pace:.1f} MP/s{note}"))
