"""Read, edit and write photographs, wherever they lie: what each process of a run does."""

import hashlib
import sys
from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import replace
from io import BytesIO
from itertools import chain
from pathlib import Path

from brushctl.errors import PhotoError, reason
from brushctl.photos.metadata.provenance import edited_with
from brushctl.photos.photo import Photo
from brushctl.photos.source import megapixels_of, read_pipe, read_streamed
from brushctl.runs.plan import Job
from brushctl.runs.records import Record, Result, Source, Stat
from brushctl.runs.steps import (
    Edited,
    Editor,
    Prepared,
    Treatment,
    encoded,
    failed,
    prepare,
    writing_result,
)
from brushctl.runs.storage.base import AnyJournal, is_url, real_names, storage_of
from brushctl.runs.windows import THREADS, Outcome, Photograph, Pipeline, windows

AHEAD = 8
"""Photographs with URLs whose bytes, not yet decoded, are fetched before their turn."""


class PhotographWorker:
    """Edits photographs with one editor; one bad file never stops the rest.

    Args:
        editor: the model with its brush, if there is one.
        treatment: how they are edited.
        output: the folder of the run's journal; None where there is none.
        journal: gets the lines of each photograph; None where there is none, or somebody else
            writes them.
        threads: how many read, and how many write.
    """

    def __init__(
        self,
        editor: Editor | None,
        treatment: Treatment,
        *,
        output: str | None,
        journal: AnyJournal | None = None,
        threads: int = THREADS,
    ) -> None:
        self._editor, self._treatment = editor, treatment
        self._output, self._journal = output, journal
        self._threads = threads

    def __call__(
        self, photographs: Iterable[Photograph], stop: Callable[[], bool] = lambda: False
    ) -> Generator[Record]:
        """What becomes of each photograph, in order, its result and its lines being written.

        Args:
            photographs: they.
            stop: asked between windows; true ends the work when what has been edited is written.

        Raises:
            OSError: the disk is full or read-only.
        """
        with ExitStack() as stack:
            pipeline = Pipeline(
                self.read, self.write, self._editor, self._treatment, stack, self._threads
            )
            fetchers = ThreadPoolExecutor(self._threads)
            stack.callback(fetchers.shutdown, cancel_futures=True)
            yield from pipeline.run(windows(_sized(photographs, fetchers), self._editor), stop)

    def read(self, photograph: Photograph) -> Prepared | Record:
        """A photograph in hand, or how it failed."""
        job, source = photograph.job, photograph.source
        try:
            if job.source_file is not None and job.listed is None:
                source = source.at(stat_of(job.source_file))
            data = _bytes_of(photograph)
            sha256 = hashlib.sha256(data).hexdigest()
            source = replace(source, sha256=sha256, bytes=len(data))
            prepared = prepare(
                data,
                job.key,
                source,
                self._editor,
                self._treatment,
                named=job.source_file,
                target=job.target_file,
            )
            if job.in_place:
                _check_in_place(prepared.photo, job.key, on_top=self._treatment.on_top)
            return prepared
        except Exception as error:
            return failed(job.key, error, source, self._treatment.settings)

    def write(self, photograph: Photograph, outcome: Outcome) -> Record:
        """What became of a photograph, once its result and its line are written."""
        key = photograph.job.key
        before = self._journal.records.get(key) if self._journal else None
        if isinstance(outcome, Record):
            record = outcome
        else:
            try:
                with writing_result():
                    record = self._write_result(photograph.job, *outcome)
            except Exception as error:
                record = failed(key, error, outcome[0].source, self._treatment.settings)
        record = record.following(before)
        if self._journal:
            self._journal.write(record)
        return record

    def _write_result(self, job: Job, prepared: Prepared, edited: Edited | None) -> Record:
        data, facts = encoded(prepared, edited, self._treatment)
        record = Record(job.key, "done", self._treatment.settings, prepared.source, facts=facts)
        name = job.result_file
        if name is None:
            sys.stdout.buffer.write(data)
            sys.stdout.buffer.flush()
            return record
        path = name if self._output is None else job.key
        sha256 = hashlib.sha256(data).hexdigest()

        def naming(stat: Stat) -> None:
            if job.in_place:
                _check_unchanged(name, prepared.source)
            if self._journal:
                # In place, a run killed between renaming and noting it must not edit the edit.
                writing = replace(record, status="writing", result=Result(path, sha256, *stat))
                self._journal.write(writing)

        stat = storage_of(name).write(
            name, data, output=self._output, overwrite=not job.vacant, naming=naming
        )
        return replace(record, result=Result(path, sha256, *stat))


def sent(jobs: Sequence[Job], journal: AnyJournal) -> Iterator[Record]:
    """What a journal is to say before results are written of which it is told only later.

    A run after a killed one knows by it what may lie in the output folder.
    """
    for job in jobs:
        record = Record(job.key, "sent", {}, Source())
        yield record.following(journal.records.get(job.key))


def sweep(jobs: Iterable[Job], output: str | None) -> None:
    """Delete what killed runs left half-written where the results of jobs go.

    Args:
        jobs: they.
        output: the folder of the run's journal, which is held; None where there is none.
    """
    real = real_names()
    targets = ((job.target_file, job.in_place) for job in jobs if job.target_file)
    names = (real(target) if in_place else target for target, in_place in targets)
    first = next(names, None)
    if first is not None:
        storage_of(first).sweep(chain([first], names), output)


def stat_of(name: str) -> Stat:
    """What a later run knows a photograph by without reading it.

    Raises:
        PhotoError: there is none, or it may not be looked at.
    """
    try:
        return storage_of(name).stat(name)
    except OSError as error:
        raise PhotoError(reason(error), where=name) from error


def _check_unchanged(name: str, source: Source) -> None:
    """See that a photograph that is to be replaced is the one that was read.

    Raises:
        PhotoError: it is not.
    """
    if not source.is_at(stat_of(name)):
        raise PhotoError(
            "the photograph changed while it was edited, and is left as it is now",
            do="Run the same command again.",
        )


def _check_in_place(photo: Photo, key: str, *, on_top: bool) -> None:
    """See that nothing is lost, and nothing edited twice, if a result takes a photograph's place.

    Raises:
        PhotoError: something would be.
    """
    if photo.auxiliary:
        more = ", ".join(photo.auxiliary)
        raise PhotoError(
            f"--in-place would lose what else the file holds: {more}",
            where=key,
            do="Use -o FOLDER for it.",
        )
    if not on_top and (brush := edited_with(photo.metadata)):
        raise PhotoError(
            f"its XMP says that it is a result of {brush} already, and no journal here lists it",
            where=key,
            do="Put the original back, or pass --on-top to edit the result.",
        )


def _sized(
    photographs: Iterable[Photograph], fetchers: ThreadPoolExecutor
) -> Iterator[tuple[Photograph, float]]:
    """Each photograph with its megapixels, in order, the bytes of the next on their way."""
    ahead = deque[Photograph]()
    for photograph in photographs:
        name = photograph.job.source_file
        if name is not None and is_url(name):
            photograph.fetched = fetchers.submit(storage_of(name).read, name)
        ahead.append(photograph)
        if len(ahead) > AHEAD:
            yield _measured(ahead.popleft())
    while ahead:
        yield _measured(ahead.popleft())


def _measured(photograph: Photograph) -> tuple[Photograph, float]:
    if photograph.fetched:
        failed_to_come = photograph.fetched.exception()
        first = BytesIO() if failed_to_come else BytesIO(photograph.fetched.result())
        return photograph, megapixels_of(first)
    job = photograph.job
    if job.source_file is None or job.piped:
        return photograph, 0.0
    return photograph, megapixels_of(Path(job.source_file))


def _bytes_of(photograph: Photograph) -> bytes:
    """The bytes of a photograph, which it is no longer kept with.

    Raises:
        PhotoError: they cannot be read.
    """
    name, fetched = photograph.job.source_file, photograph.fetched
    if name is None:
        return read_streamed(sys.stdin.buffer, photograph.job.key)
    if photograph.job.piped:
        return read_pipe(Path(name), photograph.job.key)
    photograph.fetched = None
    return fetched.result() if fetched else storage_of(name).read(name)
