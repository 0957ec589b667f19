"""AVIF: a HEIF file of AV1 pictures, decoded and encoded by Pillow."""

import hashlib
import io
from functools import partial
from typing import BinaryIO

from PIL import AvifImagePlugin, Image

from brushctl.photos.formats.codec import SIGNED, Decoded, Parsed, Picture
from brushctl.photos.formats.heif_items import Items
from brushctl.photos.formats.isobmff import read_boxes
from brushctl.photos.formats.pillow import codes_of, encode_image, open_image, options_of
from brushctl.photos.limits import BYTES
from brushctl.photos.metadata.blocks import Metadata
from brushctl.photos.metadata.exif import MARKER, exif_from
from brushctl.reading import read_stream

CHANNELS, DEPTHS, ALPHA = (3,), (8,), True
XMP_ROOM = None
EMPTY = b"II*\0\x08\0\0\0" + bytes(6)
"""An EXIF block that says nothing."""
QUALITY = 90
"""An AVIF does not tell the quality that it was saved with."""


def read_size(file: BinaryIO) -> tuple[int, int]:
    """Width and height, which the decoder tells after it has gone through all items."""
    return parse(read_stream(file, BYTES), "").size


def parse(data: bytes, where: str) -> Parsed:
    """Walk through an AVIF's boxes, and have its decoder read them."""
    items = Items(read_boxes(data, where))
    image = open_image(AvifImagePlugin.AvifImageFile, io.BytesIO(data))
    pictures = max(getattr(image, "n_frames", 1), items.shown)
    return Parsed(image.size, pictures, partial(_decode, image, items))


def encode(picture: Picture) -> bytes:
    """An AVIF of 8 bits, in which EXIF stands as it is: Pillow would write it anew."""
    options, quality = options_of(picture.metadata), picture.quality or QUALITY
    block = options.pop("exif", b"").removeprefix(MARKER)
    if len(block) > len(EMPTY):
        options["exif"] = placeholder = _placeholder(len(block))
        data = encode_image(picture, "AVIF", quality=quality, **options)
        return data.replace(placeholder, block, 1)
    return encode_image(picture, "AVIF", quality=quality, **options)


def _placeholder(size: int) -> bytes:
    """A block of so many bytes that says nothing, for another to take its place."""
    return (EMPTY + hashlib.sha256(EMPTY).digest() * (size // 32 + 1))[:size]


def _decode(image: Image.Image, items: Items) -> Decoded:
    image.load()
    codes, channels = codes_of(image)
    codes = items.cropped(codes)
    shown = exif_from(image.info.get("exif"))
    # Pillow writes the block anew where its orientation is not the file's, which counts.
    orientation = shown.orientation if shown else 1
    return Decoded(
        codes=codes,
        channels=channels,
        orientation=orientation,
        stored=orientation,
        icc=image.info.get("icc_profile"),
        cicp=items.code_points,
        metadata=Metadata(exif=exif_from(items.exif), xmp=image.info.get("xmp") or None),
        auxiliary=items.auxiliary,
        warnings=(SIGNED,) * items.is_signed,
    )
