"""The journal of an output folder: what was made from what, and how.

One JSON object a line, appended and never rewritten, so that a run that is killed at any moment
leaves at most one torn line at the end, which is passed over. For each photograph the last line
counts. Its `status` is

    writing   the result is whole under a temporary name and is about to take its own; if a killed
              run gave it, the next one says so
    done      the result has its name
    failed    the photograph could not be edited; `error` says why
    sent      a process of a cluster is to edit it and has not told of it yet

The last two go on telling of the `result` that an earlier run has left, by which a later one knows
whether somebody has changed it since.
"""

import hashlib
import json
import os
import threading
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from filelock import FileLock, Timeout

from brushctl.errors import BrushctlError
from brushctl.files import resolved
from brushctl.reading import open_file

NAME = "journal.jsonl"
VERSION = 1


class OutputBusyError(BrushctlError):
    """Another run is writing to the same output folder: nothing is wrong, nothing to do."""

    code = "busy"
    exit_status = 0


@dataclass(frozen=True, slots=True)
class Record:
    """A line of the journal.

    Attributes:
        file: the result's name below the output folder: with the usual names, the photograph's.
        status: "writing", "done", "failed" or "sent".
        settings: everything that decides the result, the brush's hash among it.
        source: the photograph's `path` (from the output folder), `sha256`, `bytes`, `mtime_ns`.
        result: the result's `path` (from the output folder), `sha256` and `bytes`.
        facts: `size`, `seconds`, `detail`, `residual`, `reason`, `warnings`.
        error: `code` and `what` went wrong, `where` in it, and what to `do`.
    """

    file: str
    status: str
    settings: dict[str, Any]
    source: dict[str, Any]
    result: dict[str, Any] = field(default_factory=dict)
    facts: dict[str, Any] = field(default_factory=dict)
    error: dict[str, Any] | None = None

    @property
    def photograph(self) -> str:
        """What to call the photograph before people."""
        path = str(self.source.get("path", self.file))
        return self.file if Path(path).name == Path(self.file).name else path

    @property
    def reason(self) -> str:
        """What went wrong, where in it, if not in all of it; nothing where nothing did."""
        error = self.error or {}
        return ": ".join(error[key] for key in ("where", "what") if error.get(key))

    @property
    def standing(self) -> dict[str, Any]:
        """The result that is there unless somebody has changed it; empty where it is not known."""
        # A run killed while it was "writing" has left the result of the run before it, or its own.
        return {} if self.status == "writing" else self.result

    def following(self, before: "Record | None") -> "Record":
        """This line about a photograph, with the result that is there if it made none.

        Args:
            before: the line before it.
        """
        return self if self.result or before is None else replace(self, result=before.standing)

    def to_dict(self) -> dict[str, Any]:
        """The line, as JSON's own types."""
        return {
            "brushctl": VERSION,
            "file": self.file,
            "status": self.status,
            "source": self.source,
            "result": self.result,
            **self.facts,
            "settings": self.settings,
            "error": self.error,
        }

    @classmethod
    def from_dict(cls, line: dict[str, Any]) -> Self:
        """A line read back; unknown keys are kept among the facts."""
        known = ("brushctl", "file", "status", "source", "result", "settings", "error")
        return cls(
            line["file"],
            line["status"],
            line["settings"],
            line["source"],
            line["result"],
            {key: value for key, value in line.items() if key not in known},
            line.get("error"),
        )


class Journal:
    """An output folder's journal, held by one run at a time; a context manager.

    Args:
        state: the folder that holds `journal.jsonl` and `lock`; it is made if need be.

    Attributes:
        records: the latest line about each photograph.

    Raises:
        OutputBusyError: on entering, when another run holds it.
    """

    def __init__(self, state: Path) -> None:
        self.path = state / NAME
        self._lock = FileLock(state / "lock", timeout=0)
        self.records: dict[str, Record] = {}
        self._guard = threading.Lock()
        self._descriptor = -1

    def __enter__(self) -> Self:
        self.path.parent.mkdir(parents=True, exist_ok=True)
        try:
            self._lock.acquire()
        except Timeout as error:
            raise OutputBusyError(
                "another run is at work on this output", where=str(self.path.parent.parent)
            ) from error
        self.records = read_journal(self.path)
        self._descriptor = os.open(self.path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o666)
        if _is_torn(self.path):
            os.write(self._descriptor, b"\n")
        if finished := [record for record in self.records.values() if self._has_its_name(record)]:
            self.write(*(replace(record, status="done") for record in finished))
        return self

    def _has_its_name(self, record: Record) -> bool:
        """Whether a run was killed between giving a result its name and saying so."""
        if record.status != "writing":
            return False
        try:
            result = self.path.parent.parent / record.result["path"]
            return hash_file(result) == record.result["sha256"]
        except (OSError, KeyError):
            return False

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        os.close(self._descriptor)
        self._lock.release()

    def write(self, *records: Record) -> None:
        """Append a line for each; they are on the disk when this returns.

        Threads may call it at one time: the lines of each call stay together.

        Raises:
            OSError: there is no room for them.
        """
        left = b"".join(map(line_of, records))
        with self._guard:
            while left:  # of what has no room, the system first writes a part
                left = left[os.write(self._descriptor, left) :]
        os.fsync(self._descriptor)
        self.records.update({record.file: record for record in records})


def check_idle(states: Iterable[Path]) -> None:
    """See that no run is at work with one of these journals.

    Args:
        states: their folders, of which few need exist.

    Raises:
        OutputBusyError: one is.
    """
    for state in states:
        try:
            if (state / "lock").exists():
                with FileLock(state / "lock", timeout=0):
                    pass
        except Timeout as error:
            raise OutputBusyError(
                "another run is at work on some of these photographs", where=str(state.parent)
            ) from error
        except OSError:  # a folder that is not ours to look into
            continue


def read_journal(path: Path) -> dict[str, Record]:
    """The last line about each photograph; torn lines are passed over."""
    return {record.file: record for record in _every_record(path)}


def _every_record(path: Path) -> Iterator[Record]:
    yield from records_in(path.read_bytes() if path.exists() else b"")


def history_in(state: Path) -> Iterator[Record]:
    """Every line of the runs whose journal is in a folder, if it is, the oldest first."""
    yield from _every_record(state / NAME)


def journal_in(state: Path) -> dict[str, Record]:
    """The last line about each photograph of the runs whose journal is in a folder, if it is."""
    return read_journal(state / NAME)


def results_of(state: Path) -> set[Path]:
    """The files that runs with a journal have made of others; every link resolved.

    Args:
        state: the folder of the journal, which need not exist.
    """
    results: set[Path] = set()
    for line in journal_in(state).values():
        ends = (end.get("path") for end in (line.result, line.source))
        made, source = (resolved(state.parent / end) if end else None for end in ends)
        if made and made != source:
            results.add(made)
    return results


def line_of(record: Record) -> bytes:
    """A record as a line, its end included."""
    told = json.dumps(record.to_dict(), ensure_ascii=False)
    return told.encode(errors="surrogateescape") + b"\n"


def records_in(lines: bytes) -> Iterator[Record]:
    """The records of a journal's lines; torn lines are passed over."""
    for line in lines.splitlines():
        try:
            yield Record.from_dict(json.loads(line.decode(errors="surrogateescape")))
        except (ValueError, KeyError, TypeError):
            continue


def hash_file(path: Path) -> str:
    """The SHA-256 of a regular file's content."""
    with open_file(path) as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _is_torn(path: Path) -> bool:
    with path.open("rb") as file:
        if file.seek(0, os.SEEK_END) == 0:
            return False
        file.seek(-1, os.SEEK_END)
        return file.read() != b"\n"
