"""IPTC fields, and the image resources of Photoshop in which they stand ("8BIM" blocks)."""

import struct
from collections.abc import Iterator

IPTC_RESOURCE = 0x0404
THUMBNAIL_RESOURCES = (0x0409, 0x040C)  # Photoshop's own previews
PHOTOSHOP = b"Photoshop 3.0\0"


def with_iptc(resources: bytes, iptc: bytes) -> bytes:
    """Image resources with IPTC fields from elsewhere, unless they hold some themselves.

    Args:
        resources: Photoshop's, or none.
        iptc: a TIFF's tag 33723 or a PNG's profile: bare fields, or resources that hold them.
    """
    if not iptc or any(kind == IPTC_RESOURCE for kind, _ in each_resource(resources)):
        return resources
    # In front: behind whatever Photoshop's end in, they might not be found.
    return (iptc if iptc.startswith(b"8BIM") else iptc_resource(iptc)) + resources


def iptc_resource(iptc: bytes) -> bytes:
    """Bare IPTC fields as an image resource."""
    return b"8BIM\x04\x04\0\0" + struct.pack(">I", len(iptc)) + iptc + b"\0" * (len(iptc) % 2)


def without_previews(resources: bytes) -> bytes:
    """Image resources without the previews that Photoshop keeps in them."""
    return b"".join(
        block for kind, block in each_resource(resources) if kind not in THUMBNAIL_RESOURCES
    )


def each_resource(resources: bytes) -> Iterator[tuple[int, bytes]]:
    """Each image resource's number and all of its bytes."""
    at = 0
    while resources[at : at + 4] == b"8BIM" and at + 12 <= len(resources):
        (kind,) = struct.unpack_from(">H", resources, at + 4)
        data = at + 6 + (resources[at + 6] + 2) // 2 * 2  # a Pascal string padded to even
        if data + 4 > len(resources):
            break
        (size,) = struct.unpack_from(">I", resources, data)
        end = data + 4 + (size + 1) // 2 * 2
        yield kind, resources[at:end]
        at = end
