"""HEIC: a HEIF file of HEVC pictures, decoded and encoded by pillow-heif, an extra."""

import io
from functools import partial
from typing import BinaryIO

from PIL import Image, UnidentifiedImageError
from PIL.ImageFile import ImageFile

from brushctl.errors import lack_of
from brushctl.photos.formats import isobmff
from brushctl.photos.formats.codec import Decoded, Parsed, Picture
from brushctl.photos.formats.pillow import (
    codes_of,
    dpi_of,
    image_of,
    open_image,
    options_of,
    profile_and_resolution,
)
from brushctl.photos.limits import BYTES
from brushctl.photos.metadata.blocks import Metadata
from brushctl.photos.metadata.exif import exif_from
from brushctl.reading import read_stream

CHANNELS, DEPTHS, ALPHA = (3,), (8,), True
XMP_ROOM = None
QUALITY = 90
"""A HEIC does not tell the quality that it was saved with."""


def read_size(file: BinaryIO) -> tuple[int, int]:
    """Width and height, which the decoder tells after it has gone through all items."""
    return parse(read_stream(file, BYTES), "").size


def parse(data: bytes, where: str) -> Parsed:
    """Walk through a HEIC's boxes, and have its decoder read them."""
    boxes = isobmff.read_boxes(data, where)
    image = _open(data)
    pictures = getattr(image, "n_frames", 1)
    return Parsed(image.size, pictures, partial(_decode, image, pictures, boxes))


def encode(picture: Picture) -> bytes:
    """A HEIC of 8 bits."""
    from pillow_heif import from_pillow

    stream = io.BytesIO()
    options = options_of(picture.metadata) | profile_and_resolution(picture)
    from_pillow(image_of(picture)).save(stream, quality=QUALITY, **options)
    return stream.getvalue()


def _open(data: bytes) -> ImageFile:
    try:
        from pillow_heif import HeifImageFile
    except ImportError as error:
        if lack_of(error):
            raise
        raise UnidentifiedImageError from error
    return open_image(HeifImageFile, io.BytesIO(data))


def _decode(image: Image.Image, pictures: int, boxes: isobmff.Box) -> Decoded:
    image.load()
    codes, channels = codes_of(image)
    info = image.info
    exif = exif_from(info.get("exif"))
    orientation = exif.orientation if exif else 1
    # pillow-heif turns a picture and resets its flag, but remembers it.
    turned = info.get("original_orientation") or orientation
    others = pictures > 1 or info.get("aux") or info.get("depth_images")
    return Decoded(
        codes=codes,
        channels=channels,
        orientation=orientation,
        turned=turned >= 5,
        icc=info.get("icc_profile"),
        cicp=isobmff.code_points(boxes),
        metadata=Metadata(exif=exif, xmp=info.get("xmp") or None, dpi=dpi_of(image)),
        auxiliary=("other pictures",) * bool(others) + ("a film",) * isobmff.holds_film(boxes),
    )
