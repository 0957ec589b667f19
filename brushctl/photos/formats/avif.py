"""AVIF: a HEIF file of AV1 pictures, decoded and encoded by Pillow."""

import io
from functools import partial
from typing import BinaryIO

from PIL import AvifImagePlugin, Image

from brushctl.photos.formats import isobmff
from brushctl.photos.formats.codec import Decoded, Parsed, Picture
from brushctl.photos.formats.pillow import codes_of, dpi_of, encode_image, open_image, options_of
from brushctl.photos.limits import BYTES
from brushctl.photos.metadata.blocks import Metadata
from brushctl.photos.metadata.exif import exif_from
from brushctl.reading import read_stream

CHANNELS, DEPTHS, ALPHA = (3,), (8,), True
XMP_ROOM = None
QUALITY = 90
"""An AVIF does not tell the quality that it was saved with."""


def read_size(file: BinaryIO) -> tuple[int, int]:
    """Width and height, which the decoder tells after it has gone through all items."""
    return parse(read_stream(file, BYTES), "").size


def parse(data: bytes, where: str) -> Parsed:
    """Walk through an AVIF's boxes, and have its decoder read them."""
    boxes = isobmff.read_boxes(data, where)
    image = open_image(AvifImagePlugin.AvifImageFile, io.BytesIO(data))
    pictures = getattr(image, "n_frames", 1)
    return Parsed(image.size, pictures, partial(_decode, image, pictures, boxes))


def encode(picture: Picture) -> bytes:
    """An AVIF of 8 bits."""
    return encode_image(picture, "AVIF", quality=QUALITY, **options_of(picture.metadata))


def _decode(image: Image.Image, pictures: int, boxes: isobmff.Box) -> Decoded:
    image.load()
    codes, channels = codes_of(image)
    exif = exif_from(image.info.get("exif"))
    orientation = exif.orientation if exif else 1
    return Decoded(
        codes=codes,
        channels=channels,
        orientation=orientation,
        turned=orientation >= 5,
        icc=image.info.get("icc_profile"),
        cicp=isobmff.code_points(boxes),
        metadata=Metadata(exif=exif, xmp=image.info.get("xmp") or None, dpi=dpi_of(image)),
        auxiliary=("other pictures",) * (pictures > 1) + ("a film",) * isobmff.holds_film(boxes),
    )
