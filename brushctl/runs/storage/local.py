"""Photographs and results by path, on this machine's disks and whatever is mounted there."""

import contextlib
import glob
import hashlib
import os
import shutil
from collections.abc import Callable, Collection, Iterable, Iterator
from itertools import takewhile
from pathlib import Path
from typing import BinaryIO, TypeVar

from brushctl.errors import PlanError, reason
from brushctl.files import existing, expanded, replacing, resolved, sweep, unwritable, way_to
from brushctl.photos.formats import readable_suffixes
from brushctl.runs.inputs import MAGIC, SPELLING, Input, PassedOver, why_not_searched
from brushctl.runs.journal import Journal, hash_file, journal_in
from brushctl.runs.plan import STATE
from brushctl.runs.records import Record, Stat
from brushctl.runs.refusals import appeared
from brushctl.runs.rest import Rest
from brushctl.runs.storage.base import OTHER_PLACE, Warn, path_in

Place = TypeVar("Place", Path, os.DirEntry[str])
ROOM = 1.5
"""How many times the size of its inputs a run wants free on the disk."""
UNITS = (("GB", 1e9), ("MB", 1e6), ("kB", 1e3))


class LocalStorage:
    """As `brushctl.runs.storage.base.Storage`."""

    def canonical(self, name: str) -> str:
        """A path, with the user's home for its `~`."""
        return str(expanded(path_in(name)))

    def find(self, name: str, passed_over: PassedOver, rest: Rest) -> Iterator[Input]:
        """The photographs behind the name of a file, of a folder or of a pattern."""
        path = Path(self.canonical(name))
        if _is(path, Path.is_dir, unless_told=False):
            yield from (item for item, _ in photographs_in(path, passed_over, rest))
        elif _is(path, Path.exists):
            yield Input(str(path), path.name)
        elif MAGIC.search(name):
            yield from _matching(str(path))
        else:
            stands_for = f"It stands for {path}. " if name.startswith("~") else ""
            do = stands_for + SPELLING
            raise PlanError("there is no such file or folder", where=name, do=do)

    def stat(self, name: str) -> Stat:
        """The length, time and inode of a file; of a link those of what it leads to."""
        return Stat.of(name)

    def stats_below(self, folder: str) -> Callable[[str], Stat]:  # noqa: ARG002  (asking is cheap)
        """The same, asked of each file."""
        return Stat.of

    def read(self, name: str) -> bytes:
        """The bytes of a photograph."""
        from brushctl.photos.source import read_photo

        return read_photo(Path(name))

    def hash(self, name: str) -> str:
        """The SHA-256 of a regular file's content."""
        return hash_file(Path(name))

    def write(
        self,
        name: str,
        data: bytes,
        *,
        output: str | None,
        overwrite: bool,
        naming: Callable[[Stat], object],
    ) -> Stat:
        """Write a result under a temporary name, and give it its own."""
        target = Path(name)
        target.parent.mkdir(parents=True, exist_ok=True)
        folder = None if output is None else Path(output)
        with replacing_result(target, folder, overwrite=overwrite) as file:
            file.write(data)
            file.flush()
            # By its time and inode, which its own name leaves alone, a later run knows it unread.
            stat = Stat.of(file.name)
            naming(stat)
        return stat

    def sweep(self, names: Iterable[str], output: str | None) -> None:
        """Delete what killed runs left half-written in the folders of these files."""
        sweep_results(names, None if output is None else Path(output))

    def check_writable(self, folder: str, do: str = OTHER_PLACE) -> None:
        """See that a folder can be written, or made."""
        check_writable(Path(folder), do)

    def check_room(self, size: int, folder: str) -> None:
        """See that the folder's disk has room."""
        there = existing(Path(folder))
        need, free = ROOM * size, shutil.disk_usage(there).free
        if need > free:
            raise PlanError(
                f"the results may need {_amount(need)} and there are {_amount(free)} free",
                where=str(there),
                do="Free some space, or choose another output folder.",
            )

    def journal(self, output: str, warn: Warn) -> Journal:
        """The journal, a file in the folder that it tells of."""
        return Journal(Path(output) / STATE, warn)

    def records(self, output: str) -> dict[str, Record]:
        """The latest record of each photograph in the folder's journal."""
        return journal_in(Path(output) / STATE)


def photographs_in(
    folder: Path, passed_over: PassedOver, rest: Rest
) -> Iterator[tuple[Input, os.DirEntry[str]]]:
    """The photographs in a folder and those below it, ordered by their paths, as they lie there.

    Args:
        folder: it.
        passed_over: is told of folders that cannot be searched, and of links to folders.
        rest: is told of the other files.
    """
    above = len(os.path.join(folder, ""))  # noqa: PTH118  (no `Path` ends in a slash)
    root = str(folder)
    for entry in _below(root, passed_over, rest, readable_suffixes()):
        relative = entry.path[above:]
        yield Input(relative if folder == Path() else entry.path, relative, root), entry


def check_writable(folder: Path, do: str = OTHER_PLACE) -> None:
    """See that a folder can be written, or made.

    Args:
        folder: it.
        do: what to do if not.

    Raises:
        PlanError: it cannot.
    """
    if why := unwritable(folder):
        raise PlanError(why[1], where=str(why[0]), do=do)


@contextlib.contextmanager
def replacing_result(
    target: Path, output: Path | None, *, overwrite: bool = True
) -> Iterator[BinaryIO]:
    """As `brushctl.files.replacing`, for a result.

    Args:
        target: the file to write.
        output: the folder of the run's journal, for `sweep_results`; None where there is none.
        overwrite: whether it may replace a file that has the name by then.

    Raises:
        PhotoError: it may not, and there is one.
        OSError: the disk does not take all of it.
    """
    try:
        with replacing(target, owner=_owner(target, output), overwrite=overwrite) as file:
            yield file
    except FileExistsError as error:
        raise appeared(str(target)) from error


def sweep_results(targets: Iterable[Path | str], output: Path | None) -> None:
    """Delete what killed runs left half-written: those with this journal, whose lock is held.

    Runs with other journals may be writing to the same folders at this moment (into `out` while
    this one writes into `out/2024`): what they left goes when it is a day old.

    Args:
        targets: files of the run.
        output: the folder of its journal; None where there is none, and one target.
    """
    one_in = {os.path.dirname(target): Path(target) for target in targets}  # noqa: PTH120  (of many)
    for target in one_in.values():
        sweep(target.parent, _owner(target, output))


def _owner(target: Path, output: Path | None) -> str:
    """The same for a folder and a journal wherever they are mounted, another for each journal."""
    if output is None:
        return target.name
    way = way_to(resolved(output), resolved(target.parent))
    return hashlib.sha256(os.fsencode(way)).hexdigest()[:8]


def _below(
    folder: str, passed_over: PassedOver, rest: Rest, suffixes: Collection[str]
) -> Iterator[os.DirEntry[str]]:
    """The files in a folder and those below it that end in one of these suffixes."""
    try:
        with os.scandir(folder) as entries:
            there = sorted(entries, key=lambda entry: entry.name)
    except OSError as error:
        passed_over(str(Path(folder)), reason(error))
        return
    for entry in there:
        if entry.name.startswith("."):
            if entry.name == STATE:
                rest.journals.append(folder)
        elif not _is(entry, os.DirEntry.is_dir, unless_told=False):
            suffix = os.path.splitext(entry.name)[1].lower()  # noqa: PTH122  (without a `Path`)
            if suffix not in suffixes:
                rest.suffixes[suffix] += 1
            elif _is(entry, os.DirEntry.is_file) or entry.is_symlink():
                yield entry  # reading a link that leads nowhere will tell
        elif why := why_not_searched(entry.name):
            passed_over(str(Path(entry.path)), why)
        elif entry.is_symlink():
            passed_over(str(Path(entry.path)), "it is a link; name it to have it searched")
        else:
            yield from _below(entry.path, passed_over, rest, suffixes)


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


def _amount(size: float) -> str:
    """Bytes, for people."""
    for unit, bytes_each in UNITS:
        if size >= bytes_each:
            return f"{size / bytes_each:.1f} {unit}"
    return f"{size:.0f} bytes"
