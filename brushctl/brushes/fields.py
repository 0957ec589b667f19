"""Checked reading of JSON objects: field by field, each error with the path of its field.

A *read* turns a JSON value and its path into a checked Python value, or raises `FieldError`.
"""

import math
import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, fields
from functools import cache
from numbers import Real
from types import NoneType
from typing import Any, ClassVar, Self, TypeGuard, TypeVar, get_args, get_type_hints

from brushctl.brushes.defects import ContradictionError, FieldError
from brushctl.brushes.strict_json import SAFE_INTEGER, SURROGATE, join
from brushctl.errors import UsageError

Value = TypeVar("Value")
Read = Callable[[object, str], Value]

CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")
"""Characters that could steer a terminal; a stranger's file must not."""
SHA256 = re.compile(r"[0-9a-f]{64}")
PICTURE = re.compile(r"data:image/(png|jpeg);base64,[A-Za-z0-9+/]+={0,2}")
DAY = r"[0-9]{4}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])"
MOMENT = re.compile(DAY + r"(T([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9]Z)?")

LINE_CAP = 4096
"""Characters of a line: eight for each of the 512 tokens that the longest phrases have."""
PROSE_CAP = 16_384
"""Characters of a note: some six printed pages."""
PICTURE_CAP = 262_144
"""Characters of a preview: 192 KiB of picture. The header, of a megabyte, has it twice."""
LIST_CAP = 4096
"""Elements of an array: a segment for each token, and far more pairs than an edit needs."""


@contextmanager
def as_usage_errors(do: str | None = None) -> Iterator[None]:
    """A block in which a value that a brush cannot hold is the caller's fault.

    Args:
        do: what the caller can do, where the error does not say.

    Raises:
        UsageError: there is one.
    """
    try:
        yield
    except (FieldError, ContradictionError) as error:
        raise UsageError(error.what, where=error.where, do=error.do or do) from error


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
        """The fields that were not taken: of a newer minor version, or of another program."""
        return self._left


@dataclass(frozen=True, slots=True)
class Record:
    """Shared by every group of the document: to JSON and back.

    A field's annotation has its read: `steps: Annotated[int, count]`. One that may be None may be
    left out of the JSON; every other one must be there, whatever its default in Python.

    Attributes:
        extra: the fields that this version does not know.
        FIRST: fields that are read before the others: versions, say.
    """

    extra: Mapping[str, Any] = field(default_factory=dict, kw_only=True)
    FIRST: ClassVar[tuple[str, ...]] = ()

    @classmethod
    def from_dict(cls, data: object, path: str) -> Self:
        """Read and check.

        Raises:
            FieldError: a field is missing, of another type, or out of range.
            ContradictionError: fields do not agree with each other.
        """
        f = Fields(data, path)
        values = {
            name: f.maybe(name, read) if optional else f.take(name, read)
            for name, read, optional in _reads(cls)  # type: ignore[arg-type]  # a class is hashable
        }
        record = cls(**values, extra=f.rest())
        record.check(path)
        return record

    def check(self, path: str) -> None:
        """See that fields agree with each other.

        Raises:
            ContradictionError: they do not.
        """

    def to_dict(self) -> dict[str, Any]:
        """As JSON has it: without the fields that are None, with the unknown ones."""
        values = ((f.name, getattr(self, f.name)) for f in fields(self) if f.name != "extra")
        known = {key: _plain(value) for key, value in values if value is not None}
        return {**self.extra, **known}


@cache
def _reads(cls: type[Record]) -> tuple[tuple[str, Read[Any], bool], ...]:
    """Each field's name, its read, and whether it may be left out."""
    hints = get_type_hints(cls, include_extras=True)
    names = [f.name for f in fields(cls) if f.name != "extra"]
    names.sort(key=lambda name: name not in cls.FIRST)  # which keeps the order of the others
    return tuple(
        (name, hints[name].__metadata__[0], NoneType in get_args(hints[name].__origin__))
        for name in names
    )


def _plain(value: object) -> object:
    if isinstance(value, Record):
        return value.to_dict()
    return [_plain(v) for v in value] if isinstance(value, tuple) else value


def line(value: object, path: str) -> str:
    """Text without control characters, of at most `LINE_CAP` characters."""
    return _printable(_text(value, path), path)


def label(value: object, path: str) -> str:
    """A line of 1 to 100 characters."""
    text = line(value, path)
    if not 1 <= len(text) <= 100:
        raise FieldError("must have 1 to 100 characters", where=path)
    return text


def prose(value: object, path: str) -> str:
    """Text of lines, `PROSE_CAP` characters in all; newline and tab are the only controls."""
    text = _text(value, path, PROSE_CAP)
    _printable(text.replace("\n", "").replace("\t", ""), path)
    return text


def sha256(value: object, path: str) -> str:
    """64 lower-case hexadecimal digits."""
    return _matching(SHA256, "64 lower-case hexadecimal digits", value, path)


def moment(value: object, path: str) -> str:
    """A day, or a moment in UTC to the second (RFC 3339)."""
    return _matching(MOMENT, "a date: YYYY-MM-DD or YYYY-MM-DDThh:mm:ssZ", value, path)


def picture(value: object, path: str) -> str:
    """A small PNG or JPEG as a data URI of at most `PICTURE_CAP` characters."""
    what = "a data URI of a PNG or JPEG picture in base64"
    return _matching(PICTURE, what, value, path, PICTURE_CAP)


def version(value: object, path: str) -> tuple[int, int]:
    """`[major, minor]`."""
    match array(index)(value, path):
        case (int(major), int(minor)):
            return major, minor
    raise FieldError("must be [major, minor]", where=path)


def number(value: object, path: str) -> float:
    """A finite double."""
    if not _is_number(value):
        raise _wrong("a number", value, path)
    try:
        checked = float(value)
    except OverflowError:  # of an integer
        checked = math.inf
    if not math.isfinite(checked):
        raise FieldError("must be finite", where=path)
    return checked


def positive(value: object, path: str) -> float:
    """A double above 0."""
    if (checked := number(value, path)) <= 0:
        raise FieldError("must be above 0", where=path)
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


def boolean(value: object, path: str) -> bool:
    """True or false."""
    if not isinstance(value, bool):
        raise _wrong("true or false", value, path)
    return value


def choice(*known: str) -> Read[str]:
    """One of some texts."""

    def read_choice(value: object, path: str) -> str:
        if (text := _text(value, path)) not in known:
            raise FieldError(f"must be one of {', '.join(known)}", where=path)
        return text

    return read_choice


def within(read: Read[Value], least: float, most: float) -> Read[Value]:
    """A number of the kind that `read` reads, from `least` to `most`."""
    wanted = f"a number from {least} to {most}"

    def read_within(value: object, path: str) -> Value:
        if not _is_number(value):
            raise _wrong(wanted, value, path)
        if not least <= value <= most:  # nor NaN
            raise FieldError(f"must be {wanted}", where=path)
        return read(value, path)

    return read_within


def array(read: Read[Value], *, least: int = 0) -> Read[tuple[Value, ...]]:
    """An array of `least` to `LIST_CAP` elements, each read by `read`."""

    def read_array(value: object, path: str) -> tuple[Value, ...]:
        if not isinstance(value, list | tuple):
            raise _wrong("an array", value, path)
        if not least <= len(value) <= LIST_CAP:
            raise FieldError(f"must have {least} to {LIST_CAP} elements", where=path)
        return tuple(read(element, f"{path}[{k}]") for k, element in enumerate(value))

    return read_array


def _is_number(value: object) -> TypeGuard[float]:
    """Whether it is a number, Python's or NumPy's; true and false are not."""
    return isinstance(value, Real) and not isinstance(value, bool)


def _text(value: object, path: str, most: int = LINE_CAP) -> str:
    if not isinstance(value, str):
        raise _wrong("text", value, path)
    if len(value) > most:
        raise FieldError(f"must have at most {most} characters", where=path)
    if SURROGATE.search(value):  # of a command line or a file name that is no UTF-8
        raise FieldError("has half a character (a lone surrogate)", where=path)
    return value


def _printable(text: str, path: str) -> str:
    if CONTROL.search(text):
        raise FieldError("must not have control characters", where=path)
    return text


def _matching(
    pattern: re.Pattern[str], what: str, value: object, path: str, most: int = LINE_CAP
) -> str:
    text = _text(value, path, most)
    if not pattern.fullmatch(text):
        raise FieldError(f"must be {what}", where=path)
    return text


KINDS = {dict: "an object", list: "an array", str: "text", bool: "true or false"}


def _wrong(wanted: str, value: object, path: str) -> FieldError:
    found = "null" if value is None else KINDS.get(type(value), "a number")
    return FieldError(f"must be {wanted}, and is {found}", where=path)
