"""The boxes of a HEIC or AVIF: what its picture's colours are, and whether a film lies beside it.

Layout: ISO/IEC 14496-12 (4.2, 8.11) for boxes and items, ISO/IEC 23008-12 (9.3) for properties.
"""

import struct
from collections.abc import Iterator
from dataclasses import dataclass

from brushctl.errors import PhotoError
from brushctl.photos.limits import PARTS

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
        for _ in boxes(data):
            pass
    except ValueError as error:
        raise PhotoError(str(error), where=where) from None


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
