"""A lock that one run holds at a time, and that goes with its process, however that ends."""

import contextlib
import errno
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path

from filelock import FileLock, Timeout

from brushctl.errors import BrushctlError

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
    warn: Callable[[str], None] = lambda _line: None,
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
        raise OutputBusyError(f"another run is at work on {what}", where=where) from error
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
