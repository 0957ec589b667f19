"""The boxes of HEIF files, AVIF among them, walked through once.

Layout: ISO/IEC 14496-12 (4.2).
"""

import struct
from collections.abc import Iterator
from dataclasses import dataclass

from brushctl.errors import PhotoError
from brushctl.photos.limits import PARTS

WITHIN = {b"meta": 4, b"iprp": 0, b"ipco": 0, b"iref": 4}
"""Boxes that hold others, and the bytes that stand before those: a version and flags."""
DEPTH = 8
"""Boxes within one another: those of photographs are four deep."""


@dataclass(frozen=True, slots=True)
class Box:
    """A box's kind and contents, and the boxes within it."""

    kind: bytes
    data: memoryview
    within: "tuple[Box, ...]" = ()

    def inner(self, kind: bytes) -> "Box":
        """The last box of a kind within this one; an empty one if there is none."""
        return {box.kind: box for box in self.within}.get(kind, EMPTY)


EMPTY = Box(b"", memoryview(b""))


class _TooManyError(Exception):
    """There are more boxes and items than photographs have, or they lie too deep."""


def read_boxes(data: bytes, where: str) -> Box:
    """All boxes of a file, uncopied, within one of no kind.

    Args:
        data: its bytes.
        where: names it in errors.

    Raises:
        PhotoError: it has more boxes and items than photographs have.
    """
    try:
        within, _ = _boxes_in(memoryview(data), PARTS, 0)
    except _TooManyError as error:
        raise PhotoError(f"it has more than {PARTS:,} boxes and items", where=where) from error
    return Box(b"", memoryview(data), within)


def _boxes_in(data: memoryview, room: int, depth: int) -> tuple[tuple[Box, ...], int]:
    """The boxes that lie in some bytes, and how many parts there is room for after them.

    Parts are boxes, those within others too, and what tables list: decoders go through each.

    Raises:
        _TooManyError: there is room for fewer, or they lie too deep within one another.
    """
    found = []
    for kind, content in _split(data):
        before = WITHIN.get(kind)
        if kind == b"iinf" and content:  # a version and flags, and a number of items
            before = 8 if content[0] else 6
        room -= 1 + _listed(kind, content)
        if room < 0 or depth > DEPTH:
            raise _TooManyError
        within: tuple[Box, ...] = ()
        if before is not None:
            within, room = _boxes_in(content[before:], room, depth + 1)
        found.append(Box(kind, content, within))
    return tuple(found), room


def _split(data: memoryview) -> Iterator[tuple[bytes, memoryview]]:
    """The kind and the contents of each box that lies in some bytes; of the last what is there."""
    at = 0
    while at + 8 <= len(data):
        size, kind = struct.unpack_from(">I4s", data, at)
        head = 8
        if size == 1 and at + 16 <= len(data):
            (size,) = struct.unpack_from(">Q", data, at + 8)
            head = 16
        end = at + size if size else len(data)
        if end < at + head:
            return
        yield kind, data[at + head : end]
        at = end


def _listed(kind: bytes, content: memoryview) -> int:
    """How many items a table lists; none if it is cut short."""
    try:
        if kind == b"iloc":
            return int(struct.unpack_from(">I" if content[0] == 2 else ">H", content, 6)[0])
        return int(struct.unpack_from(">I", content, 4)[0]) if kind == b"ipma" else 0
    except (struct.error, IndexError):
        return 0
