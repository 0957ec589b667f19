"""Directories of a TIFF, written (TIFF 6.0, section 2), and what of a TIFF becomes an EXIF block.

Values are copied as they are stored, in the byte order that they are stored in.
"""

import struct
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from fractions import Fraction
from typing import NamedTuple

from brushctl.photos.metadata.directories import (
    EXIF_IFD,
    FORMATS,
    GPS_IFD,
    INTEROPERABILITY_IFD,
    LAYOUTS,
    SIZES,
    STRUCTURAL,
    Directory,
    Order,
)
from brushctl.photos.metadata.exif import Exif

POINTERS = (EXIF_IFD, GPS_IFD, INTEROPERABILITY_IFD)
SHORT, LONG, RATIONAL, POINTER, LONG8 = 3, 4, 5, 13, 16
"""Types of values; a BigTIFF's own begin with the last."""
MAKER_NOTE = 0x927C
NOTE_ROOM = 2**15
"""Bytes at a file's beginning where a maker note keeps its place: half of a JPEG's EXIF."""
HEADER = 8
"""Bytes of a TIFF's header."""
FINE = 10_000
"""The largest denominator of a fraction."""


class Field(NamedTuple):
    """A tag to be written.

    Attributes:
        tag: its number.
        kind: the values' type.
        raw: the values, in the file's byte order.
        place: where they are in the file already, None if they are not.
    """

    tag: int
    kind: int
    raw: bytes
    place: int | None = None


@dataclass(slots=True)
class Tree:
    """A directory to be written, and those below it by the tags that lead there."""

    fields: list[Field]
    below: "dict[int, Tree]" = field(default_factory=dict)


def numbers(order: Order, tag: int, kind: int, *values: float) -> Field:
    """A field of numbers; of fractions, each as a near one of whole numbers."""
    if kind == RATIONAL:
        fractions = [Fraction(value).limit_denominator(FINE) for value in values]
        values = tuple(n for f in fractions for n in (f.numerator, f.denominator))
    return Field(tag, kind, struct.pack(f"{order}{len(values)}{FORMATS[kind][0]}", *values))


def encode_directory(order: Order, fields: Iterable[Field], at: int) -> bytes:
    """A directory that is to be at a place, and behind it the values too long to stand in it."""
    fields = sorted(fields)
    head = 2 + 12 * len(fields) + 4
    entries, behind = [struct.pack(order + "H", len(fields))], bytearray()
    for tag, kind, raw, place in fields:
        stored = raw.ljust(4, b"\0")
        if len(raw) > 4:
            stored = struct.pack(order + "I", at + head + len(behind) if place is None else place)
            behind += b"" if place is not None else raw + bytes(len(raw) % 2)
        entries.append(struct.pack(order + "HHI", tag, kind, len(raw) // SIZES[kind]) + stored)
    return b"".join([*entries, bytes(4), behind])


def fields_of(directory: Directory, without: Collection[int] = ()) -> list[Field]:
    """The fields of a directory as they are stored, but for links to others and some tags."""
    return [
        Field(entry.tag, entry.kind, raw, entry.place)
        for entry in directory.entries.values()
        if entry.kind in SIZES and entry.kind < LONG8 and not entry.is_bulk
        if entry.tag not in without and entry.tag not in POINTERS and entry.kind != POINTER
        if (raw := directory.raw(entry.tag))
    ]


def links_of(directory: Directory) -> list[Field]:
    """Where a directory says that those of EXIF are, to be said again."""
    order = LAYOUTS[directory.data[:4]].order
    return [
        numbers(order, tag, LONG, directory.number(tag, 0))
        for tag in (EXIF_IFD, GPS_IFD)
        if directory.number(tag, 0)
    ]


def exif_in(tiff: Exif) -> Exif | None:
    """What a TIFF's first directory tells of its photograph, as a block of its own.

    Args:
        tiff: the whole file.
    """
    order = LAYOUTS[tiff.block[:4]].order
    capture = Tree(_moved(tiff.capture))
    if inner := _moved(tiff.interoperability):
        capture.below[INTEROPERABILITY_IFD] = Tree(inner)
    main = Tree(_moved(tiff.main, STRUCTURAL))
    for tag, tree in ((EXIF_IFD, capture), (GPS_IFD, Tree(_moved(tiff.gps)))):
        if tree.fields:
            main.below[tag] = tree
    if not main.fields and not main.below:
        return None
    note = next((f for f in capture.fields if f.tag == MAKER_NOTE and len(f.raw) > 4), None)
    start = HEADER
    body = _encode_tree(order, main, start)
    if note and (place := tiff.capture.entries[MAKER_NOTE].place) + len(note.raw) <= NOTE_ROOM:
        # Makers count from the header to what their notes point at: a note keeps its place.
        capture.fields[capture.fields.index(note)] = note._replace(place=place)
        body = _encode_tree(order, main, start)
        end = place + len(note.raw)
        if HEADER + len(body) <= place:
            body = body.ljust(place - HEADER, b"\0") + note.raw
        else:
            start = end + end % 2
            filler = bytes(place - HEADER) + note.raw + bytes(end % 2)
            body = filler + _encode_tree(order, main, start)
    return Exif(header(order, start) + body)


def header(order: Order, first: int) -> bytes:
    """A TIFF's header, for a first directory at a place."""
    return (b"II" if order == "<" else b"MM") + struct.pack(order + "HI", 42, first)


def _moved(directory: Directory, without: Collection[int] = ()) -> list[Field]:
    return [kept._replace(place=None) for kept in fields_of(directory, without)]


def _encode_tree(order: Order, tree: Tree, at: int) -> bytes:
    """A directory that is to be at a place, and behind it those below."""
    links = dict.fromkeys(tree.below, 0)
    size = len(encode_directory(order, _with_links(order, tree, links), at))
    behind = b""
    for tag, inner in tree.below.items():
        links[tag] = at + size + len(behind)
        behind += _encode_tree(order, inner, links[tag])
    return encode_directory(order, _with_links(order, tree, links), at) + behind


def _with_links(order: Order, tree: Tree, links: dict[int, int]) -> list[Field]:
    return [*tree.fields, *(numbers(order, tag, LONG, at) for tag, at in links.items())]
