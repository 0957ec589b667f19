"""HEIF files of several items, put together from files of one picture (ISO/IEC 23008-12)."""

import io
import struct
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from PIL import Image

from brushctl.photos.formats.isobmff import Box, read_boxes
from tests.photos import makers

GAIN_MAP_ITEM = b"tmap"
ESSENTIAL = (b"irot", b"imir", b"clap", b"av1C", b"hvcC")
"""Properties that no reader may pass over."""


@dataclass(frozen=True)
class Part:
    """An item to be written: its type, its content, its properties; whether it is hidden."""

    kind: bytes
    content: bytes
    properties: tuple[bytes, ...] = ()
    hidden: bool = False


def box(kind: bytes, content: bytes) -> bytes:
    """A box."""
    return struct.pack(">I4s", 8 + len(content), kind) + content


def picture_part(suffix: str, pixels: np.ndarray, *more: bytes, hidden: bool = False) -> Part:
    """A picture as an item, with further properties."""
    stream = io.BytesIO()
    Image.fromarray(pixels).save(stream, "AVIF" if suffix == "avif" else "HEIF", quality=90)
    file = read_boxes(stream.getvalue(), "")
    meta = file.inner(b"meta")
    properties = [box(held.kind, held.data) for held in meta.inner(b"iprp").inner(b"ipco").within]
    return Part(b"av01" if suffix == "avif" else b"hvc1", _content(file),
                (*properties, *more), hidden)  # fmt: skip


def write_heif(
    suffix: str,
    parts: Sequence[Part],
    references: Mapping[tuple[bytes, int], Sequence[int]] | None = None,
    behind: bytes = b"",
) -> bytes:
    """A file whose first part is the main picture; parts are counted from 1."""
    brand = b"avif" if suffix == "avif" else b"heic"
    ftyp = box(b"ftyp", brand + bytes(4) + brand + b"mif1miaf")
    size = len(_meta(parts, references or {}, 0))
    meta = _meta(parts, references or {}, len(ftyp) + size + 8)
    return ftyp + meta + box(b"mdat", b"".join(part.content for part in parts)) + behind


def _content(file: Box) -> bytes:
    """What the first item of a file holds, which an encoder writes last and in one piece."""
    return bytes(file.inner(b"mdat").data)


def _meta(
    parts: Sequence[Part], references: Mapping[tuple[bytes, int], Sequence[int]], at: int
) -> bytes:
    properties = [each for part in parts for each in part.properties]
    entries, first = b"", 1
    for number, part in enumerate(parts, 1):
        entries += struct.pack(">HB", number, len(part.properties))
        entries += bytes(
            index | (0x80 if held[4:8] in ESSENTIAL else 0)
            for index, held in enumerate(part.properties, first)
        )
        first += len(part.properties)
    locations, items = b"", b""
    for number, part in enumerate(parts, 1):
        locations += struct.pack(">HHHII", number, 0, 1, at, len(part.content))
        at += len(part.content)
        head = struct.pack(">BBBBHH", 2, 0, 0, part.hidden, number, 0)
        items += box(b"infe", head + part.kind + b"\0")
    links = b"".join(
        box(kind, struct.pack(f">HH{len(others)}H", number, len(others), *others))
        for (kind, number), others in references.items()
    )
    count = struct.pack(">H", len(parts))
    table = bytes(4) + struct.pack(">I", len(parts)) + entries
    known = box(b"ipco", b"".join(properties)) + box(b"ipma", table)
    return box(b"meta", bytes(4) + b"".join((
        box(b"hdlr", bytes(8) + b"pict" + bytes(13)),
        box(b"pitm", bytes(4) + struct.pack(">H", 1)),
        box(b"iloc", bytes(4) + b"\x44\0" + count + locations),
        box(b"iinf", bytes(4) + count + items),
        box(b"iref", bytes(4) + links),
        box(b"iprp", known),
    )))  # fmt: skip


def gain_mapped(suffix: str) -> bytes:
    """A picture with a gain map (ISO 21496-1), each for each pixel."""
    base = picture_part(suffix, makers.picture())
    gain = picture_part(suffix, makers.picture(seed=1), hidden=True)
    mapped = Part(GAIN_MAP_ITEM, bytes(62), base.properties)
    return write_heif(suffix, [base, gain, mapped], {(b"dimg", 3): (1, 2)})
