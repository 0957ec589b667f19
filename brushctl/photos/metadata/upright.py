"""XMP packets made true of upright pixels."""

import re

from brushctl.photos.metadata.regions import turned_packet
from brushctl.photos.metadata.xmp import UneditableError, without

ABSENT = re.compile(
    rb"\w++:(?:MotionPhoto|MicroVideo)\w*|G?Container:Directory|hdrgm:\w+|x[am]p:Thumbnails"
)
"""Properties that tell of a film, further pictures or previews, none of which a result has."""
ORIENTATIONS = re.compile(rb"""(\btiff:Orientation=["']|<tiff:Orientation>\s*+)\d""")
"""What a packet says of how the camera was held: it has to be found in damaged packets too. Where
nobody has turned the pixels it stays: programs that go by it show them as before."""


def upright_xmp(xmp: bytes, orientation: int, size: tuple[int, int]) -> bytes:
    """A packet for upright pixels, without what tells of pictures that a result does not have.

    Args:
        xmp: it.
        orientation: how the pixels were stored.
        size: width and height of the stored picture.
    """
    if orientation > 1:
        xmp = ORIENTATIONS.sub(rb"\g<1>1", xmp)
    try:
        xmp = without(xmp, lambda name: ABSENT.fullmatch(name) is not None)
        return turned_packet(xmp, orientation, size) if orientation > 1 else xmp
    except UneditableError:  # which `within_limits` tells of
        return xmp
