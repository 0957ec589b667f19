"""The journal of an output folder: what was made from what, and how.

Lines (`brushctl.runs.lines`) are appended, so that a run that is killed at any moment leaves at
most one torn line at the end, which is passed over. For each photograph the last record counts.
Damaged lines are passed over too, with a warning, and the journal is then never written anew.
Once a journal has many lines that no longer count, the next run writes it anew without them, beside
it, and gives that its name: at any moment there is one whole journal.
"""

import contextlib
import hashlib
import os
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import TracebackType
from typing import Self

from brushctl.errors import DiskError
from brushctl.files import naming, replacing, resolved, sweep
from brushctl.reading import open_file
from brushctl.runs.lines import NewerError, Reader, Writer, is_torn
from brushctl.runs.locking import check_unlocked, locked
from brushctl.runs.memory import keeping_all
from brushctl.runs.records import Made, Record, made_by

NAME, LOCK = "journal.jsonl", "lock"
SPARE = 0.5
"""A journal is written anew when its lines that could go are more than this share of the lines that
must stay. So for each line that goes, at most two others are written."""


@dataclass(slots=True)
class Contents:
    """What the lines of one or several files tell.

    Attributes:
        records: the last record of each photograph.
        made: what earlier records of it tell to have been made, and the last one does not tell.
        settings: the settings that the lines name, by their names.
        spent: how many lines could go: earlier records, torn lines, and those that `Reader` counts.
        damaged: how many lines cannot be read though they are not torn. They may be mended.
    """

    records: dict[str, Record] = field(default_factory=dict)
    made: set[Made] = field(default_factory=set)
    settings: dict[str, dict[str, object]] = field(default_factory=dict)
    spent: int = 0
    damaged: int = 0

    @keeping_all()
    def add(self, lines: Iterable[bytes], where: str) -> None:
        """Read the lines of one more file.

        Args:
            lines: they, with their ends.
            where: the file, for people.

        Raises:
            DiskError: a later version of brushctl has written it.
        """
        reader = Reader()
        for line in lines:
            try:
                self._take(reader.read(line))
            except NewerError as error:
                raise DiskError(
                    f"a newer brushctl has written this journal (version {error})",
                    where=where,
                    do="Update brushctl.",
                ) from error
            except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
                torn = is_torn(line)
                self.spent += torn
                self.damaged += not torn
        self.settings |= reader.settings
        self.spent += reader.spent

    def _take(self, told: Record | Made | None) -> None:
        if isinstance(told, Record):
            self._put(told)
        elif told:
            self.made.add(told)

    def _put(self, record: Record) -> None:
        before = self.records.get(record.file)
        self.records[record.file] = record
        if before is None:
            return
        self.spent += 1
        again = record.made_it and _ends(before) == _ends(record)
        if not again and (made := made_by(before)):
            self.made.add(made)

    def history(self) -> Iterator[Made]:
        """All that was ever made of something."""
        yield from self.made
        yield from filter(None, map(made_by, self.records.values()))

    @property
    def is_long(self) -> bool:
        """Whether it is worth while to write it anew, and no line would be lost."""
        return not self.damaged and self.spent > SPARE * (len(self.records) + len(self.made))

    def lines(self) -> Iterator[bytes]:
        """The fewest lines that tell the same."""
        writer = Writer()
        for made in self.made:
            yield writer.lines_of_made(made, self.settings[made.settings])
        for record in self.records.values():
            yield writer.lines_of(record)


class Journal:
    """An output folder's journal, held by one run at a time; a context manager.

    Args:
        state: the folder that holds `journal.jsonl` and `lock`; it is made if need be.
        warn: is told where it cannot be held, on a share without locks, and of damaged lines.

    Attributes:
        records: the latest record of each photograph.
        appends: what is written is on the disk.

    Raises:
        OutputBusyError: on entering, when another run holds it.
        OSError: on entering, when it cannot be read or written.
    """

    appends = True

    def __init__(self, state: Path, warn: Callable[[str], object] = lambda _line: None) -> None:
        self.path = state / NAME
        self.records: dict[str, Record] = {}
        self._warn = warn
        self._held = ExitStack()
        self._guard = threading.Lock()
        self._writer = Writer()
        self._descriptor = -1
        self._gap = b""

    def __enter__(self) -> Self:
        self.path.parent.mkdir(parents=True, exist_ok=True)
        with ExitStack() as held:
            where = str(self.path.parent.parent)
            lock = locked(self.path.with_name(LOCK), where, warn=self._warn)
            alone = held.enter_context(lock)
            self._open(held, alone=alone)
            self._held = held.pop_all()
        return self

    def _open(self, held: ExitStack, *, alone: bool) -> None:
        contents = contents_in(self.path.parent)
        if contents.damaged:
            self._warn(damage_in(contents, str(self.path)))
        if contents.is_long and alone:  # else another run would go on with the one replaced
            # An unchanged journal serves as well: there may be no room for another.
            with contextlib.suppress(OSError):
                _replace(self.path, contents.lines())
        self.records = contents.records
        self._descriptor = os.open(self.path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o666)
        held.callback(os.close, self._descriptor)
        self._gap = b"\n" if _lacks_end(self.path) else b""
        if finished := [record for record in self.records.values() if self._has_its_name(record)]:
            self.write(*(replace(record, status="done") for record in finished))

    def _has_its_name(self, record: Record) -> bool:
        """Whether a run was killed between giving a result its name and saying so."""
        if record.status != "writing" or record.result is None:
            return False
        try:
            return hash_file(self.path.parent.parent / record.result.path) == record.result.sha256
        except (OSError, ValueError):  # ValueError: of a path that no file can have
            return False

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._held.close()

    def write(self, *records: Record) -> None:
        """Append a line for each; they are on the disk when this returns.

        Threads may call it at one time: the lines of each call stay together.

        Raises:
            OSError: there is no room for them; the error names the journal.
        """
        with naming(self.path):
            self._append(records)
        self.records.update({record.file: record for record in records})

    def _append(self, records: Iterable[Record]) -> None:
        with self._guard:
            try:
                left = self._gap + b"".join(map(self._writer.lines_of, records))
                while left:  # of what has no room, the system first writes a part
                    left = left[os.write(self._descriptor, left) :]
            except BaseException:  # a line may be torn, and settings be named in none
                self._gap, self._writer = b"\n", Writer()
                raise
            self._gap = b""
        os.fsync(self._descriptor)


def _ends(record: Record) -> tuple[dict[str, object], str | None, str | None]:
    """All of a record that tells what was made of what."""
    result = record.result
    return record.settings, record.source.sha256, result.sha256 if result else None


def _replace(path: Path, lines: Iterable[bytes]) -> None:
    """Write a journal anew: at any moment it has its old lines or its new ones."""
    path = resolved(path)
    sweep(path.parent, path.name)
    with replacing(path) as file:
        file.writelines(lines)


def damage_in(contents: Contents, where: str) -> str:
    """A warning of damaged lines, for people."""
    return (
        f"warning: {where}: {contents.damaged} of its lines cannot be read, and are kept."
        " Their photographs may be edited again."
        " If you have a copy of this journal, put it back."
    )


def check_idle(states: Iterable[Path]) -> None:
    """See that no run is at work with one of these journals.

    Args:
        states: their folders, of which few need exist.

    Raises:
        OutputBusyError: one is.
        OSError: it cannot be told; the error names the lock.
    """
    for state in states:
        check_unlocked(state / LOCK, str(state.parent), what="some of these photographs")


def contents_in(state: Path) -> Contents:
    """What the journal in a folder tells, if there is one, but for lines that cannot be read.

    Raises:
        DiskError: a later version of brushctl has written it.
        OSError: it cannot be read; the error names it.
    """
    path, contents = state / NAME, Contents()
    with (
        contextlib.suppress(FileNotFoundError, NotADirectoryError),
        naming(path),
        open_file(path) as lines,
    ):
        contents.add(lines, str(path))
    return contents


def journal_in(state: Path) -> dict[str, Record]:
    """The last record of each photograph in a folder's journal, if there is one."""
    return contents_in(state).records


def hash_file(path: Path) -> str:
    """The SHA-256 of a regular file's content."""
    with open_file(path) as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _lacks_end(path: Path) -> bool:
    with naming(path), path.open("rb") as file:
        if file.seek(0, os.SEEK_END) == 0:
            return False
        file.seek(-1, os.SEEK_END)
        return file.read() != b"\n"
