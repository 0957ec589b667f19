"""The lines of a journal: JSON, one object each; what all say alike stands once.

A line of version 2 is one of three:

    {"brushctl":2,"settings":{"3f2a91c0d4e5":{"brush":"golden-hour",...}}}
        names settings; further lines refer to them
    {"brushctl":2,"file":"a.jpg","status":"done","source":{...},"result":{...},...,"settings":"3f2a91c0d4e5"}
        a record; what is null, empty or (a result's path) as `file` is left out
    {"brushctl":2,"made":"<hash>","from":"<hash>","settings":"3f2a91c0d4e5"}
        what was made of what before the last record of a photograph

A line of version 1 is a record with all its settings in it, and nothing left out. Half a surrogate
pair, which stands for a byte of a name that is no text, is written as JSON's escape of it.
"""

import json
import sys
from typing import Any

from brushctl.runs.records import Facts, Fault, Learned, Made, Record, Result, Source, name_of

VERSION = 2


class NewerError(Exception):
    """A line is of a version that this brushctl does not know."""


class Writer:
    """Makes the lines of one file, in their order."""

    def __init__(self) -> None:
        self._last: dict[str, Any] | None = None
        self._name = ""
        self._told: set[str] = set()

    def lines_of(self, record: Record) -> bytes:
        """A record's line, its end included, after one that names its settings if none has."""
        if record.settings is not self._last:
            self._last, self._name = record.settings, name_of(record.settings)
        line = _line(_compact(record, self._name))  # before its settings count as written
        return self._named(self._name, record.settings) + line

    def lines_of_made(self, made: Made, settings: dict[str, Any]) -> bytes:
        """The same for what was made of what, with these settings."""
        line = {"made": made.result, "from": made.source, "settings": made.settings}
        return self._named(made.settings, settings) + _line(line)

    def _named(self, name: str, settings: dict[str, Any]) -> bytes:
        if name in self._told:
            return b""
        line = _line({"settings": {name: settings}})
        self._told.add(name)
        return line


class Reader:
    """Reads the lines of one file, in their order.

    Attributes:
        settings: the settings that the lines name, by their names.
        spent: how many lines could go. A line of version 1 could, since it would be written as one
            of version 2. So could a line that names settings for a second time: each run's first
            line does.
    """

    def __init__(self) -> None:
        self.settings: dict[str, dict[str, Any]] = {}
        self.spent = 0
        self._last: dict[str, Any] | None = None
        self._sizes: dict[tuple[int, int], tuple[int, int]] = {}

    def read(self, line: bytes) -> Record | Made | None:
        """What a line tells; None where it names settings.

        Raises:
            NewerError: a later version of brushctl has written it.
            ValueError, KeyError, TypeError, AttributeError: it is torn, damaged, or no line of a
                journal.
        """
        told: dict[str, Any] = json.loads(line.decode(errors="surrogateescape"))
        version, settings = told["brushctl"], told["settings"]
        if version > VERSION:
            raise NewerError(version)
        if version == 1:
            self.spent += 1
            return self._record(told, self._shared(settings))
        if "file" in told:
            return self._record(told, self.settings[settings])
        if "made" in told:
            return Made(_known(settings, self.settings), told["from"], told["made"])
        self._name(settings)
        return None

    def _name(self, settings: dict[str, dict[str, Any]]) -> None:
        if any(name != name_of(each) for name, each in settings.items()):
            raise ValueError("the settings are not those of the name")
        self.spent += settings.keys() <= self.settings.keys()
        self.settings.update(settings)

    def _record(self, told: dict[str, Any], settings: dict[str, Any]) -> Record:
        """A record; the words and sizes that many have in common are one object."""
        file, result, error = told["file"], told.get("result"), told.get("error")
        return Record(
            file,
            sys.intern(told["status"]),
            settings,
            _source(told.get("source")),
            Result(**{"path": file, **result}) if result else None,
            self._facts(told),
            Fault(**error) if error else None,
        )

    def _facts(self, told: dict[str, Any]) -> Facts | Learned | None:
        if "judged" in told:
            return Learned(told["judged"], told["seconds"])
        if "size" not in told:
            return None
        width, height = told["size"]
        return Facts(
            self._sizes.setdefault((width, height), (width, height)),
            sys.intern(told["detail"]),
            told["residual"],
            sys.intern(told["reason"]),
            tuple(told.get("warnings", ())),
            told["seconds"],
        )

    def _shared(self, settings: dict[str, Any]) -> dict[str, Any]:
        """Equal settings as one object."""
        if self._last is None or settings != self._last:
            self._last = self.settings.setdefault(name_of(settings), settings)
        return self._last


def is_torn(line: bytes) -> bool:
    """Whether a line that cannot be read has lost its end, as one of a killed run has.

    A damaged line still ends as it did; the end of an empty one was written after a torn one.
    """
    return not line.endswith(b"}\n")


def _source(told: dict[str, Any] | None) -> Source:
    if told and "pairs" in told:
        return Source(**{**told, "pairs": tuple(told["pairs"])})
    return Source(**told) if told else Source()


def _known(name: str, settings: dict[str, dict[str, Any]]) -> str:
    """The name of settings, which a line before has told."""
    if name not in settings:
        raise KeyError(name)
    return sys.intern(name)


def _compact(record: Record, settings: str) -> dict[str, Any]:
    source, result = record.source.to_dict(), record.result
    line: dict[str, Any] = {"file": record.file, "status": record.status}
    if source:
        line["source"] = source
    if result:
        line["result"] = _left(result)
        if result.path == record.file and result.sha256:
            del line["result"]["path"]
    if record.facts:
        line |= record.facts.to_dict()
        if not record.warnings:
            line.pop("warnings", None)
    line["settings"] = settings
    if record.error:
        line["error"] = record.error.to_dict()
    return line


def _left(result: Result) -> dict[str, Any]:
    """A result, and by what a later run knows it without reading it."""
    stat = {"mtime_ns": result.mtime_ns, "inode": result.inode, "mark": result.mark}
    return result.to_dict() | {key: value for key, value in stat.items() if value is not None}


def _line(told: dict[str, Any]) -> bytes:
    text = json.dumps({"brushctl": VERSION, **told}, ensure_ascii=False, separators=(",", ":"))
    return text.encode(errors="backslashreplace") + b"\n"  # `\udce9`: JSON's own escape
