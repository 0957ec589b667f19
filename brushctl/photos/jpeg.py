"""What stands behind a JPEG's end (ITU-T T.81, B.1.1)."""

import re

START_OF_SCAN, END = 0xDA, 0xD9
MARKER = re.compile(rb"\xff[^\x00\xff\xd0-\xd7]")
"""What ends compressed samples: a marker that is no restart."""
FILM = re.compile(rb"\0\0\0.ftyp", re.DOTALL)
"""How an MP4 begins."""


def holds_film(data: bytes) -> bool:
    """Whether a film stands behind a JPEG, as in a phone's motion photo."""
    return FILM.search(data, _end(data)) is not None


def _end(data: bytes) -> int:
    at = 2
    while at + 4 <= len(data):
        marker = data[at + 1]
        if marker == END:
            return at + 2
        if marker == 0xFF:  # padding
            at += 1
            continue
        at += 2 + int.from_bytes(data[at + 2 : at + 4], "big")
        if marker == START_OF_SCAN:
            found = MARKER.search(data, at)
            at = found.start() if found else len(data)
    return at
