"""WebP (RFC 9649): its chunks, which are walked through once; its pixels are Pillow's."""

import io
from collections.abc import Iterator, Mapping
from functools import partial
from itertools import islice
from typing import BinaryIO

from PIL import Image, WebPImagePlugin

from brushctl.errors import PhotoError
from brushctl.photos.formats.codec import SIGNED, Decoded, Parsed, Picture
from brushctl.photos.formats.pillow import codes_of, encode_image, open_image, options_of
from brushctl.photos.limits import PARTS
from brushctl.photos.metadata.blocks import Metadata
from brushctl.photos.metadata.exif import exif_from

CHANNELS, DEPTHS, ALPHA = (3,), (8,), True
XMP_ROOM = None
QUALITY = 90
"""Of a lossy WebP: it does not tell the quality that it was saved with."""
LOSSLESS, MANIFEST = b"VP8L", b"C2PA"
MISNAMED_XMP = b"XMP\0"
"""As ImageMagick 6 calls the chunk that is `XMP `, with a space (RFC 9649, 2.7.1.4)."""


def read_size(file: BinaryIO) -> tuple[int, int]:
    """Width and height, as the decoder tells them."""
    return open_image(WebPImagePlugin.WebPImageFile, file).size


def parse(data: bytes, where: str) -> Parsed:
    """Walk through a WebP's chunks, and have its decoder read the header."""
    chunks = list(islice(_chunks(data), PARTS + 1))
    if len(chunks) > PARTS:
        raise PhotoError(f"it has more than {PARTS:,} chunks", where=where)
    image = open_image(WebPImagePlugin.WebPImageFile, io.BytesIO(data))
    pictures = getattr(image, "n_frames", 1)
    return Parsed(image.size, pictures, partial(_decode, image, pictures, dict(chunks)))


def encode(picture: Picture) -> bytes:
    """A WebP, without loss if its photograph was one without, and no quality is asked for."""
    exact = picture.encoding == LOSSLESS and picture.quality is None
    quality = picture.quality or QUALITY
    how = {"lossless": True, "exact": True} if exact else {"quality": quality}
    return encode_image(picture, "WEBP", **how, **options_of(picture.metadata))


def _chunks(data: bytes) -> Iterator[tuple[bytes, memoryview]]:
    """The kind and the content of each chunk of a file (RIFF), in their order."""
    view = memoryview(data)
    at = 12
    while at + 8 <= len(data):
        size = int.from_bytes(data[at + 4 : at + 8], "little")
        yield data[at : at + 4], view[at + 8 : at + 8 + size]
        at += 8 + size + size % 2


def _decode(image: Image.Image, pictures: int, chunks: Mapping[bytes, memoryview]) -> Decoded:
    image.load()
    codes, channels = codes_of(image)
    exif = exif_from(image.info.get("exif"))
    orientation = exif.orientation if exif else 1
    xmp = image.info.get("xmp") or bytes(chunks.get(MISNAMED_XMP, b""))
    return Decoded(
        codes=codes,
        channels=channels,
        orientation=orientation,
        stored=orientation,
        icc=image.info.get("icc_profile"),
        metadata=Metadata(exif=exif, xmp=xmp or None),
        encoding=LOSSLESS if LOSSLESS in chunks else None,
        auxiliary=("other pictures",) * (pictures > 1),
        warnings=(SIGNED,) * (MANIFEST in chunks),
    )
