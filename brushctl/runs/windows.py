"""Photographs through the model in windows, the next read ahead and the last written behind.

While the model edits one window of photographs, the next is read and decoded and the last is
brought to full size and written. What a window holds depends on the files alone, never on how
fast they came, so that the same command makes the same bytes.
"""

import os
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Generic, Protocol, TypeVar

from brushctl.runs.memory import whole_memory
from brushctl.runs.records import Record
from brushctl.runs.steps import Edited, Editor, Prepared, Treatment, edit_prepared, failed

IN_HAND = 50.0
"""Megapixels decoded at one time, unless one photograph alone has more."""
MOST_IN_HAND = 400.0
"""As many for a GPU, which wants a batch: sixteen photographs of 12 megapixels in half of it."""
SHARE, EACH = 0.25, 45e6
"""Of the machine's memory they may take, each at most so many bytes (12 MB while it waits)."""
TOGETHER = 16
"""No window reaches over a multiple of so many photographs of a run. Neighbours change a picture
by rounding; so a cluster, which hands out multiples of as many, makes the bytes of one process."""
THREADS = min(8, max(2, os.cpu_count() or 1))
"""That read, and that write: Pillow and numpy let go of Python's lock while they work."""

Outcome = Record | tuple[Prepared, Edited]
"""How a photograph has failed, or its edit."""


class HasKey(Protocol):
    """A photograph to edit."""

    @property
    def key(self) -> str:
        """Its name in the journal."""


Job = TypeVar("Job", bound=HasKey)
Given_contra = TypeVar("Given_contra", bound=HasKey, contravariant=True)


class ReaderWriter(Protocol[Given_contra]):
    """The two ends of the work on one photograph, called by threads: reading and writing."""

    def read(self, job: Given_contra) -> Prepared | Record:
        """A photograph in hand, or how it failed."""

    def write(self, job: Given_contra, outcome: Outcome) -> Record:
        """What became of a photograph, once its result is where it belongs."""


@dataclass(frozen=True, slots=True)
class Window(Generic[Job]):
    """Photographs that are edited together."""

    jobs: tuple[Job, ...]
    megapixels: float


def in_hand(editor: Editor) -> float:
    """Megapixels that may be decoded at one time, for an editor.

    It depends on the machine and on what the editor takes at once, never on what else is running,
    for windows follow from it, and bytes from windows.
    """
    if editor.at_once == 1 or not editor.wants_many:
        return IN_HAND
    return min(MOST_IN_HAND, max(IN_HAND, SHARE * whole_memory() / EACH))


def windows(sized: Iterable[tuple[Job, float]], editor: Editor) -> Iterator[Window[Job]]:
    """Jobs with their megapixels, in their order.

    As many go together as the editor takes, but no more than half of what may be in hand.
    """
    window: list[Job] = []
    total = 0.0
    most, largest = editor.at_once, in_hand(editor) / 2
    for n, (job, megapixels) in enumerate(sized):
        full = len(window) == most or n % TOGETHER == 0 or total + megapixels > largest
        if window and full:
            yield Window(tuple(window), total)
            window, total = [], 0.0
        window.append(job)
        total += megapixels
    if window:
        yield Window(tuple(window), total)


class Pipeline(Generic[Job]):
    """Reads ahead and writes behind, while the model has the thread that calls `run`.

    Args:
        ends: read and write.
        editor: the model with its brush.
        treatment: how photographs are edited.
        stack: ends the threads when it closes.
        threads: how many read, and how many write.
    """

    def __init__(
        self,
        ends: ReaderWriter[Job],
        editor: Editor,
        treatment: Treatment,
        stack: ExitStack,
        threads: int = THREADS,
    ) -> None:
        self._ends, self._editor, self._treatment = ends, editor, treatment
        self._in_hand = in_hand(editor)
        self._readers, self._writers = ThreadPoolExecutor(threads), ThreadPoolExecutor(threads)
        for pool in (self._readers, self._writers):
            stack.callback(pool.shutdown, cancel_futures=True)
        self._reading: deque[tuple[Window[Job], list[Future[Prepared | Record]]]] = deque()
        self._writing: deque[tuple[Future[Record], float]] = deque()

    def run(
        self, windows: Iterator[Window[Job]], stop: Callable[[], bool] = lambda: False
    ) -> Iterator[Record]:
        """The records of all photographs, in order.

        Args:
            windows: of the photographs.
            stop: asked between windows; true ends the run when what has been edited is written.

        Raises:
            OSError: the disk is full or read-only.
        """
        ahead = next(windows, None)
        while True:
            if stop():
                ahead = None
                self._reading.clear()
            while ahead and self._has_room(ahead):
                jobs = [self._readers.submit(self._ends.read, job) for job in ahead.jobs]
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

    def _has_room(self, window: Window[Job]) -> bool:
        held = [window.megapixels for window, _ in self._reading]
        held += [megapixels for _, megapixels in self._writing]
        room = self._in_hand
        return not held or (len(self._reading) < 2 and sum(held) + window.megapixels <= room)

    def _edit(self, window: Window[Job], reading: list[Future[Prepared | Record]]) -> None:
        read = [future.result() for future in reading]
        prepared = [one for one in read if isinstance(one, Prepared)]
        results = iter(edit_prepared(self._editor, prepared))
        for job, one in zip(window.jobs, read, strict=True):
            outcome = self._outcome(job, one, next(results)) if isinstance(one, Prepared) else one
            writing = self._writers.submit(self._ends.write, job, outcome)
            self._writing.append((writing, window.megapixels / len(window.jobs)))

    def _outcome(self, job: Job, prepared: Prepared, result: Edited | Exception) -> Outcome:
        if isinstance(result, Exception):
            return failed(job.key, result, prepared.source, self._treatment.settings)
        return prepared, result

    def _written(self) -> Record:
        future, _ = self._writing.popleft()
        return future.result()
