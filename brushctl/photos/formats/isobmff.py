"""The boxes of HEIF files, AVIF among them, walked through once.

Layout: ISO/IEC 14496-12 (4.2, 8.11) for boxes and items, ISO/IEC 23008-12 (9.3) for properties.
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
FILM = b"mpvd"
"""The box of a motion photo's video."""


@dataclass(frozen=True, slots=True)
class Box:
    """A box's kind and contents, and the boxes within it."""

    kind: bytes
    data: memoryview
    within: "tuple[Box, ...]" = ()

    def inner(self, kind: bytes) -> "Box":
        """The last box of a kind within this one.

        Raises:
            LookupError: there is none.
        """
        return {box.kind: box for box in self.within}[kind]


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


def holds_film(file: Box) -> bool:
    """Whether the file holds a film too, as in a phone's motion photo."""
    return any(box.kind == FILM for box in file.within)


def code_points(file: Box) -> tuple[int, int] | None:
    """The primaries and the transfer curve that the main picture states (ITU-T H.273), if any."""
    try:
        for box in _main_properties(file):
            if box.kind == b"colr" and bytes(box.data[:4]) == b"nclx":
                primaries, curve = struct.unpack_from(">HH", box.data, 4)
                return primaries, curve
    except (struct.error, LookupError):
        pass  # boxes that are cut short or missing state nothing
    return None


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


def _main_properties(file: Box) -> Iterator[Box]:
    # The first four bytes of these boxes are a version and flags.
    meta = file.inner(b"meta")
    main = meta.inner(b"pitm").data
    (item,) = struct.unpack_from(">I" if main[0] else ">H", main, 4)
    held = meta.inner(b"iprp")
    properties = held.inner(b"ipco").within
    for index in _associated(held.inner(b"ipma").data, item):
        if 0 < index <= len(properties):
            yield properties[index - 1]


def _associated(table: memoryview, wanted: int) -> list[int]:
    """Which properties an item has, counted from 1; the highest bit says that one is essential."""
    version, wide = table[0], table[3] & 1
    (count,) = struct.unpack_from(">I", table, 4)
    at = 8
    for _ in range(count):
        item, entries = struct.unpack_from(">IB" if version else ">HB", table, at)
        at += 5 if version else 3
        indices = struct.unpack_from(f">{entries}{'H' if wide else 'B'}", table, at)
        if item == wanted:
            return [index & (0x7FFF if wide else 0x7F) for index in indices]
        at += entries * (2 if wide else 1)
    return []
