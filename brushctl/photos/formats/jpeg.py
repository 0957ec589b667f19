"""JPEG (ITU-T T.81; JFIF; the application segments of EXIF, XMP, ICC, Photoshop and CIPA DC-007).

The segments are walked through once. The decoder is given the file without the blocks that are
read here.
"""

import io
import struct
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, BinaryIO, TypeAlias

import imagecodecs
import numpy as np
from PIL import JpegImagePlugin
from PIL.ImageFile import ImageFile

from brushctl.errors import PhotoError
from brushctl.photos.formats.codec import SIGNED, Decoded, Parsed, Picture
from brushctl.photos.formats.jpeg_segments import (
    APP0,
    APP1,
    APP2,
    APP11,
    APP13,
    COMMENT,
    END_OF_IMAGE,
    FRAMES,
    Segment,
    end_of,
    is_ended,
    segments_of,
    size_in,
)
from brushctl.photos.formats.jpeg_trailer import LIST_NAME, auxiliary_in
from brushctl.photos.formats.pillow import codes_of, encode_image, open_image, options_of
from brushctl.photos.icc import Codes
from brushctl.photos.limits import METADATA
from brushctl.photos.metadata.blocks import Metadata
from brushctl.photos.metadata.directories import LAYOUTS, first_directory
from brushctl.photos.metadata.exif import ANY_MARKER, Exif
from brushctl.photos.metadata.exif import MARKER as EXIF_NAME
from brushctl.photos.metadata.extended_xmp import EXTENDED_XMP
from brushctl.photos.metadata.iptc import PHOTOSHOP
from brushctl.photos.metadata.texts import COMMENT as COMMENT_KEYWORD
from brushctl.photos.metadata.texts import as_text, read_text
from brushctl.photos.metadata.xmp import XMP_NAME

SEGMENT = 65533
"""Bytes that a segment may hold."""
CHANNELS, DEPTHS, ALPHA = (1, 3, 4), (8,), False
XMP_ROOM = SEGMENT - len(XMP_NAME)
QUALITY = 95
"""Of a JPEG made from a photograph that was none (subsampling is then off)."""
OTHER_SAMPLES = b"\x55" * 4096
"""Compressed samples of any meaning, which lacking ones can be told by."""
UNREAD = {*range(0xE3, 0xEE), 0xEF} - {APP11, APP13}
"""Segments of cameras and programs that nobody reads here; in APP11 stand signatures."""
BLOCKS = {*range(APP1, 0xEE), 0xEF, COMMENT}
"""What a decoder has no use for: of the application segments, it needs JFIF's and Adobe's."""
READ_NAMES = (ANY_MARKER, XMP_NAME, EXTENDED_XMP)
"""What stands in front of the blocks in APP1 that are read here."""
MANIFEST = b"jumdc2pa"
"""In APP11: the kind of a box that holds Content Credentials (C2PA 2.1, A.3)."""
ICC_NAME, ICC_HEAD = b"ICC_PROFILE\0", 14
"""In front of each part of a profile: the name, which part it is, and how many there are."""
JFIF_NAME, JFIF_UNITS = b"JFIF\0", {1: 1.0, 2: 2.54}
"""In front of what JFIF states; how many of its units are an inch."""
Content: TypeAlias = tuple[int, bytes]
"""A segment's marker, and what stands in it."""


@dataclass(frozen=True, slots=True)
class Tables:
    """How a JPEG was compressed, so that its successor is compressed alike."""

    quantization: dict[int, list[int]]
    subsampling: int
    progressive: bool


def read_size(file: BinaryIO) -> tuple[int, int]:
    """Width and height, from the segments before the pixels."""
    return next(size_in(found) for found in segments_of(file, "") if found.marker in FRAMES)


def parse(data: bytes, where: str) -> Parsed:
    """Walk through a JPEG's segments and scans, and have its decoder read the header."""
    segments = list(segments_of(io.BytesIO(data), where))
    end = end_of(data, segments, where)
    frame = next((segment for segment in segments if segment.marker in FRAMES), None)
    if frame and frame.content[0] != 8:
        codes = partial(_deep_codes, data[:end], frame)
        return Parsed(size_in(frame), 1, partial(_decode, codes, data, segments, end))
    image = _open(data, segments, end)
    codes = partial(_codes, image, data, segments, end)
    return Parsed(image.size, 1, partial(_decode, codes, data, segments, end))


def encode(picture: Picture) -> bytes:
    """A JPEG compressed as its photograph was, if that was one; or to the quality asked for."""
    how, metadata = picture.encoding, picture.metadata
    options: dict[str, Any] = {"quality": picture.quality or QUALITY, "subsampling": 0}
    if isinstance(how, Tables):
        asked = {"quality": picture.quality} if picture.quality else {"qtables": how.quantization}
        options = asked | {"subsampling": how.subsampling, "progressive": how.progressive}
    options |= options_of(metadata)
    if len(options.get("exif", b"")) > SEGMENT:
        del options["exif"]  # which Pillow does not write in several segments
    data = encode_image(picture, "JPEG", **options)
    if metadata.aspect and data[6:].startswith(JFIF_NAME):
        aspect = (min(max(1, round(side)), 65535) for side in metadata.aspect)
        data = data[:13] + struct.pack(">BHH", 0, *aspect) + data[18:]
    return _with_segments(data, metadata)


def _open(data: bytes, segments: Sequence[Segment], end: int, tail: bytes = b"") -> ImageFile:
    """The photograph alone, opened by its decoder: it has no use for most blocks before it.

    Args:
        data: the file.
        segments: those before the pixels.
        end: where the photograph ends.
        tail: what to put there, in front of an end marker that is missing.
    """
    pieces, after = [], 0
    for segment in segments:
        if segment.marker in BLOCKS:
            pieces.append(data[after : segment.start])
            after = segment.end
    pieces += [data[after:end]] if is_ended(data, end) else [data[after:end], tail, END_OF_IMAGE]
    return open_image(JpegImagePlugin.JpegImageFile, io.BytesIO(b"".join(pieces)))


def _codes(
    image: ImageFile, data: bytes, segments: Sequence[Segment], end: int
) -> tuple[Codes, int, Tables | None]:
    """The samples of 8 bits, how many channels are colour, and how they were compressed."""
    image.load()
    # Where the end marker alone is missing, more samples would change nothing.
    if not is_ended(data, end) and image != _open(data, segments, end, OTHER_SAMPLES):
        raise OSError("image file is truncated")
    return *codes_of(image), _tables(image)


def _deep_codes(data: bytes, frame: Segment) -> tuple[Codes, int, Tables | None]:
    """The samples of more than 8 bits, which Pillow does not read, as such of 16."""
    top = 2 ** frame.content[0] - 1
    codes = imagecodecs.jpeg8_decode(data)
    codes = (codes.astype(np.uint32) * 65535 + top // 2) // top
    codes = codes if codes.ndim == 3 else codes[..., None]
    if codes.shape[2] not in (1, 3):
        raise PhotoError(f"{frame.content[0]}-bit CMYK in a JPEG cannot be edited without loss")
    return codes.astype(np.uint16), codes.shape[2], None


def _decode(
    codes_in: Callable[[], tuple[Codes, int, Tables | None]],
    data: bytes,
    segments: Sequence[Segment],
    end: int,
) -> Decoded:
    codes, channels, tables = codes_in()
    contents = [(segment.marker, segment.content) for segment in segments]
    metadata = _metadata_in(contents)
    orientation = metadata.exif.orientation if metadata.exif else 1
    return Decoded(
        codes=codes,
        channels=channels,
        orientation=orientation,
        stored=orientation,
        icc=_profile_in(contents),
        metadata=metadata,
        encoding=tables,
        auxiliary=_auxiliary_in(data, segments, end),
        warnings=(
            *(() if is_ended(data, end) else ("its end marker is missing",)),
            *((SIGNED,) if any(m == APP11 and MANIFEST in b for m, b in contents) else ()),
        ),
    )


def _metadata_in(contents: Sequence[Content]) -> Metadata:
    def named(marker: int, name: bytes) -> list[bytes]:
        return [b.removeprefix(name) for m, b in contents if m == marker and b.startswith(name)]

    first, *further = [block[1:] for block in named(APP1, ANY_MARKER)] or [b""]
    # What begins as a block is another one, of which readers take the first.
    exif = Exif(b"".join([first, *(part for part in further if part[:4] not in LAYOUTS)]))
    unit, density = _density_in(named(APP0, JFIF_NAME))
    dpi = (density[0] * JFIF_UNITS[unit], density[1] * JFIF_UNITS[unit]) if unit else None
    if not dpi and exif.dpi:
        dpi = (exif.dpi, exif.dpi)
    return Metadata(
        exif=exif if exif.block else None,
        xmp=next(reversed(named(APP1, XMP_NAME)), None) or None,
        resources=b"".join(named(APP13, PHOTOSHOP)) or None,
        extended_xmp=tuple(EXTENDED_XMP + block for block in named(APP1, EXTENDED_XMP)),
        dpi=dpi if dpi and min(dpi) > 0 else None,
        aspect=density if not unit and density != (1, 1) and min(density) > 0 else None,
        texts=tuple(as_text(comment) for comment in named(COMMENT, b"")),
    )


def _density_in(jfif: Sequence[bytes]) -> tuple[int, tuple[int, int]]:
    """The unit that JFIF's segment states, 0 for none, and the pixels in it (JFIF 1.02)."""
    for block in jfif:
        if len(block) >= 7 and block[2] in (0, *JFIF_UNITS):
            across, down = struct.unpack_from(">HH", block, 3)
            return block[2], (across, down)
    return 0, (1, 1)


def _profile_in(contents: Sequence[Content]) -> bytes | None:
    """The ICC profile, put together; None where parts are missing."""
    parts = sorted(b for marker, b in contents if marker == APP2 and b.startswith(ICC_NAME))
    if not parts or parts[0][ICC_HEAD - 1 : ICC_HEAD] != bytes([len(parts) % 256]):
        return None
    return b"".join(part[ICC_HEAD:] for part in parts) or None


def _auxiliary_in(data: bytes, segments: Sequence[Segment], end: int) -> tuple[str, ...]:
    """What the file holds besides its photograph and previews."""
    contents = [segment.content for segment in segments if segment.marker == APP2]
    lists = (block.removeprefix(LIST_NAME) for block in contents if block.startswith(LIST_NAME))
    listed = first_directory(next(lists, b""))
    other = sum(
        len(segment.content)
        for segment in segments
        if segment.marker in UNREAD
        or (segment.marker == APP1 and not segment.content.startswith(READ_NAMES))
    )
    pixels = segments[-1].end if segments else 0
    return tuple(auxiliary_in(data, pixels, end, listed, other))


def _tables(image: ImageFile) -> Tables | None:
    """How the samples were compressed; None if without loss, which is not written."""
    assert isinstance(image, JpegImagePlugin.JpegImageFile)
    if not image.quantization:
        return None
    return Tables(
        quantization=image.quantization,
        # Pillow can write three kinds; of the others (4:4:0, 4:1:1) no colour must be lost.
        subsampling=max(0, JpegImagePlugin.get_sampling(image)),
        progressive=bool(image.info.get("progressive")),
    )


def _with_segments(jpeg: bytes, metadata: Metadata) -> bytes:
    """A JPEG with what Pillow does not write, after its other application segments."""
    resources = metadata.resources or b""
    room = SEGMENT - len(PHOTOSHOP)
    blocks = [(APP1, block) for block in metadata.extended_xmp]
    blocks += [(APP13, PHOTOSHOP + resources[i : i + room]) for i in range(0, len(resources), room)]
    blocks += [(COMMENT, comment) for comment in comments_of(metadata)]
    exif = metadata.exif.block if metadata.exif else b""
    if len(EXIF_NAME) + len(exif) > SEGMENT:
        room = SEGMENT - len(EXIF_NAME)
        parts = [EXIF_NAME + exif[i : i + room] for i in range(0, len(exif), room)]
        blocks = [*((APP1, part) for part in parts), *blocks]
    if not blocks:
        return jpeg
    at = 2
    while jpeg[at] == 0xFF and 0xE0 <= jpeg[at + 1] <= 0xEF:
        at += 2 + int.from_bytes(jpeg[at + 2 : at + 4], "big")
    segments = [
        bytes((0xFF, marker)) + (2 + len(block)).to_bytes(2, "big") + block
        for marker, block in blocks
    ]
    return b"".join([jpeg[:at], *segments, jpeg[at:]])


def comments_of(metadata: Metadata) -> Iterator[bytes]:
    """The comments of a JPEG, as far as they fit into its segments and what may precede pixels."""
    room = METADATA
    for text in metadata.texts:
        if room and text[1].partition(b"\0")[0] == COMMENT_KEYWORD:
            _, said = read_text(text, min(SEGMENT, room))
            room -= len(said)
            yield said
