"""JPEG (ITU-T T.81; JFIF; the application segments of EXIF, XMP, ICC, Photoshop and CIPA DC-007).

The segments are walked through once. The decoder is given the file without the blocks that are
read here.
"""

import io
import re
import struct
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, BinaryIO, NamedTuple, TypeAlias

from PIL import Image, JpegImagePlugin
from PIL.ImageFile import ImageFile

from brushctl.errors import PhotoError
from brushctl.photos.formats.codec import Decoded, Parsed, Picture
from brushctl.photos.formats.jpeg_trailer import LIST_NAME, auxiliary_in, start_of_trailer
from brushctl.photos.formats.pillow import codes_of, dpi_of, encode_image, open_image, options_of
from brushctl.photos.icc import adobe_rgb_profile
from brushctl.photos.limits import EXIF, METADATA, PARTS, SCANS
from brushctl.photos.metadata.blocks import Metadata
from brushctl.photos.metadata.directories import first_directory
from brushctl.photos.metadata.exif import MARKER as EXIF_NAME
from brushctl.photos.metadata.exif import Exif
from brushctl.photos.metadata.iptc import PHOTOSHOP
from brushctl.photos.metadata.provenance import EXTENDED_XMP
from brushctl.photos.metadata.texts import COMMENT as COMMENT_KEYWORD
from brushctl.photos.metadata.texts import as_text, read_text
from brushctl.photos.metadata.xmp import XMP_NAME

SEGMENT = 65533
"""Bytes that a segment may hold."""
CHANNELS, DEPTHS, ALPHA = (1, 3, 4), (8,), False
XMP_ROOM = SEGMENT - len(XMP_NAME)
QUALITY = 95
"""Of a JPEG made from a photograph that was none (subsampling is then off)."""

START = b"\xff\xd8"
START_OF_SCAN, END, COMMENT = 0xDA, 0xD9, 0xFE
END_OF_IMAGE = b"\xff\xd9"
OTHER_SAMPLES = b"\x55" * 4096
"""Compressed samples of any meaning, which lacking ones can be told by."""
APP1, APP2, APP11, APP13 = 0xE1, 0xE2, 0xEB, 0xED
UNREAD = {*range(0xE3, 0xEE), 0xEF} - {APP11, APP13}
"""Segments of cameras and programs that nobody reads here; in APP11 stand signatures."""
BLOCKS = {*range(APP1, 0xEE), 0xEF, COMMENT}
"""What a decoder has no use for: of the application segments, it needs JFIF's and Adobe's."""
FRAMES = {0xC0, 0xC1, 0xC2, 0xC3, 0xC5, 0xC6, 0xC7, 0xC9, 0xCA, 0xCB, 0xCD, 0xCE, 0xCF}
"""Markers of the segment that tells the size, one for each kind of compression."""
NO_LENGTH = (0x01, *range(0xD0, 0xDA))
"""Markers that have no length and no content."""
EXIFS = EXIF // 2**16
"""Segments of EXIF at most: a decoder that puts them together copies what it has for each."""
MARKER = re.compile(rb"\xff[^\x00\xff\xd0-\xd7]")
"""What ends compressed samples: a marker that is no restart."""
JUNK = 4096
"""Bytes that are looked through at once for the next marker."""
READ_NAMES = (EXIF_NAME, XMP_NAME, EXTENDED_XMP)
"""What stands in front of the blocks in APP1 that are read here."""
ICC_NAME, ICC_HEAD = b"ICC_PROFILE\0", 14
"""In front of each part of a profile: the name, which part it is, and how many there are."""
NO_DPI = (72.0, 72.0)
"""What readers take for the resolution of a JPEG with EXIF that states none (Exif 3.0, 4.6.5)."""


@dataclass(frozen=True, slots=True)
class Tables:
    """How a JPEG was compressed, so that its successor is compressed alike."""

    quantization: dict[int, list[int]]
    subsampling: int
    progressive: bool


Content: TypeAlias = tuple[int, bytes]
"""A segment's marker, and what stands in it."""


class Segment(NamedTuple):
    """A segment [start, end) of a file before its first scan, and what stands in it."""

    marker: int
    start: int
    end: int
    content: bytes


def read_size(file: BinaryIO) -> tuple[int, int]:
    """Width and height, from the segments before the pixels."""
    return next(_size_in(found) for found in _segments(file, "") if found.marker in FRAMES)


def parse(data: bytes, where: str) -> Parsed:
    """Walk through a JPEG's segments and scans, and have its decoder read the header."""
    segments = list(_segments(io.BytesIO(data), where))
    end = _end_of(data, segments, where)
    image = _open(data, segments, end)
    return Parsed(image.size, 1, partial(_decode, image, data, segments, end))


def encode(picture: Picture) -> bytes:
    """A JPEG compressed as its photograph was, if that was one."""
    how, metadata = picture.encoding, picture.metadata
    options: dict[str, Any] = {"quality": QUALITY, "subsampling": 0}
    if isinstance(how, Tables):
        options = {
            "qtables": how.quantization,
            "subsampling": how.subsampling,
            "progressive": how.progressive,
        }
    data = encode_image(picture, "JPEG", **options, **options_of(metadata))
    return _with_segments(data, metadata)


def _segments(file: BinaryIO, where: str) -> Iterator[Segment]:
    """Each segment that stands before a JPEG's pixels; of the file as much is read as tells them.

    Raises:
        PhotoError: there are more, or more in them, than photographs have there.
    """
    at, exifs = len(START), 0
    for _ in range(PARTS + 1):
        file.seek(at)
        head = file.read(4)
        if len(head) < 4 or head[:2] in (b"\xff\xda", b"\xff\xd9"):
            return
        if head[0] != 0xFF:  # decoders pass over what is no marker
            junk = head + file.read(JUNK)
            at += junk.find(b"\xff") if b"\xff" in junk else len(junk)
        elif head[1] == 0xFF:
            at += 1  # padding
        elif head[1] == 0 or head[1] in NO_LENGTH:
            at += 2
        else:
            start, size = at, max(2, int.from_bytes(head[2:], "big"))
            at += 2 + size
            if at > METADATA:
                raise PhotoError(f"its metadata has more than {METADATA:,} bytes", where=where)
            content = file.read(size - 2)
            if len(content) < size - 2:
                return  # cut short: decoding will tell
            exifs += head[1] == APP1 and content.startswith(EXIF_NAME)
            if exifs > EXIFS:
                raise PhotoError(f"its EXIF has more than {EXIFS} segments", where=where)
            yield Segment(head[1], start, at, content)
    raise PhotoError(f"it has more than {PARTS:,} segments before its pixels", where=where)


def _size_in(frame: Segment) -> tuple[int, int]:
    height, width = struct.unpack_from(">HH", frame.content, 1)
    return width, height


def _end_of(data: bytes, before: Sequence[Segment], where: str) -> int:
    """Where the photograph ends, its scans gone through.

    Args:
        data: its bytes.
        before: the segments before its pixels.
        where: names it in errors.

    Raises:
        PhotoError: it has more scans, or segments among them, than programs write.
    """
    at, scans, segments = before[-1].end if before else len(START), 0, len(before)
    # As decoders do, whatever is no marker is passed over.
    while found := MARKER.search(data, at):
        at, marker = found.end(), data[found.end() - 1]
        if marker == END:
            return at
        if marker == START[1]:  # of a picture behind this one, whose own end is missing
            return found.start()
        segments += 1
        if marker not in NO_LENGTH:
            at += int.from_bytes(data[at : at + 2], "big")
            scans += marker == START_OF_SCAN
        if scans > SCANS:
            raise PhotoError(f"it has more than {SCANS} scans", where=where)
        if segments > PARTS:
            raise PhotoError(f"it has more than {PARTS:,} segments", where=where)
    return start_of_trailer(data)


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
    pieces += [data[after:end]] if _is_ended(data, end) else [data[after:end], tail, END_OF_IMAGE]
    return open_image(JpegImagePlugin.JpegImageFile, io.BytesIO(b"".join(pieces)))


def _is_ended(data: bytes, end: int) -> bool:
    return data[end - 2 : end] == END_OF_IMAGE


def _decode(image: Image.Image, data: bytes, segments: Sequence[Segment], end: int) -> Decoded:
    image.load()
    ended = _is_ended(data, end)
    # Where the end marker alone is missing, more samples would change nothing.
    if not ended and image != _open(data, segments, end, OTHER_SAMPLES):
        raise OSError("image file is truncated")
    codes, channels = codes_of(image)
    contents = [(segment.marker, segment.content) for segment in segments]
    metadata = _metadata_in(contents, image)
    icc = _profile_in(contents)
    orientation = 1
    if metadata.exif:
        orientation = metadata.exif.orientation
        if not icc and channels == 3 and metadata.exif.is_adobe_rgb:
            icc = adobe_rgb_profile()
    return Decoded(
        codes=codes,
        channels=channels,
        orientation=orientation,
        stored=orientation,
        icc=icc,
        metadata=metadata,
        encoding=_tables(image),
        auxiliary=_auxiliary_in(data, segments, end),
        warnings=() if ended else ("its end marker is missing",),
    )


def _metadata_in(contents: Sequence[Content], image: Image.Image) -> Metadata:
    def named(marker: int, name: bytes) -> list[bytes]:
        return [b.removeprefix(name) for m, b in contents if m == marker and b.startswith(name)]

    exif = Exif(b"".join(named(APP1, EXIF_NAME)))
    dpi = dpi_of(image)
    if exif.block and "dpi" not in image.info:
        dpi = (exif.dpi, exif.dpi) if exif.dpi else NO_DPI
    return Metadata(
        exif=exif if exif.block else None,
        xmp=next(reversed(named(APP1, XMP_NAME)), None) or None,
        resources=b"".join(named(APP13, PHOTOSHOP)) or None,
        extended_xmp=tuple(EXTENDED_XMP + block for block in named(APP1, EXTENDED_XMP)),
        dpi=dpi,
        texts=tuple(as_text(comment) for comment in named(COMMENT, b"")),
    )


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


def _tables(image: Image.Image) -> Tables:
    assert isinstance(image, JpegImagePlugin.JpegImageFile)
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
