"""What is known of a photograph and of its result: the records that a journal keeps.

A record's `status` is

    writing   the result is whole under a temporary name and is about to take its own; if a killed
              run gave it, the next one says so
    done      the result has its name
    failed    the photograph could not be edited; `error` says why
    accepted  likewise, and the user has said that he knows: runs tell of it no more
    sent      a process of a cluster is to edit it and has not told of it yet

The last three go on telling of the `result` that an earlier run has left, by which a later one
knows whether somebody has changed it since.
"""

import hashlib
import json
import os
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, NamedTuple, Self

from brushctl.events import Event

VERSION = 1
"""Of a record as a program is told it, with `--json`."""


class Stat(NamedTuple):
    """What tells a file from what it was, without reading it.

    Attributes:
        bytes: its length.
        mtime_ns: its time of change, in nanoseconds; None where a mark tells more.
        inode: its number in its file system; 0 or None where there is none.
        mark: what a storage with URLs tells by which a changed file is known: a tag, say.
    """

    bytes: int
    mtime_ns: int | None = None
    inode: int | None = None
    mark: str | None = None

    @classmethod
    def of(cls, path: Path | str) -> Self:
        """A file's, of a link that which it leads to.

        Raises:
            OSError: there is none, or it may not be looked at.
        """
        stat = os.stat(path)  # noqa: PTH116  (without a `Path`: of very many files)
        return cls(stat.st_size, stat.st_mtime_ns, stat.st_ino)


@dataclass(frozen=True, slots=True)
class Source:
    """What a result was made from: a photograph's file, or for a brush the pairs; as far as known.

    Attributes:
        path: from the output folder, or a URL; None for a stream.
        bytes: the length of the file.
        mark: what its storage tells by which a changed file is known, for one with a URL.
        mtime_ns: its time of change, for one with a path.
        sha256: of its content, in hexadecimal.
        pairs: the hashes of the pairs that a brush was learned from.
    """

    path: str | None = None
    bytes: int | None = None
    mark: str | None = None
    mtime_ns: int | None = None
    sha256: str | None = None
    pairs: tuple[str, ...] = ()

    def is_at(self, stat: Stat) -> bool:
        """Whether a file is as it was, as far as can be told without reading it."""
        same_time = self.mtime_ns == stat.mtime_ns and self.mark == stat.mark
        return same_time and self.bytes == stat.bytes

    def at(self, stat: Stat) -> "Source":
        """It, with what its file is like now."""
        return replace(self, bytes=stat.bytes, mtime_ns=stat.mtime_ns, mark=stat.mark)

    def to_dict(self) -> dict[str, Any]:
        """What is known of it, as JSON's own types."""
        return _known(
            path=self.path,
            bytes=self.bytes,
            mark=self.mark,
            mtime_ns=self.mtime_ns,
            sha256=self.sha256,
            pairs=list(self.pairs) or None,
        )


@dataclass(frozen=True, slots=True)
class Result:
    """A file that a run has made, as it left it.

    Attributes:
        path: from the output folder.
        sha256: of its content, in hexadecimal.
        bytes: its length.
        mtime_ns: its time of change.
        inode: its number in its file system.
        mark: as a source's.
        content_sha256: of a brush: of what does not change with its labels.
    """

    path: str
    sha256: str | None = None
    bytes: int | None = None
    mtime_ns: int | None = None
    inode: int | None = None
    mark: str | None = None
    content_sha256: str | None = None

    def is_at(self, stat: Stat) -> bool:
        """Whether a file is as it was left, as far as can be told without reading it."""
        if (self.bytes, self.mtime_ns) != (stat.bytes, stat.mtime_ns):
            return False
        # Some shares number no files.
        return not self.inode or not stat.inode or self.inode == stat.inode

    def to_dict(self) -> dict[str, Any]:
        """What a program is told of it, as JSON's own types."""
        return {"path": self.path} | _known(
            sha256=self.sha256, bytes=self.bytes, content_sha256=self.content_sha256
        )


@dataclass(frozen=True, slots=True)
class Facts:
    """How a photograph was edited.

    Attributes:
        size: its width and height, in pixels.
        detail: where the fine detail of the result comes from.
        residual: what a transfer leaves unexplained of the edit.
        reason: why the detail is from there, for people.
        warnings: what there is to tell about it.
        seconds: that it took.
    """

    size: tuple[int, int]
    detail: str
    residual: float
    reason: str
    warnings: tuple[str, ...]
    seconds: float

    def to_dict(self) -> dict[str, Any]:
        """As JSON's own types."""
        return {
            "size": list(self.size),
            "detail": self.detail,
            "residual": self.residual,
            "reason": self.reason,
            "warnings": list(self.warnings),
            "seconds": self.seconds,
        }


@dataclass(frozen=True, slots=True)
class Learned:
    """How a brush was learned.

    Attributes:
        judged: the figures by which it was judged; None if it could not be.
        seconds: that it took.
    """

    judged: dict[str, Any] | None
    seconds: float

    def to_dict(self) -> dict[str, Any]:
        """As JSON's own types."""
        return {"judged": self.judged, "seconds": self.seconds}


@dataclass(frozen=True, slots=True)
class Fault:
    """What went wrong.

    Attributes:
        code: the kind of error.
        what: went wrong.
        do: about it, if anything.
        where: in what, if not in all of it.
    """

    code: str
    what: str
    do: str | None = None
    where: str | None = None

    def to_dict(self) -> dict[str, Any]:
        """As JSON's own types."""
        return {"code": self.code, "what": self.what, "do": self.do} | _known(where=self.where)


@dataclass(frozen=True, slots=True)
class Record:
    """What became of a photograph, or of a brush of a list.

    Attributes:
        file: the result's name below the output folder: with the usual names, the photograph's.
        status: "writing", "done", "failed", "accepted" or "sent".
        settings: everything that decides the result, the brush's hash among it, as JSON.
        source: what the result was made from.
        result: it; None where there is none, or nothing is known of it.
        facts: how it was made; None where it was not.
        error: why it was not.
    """

    file: str
    status: str
    settings: dict[str, Any]
    source: Source
    result: Result | None = None
    facts: Facts | Learned | None = None
    error: Fault | None = None

    def __repr__(self) -> str:
        """In a line; the journal has the rest."""
        why = f": {self.error.what}" if self.error else ""
        return f"<Record {self.file!r}: {self.status}{why}>"

    @property
    def photograph(self) -> str:
        """What to call the photograph before people."""
        path = self.source.path or self.file
        return self.file if Path(path).name == Path(self.file).name else path

    @property
    def megapixels(self) -> float:
        """Of the photograph that was edited; 0 where none was."""
        return (
            self.facts.size[0] * self.facts.size[1] / 1e6 if isinstance(self.facts, Facts) else 0.0
        )

    @property
    def warnings(self) -> tuple[str, ...]:
        """What there is to tell about the photograph."""
        return self.facts.warnings if isinstance(self.facts, Facts) else ()

    @property
    def reason(self) -> str:
        """What went wrong, where in it, if not in all of it; nothing where nothing did."""
        error = self.error
        return ": ".join(filter(None, (error.where, error.what))) if error else ""

    @property
    def failure(self) -> str:
        """What went wrong and what to do about it, for people."""
        do = self.error and self.error.do
        return f"{self.reason}. {do}" if do else self.reason

    @property
    def has_failed(self) -> bool:
        """Whether the photograph could not be edited."""
        return self.status in ("failed", "accepted")

    @property
    def made_it(self) -> bool:
        """Whether the result is of this record, not one that an earlier run has left."""
        return self.status in ("writing", "done")

    @property
    def standing(self) -> Result | None:
        """The result that is there unless somebody has changed it; None where it is not known."""
        # A run killed while it was "writing" has left the result of the run before it, or its own.
        return None if self.status == "writing" else self.result

    def following(self, before: "Record | None") -> "Record":
        """This record, with the result that is there if it made none.

        Args:
            before: what became of the photograph before.
        """
        return self if self.result or before is None else replace(self, result=before.standing)

    def to_dict(self) -> dict[str, Any]:
        """What a program is told, as JSON's own types."""
        return {
            "brushctl": VERSION,
            "file": self.file,
            "status": self.status,
            "source": self.source.to_dict(),
            "result": self.result.to_dict() if self.result else {},
            **(self.facts.to_dict() if self.facts else {}),
            "settings": self.settings,
            "error": self.error.to_dict() if self.error else None,
        }


class Made(NamedTuple):
    """What was made of what, once: all that is to be known of results that later ones replaced.

    Attributes:
        settings: the name of the settings with which (`name_of`).
        source: the hash of the photograph's content; None where it is not known.
        result: the hash of the result's.
    """

    settings: str
    source: str | None
    result: str


@dataclass(frozen=True, slots=True)
class FileDone(Event):
    """One photograph has been edited, or could not be."""

    record: Record


def made_by(record: Record) -> Made | None:
    """What a record tells to have been made; None if nothing was."""
    if not record.made_it or record.result is None or record.result.sha256 is None:
        return None
    return Made(name_of(record.settings), record.source.sha256, record.result.sha256)


def name_of(settings: dict[str, Any]) -> str:
    """A short name of settings, which no others have: 48 bits of a hash of theirs."""
    told = json.dumps(settings, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256(told.encode(errors="backslashreplace")).hexdigest()[:12]


def _known(**values: Any) -> dict[str, Any]:  # noqa: ANN401  (JSON's)
    return {key: value for key, value in values.items() if value is not None}
