"""Edit photographs as a pipeline: resumable, and one bad file never stops the rest.

While the model edits one window of photographs, the next is read and decoded and the last is
brought to full size and written. What a window holds depends on the files alone, never on how
fast they came, so that the same command makes the same bytes.
"""

import hashlib
import os
import shutil
import sys
import tempfile
import time
from collections import deque
from collections.abc import Callable, Generator, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from brushctl.errors import PhotoError
from brushctl.events import Advance, Event, Stage
from brushctl.photos.images import megapixels_of, read_photo
from brushctl.photos.journal import Journal, Record, hash_file
from brushctl.photos.plan import Job, Plan
from brushctl.photos.saving import PART, kind_of, replacing
from brushctl.photos.selection import result_path, source_path, stat_of
from brushctl.photos.treating import (
    Edited,
    Editor,
    FileDone,
    Taken,
    Treatment,
    edit_taken,
    failed,
    put,
    take,
    tell,
)

IN_HAND = 50.0
"""Megapixels decoded at one time, unless one photograph alone has more: 12 to 45 MB for each."""
THREADS = min(8, max(2, os.cpu_count() or 1))
"""That read, and that write: Pillow and numpy let go of Python's lock while they work."""

Outcome = Record | tuple[Taken, Edited]
"""How a photograph has failed, or its edit."""


@dataclass(frozen=True, slots=True)
class Window:
    """Photographs that are edited together."""

    jobs: tuple[Job, ...]
    megapixels: float


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
        stop: asked between windows; true ends the run when what has been edited is written.

    Returns:
        what became of each photograph, in the order of `jobs`, as far as it got.

    Raises:
        OSError: the disk is full or read-only.
    """
    if journal:
        _sweep(jobs)
    yield Stage("editing photographs", len(jobs))
    records: list[Record] = []
    megapixels, started = 0.0, time.monotonic()
    with ExitStack() as stack:
        work = _Pipeline(_Files(plan, editor, treatment, journal), stack)
        for record in work.run(_windows(jobs, editor.at_once), stop):
            records.append(record)
            width, height = record.facts.get("size", (0, 0))
            megapixels += width * height / 1e6
            yield from tell(record)
            pace = megapixels / max(time.monotonic() - started, 1e-9)
            yield Advance(len(records), f"{pace:.1f} MP/s  {record.photograph}")
    return records


def _sweep(jobs: Sequence[Job]) -> None:
    """Delete what a killed run left half-written: under the journal's lock nobody writes now."""
    for folder in {_place(job).parent for job in jobs}:
        with suppress(OSError):  # of a folder that is not ours to write; its photographs will tell
            for part in folder.glob(f".*{PART}"):
                part.unlink(missing_ok=True)


def _place(job: Job) -> Path:
    """The file that a result becomes: in place, that which a link leads to."""
    assert job.target is not None
    return job.target.resolve() if job.source == job.target else job.target


def _check_unchanged(path: Path, source: dict[str, Any]) -> None:
    """See that a photograph that is to be replaced is the one that was read.

    Raises:
        PhotoError: it is not.
    """
    now = stat_of(path)
    if any(source[key] != value for key, value in now.items()):
        raise PhotoError(
            "the photograph changed while it was edited, and is left as it is now",
            do="Run the same command again.",
        )


def _windows(jobs: Sequence[Job], most: int) -> Iterator[Window]:
    """The jobs in their order, `most` at once, but no more than half of what may be in hand."""
    window: list[Job] = []
    total = 0.0
    for job in jobs:
        megapixels = megapixels_of(job.source) if job.source else 0.0
        if window and (len(window) == most or total + megapixels > IN_HAND / 2):
            yield Window(tuple(window), total)
            window, total = [], 0.0
        window.append(job)
        total += megapixels
    if window:
        yield Window(tuple(window), total)


@dataclass(frozen=True, slots=True)
class _Files:
    """The two ends of the work on one photograph: reading and writing."""

    plan: Plan
    editor: Editor
    treatment: Treatment
    journal: Journal | None

    def read(self, job: Job) -> Taken | Record:
        """A photograph in hand, or how it failed."""
        source: dict[str, Any] = {}
        try:
            if job.source is None:
                data = sys.stdin.buffer.read()
            else:
                source["path"] = source_path(self.plan, job)
                source.update(stat_of(job.source))
                data = read_photo(job.source)
            source["sha256"] = hashlib.sha256(data).hexdigest()
            source["bytes"] = len(data)
            return take(data, job.key, source, self.editor, self.treatment)
        except Exception as error:
            return failed(job.key, error, source, self.treatment)

    def write(self, job: Job, outcome: Outcome) -> Record:
        """What became of a photograph, once its result and its line are on the disk."""
        if isinstance(outcome, Record):
            record = outcome
        else:
            try:
                record = self._put(job, *outcome)
            except Exception as error:
                record = failed(job.key, error, outcome[0].source, self.treatment)
        if self.journal:
            self.journal.write(record)
        return record

    def _put(self, job: Job, taken: Taken, edited: Edited) -> Record:
        record = Record(job.key, "done", self.treatment.settings, taken.source)
        if job.target is None:
            # Writers of TIFF and PNG seek, which standard output cannot.
            with tempfile.TemporaryDirectory(prefix="brushctl-") as folder:
                path = Path(folder) / "photo"
                facts = put(path, taken.photo.format, taken, edited, self.treatment)
                with path.open("rb") as file:
                    shutil.copyfileobj(file, sys.stdout.buffer)
                sys.stdout.buffer.flush()
            return replace(record, facts=facts)
        job.target.parent.mkdir(parents=True, exist_ok=True)
        with replacing(_place(job)) as part:
            kind = kind_of(job.target, taken.photo)
            facts = put(part, kind, taken, edited, self.treatment)
            if job.source == job.target:
                _check_unchanged(job.target, taken.source)
                shutil.copymode(job.target, part)
            result = {
                "path": result_path(self.plan, job),
                "sha256": hash_file(part),
                "bytes": part.stat().st_size,
            }
            record = replace(record, result=result, facts=facts)
            if self.journal:
                # In place, a run killed between renaming and noting it must not edit the edit.
                self.journal.write(replace(record, status="writing"))
        return record


class _Pipeline:
    """Reads ahead and writes behind, while the model has the thread that calls `run`."""

    def __init__(self, files: _Files, stack: ExitStack) -> None:
        self._files = files
        self._readers, self._writers = ThreadPoolExecutor(THREADS), ThreadPoolExecutor(THREADS)
        for pool in (self._readers, self._writers):
            stack.callback(pool.shutdown, cancel_futures=True)
        self._reading: deque[tuple[Window, list[Future[Taken | Record]]]] = deque()
        self._writing: deque[tuple[Future[Record], float]] = deque()

    def run(self, windows: Iterator[Window], stop: Callable[[], bool]) -> Iterator[Record]:
        """The records of all photographs, in order."""
        ahead = next(windows, None)
        while True:
            if stop():
                ahead = None
                self._reading.clear()
            while ahead and self._has_room(ahead):
                jobs = [self._readers.submit(self._files.read, job) for job in ahead.jobs]
                self._reading.append((ahead, jobs))
                ahead = next(windows, None)
            if self._reading:
                self._edit(*self._reading.popleft())
                while self._writing and self._writing[0][0].done():
                    yield self._written()
            elif self._writing:
                yield self._written()
            else:
                return

    def _has_room(self, window: Window) -> bool:
        held = [window.megapixels for window, _ in self._reading]
        held += [megapixels for _, megapixels in self._writing]
        return not held or (len(self._reading) < 2 and sum(held) + window.megapixels <= IN_HAND)

    def _edit(self, window: Window, reading: list[Future[Taken | Record]]) -> None:
        read = [future.result() for future in reading]
        taken = [one for one in read if isinstance(one, Taken)]
        results = iter(edit_taken(self._files.editor, taken))
        for job, one in zip(window.jobs, read, strict=True):
            outcome = self._outcome(job, one, next(results)) if isinstance(one, Taken) else one
            writing = self._writers.submit(self._files.write, job, outcome)
            self._writing.append((writing, window.megapixels / len(window.jobs)))

    def _outcome(self, job: Job, taken: Taken, result: Edited | Exception) -> Outcome:
        if isinstance(result, Exception):
            return failed(job.key, result, taken.source, self._files.treatment)
        return taken, result

    def _written(self) -> Record:
        future, _ = self._writing.popleft()
        return future.result()
