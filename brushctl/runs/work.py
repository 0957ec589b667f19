"""Edit photographs in this process: resumable, and one bad file never stops the rest."""

import hashlib
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path

from brushctl.errors import PhotoError
from brushctl.events import Advance, Reporter, Stage, silent
from brushctl.photos.source import megapixels_of, read_photo, read_streamed
from brushctl.runs.journal import Journal
from brushctl.runs.plan import Job, Plan
from brushctl.runs.records import Record, Result, Source, Stat
from brushctl.runs.results import replacing_result
from brushctl.runs.resume import result_path, source_path, stat_of
from brushctl.runs.steps import (
    Edited,
    Editor,
    Prepared,
    Treatment,
    encoded,
    failed,
    prepare,
    report_record,
    writing_result,
)
from brushctl.runs.windows import Outcome, Pipeline, windows


def edit_photographs(
    plan: Plan,
    jobs: Sequence[Job],
    editor: Editor,
    treatment: Treatment,
    *,
    journal: Journal | None,
    stop: Callable[[], bool] = lambda: False,
    report: Reporter = silent,
) -> list[Record]:
    """Edit photographs, writing each result and its line in the journal.

    Args:
        plan: where the results go.
        jobs: the photographs of it that are to be edited.
        editor: the model with its brush.
        treatment: how.
        journal: the output folder's, None where there is none.
        stop: asked between windows; true ends the run when what has been edited is written.
        report: is told how far it has come, and of each photograph.

    Returns:
        what became of each photograph, in the order of `jobs`, as far as it got.

    Raises:
        OSError: the disk is full or read-only.
    """
    report(Stage("editing photographs", len(jobs)))
    records: list[Record] = []
    megapixels, started = 0.0, time.monotonic()
    with ExitStack() as stack:
        files = _Files(plan, editor, treatment, journal)
        work = Pipeline(files, editor, treatment, stack)
        for record in work.run(windows(_sized(jobs), editor), stop):
            records.append(record)
            megapixels += record.megapixels
            report_record(record, report)
            pace = megapixels / max(time.monotonic() - started, 1e-9)
            report(Advance(len(records), f"{pace:.1f} MP/s  {record.photograph}"))
    return records


def _check_unchanged(path: Path, source: Source) -> None:
    """See that a photograph that is to be replaced is the one that was read.

    Raises:
        PhotoError: it is not.
    """
    if source.at(stat_of(path)) != source:
        raise PhotoError(
            "the photograph changed while it was edited, and is left as it is now",
            do="Run the same command again.",
        )


def _sized(jobs: Sequence[Job]) -> Iterator[tuple[Job, float]]:
    for job in jobs:
        yield job, megapixels_of(job.source) if job.source else 0.0


@dataclass(frozen=True, slots=True)
class _Files:
    """The two ends of the work on one photograph: reading and writing."""

    plan: Plan
    editor: Editor
    treatment: Treatment
    journal: Journal | None

    def read(self, job: Job) -> Prepared | Record:
        """A photograph in hand, or how it failed."""
        source = Source()
        try:
            if job.source is None:
                data = read_streamed(sys.stdin.buffer, job.key)
            else:
                source = Source(source_path(self.plan, job))
                source = source.at(stat_of(job.source))
                data = read_photo(job.source)
            sha256 = hashlib.sha256(data).hexdigest()
            source = replace(source, sha256=sha256, bytes=len(data))
            prepared = prepare(
                data,
                job.key,
                source,
                self.editor,
                self.treatment,
                named=job.source,
                target=job.target,
            )
            if job.source == job.target and prepared.photo.auxiliary:
                raise PhotoError(
                    "it holds more than the photograph, which would be lost in place",
                    where=job.key,
                    do="Use -o FOLDER for it.",
                )
            return prepared
        except Exception as error:
            return failed(job.key, error, source, self.treatment.settings)

    def write(self, job: Job, outcome: Outcome) -> Record:
        """What became of a photograph, once its result and its line are on the disk."""
        before = self.journal.records.get(job.key) if self.journal else None
        if isinstance(outcome, Record):
            record = outcome
        else:
            try:
                with writing_result():
                    record = self._put(job, *outcome)
            except Exception as error:
                record = failed(job.key, error, outcome[0].source, self.treatment.settings)
        record = record.following(before)
        if self.journal:
            self.journal.write(record)
        return record

    def _put(self, job: Job, prepared: Prepared, edited: Edited) -> Record:
        data, facts = encoded(prepared, edited, self.treatment)
        record = Record(job.key, "done", self.treatment.settings, prepared.source, facts=facts)
        if job.file is None:
            sys.stdout.buffer.write(data)
            sys.stdout.buffer.flush()
            return record
        job.file.parent.mkdir(parents=True, exist_ok=True)
        output = self.plan.state.parent if self.plan.state else None
        with replacing_result(job.file, output, overwrite=not job.vacant) as file:
            file.write(data)
            if job.source == job.target:
                _check_unchanged(job.file, prepared.source)
            file.flush()
            # By its time and inode, which its own name leaves alone, a later run knows it unread.
            stat = Stat.of(file.name)
            result = Result(result_path(self.plan, job), hashlib.sha256(data).hexdigest(), *stat)
            record = replace(record, result=result)
            if self.journal:
                # In place, a run killed between renaming and noting it must not edit the edit.
                self.journal.write(replace(record, status="writing"))
        return record
