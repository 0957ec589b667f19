"""A JPEG's segments, and what stands behind its end (ITU-T T.81, B.1.1)."""

import re
from typing import BinaryIO

from brushctl.errors import PhotoError
from brushctl.photos.limits import EXIF, METADATA, PARTS, SCANS

SIGNATURE = b"\xff\xd8"
START_OF_SCAN, END, EXIF_SEGMENT = 0xDA, 0xD9, 0xE1
ALONE = (0x01, *range(0xD0, 0xD9))
"""Markers that have no length and no content."""
EXIFS = EXIF // 2**16
"""Segments of EXIF at most: a decoder that puts them together copies what it has for each."""
MARKER = re.compile(rb"\xff[^\x00\xff\xd0-\xd7]")
"""What ends compressed samples: a marker that is no restart."""
FILM = re.compile(rb"\0\0\0.ftyp", re.DOTALL)
"""How an MP4 begins."""


def check_segments(file: BinaryIO, where: str) -> None:
    """See that no more stands before a JPEG's pixels than photographs have there.

    Args:
        file: it, of which as much is read as tells where its segments are.
        where: names it in errors.

    Raises:
        PhotoError: there is more.
    """
    at, exifs = len(SIGNATURE), 0
    for _ in range(PARTS + 1):
        file.seek(at)
        head = file.read(10)
        # Pillow takes a zero for the beginning of a marker, too.
        if len(head) < 4 or head[0] not in (0, 0xFF) or head[1] in (START_OF_SCAN, END):
            return  # what is damaged, decoding will tell
        if head[1] == 0xFF:
            at += 1  # padding
        elif head[1] == 0 or head[1] in ALONE:
            at += 2
        else:
            at += 2 + int.from_bytes(head[2:4], "big")
            exifs += head[1] == EXIF_SEGMENT and head[4:] == b"Exif\0\0"
        if at > METADATA:
            raise PhotoError(f"its metadata has more than {METADATA:,} bytes", where=where)
        if exifs > EXIFS:
            raise PhotoError(f"its EXIF has more than {EXIFS} segments", where=where)
    raise PhotoError(f"it has more than {PARTS:,} segments before its pixels", where=where)


def check_scans(data: bytes, where: str) -> None:
    """See that a JPEG's picture is not gone through too often.

    Args:
        data: its bytes.
        where: names it in errors.

    Raises:
        PhotoError: it has more scans, or segments among them, than programs write.
    """
    _, scans, segments = _end(data)
    if scans > SCANS:
        raise PhotoError(f"it has more than {SCANS} scans", where=where)
    if segments > PARTS:
        raise PhotoError(f"it has more than {PARTS:,} segments", where=where)


def holds_film(data: bytes) -> bool:
    """Whether a film stands behind a JPEG, as in a phone's motion photo."""
    return FILM.search(data, _end(data)[0]) is not None


def _end(data: bytes) -> tuple[int, int, int]:
    """Where a JPEG ends, and how many scans and segments it has, as far as the limits go."""
    at, scans, segments = len(SIGNATURE), 0, 0
    # As decoders do, whatever is no marker is passed over.
    while scans <= SCANS and segments <= PARTS and (found := MARKER.search(data, at)):
        at, segments = found.end(), segments + 1
        marker = data[at - 1]
        if marker == END:
            break
        if marker in ALONE:
            continue
        at += int.from_bytes(data[at : at + 2], "big")
        scans += marker == START_OF_SCAN
    else:
        at = min(at, len(data)) if scans > SCANS or segments > PARTS else len(data)
    return at, scans, segments
