"""What every command prints with: data on stdout, everything else on stderr."""

import contextlib
import io
import json
import os
import re
import sys
import time
from collections.abc import Iterator
from datetime import timedelta
from typing import TYPE_CHECKING, Any, TextIO

from brushctl.events import Advance, Event, Loading, Message, Reporter, Stage, Warned, silent

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer
    from rich.console import Console
    from rich.progress import Progress, TaskID

ENVELOPE_VERSION = 1
IN_A_PIPE = 10_000
"""Columns of a line that no terminal shows."""
BESIDE_THE_BAR = 36
"""Columns that a progress line needs for all but its bar and its note, which share the others."""
UNFIT = re.compile("[\x00-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")
"""What steers a terminal or forges a line of a log, where a file's name has it: control characters
(C0, DEL, C1), separators of lines and paragraphs, the embeddings, overrides and isolates of Unicode
(UAX #9), which reorder the words after a name, and surrogates, as which Python has bytes that are
no text. Joiners and directional marks, which names in many scripts need, reorder no other words."""
LOG_INTERVAL = 60.0
"""Seconds between two progress lines where there is no terminal (cron, CI logs)."""


class _Outliving(io.FileIO):
    """A standard stream that outlives its reader: what is written once that has gone is dropped.

    Of a full disk the first write tells; then, too, the rest is dropped.
    """

    def write(self, data: "ReadableBuffer") -> int | None:  # type: ignore[override]
        try:
            return super().write(data)
        except OSError as error:
            os.dup2(os.open(os.devnull, os.O_WRONLY), self.fileno())
            if not isinstance(error, BrokenPipeError):
                raise
            return super().write(data)


def _outliving(stream: TextIO) -> TextIO:
    try:
        raw = _Outliving(stream.fileno(), "wb", closefd=False)
    except io.UnsupportedOperation:  # of a test, in memory
        return stream
    stream.flush()
    return io.TextIOWrapper(
        io.BufferedWriter(raw),
        encoding=stream.encoding,
        # Names that are no text in the encoding go out as the bytes that they are.
        errors="surrogateescape" if stream.errors == "strict" else stream.errors,
        line_buffering=bool(stream.line_buffering),
    )


def open_closed_streams() -> None:
    """Lead the standard streams that were closed (`>&-`) to nowhere.

    Python has no objects for them, and their numbers would go to the next files that are opened:
    what is meant for stderr would be written into a journal.
    """
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):  # in the numbers' order
        if getattr(sys, name) is None:
            setattr(sys, name, open(os.devnull, mode))  # noqa: PTH123, SIM115


@contextlib.contextmanager
def outliving_readers() -> Iterator[None]:
    """Within the block, that nobody reads on (`brushctl list | head`) changes nothing.

    The work goes on to its end and its status is the usual one, whoever writes: a command, Rich or
    the parser. Both streams may be one pipe (`2>&1 | head`).
    """
    with (
        contextlib.redirect_stdout(_outliving(sys.stdout)) as out,
        contextlib.redirect_stderr(_outliving(sys.stderr)) as err,
    ):
        try:
            yield
        finally:
            for stream in (out, err):
                with contextlib.suppress(OSError):  # the status tells of it already
                    stream.flush()


def shown(text: str) -> str:
    r"""A text on one line that is safe to show, whatever it holds: escape is shown as `\x1b`."""
    return UNFIT.sub(_escaped, text)


def _escaped(found: re.Match[str]) -> str:
    character = found[0]
    if "\udc80" <= character <= "\udcff":  # one byte of a name that is no text
        return f"\\x{ord(character) - 0xDC00:02x}"
    return character.encode("unicode_escape").decode()


def err_console() -> "Console":
    """A console on stderr; Rich honours NO_COLOR and a stream that is no terminal."""
    from rich.console import Console

    return Console(stderr=True, highlight=False)


def out_console() -> "Console":
    """A console on stdout, for data meant for people; in a pipe no line is broken."""
    from rich.console import Console

    return Console(highlight=False, width=None if sys.stdout.isatty() else IN_A_PIPE)


def print_json(payload: dict[str, Any]) -> None:
    """Print one versioned envelope: `{"brushctl": 1, ...payload}`."""
    sys.stdout.write(json.dumps({"brushctl": ENVELOPE_VERSION, **payload}, indent=2) + "\n")
    sys.stdout.flush()


def print_line(payload: dict[str, Any]) -> None:
    """One line of JSON on stdout."""
    sys.stdout.write(json.dumps({"brushctl": ENVELOPE_VERSION, **payload}) + "\n")
    sys.stdout.flush()


def print_fields(*fields: str) -> None:
    """Print a line of data on stdout, its fields separated by tabs.

    A pipe gets names as the bytes that they are, which need not be text; a terminal what is safe.
    """
    if sys.stdout.isatty():
        fields = tuple(map(shown, fields))
    sys.stdout.flush()
    sys.stdout.buffer.write(os.fsencode("\t".join(fields) + "\n"))
    sys.stdout.buffer.flush()


def print_error(message: str) -> None:
    """Print a failure on stderr, in red on a terminal."""
    try:
        from rich.text import Text

        told = Text("error: ", style="bold red") + Text(shown(message), style="default")
        err_console().print(told, soft_wrap=True)  # a log keeps a message on its line
    except OSError:
        raise
    except Exception:  # too little memory to import it shows itself in many ways
        sys.stderr.write(f"error: {shown(message)}\n")


def counted(n: int, noun: str) -> str:
    """A number of things, in words: 1 pair, 2 pairs."""
    return f"{n} {noun}{'s' * (n != 1)}"


def say(message: str) -> None:
    """Tell a person something, on a line of stderr."""
    # Messages hold file names, in which square brackets are no markup and colons no emoji.
    err_console().print(shown(message), soft_wrap=True, markup=False, emoji=False)


@contextlib.contextmanager
def reporting(*, quiet: bool = False) -> Iterator[Reporter]:
    """Show what work reports within the block: bars on a terminal, else a line now and then."""
    console = err_console()
    if quiet:
        yield silent
    elif console.is_terminal:
        with _bars(console) as bars:
            yield bars
    else:
        yield _Lines()


@contextlib.contextmanager
def _bars(console: "Console") -> Iterator[Reporter]:
    bars = _Bars(console)
    try:
        yield bars
        bars.finish()
    finally:
        bars.leave()


def _progress(console: "Console") -> "Progress":
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        Progress,
        TextColumn,
        TimeRemainingColumn,
    )
    from rich.table import Column

    left = max(4, console.width - BESIDE_THE_BAR)
    bar = min(30, left // 4)
    return Progress(
        TextColumn("{task.description:<14}"),
        BarColumn(bar_width=bar),
        MofNCompleteColumn(),
        TimeRemainingColumn(compact=True, elapsed_when_finished=True),
        TextColumn(
            "{task.fields[note]}",
            style="dim",
            markup=False,
            table_column=Column(no_wrap=True, max_width=left - bar),
        ),
        console=console,
    )


class _Bars:
    """A bar for each stage; they stay where they are when a line is told below them."""

    def __init__(self, console: "Console") -> None:
        self._console = console
        self._progress: Progress | None = None
        self._task: TaskID | None = None

    def __call__(self, event: Event) -> None:
        from rich.text import Text

        match event:
            case Stage(name, total):
                self.finish()
                if self._progress is None:
                    self._progress = _progress(self._console)
                    self._progress.start()
                self._task = self._progress.add_task(name, total=total, note="")
            case Advance(done, note) if self._progress is not None and self._task is not None:
                self._progress.update(self._task, completed=done, note=shown(note))
            case Message(message):
                self.finish()
                self.leave()
                say(message)
            case Warned(message):
                told = Text("warning: ", "yellow") + Text(shown(message), "default")
                self._console.print(told, soft_wrap=True)

    def finish(self) -> None:
        """A stage that nobody knew the length of is shown to be over."""
        if self._progress is None or self._task is None:
            return
        if self._progress.tasks[self._task].total is None:
            self._progress.update(self._task, total=1, completed=1)

    def leave(self) -> None:
        """The bars stay as they are; a new stage begins new ones."""
        if self._progress is not None:
            self._progress.stop()
        self._progress = self._task = None


class _Lines:
    """A line for each stage, one a minute within it, and one for each warning."""

    def __init__(self) -> None:
        self._stage, self._spoke_at, self._began_at = Stage(""), 0.0, 0.0

    def __call__(self, event: Event) -> None:
        match event:
            case Loading():
                pass
            case Stage(name):
                self._stage = event
                say(name)
                self._spoke_at = self._began_at = time.monotonic()
            case Advance(done, note) if time.monotonic() - self._spoke_at >= LOG_INTERVAL:
                total = self._stage.total
                left = _time_left(done, total, time.monotonic() - self._began_at)
                say(f"{self._stage.name} {done}/{total or '?'} {left} {note}".rstrip())
                self._spoke_at = time.monotonic()
            case Message(message):
                say(message)
            case Warned(message):
                say(f"warning: {message}")


def _time_left(done: int, total: int | None, seconds: float) -> str:
    """How long the rest takes at the pace so far, h:mm:ss; nothing where that cannot be told."""
    if not done or not total:
        return ""
    left = timedelta(seconds=round(seconds / done * (total - done)))
    return f"({left} left)"
