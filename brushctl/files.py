"""Whole files or none."""

import contextlib
import errno
import os
import secrets
import shutil
import stat
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from brushctl.errors import UsageError

STREAM = "-"
"""What stands for standard input and output where a file is named."""
NOWHERE = "this is a link that leads nowhere"
PART = ".brushctl-part"
"""How the names of temporary files end."""
DAY = 24 * 3600.0
"""Seconds after which a temporary file is nobody's, whoever began it: writing one takes seconds."""
LONGEST_OWNER = 50
"""Characters of a temporary file's name that tell whose it is: 200 bytes of 255 at most."""
_unfinished: set[Path] = set()
"""The temporary files of this process."""


@contextlib.contextmanager
def replacing(
    target: Path, *, owner: str | None = None, overwrite: bool = True
) -> Iterator[BinaryIO]:
    """A new file beside `target` to write to, which takes its name once the block has ended well.

    Its bytes are all there, and on the disk, before the name is: whoever sees the name sees a whole
    file. Of a file that it replaces it keeps the permissions, the owner and group as far as it may
    give them, and on Linux the extended attributes. Until it has its name it is locked, so that
    `sweep` can tell it from what a killed process has left.

    Args:
        target: the file to write.
        owner: whose the temporary file is, for `sweep`; the target's name if not given.
        overwrite: whether it may replace a file that has the name by then.

    Raises:
        FileExistsError: it may not, and there is one.
        OSError: the disk does not take all of it; `target` is as it was.
    """
    with _part_of(target, owner or target.name) as (part, file):
        with _blaming(part, target):
            with file:
                yield file
                _flush(file)
            # Closed now: a share may refuse the bytes only then.
            with contextlib.suppress(FileNotFoundError):
                _take_after(target, part)
            move(part, target, overwrite=overwrite)
        sync_folder(target.parent)


def write_atomically(path: Path, data: bytes, *, overwrite: bool = True) -> None:
    """Write a file, whole or not at all; what killed writers of it have left goes.

    A link is followed, and folders are made.

    Raises:
        FileExistsError: the target exists and may not be overwritten.
        NotADirectoryError: what should be its folder is a file.
        OSError: the disk does not take all of it.
    """
    path = resolved(path)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except FileExistsError as error:  # which would say that the target exists
        raise NotADirectoryError(
            errno.ENOTDIR, os.strerror(errno.ENOTDIR), str(path.parent)
        ) from error
    sweep(path.parent, path.name)
    with replacing(path, overwrite=overwrite) as file:
        file.write(data)


def sweep(folder: Path, owner: str) -> None:
    """Delete what killed processes have left half-written in a folder, as far as that may be.

    Args:
        folder: where to look.
        owner: its files are deleted at once; those of others when they are a day old.
    """
    with contextlib.suppress(OSError):
        parts = [path for path in folder.iterdir() if path.name.endswith(PART) and _is_plain(path)]
        for part in parts:
            with contextlib.suppress(OSError):
                if part.name.startswith(_prefix(owner)) or _is_old(part):
                    _delete_abandoned(part)


def remove_unfinished() -> None:
    """Delete the temporary files of this process, which is about to end at once."""
    for part in list(_unfinished):
        with contextlib.suppress(OSError):  # the next run deletes it
            part.unlink()


def sync_folder(folder: Path) -> None:
    """Have the system write the names in a folder to the disk, where it can be asked to.

    If it fails the files have their names all the same, so nobody is told that they have not.
    """
    with contextlib.suppress(OSError):
        descriptor = os.open(folder, os.O_RDONLY)  # Windows opens no folders
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def _prefix(owner: str) -> str:
    return f".{owner[:LONGEST_OWNER]}."


@contextlib.contextmanager
def _part_of(target: Path, owner: str) -> Iterator[tuple[Path, BinaryIO]]:
    """A temporary file, locked until the block has ended; it is deleted if it is still there."""
    with contextlib.ExitStack() as held:
        while True:
            part = target.with_name(f"{_prefix(owner)}{secrets.token_hex(8)}{PART}")
            with _blaming(part, target):
                file = held.enter_context(part.open("xb"))
            _unfinished.add(part)
            held.callback(_unfinished.discard, part)
            held.callback(_delete, part)
            if _lock(held, file.fileno()):
                break
            file.close()  # `sweep` deleted it before it was locked
        yield part, file


def _lock(held: contextlib.ExitStack, descriptor: int) -> bool:
    """Lock a temporary file, as far as the file system locks; False if it was deleted before.

    By a second descriptor, for the first is closed before the file gets its name.
    """
    if sys.platform == "win32":
        return True  # what is open can be neither deleted nor renamed there
    import fcntl

    second = os.dup(descriptor)
    held.callback(os.close, second)
    with contextlib.suppress(OSError):
        fcntl.flock(second, fcntl.LOCK_EX)  # waits at most for a `_delete_abandoned`
    return os.fstat(second).st_nlink > 0


def _delete(part: Path) -> None:
    """Delete a temporary file, if it still has this name and can be deleted."""
    with contextlib.suppress(OSError):
        part.chmod(0o600)  # a read-only file cannot be deleted on Windows
        part.unlink()


def _delete_abandoned(part: Path) -> None:
    """Delete a temporary file, unless a process is writing it or has done so just now.

    Raises:
        OSError: one is, or it cannot be deleted.
    """
    if sys.platform == "win32":
        part.unlink()  # fails while a process has it open
        return
    import fcntl

    with part.open("rb") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return
        except OSError:  # nothing can be locked there
            if not _is_old(part):
                return
        part.unlink()


def _is_plain(path: Path) -> bool:
    """Whether it is a file of its own: no link, and no pipe, which would be waited for."""
    return stat.S_ISREG(path.lstat().st_mode)


def _is_old(part: Path) -> bool:
    return time.time() - part.stat().st_mtime > DAY


@contextlib.contextmanager
def _blaming(part: Path, target: Path) -> Iterator[None]:
    """A fault of the temporary file is one of the file that it is to become."""
    try:
        yield
    except OSError as error:
        if error.filename in (None, str(part)):
            error.filename = str(target)
        raise


def _flush(file: BinaryIO) -> None:
    """See that all that was written is on the disk.

    Raises:
        OSError: it is not; some file systems tell of a full disk by a short file alone.
    """
    file.flush()
    os.fsync(file.fileno())
    if os.fstat(file.fileno()).st_size != file.tell():
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def _take_after(target: Path, part: Path) -> None:
    """Give a temporary file the permissions of the file that it replaces, and what else it can."""
    like = target.stat()
    if sys.platform != "win32":
        for user, group in ((-1, like.st_gid), (like.st_uid, -1)):  # a group is given by its member
            with contextlib.suppress(OSError):
                os.chown(part, user, group)
    shutil.copymode(target, part)
    if sys.platform == "linux":
        for name in _attributes(target):
            with contextlib.suppress(OSError):
                os.setxattr(part, name, os.getxattr(target, name))


def _attributes(path: Path) -> list[str]:
    """The names of a file's extended attributes; none where there cannot be any."""
    with contextlib.suppress(OSError):
        return os.listxattr(path)
    return []


@contextlib.contextmanager
def naming(path: str | Path) -> Iterator[None]:
    """Within the block, an error names the file: of what it cannot read, the system does not."""
    try:
        yield
    except OSError as error:
        error.filename = error.filename or str(path)
        raise


def read_bytes(path: Path) -> bytes:
    """The bytes of a file.

    Raises:
        OSError: they cannot be read; it names the file.
    """
    with naming(path):
        return path.read_bytes()


def expanded(name: str | Path) -> Path:
    """A path with the home folder for its `~`; a name that only begins with one is left.

    Raises:
        UsageError: nobody knows where the user's home is: the path would lead to a folder `~`.
    """
    text = os.path.expanduser(name)  # noqa: PTH111  (`Path.expanduser` raises for ~x)
    if text.startswith("~") and Path(text).parts[0] == "~":
        raise UsageError(
            "HOME is not set, and the system knows no home of this user",
            where=str(name),
            do="Set HOME, or name the whole path.",
        )
    return Path(text)


def resolved(path: Path) -> Path:
    """A path with every link followed, as far as it leads somewhere: one into itself is left.

    `Path.resolve` raises there, as an unexpected error, and for a NUL, which no name has.
    """
    try:
        return Path(os.path.realpath(path))
    except ValueError:
        return path.absolute()


def leads_nowhere(path: Path) -> bool:
    """Whether a path is a link into itself, or to what is not there."""
    return path.is_symlink() and not is_there(path)


def is_there(path: Path) -> bool:
    """Whether a path leads to something; what may not be looked at, or has no name, does not."""
    return os.path.exists(path)  # noqa: PTH110  (`Path.exists` raises there)


def way_to(path: Path, start: Path) -> str:
    """A path as it is reached from a folder; absolute where no way leads: on another drive."""
    try:
        return os.path.relpath(path, start)
    except ValueError:
        return str(path.absolute())


def existing(folder: Path) -> Path:
    """A folder, or what is there of the way to it."""
    folder = folder.absolute()
    return next(place for place in (folder, *folder.parents) if is_there(place))


def unwritable(folder: Path) -> tuple[Path, str] | None:
    """Why a folder can be neither written nor made, and which place is to blame; None if it can."""
    folder = folder.absolute()
    there = existing(folder)
    if not there.is_dir():
        return there, "this is a file, not a folder"
    if not os.access(there, os.W_OK | os.X_OK):
        return there, "the folder cannot be written"
    way = (*reversed(folder.parents), folder)
    missing = next((place for place in way if not is_there(place)), there)
    return (missing, NOWHERE) if leads_nowhere(missing) else None


def move(source: Path, target: Path, *, overwrite: bool) -> None:
    """Rename within a folder, in one step that another process cannot get between.

    Raises:
        FileExistsError: the target exists and may not be overwritten.
    """
    if overwrite:
        source.replace(target)
        return
    try:
        target.hardlink_to(source)  # unlike a rename, it fails where the target exists
    except FileExistsError:
        if not _are_two_names(source, target):
            raise
        source.unlink()  # a killed process had come as far as this
    except OSError:  # a file system without hard links (FAT)
        if target.exists():
            raise FileExistsError(target) from None
        source.replace(target)
    else:
        source.unlink()


def _are_two_names(one: Path, other: Path) -> bool:
    """Whether a file has these two names; on disks that ignore case one name is spelled in two."""
    return one.samefile(other) and one.stat().st_nlink > 1
