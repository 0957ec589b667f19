"""What lies behind a JPEG, or in segments of its own: films, sound, depth, heat.

Sources: CIPA DC-007 for lists of pictures; Samsung's trailer as ExifTool describes it.
"""

import re
import struct
from collections.abc import Sequence

from brushctl.photos.metadata.directories import LAYOUTS, Directory

FILM = re.compile(rb"\0\0\0.ftyp", re.DOTALL)
"""How an MP4 begins."""
PICTURE = b"\xff\xd8\xff"
"""How a JPEG begins."""
LIST_NAME, LIST = b"MPF\0", 0xB002
"""In front of the list of pictures in a JPEG that holds several, and its tag."""
LARGE_THUMBNAILS = (0x010001, 0x010002)
"""The kinds of pictures in it that are previews (5.2.3.3.1)."""
SMALL = 2048
"""Bytes behind a JPEG that hold no picture, film or sound, but the time, as phones write."""
MEASURED = 65536
"""Bytes of other segments that hold measurements, as of heat, and not a program's settings."""
SAMSUNG, SAMSUNG_LIST, SAMSUNG_ENTRY = b"SEFT", b"SEFH", struct.Struct("<4xII")
"""A phone's trailer ends with the length of its list and the first; the list begins with the
second, a version and a count; an entry tells how far in front of it data lies, and how much."""


def auxiliary_in(data: bytes, pixels: int, end: int, listed: Directory, other: int) -> list[str]:
    """What a file holds besides its photograph and previews, in words.

    Args:
        data: it.
        pixels: where its first scan begins.
        end: where the photograph ends.
        listed: its list of pictures, or an empty directory.
        other: bytes of segments that nobody reads here.
    """
    pictures = _pictures_in(listed)
    previews = sum(size for kind, size in pictures if kind in LARGE_THUMBNAILS)
    behind = len(data) - end - previews
    behind -= len(data) - len(data.rstrip(b"\0")) if behind > SMALL else 0
    several = any(kind not in LARGE_THUMBNAILS for kind, _ in pictures)
    small_picture = not previews and data.find(PICTURE, end) >= 0  # a gain map may be that small
    film = FILM.search(data, pixels) is not None
    held = {
        "other pictures": several,
        "a film": film,
        "data behind its end": (behind > SMALL or small_picture) and not film and not several,
        "measurements": other > MEASURED,
    }
    return [name for name, there in held.items() if there]


def _pictures_in(listed: Directory) -> Sequence[tuple[int, int]]:
    """The kind and the size of each picture of a list but the first, which is the photograph."""
    entries = listed.raw(LIST)
    order = LAYOUTS[listed.data[:4]].order if entries else "<"
    whole = entries[: len(entries) // 16 * 16]
    return [(kind & 0xFFFFFF, size) for kind, size in struct.iter_unpack(order + "II8x", whole)][1:]


def start_of_trailer(data: bytes) -> int:
    """Where a Samsung phone's trailer begins; at the end of a file that has none."""
    if not data.endswith(SAMSUNG):
        return len(data)
    size = int.from_bytes(data[-8:-4], "little")
    start = len(data) - 8 - size
    entries = data[max(start, 0) : len(data) - 8]
    if not entries.startswith(SAMSUNG_LIST):
        return len(data)
    whole = entries[12 : 12 + (len(entries) - 12) // 12 * 12]
    return start - max((back for back, _ in SAMSUNG_ENTRY.iter_unpack(whole)), default=0)
