"""Whole files or none."""

import contextlib
import errno
import os
import secrets
import shutil
from pathlib import Path


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
        with partial.open("xb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        if overwrite:
            with contextlib.suppress(FileNotFoundError):
                shutil.copymode(path, partial)
        move(partial, path, overwrite=overwrite)
    finally:
        partial.unlink(missing_ok=True)


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
