"""Photographs through the model in windows, the next read ahead and the last written behind.

While the model edits one window of photographs, the next is read and decoded and the last is
brought to full size and written. What a window holds depends on the files alone, never on how
fast they came, so that the same command makes the same bytes.
"""

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass

from brushctl.photos.rows import usable_cores
from brushctl.runs.memory import whole_memory
from brushctl.runs.plan import Job
from brushctl.runs.records import Record, Source
from brushctl.runs.steps import Edited, Editor, Prepared, Treatment, edit_prepared, failed

IN_HAND = 50.0
"""Megapixels decoded at one time, unless one photograph alone has more."""
MOST_IN_HAND = 400.0
"""As many for a GPU, which wants a batch: sixteen photographs of 12 megapixels in half of it."""
SHARE, EACH = 0.25, 45e6
"""Of the machine's memory they may take; bytes for each megapixel, of which none takes more."""
TOGETHER = 16
"""No window reaches over a multiple of so many photographs of a run. Neighbours change a picture
by rounding; so a cluster, which hands out multiples of as many, makes the bytes of one process."""
THREADS = min(8, max(2, usable_cores()))
"""That read, and that write: Pillow and numpy let go of Python's lock while they work."""

Outcome = Record | tuple[Prepared, Edited | None]
"""How a photograph has failed, or its edit; None of a model where there is none."""


@dataclass(slots=True)
class Photograph:
    """One that is to be edited.

    Attributes:
        job: which, and what becomes of it.
        source: what is known of its file before it is read.
        fetched: its bytes, if they are on their way.
    """

    job: Job
    source: Source
    fetched: Future[bytes] | None = None


Read = Callable[[Photograph], Prepared | Record]
"""Gives a photograph in hand, or how it failed; threads call it."""
Write = Callable[[Photograph, Outcome], Record]
"""Gives what became of a photograph, once its result is where it belongs; threads call it."""


@dataclass(frozen=True, slots=True)
class Window:
    """Photographs that are edited together."""

    photographs: tuple[Photograph, ...]
    megapixels: float


def in_hand(editor: Editor | None) -> float:
    """Megapixels that may be decoded at one time, for an editor if there is one.

    It depends on the machine and on what the editor takes at once, never on what else is running,
    for windows follow from it, and bytes from windows.
    """
    if editor is None or editor.at_once == 1 or not editor.wants_many:
        return IN_HAND
    return min(MOST_IN_HAND, max(IN_HAND, SHARE * whole_memory() / EACH))


def windows(sized: Iterable[tuple[Photograph, float]], editor: Editor | None) -> Iterator[Window]:
    """Photographs with their megapixels, in their order.

    As many go together as the editor takes, but no more than half of what may be in hand.
    """
    window: list[Photograph] = []
    total = 0.0
    most, largest = editor.at_once if editor else 1, in_hand(editor) / 2
    for n, (photograph, megapixels) in enumerate(sized):
        full = len(window) == most or n % TOGETHER == 0 or total + megapixels > largest
        if window and full:
            yield Window(tuple(window), total)
            window, total = [], 0.0
        window.append(photograph)
        total += megapixels
    if window:
        yield Window(tuple(window), total)


class Pipeline:
    """Reads ahead and writes behind, while the model has the thread that calls `run`.

    Args:
        read: reads one.
        write: writes one.
        editor: the model with its brush, if there is one.
        treatment: how photographs are edited.
        stack: ends the threads when it closes.
        threads: how many read, and how many write.
    """

    def __init__(
        self,
        read: Read,
        write: Write,
        editor: Editor | None,
        treatment: Treatment,
        stack: ExitStack,
        threads: int = THREADS,
    ) -> None:
        self._read, self._write = read, write
        self._editor, self._treatment = editor, treatment
        self._in_hand = in_hand(editor)
        self._readers, self._writers = ThreadPoolExecutor(threads), ThreadPoolExecutor(threads)
        for pool in (self._readers, self._writers):
            stack.callback(pool.shutdown, cancel_futures=True)
        self._reading: deque[tuple[Window, list[Future[Prepared | Record]]]] = deque()
        self._writing: deque[tuple[Future[Record], float]] = deque()

    def run(
        self, windows: Iterator[Window], stop: Callable[[], bool] = lambda: False
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
                read = [self._readers.submit(self._read, one) for one in ahead.photographs]
                self._reading.append((ahead, read))
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
        room = self._in_hand
        return not held or (len(self._reading) < 2 and sum(held) + window.megapixels <= room)

    def _edit(self, window: Window, reading: list[Future[Prepared | Record]]) -> None:
        read = [future.result() for future in reading]
        prepared = [one for one in read if isinstance(one, Prepared)]
        results = iter(edit_prepared(self._editor, prepared))
        for photograph, one in zip(window.photographs, read, strict=True):
            outcome: Outcome
            if isinstance(one, Prepared):
                outcome = self._outcome(photograph, one, next(results))
            else:
                outcome = one
            writing = self._writers.submit(self._write, photograph, outcome)
            self._writing.append((writing, window.megapixels / len(window.photographs)))

    def _outcome(
        self, photograph: Photograph, prepared: Prepared, result: Edited | Exception | None
    ) -> Outcome:
        if isinstance(result, Exception):
            settings = self._treatment.settings
            return failed(photograph.job.key, result, prepared.source, settings)
        return prepared, result

    def _written(self) -> Record:
        future, _ = self._writing.popleft()
        return future.result()
