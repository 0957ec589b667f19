"""A lock that one run holds at a time, and that goes with its process, however that ends."""

import contextlib
import errno
import sys
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path

from filelock import FileLock, Timeout

from brushctl.errors import BrushctlError
from brushctl.files import naming

WITHOUT = (errno.ENOSYS, errno.ENOTSUP, errno.EOPNOTSUPP, errno.ENOLCK)
"""What `flock` says on a file system without locks: a share, most often."""


class OutputBusyError(BrushctlError):
    """Another run is writing to the same output folder: nothing is wrong, nothing to do."""

    code = "busy"
    exit_status = 0


@contextlib.contextmanager
def locked(
    path: Path,
    where: str,
    *,
    what: str = "this output",
    warn: Callable[[str], object] = lambda _line: None,
) -> Iterator[bool]:
    """Hold a lock within the block; where the file system has none, go on without it.

    Yields:
        whether it is held.

    Args:
        path: the lock's file, in a folder that is there.
        where: what it is the lock of, for people.
        what: the same, in words.
        warn: is told that there is none.

    Raises:
        OutputBusyError: another process holds it.
        OSError: the file cannot be opened.
    """
    lock = FileLock(path, timeout=0)
    try:
        with warnings.catch_warnings(action="ignore"):  # where a file's presence serves as a lock
            lock.acquire()
    except Timeout as error:
        raise _busy(where, what) from error
    except (NotImplementedError, OSError) as error:  # the former where filelock tells of ENOSYS
        if isinstance(error, OSError) and error.errno not in WITHOUT:
            error.filename = str(path)
            raise
        warn(
            f"warning: {path}: this share has no locks."
            " Let one run at a time work there: two would not notice each other."
        )
    try:
        yield lock.is_locked
    finally:
        lock.release()


def check_unlocked(path: Path, where: str, *, what: str) -> None:
    """See that no process holds a lock; nothing happens where its file is missing.

    Args:
        path: the lock's file.
        where: what it is the lock of, for people.
        what: the same, in words.

    Raises:
        OutputBusyError: a process holds it.
        OSError: it cannot be asked; the error names the file.
    """
    with contextlib.suppress(FileNotFoundError, NotADirectoryError), naming(path):
        path.stat()  # to lock it would make it
        try:
            with locked(path, where, what=what):
                pass
        except PermissionError:  # another user's, which may be read at best
            if sys.platform == "win32":
                raise
            _check_by_reading(path, where, what)


def _check_by_reading(path: Path, where: str, what: str) -> None:
    if sys.platform != "win32":
        import fcntl

        with path.open("rb") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
            except BlockingIOError as error:
                raise _busy(where, what) from error


def _busy(where: str, what: str) -> OutputBusyError:
    return OutputBusyError(f"another run is at work on {what}", where=where)
