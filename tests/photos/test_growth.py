"""No part of a file takes longer to read than it is long."""

import io
import struct
from collections.abc import Callable

import numpy as np
import pytest

from brushctl.photos.formats import png, webp
from brushctl.photos.formats.codec import Picture
from brushctl.photos.formats.heif_items import Items
from brushctl.photos.formats.isobmff import read_boxes
from brushctl.photos.formats.png import _chunk, read_chunks
from brushctl.photos.metadata import directories
from brushctl.photos.metadata.blocks import Metadata, upright
from brushctl.photos.metadata.exif import Exif
from brushctl.photos.metadata.iptc import PHOTOSHOP
from brushctl.photos.photo import Photo, decode_photo
from brushctl.photos.source import megapixels_of
from tests.photos.growth import grows_linearly
from tests.photos.test_limits import RESOURCE, encoded, jpeg_with, packed, pages, png_with

DEEP = np.zeros((2, 2, 3), np.uint16)


def items(count: int) -> bytes:
    """The box that says which properties so many items have, and before it what leads there."""
    table = bytes(4) + struct.pack(">I", count) + b"\0\2\0" * count

    def box(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I4s", 8 + len(data), kind) + data

    held = box(b"iprp", box(b"ipco", b"") + box(b"ipma", table))
    return box(b"meta", bytes(4) + box(b"pitm", bytes(4) + b"\0\1") + held)


def decoded(data: bytes) -> Photo:
    return decode_photo(data, "")


WORK: dict[str, tuple[Callable[[bytes], object], Callable[[int], bytes], int]] = {
    "chunks of a PNG": (read_chunks, lambda n: png_with(_chunk(b"juNk", b"") * n), 2000),
    "texts of a PNG": (read_chunks, lambda n: png_with(_chunk(b"tEXt", b"a\0b") * n), 2000),
    "pieces of a PNG's pixels": (read_chunks, lambda n: png_with(_chunk(b"IDAT", b"") * n), 5000),
    "blocks in a PNG's texts": (
        read_chunks,
        lambda n: png_with(packed(b"Raw profile type exif", b"\nexif\n 9\n00" + b" " * 99) * n),
        500,
    ),
    "a block in a PNG's text": (
        read_chunks,
        lambda n: png_with(packed(b"Raw profile type exif", b"\nexif\n 9\n" + b"00 " * n)),
        100_000,
    ),
    "texts of a 16-bit PNG, written": (
        lambda texts: png.encode(Picture(DEEP, False, None, Metadata(texts=texts))),
        lambda n: ((b"tEXt", b"Title\0" + bytes(10_000)),) * n,
        300,
    ),
    "segments of a JPEG": (
        lambda data: megapixels_of(io.BytesIO(data)),
        lambda n: jpeg_with(*((0xE4, b""),) * n),
        2000,
    ),
    "what is behind a JPEG": (decoded, lambda n: jpeg_with(behind=bytes(n)), 10**6),
    "films that are none": (
        decoded,
        lambda n: jpeg_with(behind=b"\0\0\0 ftyx" * n),
        100_000,
    ),
    "Photoshop's resources in a JPEG": (
        decoded,
        lambda n: jpeg_with(*((0xED, PHOTOSHOP + bytes(1000)),) * n),
        1000,
    ),
    "comments of a JPEG": (
        decoded,
        lambda n: jpeg_with(*((0xFE, b"by Anna"),) * n),
        1000,
    ),
    "Photoshop's resources": (
        lambda data: upright(Metadata(resources=data), orientation=1, size=(96, 64)),
        lambda n: RESOURCE * n,
        10_000,
    ),
    "pages of a TIFF": (directories.pages_of, pages, 2000),
    "chunks of a WebP": (
        lambda data: webp.parse(data, ""),
        lambda n: encoded("WEBP") + b"junk\0\0\0\0" * n,
        2000,
    ),
    "boxes of an AVIF": (
        lambda data: Items(read_boxes(data, "")).auxiliary,
        lambda n: encoded("AVIF") + b"\0\0\0\x08free" * n,
        2000,
    ),
    "items of an AVIF": (lambda data: Items(read_boxes(data, "")).code_points, items, 2000),
    "large boxes of an AVIF": (
        lambda data: [len(box.data) for box in read_boxes(data, "").within],
        lambda n: struct.pack(">I4s", 8 + n, b"mdat") + bytes(n) + b"\0\0\0\x08free" * 9,
        10**6,
    ),
    "tags of EXIF": (
        lambda data: Exif(data).upright(6, (96, 64)),
        lambda n: b"II*\0\x08\0\0\0" + struct.pack("<H", n) + bytes(12 * n + 4),
        10_000,
    ),
}


@pytest.mark.parametrize("part", WORK)
def test_reading_takes_as_long_as_a_part_is_long(part: str) -> None:
    work, make, size = WORK[part]
    assert grows_linearly(work, make, size)
