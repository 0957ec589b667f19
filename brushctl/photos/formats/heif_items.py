"""The items of a HEIF file, AVIF among them: pictures, what they are like, and blocks of metadata.

Sources: ISO/IEC 14496-12 (8.11) for items, ISO/IEC 23008-12 (6, 9.3) for pictures and their
properties, ISO 21496-1 for gain maps. Of tables that are cut short, what is there counts.
"""

import struct
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property

from brushctl.photos.formats.isobmff import Box
from brushctl.photos.icc import Codes
from brushctl.photos.limits import EXIF

PICTURES = {b"av01", b"hvc1", b"hev1", b"lhv1", b"vvc1", b"evc1", b"avc1", b"j2k1", b"jpeg",
            b"unci", b"grid", b"iden", b"iovl"}  # fmt: skip
"""Types of items that are pictures."""
GAIN_MAPPED = b"tmap"
"""The type of an item that is a picture with its gain map applied."""
KNOWN_BOXES = (b"ftyp", b"meta", b"mdat", b"idat", b"free", b"skip", b"uuid", b"mpvd", b"moov")
FILMS = (b"mpvd", b"moov")
"""The boxes of a motion photo's video, and of tracks."""
MANIFEST = bytes.fromhex("d8fec3d61b0e483c92975828877ec481")
"""Which box of other kinds holds Content Credentials."""
SMALL = 2048
"""Bytes of a box that hold no picture, film or sound, but settings."""
ALPHA = ("auxiliary:alpha", "auxid:1")
"""How the types of auxiliary pictures end that are transparency; of others depth has a 2."""
DEPTH = ("auxiliary:depth", "auxid:2")
ORIENTATIONS = {None: (1, 8, 3, 6), 0: (4, 5, 2, 7), 1: (2, 7, 4, 5)}
"""By the axis of a mirror, none, horizontal or vertical, and quarter turns anticlockwise."""
CROP = struct.Struct(">IIIIiIiI")
"""Of a clean aperture, four fractions: width, height, and the offset of its middle."""
BROKEN = (struct.error, IndexError, ZeroDivisionError)


@dataclass(frozen=True, slots=True)
class Item:
    """An item's type, whether it is hidden, and its properties."""

    kind: bytes
    hidden: bool
    properties: tuple[Box, ...]

    @property
    def auxiliary_type(self) -> str:
        """What kind of auxiliary picture it is, a URN; empty if none."""
        box = next((b for b in self.properties if b.kind == b"auxC"), None)
        return bytes(box.data[4:]).split(b"\0")[0].decode("latin-1") if box else ""


@dataclass(frozen=True)
class Items:
    """The items of a file."""

    file: Box

    @cached_property
    def main(self) -> Item:
        """The main picture."""
        table = self._meta.inner(b"pitm").data
        with suppress(*BROKEN):
            (number,) = struct.unpack_from(">I" if table[0] else ">H", table, 4)
            return self.all.get(number, Item(b"", False, self._properties.get(number, ())))
        return Item(b"", hidden=False, properties=())

    @cached_property
    def all(self) -> dict[int, Item]:
        """All items, by their numbers."""
        found = {}
        for box in self._meta.inner(b"iinf").within:
            with suppress(*BROKEN):  # a version, flags, a number, a protection and a type
                form = ">xxBIxx4s" if box.data[0] == 3 else ">xxBHxx4s"
                flags, number, kind = struct.unpack_from(form, box.data, 1)
                properties = self._properties.get(number, ())
                found[number] = Item(kind, bool(flags & 1), properties)
        return found

    @property
    def code_points(self) -> tuple[int, int] | None:
        """The primaries and the transfer curve that the main one states (ITU-T H.273), if any."""
        for box in self.main.properties:
            if box.kind == b"colr" and bytes(box.data[:4]) == b"nclx":
                with suppress(struct.error):
                    primaries, curve = struct.unpack_from(">HH", box.data, 4)
                    return primaries, curve
        return None

    @property
    def orientation(self) -> int:
        """How the main one is stored, as EXIF numbers it: what EXIF says does not count here."""
        turn, mirror = (self._first_byte(kind) for kind in (b"irot", b"imir"))
        return ORIENTATIONS[mirror and mirror & 1][(turn or 0) & 3]

    def _first_byte(self, kind: bytes) -> int | None:
        found = (box.data[0] for box in self.main.properties if box.kind == kind and box.data)
        return next(found, None)

    @property
    def shown(self) -> int:
        """How many pictures there are to choose from: neither parts nor previews of others."""
        apart = set[int]()
        for kind, number, others in self._references:
            if kind in (b"thmb", b"auxl"):
                apart.add(number)
            elif kind == b"dimg":  # a gain map stands behind the picture that it is for
                mapped = number in self.all and self.all[number].kind == GAIN_MAPPED
                apart.update(others[1:] if mapped else others)
        pictures = (n for n, item in self.all.items() if item.kind in PICTURES and not item.hidden)
        return len(set(pictures) - apart)

    @property
    def auxiliary(self) -> tuple[str, ...]:
        """What the file holds besides the main picture, its previews and its transparency."""
        types = {item.auxiliary_type for item in self.all.values()} - {""}
        types = {name for name in types if not name.endswith(ALPHA)}
        mapped = any(item.kind == GAIN_MAPPED for item in self.all.values())
        gains = {name for name in types if "gainmap" in name}
        depths = {name for name in types if name.endswith(DEPTH)}
        boxes = self.file.within
        held = {
            "other pictures": self.shown > 1,
            "a gain map": mapped or gains,
            "a depth map": depths,
            "mattes": types - gains - depths,
            "a film": any(box.kind in FILMS for box in boxes),
            "data in boxes of its own": any(
                box.kind not in KNOWN_BOXES and len(box.data) > SMALL for box in boxes
            ),
        }
        return tuple(name for name, there in held.items() if there)

    @property
    def is_signed(self) -> bool:
        """Whether the file has Content Credentials (C2PA 2.1, A.5)."""
        return any(box.kind == b"uuid" and box.data[:16] == MANIFEST for box in self.file.within)

    def cropped(self, codes: Codes) -> Codes:
        """The main picture's samples within its clean aperture, if it has one that lies in it.

        Args:
            codes: (h, w, channels), as they are stored.
        """
        height, width = codes.shape[:2]
        for box in self.main.properties:
            if box.kind == b"clap":
                with suppress(*BROKEN):
                    n = CROP.unpack_from(box.data)
                    w, h, x, y = (Fraction(a, b) for a, b in zip(n[::2], n[1::2], strict=True))
                    # The offset is from the middle of the picture to that of the aperture.
                    left, top = (width - w) / 2 + x, (height - h) / 2 + y
                    if min(left, top) >= 0 and left + w <= width and top + h <= height:
                        rows, columns = (
                            slice(int(top), int(top + h)),
                            slice(int(left), int(left + w)),
                        )
                        return codes[rows, columns]
        return codes

    @property
    def exif(self) -> bytes:
        """The EXIF block as it stands in the file; nothing if there is none."""
        number = next((n for n, item in self.all.items() if item.kind == b"Exif"), None)
        block = self._content(number) if number is not None else b""
        # In front of it stands how far behind that it begins (ISO/IEC 23008-12, A.2.1).
        return block[4 + int.from_bytes(block[:4]) :]

    def _content(self, wanted: int) -> bytes:
        """What an item holds, put together from where the file says that it is."""
        table = self._meta.inner(b"iloc").data
        with suppress(*BROKEN):
            version, sizes, more = table[0], table[4], table[5]
            at = 8 if version < 2 else 10
            places = (sizes >> 4, sizes & 15, more >> 4, more & 15 if version else 0)
            for _ in range(int.from_bytes(table[6:at])):
                number, method, extents, at = _location(table, at, version, places)
                if number == wanted:
                    whole = self._meta.inner(b"idat").data if method == 1 else self.file.data
                    if sum(size for _, size in extents) > EXIF:
                        return b""
                    return b"".join(whole[start : start + size] for start, size in extents)
        return b""

    @property
    def _meta(self) -> Box:
        return self.file.inner(b"meta")

    @cached_property
    def _properties(self) -> dict[int, tuple[Box, ...]]:
        held = self._meta.inner(b"iprp")
        known = held.inner(b"ipco").within
        return {
            number: tuple(known[index - 1] for index in indices if 0 < index <= len(known))
            for number, indices in _associated(held.inner(b"ipma").data)
        }

    @cached_property
    def _references(self) -> tuple[tuple[bytes, int, tuple[int, ...]], ...]:
        table = self._meta.inner(b"iref")
        wide = bool(table.data and table.data[0])
        found = []
        for box in table.within:
            with suppress(struct.error):
                number, count = struct.unpack_from(">IH" if wide else ">HH", box.data)
                form = f">{count}{'I' if wide else 'H'}"
                others = struct.unpack_from(form, box.data, 6 if wide else 4)
                found.append((box.kind, number, others))
        return tuple(found)


def _location(
    table: memoryview, at: int, version: int, sizes: tuple[int, int, int, int]
) -> tuple[int, int, list[tuple[int, int]], int]:
    """An item's number, from where its places are counted, those, and where the next stands.

    Args:
        table: of all items' places.
        at: where this one's are.
        version: the table's.
        sizes: bytes of a place, a length, a base and an index.
    """

    def read(size: int) -> int:
        nonlocal at
        at += size
        if at > len(table):
            raise IndexError
        return int.from_bytes(table[at - size : at])

    number = read(4 if version == 2 else 2)
    method = read(2) & 15 if version else 0
    read(2)  # which file, of which this is one
    base = read(sizes[2])
    extents = []
    for _ in range(read(2)):
        read(sizes[3])
        place = base + read(sizes[0])
        extents.append((place, read(sizes[1])))
    return number, method, extents, at


def _associated(table: memoryview) -> Iterator[tuple[int, list[int]]]:
    """Each item that has properties, and which, counted from 1.

    The highest bit of a property's number says that it is essential.
    """
    with suppress(*BROKEN):
        version, wide = table[0], table[3] & 1
        (count,) = struct.unpack_from(">I", table, 4)
        at = 8
        for _ in range(count):
            item, entries = struct.unpack_from(">IB" if version else ">HB", table, at)
            at += 5 if version else 3
            indices = struct.unpack_from(f">{entries}{'H' if wide else 'B'}", table, at)
            yield item, [index & (0x7FFF if wide else 0x7F) for index in indices]
            at += entries * (2 if wide else 1)
