"""The directories of a TIFF, read without a decoder (TIFF 6.0, section 2; BigTIFF).

EXIF is a TIFF too. A directory is read once, up to a limit of tags; its values stay where they are
until they are asked for.
"""

import struct
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Literal, NamedTuple, TypeAlias

from brushctl.errors import PhotoError
from brushctl.photos.limits import EXIF, PARTS, PIECES, SUBDIRECTORIES, TAGS

Order: TypeAlias = Literal["<", ">"]
"""Of bytes, as `struct` says it."""
SUBIFDS = 330
"""The tag of directories below a page."""
EXIF_IFD, GPS_IFD, INTEROPERABILITY_IFD = 0x8769, 0x8825, 0xA005
ORIENTATION, NEW_SUBFILE_TYPE = 0x0112, 254
BYTE, ASCII, UNDEFINED = 1, 2, 7
FORMATS = {BYTE: "B", ASCII: "s", 3: "H", 4: "I", 5: "II", 6: "b", UNDEFINED: "B", 8: "h", 9: "i",
           10: "ii", 11: "f", 12: "d", 13: "I", 16: "Q", 17: "q", 18: "Q"}  # fmt: skip
"""Of a value, by its type; those from 16 on are BigTIFF's."""
SIZES = {kind: struct.calcsize(f"={form}") for kind, form in FORMATS.items()}
WHOLE_NUMBERS = (3, 4, 13, 16, 18)
"""Types of values that decoders make lists of, as of the places of strips."""
PRIVATE, MOST_PRIVATE = 32768, 16384
"""Programs' own tags begin at the one. More values than the other are their own data, for which the
64 KiB of a JPEG's EXIF would have no room."""
STRUCTURAL = {
    *range(254, 267), *range(273, 285), *range(288, 294), 296, 301, *range(317, 331),
    *range(332, 348), 351, *range(400, 436), *range(512, 533), 559, *range(32995, 32999),
    *range(33421, 33423), *range(50706, 51126), 52545, 700, 33723, 34377, 34675, 37724,
    INTEROPERABILITY_IFD,
}  # fmt: skip
"""What a directory says of its pixels, a raw picture's among them, and where blocks and further
directories are. All else tells of the photograph: its maker, title, rating, place on a map."""


@dataclass(frozen=True, slots=True)
class Layout:
    """The formats of a TIFF's parts.

    Attributes:
        order: of bytes.
        first: of its header, for where the first directory is.
        count: of a directory's length.
        entry: of a tag in it.
        link: of where the next directory is, or of a place in an entry.
    """

    order: Order
    first: str
    count: str
    entry: str
    link: str

    def place(self, at: int, count: int) -> int:
        """Where the entry of that number is in a directory, or its link behind the last one."""
        return at + struct.calcsize(self.count) + count * struct.calcsize(self.entry)


LAYOUTS = {
    b"II*\0": Layout("<", "<4xI", "<H", "<HHII", "<I"),
    b"MM\0*": Layout(">", ">4xI", ">H", ">HHII", ">I"),
    b"II+\0": Layout("<", "<8xQ", "<Q", "<HHQQ", "<Q"),
    b"MM\0+": Layout(">", ">8xQ", ">Q", ">HHQQ", ">Q"),
}
"""By the bytes that a TIFF begins with; the last two are BigTIFF's."""


class Entry(NamedTuple):
    """What a directory says of one tag.

    Attributes:
        tag: its number.
        kind: the values' type.
        values: how many there are.
        at: where the entry is.
        place: where its values are: in the entry itself, if they are short.
    """

    tag: int
    kind: int
    values: int
    at: int
    place: int

    @property
    def size(self) -> int:
        """Bytes of its values."""
        return self.values * SIZES.get(self.kind, 0)

    @property
    def is_bulk(self) -> bool:
        """Whether it is a program's own tag that holds data rather than tells something."""
        return self.tag >= PRIVATE and self.kind != ASCII and self.values > MOST_PRIVATE


@dataclass(frozen=True, slots=True)
class Directory:
    """A directory of a TIFF.

    Attributes:
        data: the TIFF's bytes.
        at: where the directory is.
        count: how many tags it announces.
        entries: as many of its tags as are there and may be; of one that stands twice, the last.
        twice: a tag that stands twice, None if there is none.
        link: where it says where the next directory is.
    """

    data: bytes
    at: int = 0
    count: int = 0
    entries: dict[int, Entry] = field(default_factory=dict)
    twice: int | None = None
    link: int = 0

    def raw(self, tag: int) -> bytes:
        """A tag's values as they are stored; nothing if it is not there, or cut short."""
        entry = self.entries.get(tag)
        values = self.data[entry.place : entry.place + entry.size] if entry else b""
        return values if entry and len(values) == entry.size else b""

    def numbers(self, tag: int) -> tuple[float, ...]:
        """A tag's values, fractions as one number each; none if it holds no numbers."""
        kind = self.entries[tag].kind if tag in self.entries else ASCII
        raw = self.raw(tag)
        if kind == ASCII or not raw:
            return ()
        order, form = LAYOUTS[self.data[:4]].order, FORMATS[kind]
        values = struct.unpack(f"{order}{len(raw) // SIZES[kind] * len(form)}{form[0]}", raw)
        if len(form) == 1:
            return values
        return tuple(a / b if b else 0.0 for a, b in zip(values[::2], values[1::2], strict=True))

    def number(self, tag: int, otherwise: int) -> int:
        """A tag's first value, a whole number."""
        return int(next(iter(self.numbers(tag)), otherwise))

    def text(self, tag: int) -> bytes:
        """A tag's text, without the zero at its end."""
        return self.raw(tag).rstrip(b"\0")

    def below(self, tag: int) -> "list[Directory]":
        """The directories that a tag leads to, as many as a page may have."""
        places = self.numbers(tag)[:SUBDIRECTORIES]
        return [read_directory(self.data, int(place)) for place in places]

    @property
    def described(self) -> int:
        """Bytes of what it says of the photograph, which are read whole."""
        return sum(
            entry.size
            for entry in self.entries.values()
            if (entry.size <= SIZES[12] or entry.place + entry.size <= len(self.data))
            and entry.tag not in STRUCTURAL
            and not entry.is_bulk
        )


def first_directory(data: bytes) -> Directory:
    """The first directory of a TIFF; an empty one, of what is none."""
    first = place_of_first(data)
    return read_directory(data, first) if first else Directory(data)


def place_of_first(data: bytes) -> int:
    """Where a TIFF says that its first directory is; 0 of what is none, or cut short."""
    layout = LAYOUTS.get(data[:4])
    if not layout or len(data) < struct.calcsize(layout.first):
        return 0
    return int(struct.unpack_from(layout.first, data)[0])


def read_directory(data: bytes, at: int) -> Directory:
    """The directory at a place of a TIFF; those entries that are there, if it is cut short."""
    layout = LAYOUTS[data[:4]]
    entries: dict[int, Entry] = {}
    twice = None
    try:
        (count,) = struct.unpack_from(layout.count, data, at)
        there = (len(data) - at - struct.calcsize(layout.count)) // struct.calcsize(layout.entry)
        for number in range(min(count, there, TAGS)):
            entry = _entry(data, layout, layout.place(at, number))
            twice = entry.tag if entry.tag in entries and twice is None else twice
            entries[entry.tag] = entry
    except (struct.error, OverflowError):
        return Directory(data)
    return Directory(data, at, min(count, there), entries, twice, layout.place(at, count))


def pages_of(data: bytes) -> list[tuple[int, int]]:
    """Where each page of a TIFF is, and its NewSubfileType, up to one more than the limit of parts.

    That tag is told where it stands first, as it must if tags are in their order.
    """
    layout = LAYOUTS[data[:4]]
    pages: dict[int, int] = {}
    at = place_of_first(data)
    try:
        while at and at not in pages and len(pages) <= PARTS:
            (count,) = struct.unpack_from(layout.count, data, at)
            pages[at] = 0
            if count:
                first = _entry(data, layout, layout.place(at, 0))
                there = Directory(data, at, 1, {first.tag: first})
                pages[at] = there.number(NEW_SUBFILE_TYPE, 0)
            (at,) = struct.unpack_from(layout.link, data, layout.place(at, count))
    except (struct.error, OverflowError):
        pass  # cut short
    return list(pages.items())


def check_directories(page: Directory, further: Iterable[Directory], where: str) -> None:
    """See that a TIFF's first page says no more than photographs do.

    Args:
        page: its directory.
        further: those of EXIF below it.
        where: names it in errors.

    Raises:
        PhotoError: it has too many tags or directories, or values too large.
    """
    for directory in (page, *further):
        if directory.count > TAGS:
            raise PhotoError(f"a directory of it has more than {TAGS:,} tags", where=where)
        if directory.twice is not None:
            what = f"a directory of it has the tag {directory.twice} twice"
            raise PhotoError(what, where=where)
        if directory.described > EXIF:
            raise PhotoError(f"its tags have more than {EXIF:,} bytes", where=where)
    numbers = (entry.values for entry in page.entries.values() if entry.kind in WHOLE_NUMBERS)
    if max(numbers, default=0) > PIECES:
        raise PhotoError(f"a tag of it has more than {PIECES:,} values", where=where)
    if SUBIFDS in page.entries and page.entries[SUBIFDS].values > SUBDIRECTORIES:
        raise PhotoError(f"its page has more than {SUBDIRECTORIES} directories", where=where)


def _entry(data: bytes, layout: Layout, at: int) -> Entry:
    tag, kind, values, place = struct.unpack_from(layout.entry, data, at)
    room = struct.calcsize(layout.link)
    if values * SIZES.get(kind, 0) <= room:
        place = at + struct.calcsize(layout.entry) - room
    return Entry(tag, kind, values, at, place)
