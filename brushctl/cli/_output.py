"""What every command prints with: data on stdout, everything else on stderr."""

import json
import os
import re
import sys
from typing import TYPE_CHECKING, Any

from brushctl.cli._streams import is_watched

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table

ENVELOPE_VERSION = 1
IN_A_PIPE = 10_000
"""Columns of a line that no terminal shows."""
UNFIT = re.compile("[\x00-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")
"""What steers a terminal or forges a line of a log, where a file's name has it: control characters
(C0, DEL, C1), separators of lines and paragraphs, the embeddings, overrides and isolates of Unicode
(UAX #9), which reorder the words after a name, and surrogates, as which Python has bytes that are
no text. Joiners and directional marks, which names in many scripts need, reorder no other words."""


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


def print_table(table: "Table", console: "Console") -> None:
    """Print a table without the spaces behind the last cells, which a narrower window would wrap.

    Args:
        table: Rich's.
        console: where it is printed.
    """
    from rich.text import Text

    for segments in console.render_lines(table, pad=False):
        line = Text.assemble(*((part.text, part.style or "") for part in segments))
        line.rstrip()
        console.print(line, soft_wrap=True)


def print_error(message: str) -> None:
    """Print a failure on stderr, in red on a terminal."""
    try:
        print_marked("error", "bold red", message)
    except OSError:
        raise
    except Exception:  # too little memory to import it shows itself in many ways
        sys.stderr.write(f"error: {shown(message)}\n")


def counted(n: int, noun: str) -> str:
    """A number of things, in words: 1 pair, 2 pairs."""
    return f"{n} {noun}{'s' * (n != 1)}"


def say(message: str) -> None:
    """Tell a person something, on stderr."""
    _print(err_console(), "", "", message)


def print_marked(mark: str, style: str, message: str, console: "Console | None" = None) -> None:
    """Tell a person something behind a word that says of what kind it is.

    Args:
        mark: the word.
        style: Rich's, of the word.
        message: what to tell.
        console: one on stderr, if one is in use.
    """
    _print(console or err_console(), f"{mark}: ", style, message)


def _print(console: "Console", mark: str, style: str, message: str) -> None:
    """Print a message, on a terminal in lines that break at words, in a log on one."""
    from rich.text import Text

    line = mark + shown(message)
    watched = is_watched(console.file)
    text = Text("\n".join(broken_at_words(line, console.width)) if watched else line)
    text.stylize(style, 0, len(mark))
    console.print(text, soft_wrap=True)


def broken_at_words(line: str, columns: int) -> list[str]:
    """A line as several of so many columns.

    A word that is wider, as a path may be, is not broken: so it can be copied.
    """
    from rich.cells import cell_len

    lines = [""]
    for word in line.split(" "):
        longer = f"{lines[-1]} {word}" if lines[-1] else word
        if cell_len(longer) <= columns:
            lines[-1] = longer
        else:
            lines.append(word)
    return [each for each in lines if each]
