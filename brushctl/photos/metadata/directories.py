"""What the directories of a TIFF hold, told before a decoder reads it (TIFF 6.0, section 2).

EXIF is a TIFF too. Every walk here is over one directory or over the chain of pages, up to a limit.
"""

import struct
from dataclasses import dataclass
from typing import NamedTuple

from brushctl.errors import PhotoError
from brushctl.photos.limits import EXIF, PARTS, PIECES, SUBDIRECTORIES, TAGS

FURTHER = 330
"""The tag of directories below a page."""
EXIF_IFD, GPS_IFD, INTEROPERABILITY_IFD = 0x8769, 0x8825, 0xA005
ASCII = 2
SIZES = {1: 1, ASCII: 1, 3: 2, 4: 4, 5: 8, 6: 1, 7: 1, 8: 2, 9: 4, 10: 8, 11: 4, 12: 8, 13: 4,
         16: 8, 17: 8, 18: 8}  # fmt: skip
"""Bytes of a value, by its type; those from 16 on are BigTIFF's."""
WHOLE_NUMBERS = (3, 4, 13, 16, 18)
"""Types of values that decoders make lists of, as of the places of strips."""
PRIVATE, MOST_PRIVATE = 32768, 16384
"""Programs' own tags begin at the one. More values than the other are their own data, for which the
64 KiB of a JPEG's EXIF would have no room."""
STRUCTURAL = {
    *range(254, 267), *range(273, 285), *range(288, 294), 296, 301, *range(317, 331),
    *range(332, 348), 351, *range(400, 436), *range(512, 533), 559, *range(32995, 32999),
    *range(33421, 33423), *range(50706, 51126), 700, 33723, 34377, 34675, 37724,
    INTEROPERABILITY_IFD,
}  # fmt: skip
"""What a directory says of its pixels, a raw picture's among them, and where blocks and further
directories are. All else tells of the photograph: its maker, title, rating, place on a map."""


class Entry(NamedTuple):
    """What a directory says of one tag.

    Attributes:
        kind: the values' type.
        values: how many there are.
        place: where they are, or they themselves where they are short.
    """

    kind: int
    values: int
    place: int

    @property
    def size(self) -> int:
        """Bytes of its values."""
        return self.values * SIZES.get(self.kind, 0)

    @property
    def is_bulk(self) -> bool:
        """Whether it holds a program's data rather than tells something, if its tag is private."""
        return self.kind != ASCII and self.values > MOST_PRIVATE


@dataclass(frozen=True, slots=True)
class Layout:
    """The formats of a TIFF's parts, in its byte order.

    Attributes:
        first: of its header, for where the first directory is.
        count: of a directory's length.
        entry: of a tag in it.
        link: of where the next directory is.
    """

    first: str
    count: str
    entry: str
    link: str

    def place(self, at: int, count: int) -> int:
        """Where the entry of that number is in a directory, or its link behind the last one."""
        return at + struct.calcsize(self.count) + count * struct.calcsize(self.entry)


LAYOUTS = {
    b"II*\0": Layout("<4xI", "<H", "<HHII", "<I"),
    b"MM\0*": Layout(">4xI", ">H", ">HHII", ">I"),
    b"II+\0": Layout("<8xQ", "<Q", "<HHQQ", "<Q"),
    b"MM\0+": Layout(">8xQ", ">Q", ">HHQQ", ">Q"),
}
"""By the bytes that a TIFF begins with; the last two are BigTIFF's."""


def check_directories(data: bytes, where: str) -> None:
    """See that a TIFF's first page says no more than photographs do.

    Args:
        data: its bytes.
        where: names it in errors.

    Raises:
        PhotoError: it has too many tags or directories, or values too large.
    """
    page = first_directory(data, where, once=True)
    further = _below(data, page, (EXIF_IFD, GPS_IFD), where)
    for directory in list(further):
        further += _below(data, directory, (INTEROPERABILITY_IFD,), where)
    for directory in (page, *further):
        if sum(_told(tag, entry, len(data)) for tag, entry in directory.items()) > EXIF:
            raise PhotoError(f"its tags have more than {EXIF:,} bytes", where=where)
    numbers = (entry.values for entry in page.values() if entry.kind in WHOLE_NUMBERS)
    if max(numbers, default=0) > PIECES:
        raise PhotoError(f"a tag of it has more than {PIECES:,} values", where=where)
    if FURTHER in page and page[FURTHER].values > SUBDIRECTORIES:
        raise PhotoError(f"its page has more than {SUBDIRECTORIES} directories", where=where)


def first_directory(data: bytes, where: str, *, once: bool = False) -> dict[int, Entry]:
    """The entries of a TIFF's first directory by their tags.

    Args:
        data: the TIFF's bytes.
        where: names it in errors.
        once: whether a tag that stands twice is refused.

    Raises:
        PhotoError: they are too many, or one stands twice.
    """
    layout = LAYOUTS[data[:4]]
    try:
        (first,) = struct.unpack_from(layout.first, data)
    except struct.error:
        return {}  # cut short: decoding will tell
    return _directory(data, first, where, once=once)


def pages_of(data: bytes) -> int:
    """How many pages a TIFF has; one more than the limit of parts if it has more."""
    layout = LAYOUTS[data[:4]]
    seen = set[int]()
    try:
        (at,) = struct.unpack_from(layout.first, data)
        while at and at not in seen and len(seen) <= PARTS:
            seen.add(at)
            (count,) = struct.unpack_from(layout.count, data, at)
            (at,) = struct.unpack_from(layout.link, data, layout.place(at, count))
    except (struct.error, OverflowError):
        pass  # cut short
    return len(seen)


def _directory(data: bytes, at: int, where: str, *, once: bool = False) -> dict[int, Entry]:
    """The entries of a directory; those that are there, if it is cut short.

    Of a tag that stands twice the last counts, or it is refused (`once`): decoders read the first,
    or all.
    """
    layout = LAYOUTS[data[:4]]
    entries: dict[int, Entry] = {}
    try:
        (count,) = struct.unpack_from(layout.count, data, at)
        count = min(count, (len(data) - at) // struct.calcsize(layout.entry))
        if count > TAGS:
            raise PhotoError(f"a directory of it has more than {TAGS:,} tags", where=where)
        for number in range(count):
            tag, *entry = struct.unpack_from(layout.entry, data, layout.place(at, number))
            if once and tag in entries:
                raise PhotoError(f"a directory of it has the tag {tag} twice", where=where)
            entries[tag] = Entry(*entry)
    except (struct.error, OverflowError):
        pass
    return entries


def _below(
    data: bytes, directory: dict[int, Entry], tags: tuple[int, ...], where: str
) -> list[dict[int, Entry]]:
    """The directories that some tags of one lead to."""
    places = [directory[tag].place for tag in tags if tag in directory]
    return [_directory(data, place, where, once=True) for place in places]


def _told(tag: int, entry: Entry, end: int) -> int:
    """Bytes of what an entry tells of the photograph, which are read whole."""
    there = entry.size <= SIZES[12] or entry.place + entry.size <= end
    bulk = tag >= PRIVATE and entry.is_bulk
    return entry.size if there and tag not in STRUCTURAL and not bulk else 0
