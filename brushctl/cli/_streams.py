"""The standard streams: closed ones, readers that go away, terminals, and dates in logs."""

import contextlib
import io
import os
import sys
from collections.abc import Iterator
from datetime import datetime
from typing import IO, TYPE_CHECKING, TextIO

from brushctl.errors import UsageError

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer

TIMESTAMPS = "--timestamps"
"""Asks for a date on each line of stderr. It is read from the command line, for the parser may
fail."""


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


class _Stamped(io.TextIOWrapper):
    """A stream of a log, each line of which begins with the date and time."""

    _inside = False

    def write(self, text: str) -> int:
        for line in io.StringIO(text):
            super().write(line if self._inside else stamp() + line)
            self._inside = not line.endswith("\n")
        return len(text)


def stamp() -> str:
    """What a line of stderr begins with: the date and time (RFC 3339), if they are asked for."""
    if TIMESTAMPS not in sys.argv:
        return ""
    return f"{datetime.now().astimezone().isoformat(timespec='seconds')} "


def is_watched(stream: IO[str] | None = None) -> bool:
    """Whether somebody looks at stderr, a terminal, and not later at a log of it.

    Args:
        stream: what it is, if something else stands for it in `sys`: while Rich shows bars, its
            own does, which before Rich 15 is no terminal.
    """
    return (stream or sys.stderr).isatty() and TIMESTAMPS not in sys.argv


def _outliving(stream: TextIO, kind: type[io.TextIOWrapper] = io.TextIOWrapper) -> TextIO:
    try:
        raw = _Outliving(stream.fileno(), "wb", closefd=False)
    except io.UnsupportedOperation:  # of a test, in memory
        return stream
    stream.flush()
    return kind(
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
    log = _Stamped if TIMESTAMPS in sys.argv else io.TextIOWrapper
    with (
        contextlib.redirect_stdout(_outliving(sys.stdout)) as out,
        contextlib.redirect_stderr(_outliving(sys.stderr, log)) as err,
    ):
        try:
            yield
        finally:
            for stream in (out, err):
                with contextlib.suppress(OSError):  # the status tells of it already
                    stream.flush()


def check_stdout_takes_bytes(what: str, do: str) -> None:
    """See that bytes for a program do not go to a terminal, which they would steer.

    Args:
        what: they are, for people.
        do: what to do instead.

    Raises:
        UsageError: stdout is one.
    """
    if sys.stdout.isatty():
        raise UsageError(f"standard output is a terminal, which {what} would garble", do=do)


def check_stdin_gives_bytes(what: str) -> None:
    """See that a file is piped in, where nobody could type one.

    Args:
        what: is wanted, for people.

    Raises:
        UsageError: stdin is a terminal.
    """
    if sys.stdin.isatty():
        raise UsageError(
            f"{what} is read from standard input, which is a terminal",
            do="Pipe a file into it (< FILE), or name the file.",
        )
