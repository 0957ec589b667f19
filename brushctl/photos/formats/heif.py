"""HEIC: a HEIF file of HEVC pictures, decoded and encoded by pillow-heif, an extra."""

import io
from functools import partial
from typing import BinaryIO

from PIL import Image, UnidentifiedImageError
from PIL.ImageFile import ImageFile

from brushctl.errors import lack_of
from brushctl.photos.formats.codec import SIGNED, Decoded, Parsed, Picture
from brushctl.photos.formats.heif_items import Items
from brushctl.photos.formats.isobmff import read_boxes
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
    items = Items(read_boxes(data, where))
    image = _open(data)
    pictures = getattr(image, "n_frames", 1)
    return Parsed(image.size, pictures, partial(_decode, image, items))


def encode(picture: Picture) -> bytes:
    """A HEIC of 8 bits."""
    from pillow_heif import from_pillow

    stream = io.BytesIO()
    options = options_of(picture.metadata) | profile_and_resolution(picture)
    from_pillow(image_of(picture)).save(stream, quality=picture.quality or QUALITY, **options)
    return stream.getvalue()


def _open(data: bytes) -> ImageFile:
    try:
        from pillow_heif import HeifImageFile
    except ImportError as error:
        if lack_of(error):
            raise
        raise UnidentifiedImageError from error
    return open_image(HeifImageFile, io.BytesIO(data))


def _decode(image: Image.Image, items: Items) -> Decoded:
    image.load()
    codes, channels = codes_of(image)
    info = image.info
    exif = exif_from(info.get("exif"))
    orientation = exif.orientation if exif else 1
    return Decoded(
        codes=codes,
        channels=channels,
        orientation=orientation,
        stored=items.orientation,  # pillow-heif has turned it
        icc=info.get("icc_profile"),
        cicp=items.code_points,
        metadata=Metadata(exif=exif, xmp=info.get("xmp") or None, dpi=dpi_of(image)),
        auxiliary=items.auxiliary,
        warnings=(SIGNED,) * items.is_signed,
    )
