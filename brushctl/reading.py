"""Read what may have no end: files and streams, each up to a size that its reader states.

What goes wrong is an `OSError` whose text says it, as of any file that cannot be read.
"""

import contextlib
import errno
import io
import os
import stat
from collections.abc import Callable
from io import BufferedReader
from pathlib import Path
from typing import BinaryIO

PIECE = 2**21
"""Bytes that are read at once: all that a file may begin with, a brush's header too."""
KINDS = {stat.S_IFIFO: "a pipe", stat.S_IFCHR: "a device", stat.S_IFBLK: "a device"}
"""What may be opened, and is no regular file."""
LIST = 64 * 2**20
"""Bytes of a list of files: half a million names of a hundred letters."""


def open_file(path: Path) -> BufferedReader:
    """Open a regular file. It never waits, as it would for the writer of a pipe.

    Raises:
        OSError: it cannot be opened, or is no regular file and so may have no end.
    """
    file = open(path, "rb", opener=_at_once)  # noqa: SIM115  (given to the caller)
    mode = os.fstat(file.fileno()).st_mode
    if not stat.S_ISREG(mode):
        file.close()
        kind = KINDS.get(stat.S_IFMT(mode), "something else")
        raise OSError(errno.EINVAL, f"it is {kind}, not a regular file", str(path))
    return file


def read_file(path: Path, most: int) -> bytes:
    """The whole content of a regular file; of one that is too large not a byte is read.

    Args:
        path: the file.
        most: bytes that it may have.

    Raises:
        OSError: it cannot be read, is no regular file, or has more.
    """
    with open_file(path) as file:
        if os.fstat(file.fileno()).st_size > most:
            raise _too_large(most)
        return read_stream(file, most)


def read_stream(
    file: BinaryIO, most: int, begins: Callable[[bytes], object] = lambda _first: None
) -> bytes:
    """All that a stream gives until it ends.

    Args:
        file: the stream.
        most: bytes that it may give.
        begins: is shown its first bytes, as many as `PIECE`, before more are read, and may raise.

    Raises:
        OSError: it cannot be read, or gives more.
    """
    whole = io.BytesIO()  # which gives its bytes away without a copy
    while piece := file.read(PIECE):
        if not whole.tell():
            begins(piece)
        if whole.tell() + len(piece) > most:
            raise _too_large(most)
        whole.write(piece)
    return whole.getvalue()


def is_pipe(path: Path) -> bool:
    """Whether a path leads to a pipe, as `<(...)` and `/dev/stdin` do: it can be read once."""
    with contextlib.suppress(OSError):
        return stat.S_ISFIFO(os.stat(path).st_mode)  # noqa: PTH116  (`Path.is_fifo` raises)
    return False


def _at_once(path: str, flags: int) -> int:
    return os.open(path, flags | getattr(os, "O_NONBLOCK", 0))  # Windows has none, and no pipes


def _too_large(most: int) -> OSError:
    return OSError(errno.EFBIG, f"it has more than {most:,} bytes, which is the limit")
