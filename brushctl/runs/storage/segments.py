"""A journal in storage that cannot append: segments of lines, each written once."""

import contextlib
import hashlib
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from types import TracebackType
from typing import Any, Self

from brushctl.errors import StorageError
from brushctl.runs.journal import Contents, damage_in
from brushctl.runs.lines import Writer
from brushctl.runs.locking import locked
from brushctl.runs.plan import STATE
from brushctl.runs.records import Record
from brushctl.runs.storage.base import Warn
from brushctl.runs.storage.systems import answering, below, storage
from brushctl.settings import home

LONGEST, LATEST = 500, 10.0
"""A segment is written after so many lines or seconds: what a killed run may have to repeat."""
TOGETHER = 32
"""Segments read at one time: one after another, a million photographs' would take minutes."""


class SegmentedJournal:
    """The journal of an output folder given by URL; a `brushctl.runs.storage.base.AnyJournal`.

    Segments sort by the time at which they were begun, so that later lines come later. The lock
    holds among runs from one machine; runs from two would do the same work twice, to the same
    bytes.

    Args:
        output: the folder's URL.
        warn: is told where it cannot be held, in a home on a share without locks, and of damaged
            lines.

    Attributes:
        records: the latest line about each photograph.

    Raises:
        OutputBusyError: on entering, when another run from this machine holds it.
        StorageError: the storage cannot be reached, or takes no segment.
    """

    appends = False

    def __init__(self, output: str, warn: Warn = lambda _line: None) -> None:
        self._output = output.rstrip("/")
        name = hashlib.sha256(self._output.encode()).hexdigest()[:32]
        self._lock = home() / "locks" / name
        self._warn = warn
        self._held = ExitStack()
        self._lines: list[bytes] = []
        self._writer = Writer()
        self._guard = threading.RLock()
        self._later: threading.Timer | None = None
        self.records: dict[str, Record] = {}

    def __enter__(self) -> Self:
        self._lock.parent.mkdir(parents=True, exist_ok=True)
        with ExitStack() as held:
            held.enter_context(locked(self._lock, self._output, warn=self._warn))
            self._system, self._folder = _place(self._output)
            contents = read_segments(self._output)
            if contents.damaged:
                self._warn(damage_in(contents, self._output))
            self.records = contents.records
            self._held = held.pop_all()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        with self._held:
            self._flush()

    def write(self, *records: Record) -> None:
        """Add lines; they are in the storage some seconds later, and at once if work follows."""
        with self._guard:
            for record in records:
                self._lines.append(self._writer.lines_of(record))
                self.records[record.file] = record
            ahead = any(record.status == "sent" for record in records)
            if ahead or len(self._lines) >= LONGEST:
                self._flush()
            elif self._lines and self._later is None:
                self._later = threading.Timer(LATEST, self._flush_late)
                self._later.daemon = True
                self._later.start()

    def _flush(self) -> None:
        with self._guard:
            if self._later:
                self._later.cancel()
                self._later = None
            if self._lines:
                name = f"{self._folder}/{time.time_ns():020}.jsonl"
                with answering(self._output):
                    self._system.pipe_file(name, b"".join(self._lines))
            self._lines, self._writer = [], Writer()  # each segment can be read by itself

    def _flush_late(self) -> None:
        with contextlib.suppress(StorageError):  # the lines are kept: the next flush tells of it
            self._flush()


def read_segments(output: str) -> Contents:
    """What the journal of an output folder's URL tells.

    Raises:
        StorageError: it cannot be read.
    """
    system, folder = _place(output.rstrip("/"))
    system.invalidate_cache()
    contents = Contents()
    with answering(output), ThreadPoolExecutor(TOGETHER) as pool:
        names = sorted(below(system, folder))
        for n in range(0, len(names), TOGETHER):
            for lines in pool.map(system.cat_file, names[n : n + TOGETHER]):
                contents.add(lines.splitlines(keepends=True), output)
    return contents


def _place(output: str) -> tuple[Any, str]:
    return storage(f"{output}/{STATE}/journal")
