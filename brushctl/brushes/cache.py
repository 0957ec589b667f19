"""The user's brush cache: brushes under their names, in one folder.

The name of a brush is the name of its file; the name inside the file is the one its maker gave.
"""

import contextlib
import io
import re
from pathlib import Path
from typing import TYPE_CHECKING

from brushctl.brushes.defects import FieldError
from brushctl.brushes.fields import label
from brushctl.errors import BrushNotFoundError, NameInvalidError, NameTakenError, UsageError
from brushctl.files import (
    NOWHERE,
    expanded,
    leads_nowhere,
    move,
    resolved,
    sweep,
    unwritable,
    write_atomically,
)
from brushctl.settings import brush_cache

if TYPE_CHECKING:
    from PIL import Image

    from brushctl.brushes.file import Brush

SUFFIX = ".brush"
NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._+-]{0,99}")
"""Letters, digits, . _ + -, no leading dot: a file name on every system, never a path."""
DEVICES = re.compile(r"(con|prn|aux|nul|com[0-9]|lpt[0-9])(\..*)?", re.IGNORECASE)
"""Names that Windows keeps for devices."""


def is_path(target: str) -> bool:
    """Whether a command's argument means a file rather than a name in the cache."""
    return target.endswith(SUFFIX) or "/" in target or "\\" in target


def names_brush(target: str) -> bool:
    """Whether a command's argument is a brush that is there: a `.brush` file, or of the cache.

    Where nobody may look, or knows where the cache is, none is.
    """
    with contextlib.suppress(UsageError, OSError):
        if is_path(target):
            return target.endswith(SUFFIX) and expanded(target).is_file()
        return is_name(target) and path_of(target).is_file()
    return False


NOT_KEPT = "the cache has no brush of that name"
ALLOWED = "Use letters, digits and . _ + - (at most 100), beginning with a letter or digit."


def is_name(name: str) -> bool:
    """Whether a brush may bear that name in the cache."""
    return bool(NAME.fullmatch(name) and not DEVICES.fullmatch(name) and not name.endswith(SUFFIX))


def checked_name(name: str, do: str = ALLOWED) -> str:
    """The name, if it may be one.

    Args:
        name: it.
        do: what to do if not.

    Raises:
        NameInvalidError: it could be a path, or no file name.
    """
    own = name.removesuffix(SUFFIX)
    if own != name and is_name(own):
        raise NameInvalidError(
            f"names in the cache do not end in {SUFFIX}",
            where=repr(name),
            do=f"Write {own}.",
        )
    if not is_name(name):
        raise NameInvalidError("not a valid brush name", where=repr(name), do=do)
    return name


def path_of(name: str) -> Path:
    """Where the cache keeps a brush of that name."""
    return brush_cache() / (checked_name(name) + SUFFIX)


def names() -> list[str]:
    """The names in the cache, sorted; none before its folder is made.

    Raises:
        UsageError: nobody knows where it is.
        OSError: it cannot be read.
    """
    try:
        files = [p for p in brush_cache().iterdir() if p.suffix == SUFFIX and p.is_file()]
    except FileNotFoundError:
        return []
    return sorted(p.stem for p in files if is_name(p.stem))


def find(target: str) -> Path:
    """The file of a brush given by name or by path.

    Raises:
        BrushNotFoundError: there is none.
    """
    if not is_path(target):
        try:
            return find_name(target)
        except BrushNotFoundError as error:
            file = target + SUFFIX
            if names_brush(file):
                error.do = f"Write {file} for the file."
            raise
    path = expanded(target)
    if not path.is_file():
        if "://" in target:
            do = "Download it, then name the file."
        elif names_brush(path.stem):
            do = f"Write {path.stem} for the brush in the cache."
        else:
            do = "Check the path, or name a brush that `brushctl list` shows."
        raise BrushNotFoundError("there is no such brush file", where=target, do=do)
    return path


def find_name(name: str) -> Path:
    """The file of a brush in the cache.

    Raises:
        BrushNotFoundError: the cache has none of that name.
        NameInvalidError: it could be none.
    """
    if "/" in name or "\\" in name:
        raise NameInvalidError(
            "this is a path, and this command takes a name in the cache",
            where=repr(name),
            do="`brushctl list` shows the names; `brushctl import FILE` adds a file to them.",
        )
    path = path_of(name)
    if not path.is_file():
        from difflib import get_close_matches

        close = get_close_matches(name, names(), n=1)
        if Path(name).exists():
            kind = "folder" if Path(name).is_dir() else "file"
            do = f"There is a {kind} ./{name}, but brushes are files that end in {SUFFIX}."
        elif close:
            do = f"Did you mean {close[0]}?"
        else:
            do = "`brushctl list` shows your brushes."
        raise BrushNotFoundError(NOT_KEPT, where=name, do=do)
    return path


def open_brush(target: str | Path) -> "Brush":
    """A brush given by name or by path, read and checked.

    Raises:
        BrushNotFoundError: there is none.
        BrushFormatError: it is damaged.
    """
    from brushctl.brushes.file import read_brush

    return read_brush(find(str(target)))


def checked_file(path: Path) -> Path:
    """The path, if a brush may be written there.

    A contact sheet has the name of its brush and `.png`: of a brush `look` it would be the
    picture `look.png`, which is somebody else's.

    Raises:
        NameInvalidError: it does not end as brushes' files do.
    """
    if path.suffix != SUFFIX:
        raise NameInvalidError(
            f"the file's name must end in {SUFFIX}",
            where=str(path),
            do=f"Name it {path}{SUFFIX}.",
        )
    return path


FOREIGN = frozenset(
    {
        *(".avif", ".gif", ".heic", ".heif", ".jpeg", ".jpg", ".png", ".tif", ".tiff", ".webp"),
        *(".bin", ".ckpt", ".cube", ".pt", ".pth", ".safetensors"),
        *(".csv", ".json", ".pdf", ".txt", ".zip"),
    }
)
"""Suffixes that no brush's name or file ends in: whoever gives one has mixed something up."""


def destination(target: str, *, overwrite: bool) -> Path:
    """Where a new brush will go: a file if `target` is a path, else a name in the cache.

    To be asked before the work begins, so that a taken name costs nothing.

    Raises:
        NameInvalidError: it is a folder, or no name of a brush's file, or none a brush can bear; or
            its folder can be neither written nor made.
        NameTakenError: something is there already and may not be overwritten.
    """
    path = expanded(target) if is_path(target) else path_of(target)
    if path.is_dir() or target.endswith(("/", "\\")):
        raise NameInvalidError(
            "this is a folder, not a brush's file",
            where=target,
            do=f"Name a file in it, as x{SUFFIX}.",
        )
    if not is_path(target) and Path(target).suffix.lower() in FOREIGN:
        raise NameInvalidError(
            f"{Path(target).suffix} is the suffix of another kind of file",
            where=target,
            do=f"Name it without a suffix, or x{SUFFIX} for a file.",
        )
    if checked_file(path).exists() and not overwrite:
        sweep(path.parent, path.name)  # of a command that was killed right after it had written it
        raise _taken(target)
    if leads_nowhere(resolved(path)):  # a link to what is not there is followed; into itself, not
        raise NameInvalidError(NOWHERE, where=target, do="Choose another name.")
    if why := unwritable(path.parent):
        raise NameInvalidError(why[1], where=str(why[0]), do="Choose another place.")
    try:
        label(path.stem, repr(path.stem))
    except FieldError as error:  # a brush's fault elsewhere, here the name's that it is to have
        raise NameInvalidError(error.what, where=error.where, do="Choose another name.") from error
    return path


def store(data: bytes, target: str, *, overwrite: bool) -> Path:
    """Keep a brush's bytes under a name or in a file; return where.

    A brush that it replaces goes with its contact sheet, which shows another edit.

    Raises:
        NameTakenError: something is there, perhaps since just now, and may not be overwritten.
    """
    path = destination(target, overwrite=overwrite)
    try:
        write_atomically(path, data, overwrite=overwrite)
    except FileExistsError:
        raise _taken(target) from None
    if overwrite:
        sheet_of(path).unlink(missing_ok=True)
    return path


def sheet_of(path: Path) -> Path:
    """Where the contact sheet of a brush's learning lies: beside it."""
    return path.with_name(f"{path.name}.png")


def keep_sheet(path: Path, sheet: "Image.Image | None") -> Path | None:
    """Keep the contact sheet of the brush at `path`; return where.

    Without one, that of a brush which was there before goes.
    """
    if sheet is None:
        sheet_of(path).unlink(missing_ok=True)
        return None
    stream = io.BytesIO()
    sheet.save(stream, "PNG")
    write_atomically(sheet_of(path), stream.getvalue())
    return sheet_of(path)


def remove(path: Path) -> None:
    """Delete a brush of the cache, and its contact sheet."""
    path.unlink()
    sheet_of(path).unlink(missing_ok=True)


def rename(old: str, new: str, *, overwrite: bool) -> Path:
    """Give a brush of the cache another name; return where it is now.

    Raises:
        BrushNotFoundError: there is no brush `old`.
        NameTakenError: there is a brush `new`.
    """
    source, target = find_name(old), path_of(new)
    if source == target:
        return target
    try:
        move(source, target, overwrite=overwrite)
    except FileExistsError:
        raise _taken(new) from None
    sheet_of(target).unlink(missing_ok=True)
    if sheet_of(source).exists():
        sheet_of(source).replace(sheet_of(target))
    return target


def _taken(target: str) -> NameTakenError:
    return NameTakenError(
        "a brush of that name exists",
        where=target,
        do="Choose another name, or pass --overwrite.",
    )
