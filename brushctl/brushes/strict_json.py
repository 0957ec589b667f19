"""JSON as brushes have it: read strictly, written in one way only.

The written form is RFC 8785 (JSON Canonicalization Scheme): keys sorted by UTF-16 code units, no
spaces, numbers as ECMAScript prints doubles. So any language writes the same bytes.
"""

import json
import math
import re
from collections import Counter
from decimal import Decimal
from typing import Any

from brushctl.brushes.defects import DepthError, DuplicateError, JsonError

DEPTH_CAP = 64
"""Levels of nesting; each generation of mixes takes three."""
SAFE_INTEGER = 2**53 - 1
"""The largest integer up to which every integer is a double (RFC 8785, RFC 7493)."""
PLAIN_KEY = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
SURROGATE = re.compile("[\ud800-\udfff]")


def parse(raw: bytes, path: str) -> dict[str, Any]:
    """Parse an object: UTF-8, no duplicate keys, finite numbers, bounded depth.

    Numbers are doubles, as in RFC 7493; those that are safe integers come back as int.

    Raises:
        JsonError: not an object in strict JSON.
        DepthError: deeper than `DEPTH_CAP`.
        DuplicateError: a key stands twice; the error has its path.
    """
    try:
        document = json.loads(
            raw.decode(), object_pairs_hook=_object, parse_constant=_no_number, parse_int=_integer
        )
    except RecursionError:
        raise _too_deep(path) from None
    except ValueError as error:  # json's and the codec's errors are subclasses
        raise JsonError(f"is not JSON ({error})", where=path) from None
    check(document, path)
    if not isinstance(document, dict):
        raise JsonError("is not a JSON object", where=path)
    return document


class _Twice:
    """Stands for an object in which a key stands twice, until its path is known."""

    def __init__(self, key: str) -> None:
        self.key = key


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any] | _Twice:
    document = dict(pairs)
    if len(document) == len(pairs):
        return document
    keys = Counter(key for key, _ in pairs)
    return _Twice(keys.most_common(1)[0][0])


def _no_number(name: str) -> object:
    raise ValueError(f"{name} is not a number")


def _integer(digits: str) -> int | float:
    value = float(digits)
    return int(digits) if abs(value) <= SAFE_INTEGER else value


def join(path: str, key: str) -> str:
    """The path of a member; a key that is no plain word is quoted and escaped."""
    return f"{path}.{key}" if PLAIN_KEY.fullmatch(key) else f"{path}[{json.dumps(key)}]"


Place = str | tuple["Place", str | int]
"""A path, or the place of an object or array and what is meant within it. Written out only where
something is amiss: a long key would be copied for each of its elements."""


def _path(place: Place) -> str:
    if isinstance(place, str):
        return place
    around, key = place
    return f"{_path(around)}[{key}]" if isinstance(key, int) else join(_path(around), key)


def check(value: object, place: Place, depth: int = 1) -> None:
    """Refuse what could not be written again: depth, duplicates, infinities, lone surrogates."""
    if isinstance(value, _Twice):
        raise DuplicateError("appears twice", where=_path((place, value.key)))
    if isinstance(value, float) and not math.isfinite(value):
        raise JsonError("is out of the range of numbers", where=_path(place))
    if isinstance(value, str) and SURROGATE.search(value):
        raise JsonError("has half a character (a lone surrogate)", where=_path(place))
    if isinstance(value, dict | list | tuple) and depth > DEPTH_CAP:
        raise _too_deep(_path(place))
    if isinstance(value, dict):
        for key, member in value.items():
            check(key, (place, key), depth)
            check(member, (place, key), depth + 1)
    if isinstance(value, list | tuple):
        for k, element in enumerate(value):
            check(element, (place, k), depth + 1)


def _too_deep(path: str) -> DepthError:
    root = re.split(r"[.[]", path)[0]  # the whole path would fill a screen
    return DepthError(
        f"is nested deeper than {DEPTH_CAP} levels",
        where=root,
        do="If it mixes mixes, mix their original brushes at once instead.",
    )


def canonical(value: object) -> str:
    """The one way to write a checked value (RFC 8785)."""
    match value:
        case dict():
            members = sorted(value.items(), key=lambda member: member[0].encode("utf-16-be"))
            return "{" + ",".join(f"{_text(k)}:{canonical(v)}" for k, v in members) + "}"
        case list() | tuple():
            return "[" + ",".join(map(canonical, value)) + "]"
        case str():
            return _text(value)
        case float():
            return _number(value)
        case _:  # int, bool, None
            return json.dumps(value)


def _text(value: str) -> str:
    return json.dumps(value, ensure_ascii=False)


def _number(value: float) -> str:
    """ECMAScript's Number::toString: the shortest digits that read back, exponent if far off."""
    if value == 0:
        return "0"
    sign, numerals, exponent = Decimal(repr(value)).normalize().as_tuple()
    digits = "".join(map(str, numerals))
    point = len(digits) + int(exponent)  # the value is 0.digits times ten to this power
    minus = "-" * sign
    if not -6 < point <= 21:
        fraction = f".{digits[1:]}" if len(digits) > 1 else ""
        return f"{minus}{digits[0]}{fraction}e{point - 1:+d}"
    if point <= 0:
        return f"{minus}0.{'0' * -point}{digits}"
    if point >= len(digits):
        return minus + digits.ljust(point, "0")
    return f"{minus}{digits[:point]}.{digits[point:]}"
