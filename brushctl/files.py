"""Whole files or none."""

import contextlib
import errno
import os
import secrets
import shutil
from collections.abc import Iterator
from pathlib import Path

STREAM = "-"
"""What stands for standard input and output where a file is named."""


def write_atomically(path: Path, data: bytes, *, overwrite: bool = True) -> None:
    """Write beside the target under another name, flush to disk, then give it its own.

    A link is followed, and a file that is overwritten keeps its permissions.

    Raises:
        FileExistsError: the target exists and may not be overwritten.
        NotADirectoryError: what should be its folder is a file.
    """
    path = path.resolve()
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


def expanded(name: str | Path) -> Path:
    """A path with the home folder for its `~`; a name that only begins with one is left."""
    return Path(os.path.expanduser(name))  # noqa: PTH111  (`Path.expanduser` raises there)


def resolved(path: Path) -> Path:
    """A path with every link followed, as far as it leads somewhere: one into itself is left."""
    return Path(os.path.realpath(path))  # `resolve` raises there


def way_to(path: Path, start: Path) -> str:
    """A path as it is reached from a folder; absolute where no way leads: on another drive."""
    try:
        return os.path.relpath(path, start)
    except ValueError:
        return str(path.absolute())


def existing(folder: Path) -> Path:
    """A folder, or what is there of the way to it."""
    folder = folder.absolute()
    return next(place for place in (folder, *folder.parents) if place.exists())


def unwritable(folder: Path) -> tuple[Path, str] | None:
    """Why a folder can be neither written nor made, and which place is to blame; None if it can."""
    there = existing(folder)
    if not there.is_dir():
        return there, "this is a file, no folder"
    return None if os.access(there, os.W_OK) else (there, "the folder cannot be written")


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
