"""The user's brush cache: brushes under their names, in one folder."""

import re
from pathlib import Path

from brushctl.errors import BrushNotFoundError, NameInvalidError, NameTakenError
from brushctl.settings import brush_cache

SUFFIX = ".brush"
NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._+-]{0,99}")
"""Letters, digits, . _ + -, no leading dot: a file name on every system, never a path."""


def is_path(target: str) -> bool:
    """Whether a command's argument means a file rather than a name in the cache."""
    return target.endswith(SUFFIX) or "/" in target or "\\" in target


def checked_name(name: str) -> str:
    """The name, if it may be one.

    Raises:
        NameInvalidError: it could be a path, or no file name.
    """
    if not NAME.fullmatch(name):
        raise NameInvalidError(
            "is no brush name",
            where=repr(name),
            do="Use letters, digits and . _ + - (at most 100).",
        )
    return name


def path_of(name: str) -> Path:
    """Where the cache keeps a brush of that name."""
    return brush_cache() / (checked_name(name) + SUFFIX)


def find(target: str) -> Path:
    """The file of a brush given by name or by path.

    Raises:
        BrushNotFoundError: there is none.
    """
    path = Path(target).expanduser() if is_path(target) else path_of(target)
    if not path.is_file():
        raise BrushNotFoundError(
            "there is no such brush file"
            if is_path(target)
            else "the cache has no brush of that name",
            where=target,
            do="`brushctl list` shows the brushes there are.",
        )
    return path


def destination(target: str, *, overwrite: bool) -> Path:
    """Where a new brush goes: a file if `target` is a path, else a name in the cache.

    Raises:
        NameTakenError: something is there already and may not be overwritten.
    """
    path = Path(target).expanduser() if is_path(target) else path_of(target)
    if path.exists() and not overwrite:
        raise NameTakenError(
            "a brush of that name exists",
            where=str(target),
            do="Choose another, or pass --overwrite.",
        )
    return path


def names() -> list[str]:
    """The names in the cache, sorted."""
    return sorted(p.stem for p in brush_cache().glob(f"*{SUFFIX}") if not p.name.startswith("."))
