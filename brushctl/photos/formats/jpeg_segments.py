"""A JPEG's segments and scans (ITU-T T.81, annex B), walked through once."""

import re
import struct
from collections.abc import Iterator, Sequence
from typing import BinaryIO, NamedTuple

from brushctl.errors import PhotoError
from brushctl.photos.formats.jpeg_trailer import start_of_trailer
from brushctl.photos.limits import EXIF, METADATA, PARTS, SCANS
from brushctl.photos.metadata.exif import ANY_MARKER

START = b"\xff\xd8"
START_OF_SCAN, END, COMMENT = 0xDA, 0xD9, 0xFE
END_OF_IMAGE = b"\xff\xd9"
APP0, APP1, APP2, APP11, APP13 = 0xE0, 0xE1, 0xE2, 0xEB, 0xED
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


class Segment(NamedTuple):
    """A segment [start, end) of a file before its first scan, and what stands in it."""

    marker: int
    start: int
    end: int
    content: bytes


def segments_of(file: BinaryIO, where: str) -> Iterator[Segment]:
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
            exifs += head[1] == APP1 and content.startswith(ANY_MARKER)
            if exifs > EXIFS:
                raise PhotoError(f"its EXIF has more than {EXIFS} segments", where=where)
            yield Segment(head[1], start, at, content)
    raise PhotoError(f"it has more than {PARTS:,} segments before its pixels", where=where)


def size_in(frame: Segment) -> tuple[int, int]:
    """Width and height, as the segment says that tells of the compression."""
    height, width = struct.unpack_from(">HH", frame.content, 1)
    return width, height


def end_of(data: bytes, before: Sequence[Segment], where: str) -> int:
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


def is_ended(data: bytes, end: int) -> bool:
    """Whether an end marker stands where the photograph ends."""
    return data[end - 2 : end] == END_OF_IMAGE
