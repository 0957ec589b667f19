"""Whole files or none."""

import contextlib
import errno
import os
import secrets
import shutil
from collections.abc import Iterator
from pathlib import Path

from brushctl.errors import UsageError

STREAM = "-"
"""What stands for standard input and output where a file is named."""
NOWHERE = "this is a link that leads nowhere"


def write_atomically(path: Path, data: bytes, *, overwrite: bool = True) -> None:
    """Write beside the target under another name, flush to disk, then give it its own.

    A link is followed, and a file that is overwritten keeps its permissions.

    Raises:
        FileExistsError: the target exists and may not be overwritten.
        NotADirectoryError: what should be its folder is a file.
    """
    path = resolved(path)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except FileExistsError as error:  # which would say that the target exists
        raise NotADirectoryError(
            errno.ENOTDIR, os.strerror(errno.ENOTDIR), str(path.parent)
        ) from error
    partial = path.with_name(f".{path.name}.{secrets.token_hex(4)}.part")
    try:
        with _named(path), partial.open("xb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        if overwrite:
            with contextlib.suppress(FileNotFoundError):
                shutil.copymode(path, partial)
        move(partial, path, overwrite=overwrite)
    finally:
        partial.unlink(missing_ok=True)


@contextlib.contextmanager
def _named(path: Path) -> Iterator[None]:
    """A fault of the temporary file is one of the file that it was to become."""
    try:
        yield
    except OSError as error:
        error.filename = str(path)
        raise


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
        return there, "this is a file, no folder"
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
        raise
    except OSError:  # a file system without hard links (FAT)
        if target.exists():
            raise FileExistsError(target) from None
        source.replace(target)
    else:
        source.unlink()
