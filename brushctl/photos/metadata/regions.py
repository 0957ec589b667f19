"""Places in a picture that metadata names, turned with it: faces, subjects, what is in focus.

Sources: MWG guidelines 2.0 (regions of the stored picture), Microsoft's People schema, IPTC Photo
Metadata 2023.1 (image regions), Exif 3.0 (SubjectArea).
"""

from collections.abc import Iterator, Mapping
from decimal import Decimal, InvalidOperation
from typing import NamedTuple, TypeVar

from brushctl.photos.metadata.xmp import Tag, tags

Number = TypeVar("Number", int, Decimal)

AREA = tuple(b"stArea:" + name for name in (b"x", b"y", b"w", b"h"))
"""An MWG region's middle and extents, of the picture's."""
BOUNDARY = tuple(b"Iptc4xmpExt:rb" + name for name in (b"X", b"Y", b"W", b"H"))
"""An IPTC region's upper left corner and extents, or a point, of the picture's or in pixels."""
RECTANGLE = b"MPReg:Rectangle"
"""A person's, in one text: the same, of the picture's."""
APPLIED = (b"stDim:w", b"stDim:h")
"""The size of the picture that MWG's regions were applied to."""
SIZES = (
    APPLIED,
    (b"exif:PixelXDimension", b"exif:PixelYDimension"),
    (b"tiff:ImageWidth", b"tiff:ImageLength"),
)
WRAPPER = b"rdf:Description"
"""An element that holds the values of the one around it."""


class Value(NamedTuple):
    """A value [start, end) of a packet, its name, and where the element begins that holds it."""

    name: bytes
    start: int
    end: int
    owner: int


def turned_point(
    orientation: int, point: tuple[Number, Number], size: tuple[Number, Number]
) -> tuple[Number, Number]:
    """Where a point of the stored picture is in the upright one.

    Args:
        orientation: EXIF's, 1 to 8.
        point: from the left and from the top.
        size: width and height of the stored picture.
    """
    (x, y), (width, height) = point, size
    return {
        2: (width - x, y),
        3: (width - x, height - y),
        4: (x, height - y),
        5: (y, x),
        6: (height - y, x),
        7: (height - y, width - x),
        8: (y, width - x),
    }.get(orientation, point)


def turned_packet(packet: bytes, orientation: int, size: tuple[int, int]) -> bytes:
    """An XMP packet whose regions and sizes are the upright picture's.

    Args:
        packet: it, of the stored picture.
        orientation: EXIF's, 1 to 8.
        size: width and height of the stored picture.

    Raises:
        UneditableError: it is no well-formed XML.
    """
    held: dict[int, dict[bytes, Value]] = {}
    for value in _values(packet):
        held.setdefault(value.owner, {})[value.name] = value
    texts = {
        owner: {name: packet[v.start : v.end] for name, v in values.items()}
        for owner, values in held.items()
    }
    stored = not any(_is_upright(structure, orientation, size) for structure in texts.values())
    edits = {
        held[owner][name]: text
        for owner, structure in texts.items()
        for name, text in _turned(structure, orientation, size, stored=stored).items()
    }
    pieces, at = [], 0
    for value, text in sorted(edits.items(), key=lambda edit: edit[0].start):
        pieces += [packet[at : value.start], text]
        at = value.end
    return b"".join([*pieces, packet[at:]])


def _is_upright(texts: Mapping[bytes, bytes], orientation: int, size: tuple[int, int]) -> bool:
    """Whether MWG's regions were applied to the upright picture, as some programs do."""
    width, height = size
    applied = [_number(texts.get(name, b"")) for name in APPLIED]
    return orientation >= 5 and width != height and applied == [height, width]


def _turned(
    texts: Mapping[bytes, bytes], orientation: int, size: tuple[int, int], *, stored: bool
) -> dict[bytes, bytes]:
    """Those values of an element that change, by their names.

    Args:
        texts: all of them.
        orientation: EXIF's.
        size: the stored picture's.
        stored: whether MWG's regions are the stored picture's.
    """
    changed: dict[bytes, bytes] = {}
    sizes = SIZES if stored else SIZES[1:]
    for across, down in sizes if orientation >= 5 else ():
        if across in texts and down in texts:
            changed |= {across: texts[down], down: texts[across]}
    if stored and AREA[0] in texts:
        changed |= _place(texts, AREA, orientation, (1, 1), middle=True)
    if BOUNDARY[0] in texts:
        pixels = (_number(texts[BOUNDARY[0]]) or 0) > 1 or (_number(texts[BOUNDARY[1]]) or 0) > 1
        changed |= _place(texts, BOUNDARY, orientation, size if pixels else (1, 1), middle=False)
    if RECTANGLE in texts:
        parts = dict(zip(BOUNDARY, texts[RECTANGLE].split(b","), strict=False))
        parts |= _place(parts, BOUNDARY, orientation, (1, 1), middle=False)
        changed[RECTANGLE] = b", ".join(part.strip() for part in parts.values())
    return changed


def _place(
    texts: Mapping[bytes, bytes],
    names: tuple[bytes, ...],
    orientation: int,
    size: tuple[int, int],
    *,
    middle: bool,
) -> dict[bytes, bytes]:
    """A region of the upright picture; nothing, if its place is no number.

    Args:
        texts: what is said of it.
        names: of the values for its place, across and down, and its extents, if it has any.
        orientation: EXIF's.
        size: the stored picture's, in the region's unit.
        middle: whether its place is its middle, and not its upper left corner.
    """
    x, y, w, h = (_number(texts.get(name, b"")) for name in names)
    if x is None or y is None:
        return {}
    w, h = w or Decimal(0), h or Decimal(0)
    half = Decimal(0 if middle else 1) / 2
    whole = (Decimal(size[0]), Decimal(size[1]))
    x, y = turned_point(orientation, (x + w * half, y + h * half), whole)
    w, h = (h, w) if orientation >= 5 else (w, h)
    values = (x - w * half, y - h * half, w, h)
    return {
        name: f"{value.normalize():f}".encode()
        for name, value in zip(names, values, strict=True)
        if name in texts
    }


def _number(text: bytes) -> Decimal | None:
    try:
        number = Decimal(text.strip().decode("ascii", "replace"))
    except InvalidOperation:
        return None
    return number if number.is_finite() else None


def _values(packet: bytes) -> Iterator[Value]:
    """Each attribute, and each element that holds a text and no other."""
    around: list[Tag] = []
    last: Tag | None = None
    for tag in tags(packet):
        if tag.opens:
            around.append(tag)
            owner = _owner(around)
            for attribute in tag.attributes:
                end = attribute.end - 1  # the quotation mark
                yield Value(attribute.name, end - len(attribute.value), end, owner)
        if tag.ends:
            opened = around.pop()
            if opened is last and not tag.opens:
                yield Value(tag.name, opened.end, tag.start, _owner(around))
        last = tag


def _owner(around: list[Tag]) -> int:
    """Where the innermost of some elements begins that is no wrapper."""
    return next((tag.start for tag in reversed(around) if tag.name != WRAPPER), 0)
