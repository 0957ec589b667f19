"""Find the photographs that a command line names: files, folders, patterns, lists."""

import codecs
import glob
import re
import sys
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from brushctl.errors import PlanError
from brushctl.photos.choices import SUFFIXES

MAGIC = re.compile(r"[*?\[]")


@dataclass(frozen=True, slots=True)
class Input:
    """A photograph to edit.

    Attributes:
        path: the file.
        relative: where it lies below what was named, which its result repeats.
        root: the folder that was named, None for a file.
    """

    path: Path
    relative: Path
    root: Path | None = None


def find_inputs(named: Sequence[str], listed: Iterable[str] = ()) -> list[Input]:
    """The photographs behind the names of a command line, each file once.

    Args:
        named: files, folders (searched with all that is below them) and patterns.
        listed: files from a list; relative names keep their folders.

    Raises:
        PlanError: a name leads nowhere.
    """
    found: dict[Path, Input] = {}
    for item in (*_named(named), *_listed(listed)):
        found.setdefault(item.path.resolve(), item)
    return list(found.values())


def read_list(source: str) -> list[str]:
    """The names in a file, one a line or separated by NUL; `-` reads standard input.

    Raises:
        PlanError: the file cannot be read.
    """
    try:
        data = sys.stdin.buffer.read() if source == "-" else Path(source).read_bytes()
    except OSError as error:
        raise PlanError(
            f"the list cannot be read ({(error.strerror or str(error)).lower()})", where=source
        ) from error
    text = data.removeprefix(codecs.BOM_UTF8).decode(errors="surrogateescape")
    # Not `splitlines`: a name may hold what Unicode counts as the end of a line.
    names = text.split("\0") if "\0" in text else text.replace("\r\n", "\n").split("\n")
    return [name for name in names if name]


def _named(names: Sequence[str]) -> Iterator[Input]:
    for name in names:
        path = Path(name).expanduser()
        if path.is_dir():
            yield from _in_folder(path)
        elif path.exists():
            yield Input(path, Path(path.name))
        elif MAGIC.search(name):
            yield from _matching(str(path))
        else:
            raise PlanError("there is no such file or folder", where=name)


def _listed(names: Iterable[str]) -> Iterator[Input]:
    for name in names:
        path = Path(name)
        inside = not path.is_absolute() and ".." not in path.parts
        # A file that has vanished since the list was made is one failed file, no usage error.
        yield Input(path, path if inside else Path(path.name))


def _in_folder(folder: Path) -> Iterator[Input]:
    for path in sorted(folder.rglob("*")):
        relative = path.relative_to(folder)
        if _is_photograph(relative) and path.is_file():
            yield Input(path, relative, folder)


def _matching(pattern: str) -> Iterator[Input]:
    fixed = Path(pattern[: MAGIC.search(pattern).start()])  # type: ignore[union-attr]
    root = fixed if pattern[len(str(fixed)) :].startswith("/") else fixed.parent
    matches = [Path(match) for match in sorted(glob.glob(pattern, recursive=True))]  # noqa: PTH207
    files = [path for path in matches if path.is_file()]
    if not files:
        raise PlanError("nothing matches this pattern", where=pattern)
    yield from (Input(path, path.relative_to(root)) for path in files)


def _is_photograph(relative: Path) -> bool:
    hidden = any(part.startswith(".") for part in relative.parts)
    return not hidden and relative.suffix.lower() in SUFFIXES
