"""Whole files or none."""

import contextlib
import errno
import os
import tempfile
from pathlib import Path


def write_atomically(path: Path, data: bytes, *, overwrite: bool = True) -> None:
    """Write beside the target under another name, flush to disk, then give it its own.

    Raises:
        FileExistsError: the target exists and may not be overwritten.
        NotADirectoryError: what should be its folder is a file.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except FileExistsError as error:  # which would say that the target exists
        raise NotADirectoryError(
            errno.ENOTDIR, os.strerror(errno.ENOTDIR), str(path.parent)
        ) from error
    descriptor, partial = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.", suffix=".part")
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        # mkstemp makes private files; a result is as readable as any file the user makes.
        Path(partial).chmod(0o666 & ~_umask())
        move(Path(partial), path, overwrite=overwrite)
    except BaseException:
        with contextlib.suppress(FileNotFoundError):
            Path(partial).unlink()
        raise


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


def _umask() -> int:
    mask = os.umask(0o022)
    os.umask(mask)
    return mask
