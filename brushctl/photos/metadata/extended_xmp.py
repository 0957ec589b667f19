"""XMP that is longer than a JPEG's segment: a second packet, in further segments.

Source: XMP part 3 (1.1.3.1). Each segment begins with a name, the second packet's GUID, its size,
and where in it the segment's part belongs. The first packet tells of the second by its GUID, which
is the MD5 of its bytes.
"""

import hashlib
import re
import struct
from collections.abc import Sequence

EXTENDED_XMP = b"http://ns.adobe.com/xmp/extension/\0"
"""What stands in front of each segment."""
CHUNK = 65400
"""Bytes of the second packet in each segment."""
GUID = re.compile(rb"""HasExtendedXMP(?:=["']|>\s*+)(\w{32})""")
"""The first packet's word for the second."""
PLACE = len(EXTENDED_XMP) + 32 + 4
"""Where a segment tells where its part belongs."""


def guid_named(packet: bytes) -> bytes:
    """What a first packet says of the second; nothing if there is none."""
    named = GUID.search(packet)
    return named[1] if named else b""


def joined(packet: bytes, segments: Sequence[bytes]) -> bytes:
    """The second packet that a first one tells of, from the segments that are its own."""
    head = EXTENDED_XMP + guid_named(packet)
    ours = [part for part in segments if len(head) > len(EXTENDED_XMP) and part.startswith(head)]
    ours.sort(key=lambda part: part[PLACE : PLACE + 4])
    return b"".join(part[PLACE + 4 :] for part in ours)


def guid_of(second: bytes) -> bytes:
    """What a first packet has to say of a second one."""
    return hashlib.md5(second, usedforsecurity=False).hexdigest().upper().encode()


def parts_of(second: bytes) -> tuple[bytes, ...]:
    """The segments of a second packet."""
    head = EXTENDED_XMP + guid_of(second) + struct.pack(">I", len(second))
    return tuple(
        head + struct.pack(">I", at) + second[at : at + CHUNK]
        for at in range(0, len(second), CHUNK)
    )
