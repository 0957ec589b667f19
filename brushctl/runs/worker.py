"""What each process of a cluster does to photographs: hold one editor, edit what it is handed."""

import hashlib
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import AbstractContextManager, ExitStack
from dataclasses import dataclass, replace
from io import BytesIO
from pathlib import Path
from typing import Any

from brushctl.photos.source import megapixels_of
from brushctl.runs.records import Record, Result, Source
from brushctl.runs.remote_plan import Task
from brushctl.runs.resume import stat_of
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
from brushctl.runs.storage.remote import is_url, read, write
from brushctl.runs.windows import Outcome, Pipeline, windows

EditorOpener = Callable[[], AbstractContextManager[Editor]]
AHEAD = 8
"""Photographs whose bytes, not yet decoded, are fetched before their turn."""


def open_editor_of(data: bytes, settings: dict[str, Any]) -> AbstractContextManager[Editor]:
    """An editor for the bytes of a brush file, which no other machine need have."""
    from brushctl.brushes.file import decode_brush
    from brushctl.engine.sampler import open_editor

    return open_editor(decode_brush(data), **settings)


class EditWorker:
    """The work of one process: loads the base model once, then edits block after block.

    Args:
        opener: makes the editor.
        treatment: how photographs are edited.
        cores: as many threads read and as many write, two at least.
    """

    def __init__(self, opener: EditorOpener, treatment: Treatment, cores: int) -> None:
        self._editor = opener().__enter__()
        self._treatment = treatment
        self._threads = max(2, cores)

    def __call__(self, tasks: Sequence[Task]) -> Iterator[Record]:
        """What became of each photograph, in order.

        Raises:
            OSError: the disk is full or read-only.
        """
        ends = _AnywhereFiles(self._editor, self._treatment)
        with ExitStack() as stack:
            pipeline = Pipeline(ends, self._editor, self._treatment, stack, self._threads)
            fetchers = stack.enter_context(ThreadPoolExecutor(self._threads))
            sized = _fetched(tasks, fetchers)
            yield from pipeline.run(windows(sized, self._editor))


@dataclass(slots=True)
class _Fetched:
    """A photograph's bytes, or why there are none; and what the journal says of its file."""

    task: Task
    source: Source
    data: bytes = b""
    error: Exception | None = None

    @property
    def key(self) -> str:
        return self.task.key


def _fetched(
    tasks: Sequence[Task], fetchers: ThreadPoolExecutor
) -> Iterator[tuple[_Fetched, float]]:
    """Each photograph with its megapixels, in order, the bytes of the next on their way."""
    ahead: deque[Future[_Fetched]] = deque()
    rest = iter(tasks)
    while True:
        while len(ahead) < AHEAD and (task := next(rest, None)):
            ahead.append(fetchers.submit(_fetch, task))
        if not ahead:
            return
        fetched = ahead.popleft().result()
        yield fetched, megapixels_of(BytesIO(fetched.data))


def _fetch(task: Task) -> _Fetched:
    fetched = _Fetched(task, task.mark)
    try:
        if not is_url(task.source):
            fetched.source = task.mark.at(stat_of(Path(task.source)))
        fetched.data = read(task.source)
    except Exception as error:  # one bad file is one failed file
        fetched.error = error
    return fetched


@dataclass(frozen=True, slots=True)
class _AnywhereFiles:
    """Reading and writing, wherever photographs lie."""

    editor: Editor
    treatment: Treatment

    def read(self, job: _Fetched) -> Prepared | Record:
        """A photograph in hand, or how it failed."""
        data, job.data = job.data, b""  # decoded, it is needed no more
        try:
            if job.error:
                raise job.error
            sha256 = hashlib.sha256(data).hexdigest()
            job.source = replace(job.source, sha256=sha256, bytes=len(data))
            return prepare(
                data,
                job.key,
                job.source,
                self.editor,
                self.treatment,
                named=Path(job.task.source),
                target=Path(job.task.target),
            )
        except Exception as error:
            return failed(job.key, error, job.source, self.treatment.settings)

    def write(self, job: _Fetched, outcome: Outcome) -> Record:
        """What became of a photograph, once its result is where it belongs."""
        if isinstance(outcome, Record):
            return outcome
        try:
            with writing_result():
                return self._put(job.task, *outcome)
        except Exception as error:
            return failed(job.key, error, job.source, self.treatment.settings)

    def _put(self, task: Task, prepared: Prepared, edited: Edited) -> Record:
        data, facts = encoded(prepared, edited, self.treatment)
        write(task.target, data, task.output)
        result = Result(task.result, hashlib.sha256(data).hexdigest(), len(data))
        return Record(task.key, "done", self.treatment.settings, prepared.source, result, facts)
