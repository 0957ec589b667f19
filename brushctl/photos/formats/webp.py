"""A WebP's chunks (RIFF; RFC 9649, section 2)."""

from collections.abc import Iterator

SIGNATURE = b"RIFF"


def chunks(data: bytes) -> Iterator[bytes]:
    """The kind of each chunk of a file, in their order."""
    at = 12
    while at + 8 <= len(data):
        yield data[at : at + 4]
        size = int.from_bytes(data[at + 4 : at + 8], "little")
        at += 8 + size + size % 2


def is_lossless(data: bytes) -> bool:
    """Whether its pixels, which come after a profile of any length, are stored without loss."""
    return b"VP8L" in chunks(data)
