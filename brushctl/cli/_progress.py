"""How long work is shown on stderr: bars on a terminal, else a line now and then."""

import contextlib
import gc
import time
from collections.abc import Iterator
from datetime import timedelta
from typing import TYPE_CHECKING

from brushctl.cli._output import err_console, print_marked, say, shown
from brushctl.cli._streams import is_watched
from brushctl.events import Advance, Event, Failed, Loading, Message, Noted, Reporter, Stage, Warned

if TYPE_CHECKING:
    from rich.console import Console
    from rich.progress import Progress, TaskID

BESIDE_THE_BAR = 36
"""Columns that a progress line needs for all but its bar and its note. The bar has a quarter of the
others."""
WIDE = 60
"""Columns of a terminal from which on there is room for a bar."""
LOG_INTERVAL = 60.0
"""Seconds between two progress lines where there is no terminal (cron, CI logs)."""
MARKS = {Warned: ("warning", "yellow"), Failed: ("failed", "red")}
"""The words that lines begin with, and Rich's styles of these."""


@contextlib.contextmanager
def reporting(*, quiet: bool = False, verbose: bool = False) -> Iterator[Reporter]:
    """Show what work reports within the block.

    Args:
        quiet: only what has failed.
        verbose: also what is for whoever asks.
    """
    with _shown(quiet=quiet, verbose=verbose) as show, _no_garbage_while_loading() as hear:

        def report(event: Event) -> None:
            hear(event)
            show(event)

        yield report


@contextlib.contextmanager
def _shown(*, quiet: bool, verbose: bool) -> Iterator[Reporter]:
    if quiet:
        yield _failures
    elif is_watched():
        with _bars(err_console(), verbose=verbose) as bars:
            yield bars
    else:
        yield _Lines(verbose=verbose)


@contextlib.contextmanager
def loading() -> Iterator[None]:
    """Within the block no garbage is collected, for libraries are loaded.

    What they define stays: to search it for garbage again and again is a tenth of a start.
    """
    gc.disable()
    try:
        yield
    finally:
        _collect_again()


@contextlib.contextmanager
def _no_garbage_while_loading() -> Iterator[Reporter]:
    """As `loading`, from each report that something is being loaded to that of the next stage."""

    def hear(event: Event) -> None:
        if isinstance(event, Loading):
            gc.disable()
        elif isinstance(event, Stage):
            _collect_again()

    try:
        yield hear
    finally:
        _collect_again()
        gc.unfreeze()


def _collect_again() -> None:
    """Collect garbage, but search nothing for it that has been loaded meanwhile."""
    if not gc.isenabled():
        gc.freeze()
        gc.enable()


def _failures(event: Event) -> None:
    if isinstance(event, Failed):
        print_marked("failed", "red", event.message)


@contextlib.contextmanager
def _bars(console: "Console", *, verbose: bool) -> Iterator[Reporter]:
    bars = _Bars(console, verbose=verbose)
    try:
        yield bars
        bars.finish()
    finally:
        bars.leave()


def _progress(console: "Console") -> "Progress":
    from rich.progress import BarColumn, Progress, ProgressColumn, TextColumn, TimeRemainingColumn
    from rich.table import Column

    bar = min(30, (console.width - BESIDE_THE_BAR) // 4) if console.width >= WIDE else 0
    columns: list[ProgressColumn] = [
        TextColumn("{task.description:<14}" if bar else "{task.description}"),
        *([BarColumn(bar_width=bar)] if bar else []),
        TextColumn("{task.fields[count]}"),
        TimeRemainingColumn(compact=True, elapsed_when_finished=True),
        TextColumn(
            "{task.fields[note]}",
            style="dim",
            markup=False,
            table_column=Column(no_wrap=True, ratio=1),  # what the others leave
        ),
    ]
    return Progress(*columns, console=console, expand=True)


class _Bars:
    """A bar for each stage; they stay where they are when a line is told below them."""

    def __init__(self, console: "Console", *, verbose: bool) -> None:
        self._console, self._verbose = console, verbose
        self._progress: Progress | None = None
        self._task: TaskID | None = None
        self._done = 0

    def __call__(self, event: Event) -> None:
        match event:
            case Stage(name, total):
                self.finish()
                if self._progress is None:
                    self._progress = _progress(self._console)
                    self._progress.start()
                count = _count(0, total) if total else ""
                self._task = self._progress.add_task(name, total=total, note="", count=count)
                self._done = 0
            case Advance(done) if self._progress is not None and self._task is not None:
                self._done, task = done, self._progress.tasks[self._task]
                self._progress.update(
                    self._task,
                    completed=done,
                    count=_count(done, task.total),
                    note=shown(_note(event, verbose=self._verbose)),
                )
            case Message(message):
                self.finish()
                self.leave()
                say(message)
            case Warned(message) | Failed(message):
                print_marked(*MARKS[type(event)], message, self._console)
            case Noted(message) if self._verbose:
                self._console.print(shown(message), markup=False, emoji=False)

    def finish(self) -> None:
        """A stage that nobody knew the length of is shown to be over."""
        if self._progress is None or self._task is None:
            return
        if self._progress.tasks[self._task].total is None:
            total = max(1, self._done)
            count = _count(self._done, self._done) if self._done else ""
            self._progress.update(self._task, total=total, completed=total, count=count)

    def leave(self) -> None:
        """The bars stay as they are; a new stage begins new ones."""
        if self._progress is not None:
            self._progress.stop()
        self._progress = self._task = None


class _Lines:
    """A line for each stage, one a minute within it, and one for each warning."""

    def __init__(self, *, verbose: bool) -> None:
        self._verbose = verbose
        self._stage, self._spoke_at, self._began_at = Stage(""), 0.0, 0.0

    def __call__(self, event: Event) -> None:
        match event:
            case Loading():
                pass
            case Stage(name):
                self._stage = event
                say(name)
                self._spoke_at = self._began_at = time.monotonic()
            case Advance(done) if time.monotonic() - self._spoke_at >= LOG_INTERVAL:
                total, note = self._stage.total, _note(event, verbose=self._verbose)
                left = _time_left(done, total, time.monotonic() - self._began_at)
                say(f"{self._stage.name} {_count(done, total)} {left} {note}".rstrip())
                self._spoke_at = time.monotonic()
            case Message(message):
                say(message)
            case Warned(message) | Failed(message):
                print_marked(*MARKS[type(event)], message)
            case Noted(message) if self._verbose:
                say(message)


def _count(done: int, total: float | None) -> str:
    return f"{done}/{'?' if total is None else int(total)}"


def _note(event: Advance, *, verbose: bool) -> str:
    """The figures that stand behind the bar."""
    return "  ".join(filter(None, (event.note, event.details if verbose else "")))


def _time_left(done: int, total: int | None, seconds: float) -> str:
    """How long the rest takes at the pace so far, h:mm:ss; nothing where that cannot be told."""
    if not done or not total:
        return ""
    left = timedelta(seconds=round(seconds / done * (total - done)))
    return f"({left} left)"
