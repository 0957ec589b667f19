"""Find the photographs that a command line names: files, folders, patterns, lists."""

import codecs
import glob
import os
import re
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain, takewhile
from pathlib import Path, PurePath
from typing import TypeVar

from brushctl.errors import PlanError, reason
from brushctl.files import STREAM, expanded
from brushctl.photos.formats import SUFFIXES
from brushctl.reading import LIST, read_stream
from brushctl.runs.links import RealPaths

Place = TypeVar("Place", Path, os.DirEntry[str])
PassedOver = Callable[[str, str], None]
"""Is told of a folder that is not searched, and why."""
SPELLING = "See that it is spelled rightly, from the folder that you are in."
MAGIC = re.compile(r"[*?\[]")


@dataclass(frozen=True, slots=True)
class Input:
    """A photograph to edit; its paths are text, for a run may have very many.

    Attributes:
        file: its path.
        relative: where it lies below what was named, which its result repeats.
        root: the folder that was named, None for a file.
    """

    file: str
    relative: str
    root: Path | None = None

    @property
    def path(self) -> Path:
        """The file."""
        return Path(self.file)


def find_inputs(
    named: Sequence[str],
    listed: Iterable[str] = (),
    *,
    passed_over: PassedOver = lambda _folder, _why: None,
) -> list[Input]:
    """The photographs behind the names of a command line, each name once: a link is one of its own.

    Args:
        named: files, folders (searched with all that is below them) and patterns.
        listed: files from a list; relative names keep their folders.
        passed_over: is told of folders that cannot be searched, named ones or below them, of
            links to folders below them, and of `.`, `..` and `/` in a list.

    Raises:
        PlanError: a name leads nowhere, or is empty.
    """
    check_named(named)
    found: dict[str, Input] = {}
    real = RealPaths()
    for item in chain(_named(named, passed_over), _listed(listed, passed_over)):
        folder, name = os.path.split(item.file)
        found.setdefault(os.path.join(real.of_folder(folder), name), item)  # noqa: PTH118  (quick)
    return list(found.values())


def read_list(source: str) -> list[str]:
    """The names in a file, one a line or separated by NUL; `-` reads standard input.

    Raises:
        PlanError: the file cannot be read, or is longer than any list.
    """
    try:
        if source == STREAM:
            data = read_stream(sys.stdin.buffer, LIST)
        else:
            with expanded(source).open("rb") as file:  # it may be a pipe, as of <(...)
                data = read_stream(file, LIST)
    except OSError as error:
        raise PlanError(f"the list cannot be read ({reason(error)})", where=source) from error
    text = data.removeprefix(codecs.BOM_UTF8).decode(errors="surrogateescape")
    # Not `splitlines`: a name may hold what Unicode counts as the end of a line.
    names = text.split("\0") if "\0" in text else text.replace("\r\n", "\n").split("\n")
    return [name for name in names if name]


def check_named(names: Iterable[str]) -> None:
    """See that no name is empty, which would stand for the working directory.

    Raises:
        PlanError: one is.
    """
    if "" in names:
        raise PlanError(
            "a name is empty",
            do="See that the variables on the command line are set; . is the working directory.",
        )


def _named(names: Sequence[str], passed_over: PassedOver) -> Iterator[Input]:
    for name in names:
        path = expanded(name)
        if _is(path, Path.is_dir, unless_told=False):
            yield from (item for item, _ in photographs_in(path, passed_over))
        elif _is(path, Path.exists):
            yield Input(str(path), path.name)
        elif MAGIC.search(name):
            yield from _matching(str(path))
        else:
            raise PlanError("there is no such file or folder", where=name, do=SPELLING)


def _listed(names: Iterable[str], passed_over: PassedOver) -> Iterator[Input]:
    for name in names:
        path = Path(name)
        if path.name in ("", ".."):  # no result could be named after it
            passed_over(name, "a list is one of files")
            continue
        inside = not path.is_absolute() and ".." not in path.parts
        # A file that has vanished since the list was made is one failed file, no usage error.
        yield Input(str(path), str(path) if inside else path.name)


def photographs_in(
    folder: Path, passed_over: PassedOver
) -> Iterator[tuple[Input, os.DirEntry[str]]]:
    """The photographs in a folder and those below it, ordered by their paths, as they lie there.

    Args:
        folder: it.
        passed_over: is told of folders that cannot be searched, and of links to folders.
    """
    above = len(os.path.join(folder, ""))  # noqa: PTH118  (no `Path` ends in a slash)
    for entry in _below(str(folder), passed_over):
        relative = entry.path[above:]
        yield Input(relative if folder == Path() else entry.path, relative, folder), entry


def _below(folder: str, passed_over: PassedOver) -> Iterator[os.DirEntry[str]]:
    try:
        with os.scandir(folder) as entries:
            there = sorted(entries, key=lambda entry: entry.name)
    except OSError as error:
        passed_over(str(Path(folder)), reason(error))
        return
    for entry in there:
        if entry.name.startswith("."):
            continue
        if not _is(entry, os.DirEntry.is_dir, unless_told=False):
            suffix = os.path.splitext(entry.name)[1]  # noqa: PTH122  (without a `Path`)
            if suffix.lower() in SUFFIXES and _is(entry, os.DirEntry.is_file):
                yield entry
        elif entry.is_symlink():
            passed_over(str(Path(entry.path)), "it is a link; name it to have it searched")
        else:
            yield from _below(entry.path, passed_over)


def _is(path: Place, kind: Callable[[Place], bool], *, unless_told: bool = True) -> bool:
    """What a path is, or is to be taken for where nobody may look: reading it will tell."""
    try:
        return kind(path)
    except OSError:  # no permission, a share that has dropped, a damaged disk
        return unless_told


def _matching(pattern: str) -> Iterator[Input]:
    root = Path(*takewhile(lambda part: not MAGIC.search(part), Path(pattern).parts))
    matches = [Path(match) for match in sorted(glob.glob(pattern, recursive=True))]  # noqa: PTH207
    files = [path for path in matches if _is(path, Path.is_file)]
    if not files:
        if matches:
            raise PlanError(
                "only folders match this pattern", where=pattern, do="Name one to search it."
            )
        raise PlanError("nothing matches this pattern", where=pattern, do=SPELLING)
    yield from (Input(str(path), str(path.relative_to(root))) for path in files)


def is_photograph(relative: PurePath) -> bool:
    """Whether a file's name is a photograph's, nothing on its way being hidden."""
    return not is_hidden(relative) and relative.suffix.lower() in SUFFIXES


def is_hidden(relative: PurePath) -> bool:
    """Whether a file or folder, or one on the way to it, is hidden."""
    return any(part.startswith(".") for part in relative.parts)
