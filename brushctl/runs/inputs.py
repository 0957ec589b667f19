"""Find the photographs that a command line names: files, folders, patterns, lists."""

import codecs
import os
import re
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain
from pathlib import Path, PurePath

from brushctl.errors import PlanError, reason
from brushctl.files import STREAM, expanded
from brushctl.reading import LIST, read_stream
from brushctl.runs.links import RealPaths
from brushctl.runs.records import Stat
from brushctl.runs.rest import Rest
from brushctl.runs.storage.base import is_url, path_in, storage_of

PassedOver = Callable[[str, str], None]
"""Is told of a folder that is not searched, and why."""
SPELLING = "Check the spelling, and the folder that you are in."
MAGIC = re.compile(r"[*?\[]")


@dataclass(frozen=True, slots=True)
class Input:
    """A photograph to edit; its names are text, for a run may have very many.

    Attributes:
        file: its path or URL.
        relative: where it lies below what was named, which its result repeats.
        root: the folder that was named, None for a file.
        listed: what a listing of its storage says of it; None where none was needed.
    """

    file: str
    relative: str
    root: str | None = None
    listed: Stat | None = None

    @property
    def path(self) -> Path:
        """The file."""
        return Path(self.file)


def find_inputs(
    named: Sequence[str],
    listed: Iterable[str] = (),
    *,
    passed_over: PassedOver = lambda _folder, _why: None,
    rest: Rest | None = None,
) -> list[Input]:
    """The photographs behind the names of a command line, each name once: a link is one of its own.

    Args:
        named: files, folders (searched with all that is below them) and patterns; paths or URLs.
        listed: files from a list; relative names keep their folders.
        passed_over: is told of folders that cannot be searched, named ones or below them, of
            links to folders below them, and of `.`, `..` and `/` in a list.
        rest: is told of the other files in folders.

    Raises:
        PlanError: a name leads nowhere, or is empty.
        UsageError: what a URL needs is not installed.
        StorageError: the storage of a URL cannot be listed.
    """
    check_named(named)
    found: dict[str, Input] = {}
    real = RealPaths()
    rest = Rest() if rest is None else rest
    behind = chain.from_iterable(storage_of(name).find(name, passed_over, rest) for name in named)
    for item in chain(behind, _listed(listed, passed_over)):
        place = item.file
        if not is_url(place):
            folder, name = os.path.split(place)
            place = os.path.join(real.of_folder(folder), name)  # noqa: PTH118  (quick)
        found.setdefault(place, item)
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
            do="Check that the variables on the command line are set; . is the working directory.",
        )


def _listed(names: Iterable[str], passed_over: PassedOver) -> Iterator[Input]:
    for name in names:
        path = Path(path_in(name))
        if path.name in ("", ".."):  # no result could be named after it
            passed_over(name, "a list names files, not folders")
            continue
        # A file that has vanished since the list was made is one failed file, no usage error.
        if is_url(name):
            yield Input(storage_of(name).canonical(name), path.name)
        else:
            inside = not path.is_absolute() and ".." not in path.parts
            yield Input(str(path), str(path) if inside else path.name)


BINS, CACHES = "deleted files", "a program's own small copies"
NOT_SEARCHED = {
    "@eadir": CACHES,  # Synology's thumbnails
    "#recycle": BINS,  # Synology
    "@recycle": BINS,  # QNAP
    ".@__thumb": CACHES,  # QNAP
    "#snapshot": "older states of the share",  # Synology
    "$recycle.bin": BINS,  # Windows
    "recycled": BINS,  # Windows, on old disks
    "recycler": BINS,
    "_gsdata_": BINS,  # GoodSync
    "captureone": CACHES,  # Capture One, beside the photographs
}
"""Folders of photographs' doubles and leavings, in lower case, and what lies in them."""
LIGHTROOM = ".lrdata"
"""What the folders of Lightroom's previews end in."""


def why_not_searched(folder: str) -> str | None:
    """Why a folder of this name is passed over; None if it is not."""
    name = folder.lower()
    what = CACHES if name.endswith(LIGHTROOM) else NOT_SEARCHED.get(name)
    return what and f"it holds {what}; name it to have it searched"


def is_passed_over(relative: PurePath) -> bool:
    """Whether a file, or a folder on the way to it, is hidden or not searched."""
    return any(map(why_not_searched, relative.parts[:-1])) or is_hidden(relative)


def is_hidden(relative: PurePath) -> bool:
    """Whether a file or folder, or one on the way to it, is hidden."""
    return any(part.startswith(".") for part in relative.parts)
