"""Checked reading of JSON objects: field by field, each error with the path of its field.

A *read* turns a JSON value and its path into a checked Python value, or raises `FieldError`.
"""

import math
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields
from typing import Any, Self, TypeVar

from brushctl.brushes.defects import FieldError
from brushctl.brushes.strict_json import SAFE_INTEGER, SURROGATE, join

Value = TypeVar("Value")
Read = Callable[[object, str], Value]

CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")
"""Characters that could steer a terminal; a stranger's file must not."""
SHA256 = re.compile(r"[0-9a-f]{64}")
PICTURE = re.compile(r"data:image/(png|jpeg);base64,[A-Za-z0-9+/]+={0,2}")
DAY = r"[0-9]{4}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])"
MOMENT = re.compile(DAY + r"(T([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9]Z)?")


class Fields:
    """The members of one JSON object, taken one by one."""

    def __init__(self, data: object, path: str) -> None:
        if not isinstance(data, dict):
            raise _wrong("an object", data, path)
        self._left, self._path = dict(data), path

    def take(self, key: str, read: Read[Value]) -> Value:
        """A required field."""
        where = join(self._path, key)
        if key not in self._left:
            raise FieldError("is missing", where=where)
        return read(self._left.pop(key), where)

    def maybe(self, key: str, read: Read[Value]) -> Value | None:
        """An optional field; None if it is left out."""
        return self.take(key, read) if key in self._left else None

    def rest(self) -> dict[str, Any]:
        """What nobody took: the fields of a newer minor version, or of another program."""
        return self._left


@dataclass(frozen=True, slots=True)
class Record:
    """Shared by every group of the document: to JSON and back.

    Attributes:
        extra: the fields that this version does not know.
    """

    extra: Mapping[str, Any] = field(default_factory=dict, kw_only=True)

    @classmethod
    def from_dict(cls, data: object, path: str) -> Self:
        """Read and check; errors carry the field's path."""
        raise NotImplementedError

    def to_dict(self) -> dict[str, Any]:
        """As JSON has it: without the fields that are None, with the unknown ones."""
        values = ((f.name, getattr(self, f.name)) for f in fields(self) if f.name != "extra")
        known = {key: _plain(value) for key, value in values if value is not None}
        return {**self.extra, **known}


def _plain(value: object) -> object:
    if isinstance(value, Record):
        return value.to_dict()
    return [_plain(v) for v in value] if isinstance(value, tuple) else value


def line(value: object, path: str) -> str:
    """Text without control characters."""
    text = _text(value, path)
    if CONTROL.search(text):
        raise FieldError("must not have control characters", where=path)
    return text


def label(value: object, path: str) -> str:
    """A line of 1 to 100 characters."""
    text = line(value, path)
    if not 1 <= len(text) <= 100:
        raise FieldError("must have 1 to 100 characters", where=path)
    return text


def prose(value: object, path: str) -> str:
    """Text of any number of lines; of the control characters only newline and tab."""
    text = _text(value, path)
    line(text.replace("\n", "").replace("\t", ""), path)
    return text


def sha256(value: object, path: str) -> str:
    """64 lower-case hexadecimal digits."""
    return _matching(SHA256, "64 lower-case hexadecimal digits", value, path)


def moment(value: object, path: str) -> str:
    """A day, or a moment in UTC to the second (RFC 3339)."""
    return _matching(MOMENT, "a date: YYYY-MM-DD or YYYY-MM-DDThh:mm:ssZ", value, path)


def picture(value: object, path: str) -> str:
    """A small PNG or JPEG as a data URI."""
    return _matching(PICTURE, "a data URI of a PNG or JPEG picture in base64", value, path)


def version(value: object, path: str) -> tuple[int, int]:
    """`[major, minor]`."""
    match array(index)(value, path):
        case (int(major), int(minor)):
            return major, minor
    raise FieldError("must be [major, minor]", where=path)


def number(value: object, path: str) -> float:
    """A double."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise _wrong("a number", value, path)
    return float(value)


def positive(value: object, path: str) -> float:
    """A double above 0."""
    if (checked := number(value, path)) <= 0:
        raise FieldError("must be above 0", where=path)
    return checked


def scale(value: object, path: str) -> float:
    """A double of at least 0."""
    if (checked := number(value, path)) < 0:
        raise FieldError("must be at least 0", where=path)
    return checked


def integer(value: object, path: str) -> int:
    """A whole number that is exact as a double; 5.0 is 5."""
    checked = number(value, path)
    if not checked.is_integer() or abs(checked) > SAFE_INTEGER:
        raise FieldError("must be a whole number", where=path)
    return int(checked)


def index(value: object, path: str) -> int:
    """A whole number of at least 0."""
    if (checked := integer(value, path)) < 0:
        raise FieldError("must be at least 0", where=path)
    return checked


def count(value: object, path: str) -> int:
    """A whole number of at least 1."""
    if (checked := integer(value, path)) < 1:
        raise FieldError("must be at least 1", where=path)
    return checked


def array(read: Read[Value], *, least: int = 0) -> Read[tuple[Value, ...]]:
    """An array of at least `least` elements, each read by `read`."""

    def read_array(value: object, path: str) -> tuple[Value, ...]:
        if not isinstance(value, list | tuple):
            raise _wrong("an array", value, path)
        if len(value) < least:
            raise FieldError(f"must have at least {least} elements", where=path)
        return tuple(read(element, f"{path}[{k}]") for k, element in enumerate(value))

    return read_array


def _text(value: object, path: str) -> str:
    if not isinstance(value, str):
        raise _wrong("text", value, path)
    if SURROGATE.search(value):  # of a command line or a file name that is no UTF-8
        raise FieldError("has half a character (a lone surrogate)", where=path)
    return value


def _matching(pattern: re.Pattern[str], what: str, value: object, path: str) -> str:
    text = _text(value, path)
    if not pattern.fullmatch(text):
        raise FieldError(f"must be {what}", where=path)
    return text


KINDS = {dict: "an object", list: "an array", str: "text", bool: "true or false"}


def _wrong(wanted: str, value: object, path: str) -> FieldError:
    found = "null" if value is None else KINDS.get(type(value), "a number")
    return FieldError(f"must be {wanted}, is {found}", where=path)
