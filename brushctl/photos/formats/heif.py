"""The boxes of a HEIC or AVIF: what its picture's colours are, and whether a film lies beside it.

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
    """A box's kind and its contents."""

    kind: bytes
    data: memoryview


def boxes(data: bytes | memoryview) -> Iterator[Box]:
    """Each box that lies in these bytes, those inside others left in them, uncopied.

    Raises:
        ValueError: they are more than the limit of parts.
    """
    data, at = memoryview(data), 0
    for _ in range(PARTS + 1):
        if at + 8 > len(data):
            return
        size, kind = struct.unpack_from(">I4s", data, at)
        head = 8
        if size == 1 and at + 16 <= len(data):
            (size,) = struct.unpack_from(">Q", data, at + 8)
            head = 16
        end = at + size if size else len(data)
        if end < at + head:
            return
        yield Box(kind, data[at + head : end])
        at = end
    raise ValueError(f"it has more than {PARTS:,} boxes")


def check_boxes(data: bytes, where: str) -> None:
    """See that a file has no more boxes than photographs have.

    Args:
        data: its bytes.
        where: names it in errors.

    Raises:
        PhotoError: it has more.
    """
    try:
        too_many = _count_parts(memoryview(data)) > PARTS
    except ValueError:  # at one level
        too_many = True
    except (struct.error, IndexError):  # cut short: decoding will tell
        too_many = False
    if too_many:
        raise PhotoError(f"it has more than {PARTS:,} boxes and items", where=where)


def _count_parts(data: memoryview, depth: int = 0) -> int:
    """Boxes, those within others too, and what tables of items list: decoders go through each.

    Raises:
        ValueError: they are more than the limit of parts, or lie too deep within one another.
        struct.error, IndexError: one is cut short.
    """
    if depth > DEPTH:
        raise ValueError("its boxes lie too deep within one another")
    count = 0
    for box in boxes(data):
        count += 1
        if box.kind in WITHIN:
            count += _count_parts(box.data[WITHIN[box.kind] :], depth + 1)
        elif box.kind == b"iinf":  # a version and flags, and a number of items
            count += _count_parts(box.data[8 if box.data[0] else 6 :], depth + 1)
        elif box.kind == b"iloc":
            wide = box.data[0] == 2
            count += struct.unpack_from(">I" if wide else ">H", box.data, 6)[0]
        elif box.kind == b"ipma":
            count += struct.unpack_from(">I", box.data, 4)[0]
        if count > PARTS:
            break
    return count


def holds_film(data: bytes) -> bool:
    """Whether a film lies beside the picture, as in a phone's motion photo."""
    return any(box.kind == FILM for box in boxes(data))


def code_points(data: bytes) -> tuple[int, int] | None:
    """The primaries and the transfer curve that the main picture states (ITU-T H.273), if any."""
    try:
        for box in _main_properties(data):
            if box.kind == b"colr" and bytes(box.data[:4]) == b"nclx":
                primaries, curve = struct.unpack_from(">HH", box.data, 4)
                return primaries, curve
    except (struct.error, LookupError, ValueError):
        pass  # boxes that are cut short, missing or too many state nothing
    return None


def _main_properties(data: bytes) -> Iterator[Box]:
    # The first four bytes of these boxes are a version and flags.
    meta = _by_kind(_by_kind(data)[b"meta"][4:])
    main = meta[b"pitm"]
    (item,) = struct.unpack_from(">I" if main[0] else ">H", main, 4)
    held = _by_kind(meta[b"iprp"])
    properties = list(boxes(held[b"ipco"]))
    for index in _associated(held[b"ipma"], item):
        if 0 < index <= len(properties):
            yield properties[index - 1]


def _by_kind(data: bytes | memoryview) -> dict[bytes, memoryview]:
    return {box.kind: box.data for box in boxes(data)}


def _associated(table: memoryview, wanted: int) -> list[int]:
    """Which properties an item has, counted from 1; the highest bit says that one is essential."""
    version, wide = table[0], table[3] & 1
    (count,) = struct.unpack_from(">I", table, 4)
    at = 8
    for _ in range(min(count, PARTS)):
        item, entries = struct.unpack_from(">IB" if version else ">HB", table, at)
        at += 5 if version else 3
        indices = struct.unpack_from(f">{entries}{'H' if wide else 'B'}", table, at)
        if item == wanted:
            return [index & (0x7FFF if wide else 0x7F) for index in indices]
        at += entries * (2 if wide else 1)
    return []
