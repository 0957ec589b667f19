"""Pillow, used without a trace in Pillow, which belongs to the whole process.

`Image.open` knows the decoders that the process has registered, and warns of a picture of more
than `Image.MAX_IMAGE_PIXELS`, or refuses it. Here the decoders are called as it calls them: the one
for HEIC need not be registered, and how large a photograph may be is decided here.
"""

import io
import logging
import struct
import threading
import warnings
from collections.abc import Callable, Generator
from contextlib import contextmanager, suppress
from re import compile as pattern
from typing import IO, Any, TypeAlias, cast

import numpy as np
from PIL import Image, UnidentifiedImageError
from PIL.ImageFile import ImageFile

from brushctl.errors import PhotoError
from brushctl.photos.formats.codec import Picture
from brushctl.photos.icc import Codes
from brushctl.photos.metadata.blocks import Metadata
from brushctl.photos.metadata.exif import MARKER

Opener: TypeAlias = Callable[[IO[bytes], str], ImageFile]

NOT_ITS_OWN = (SyntaxError, IndexError, TypeError, struct.error)
"""What a decoder of Pillow raises for a file that is none of its own after all."""
MODES = {(1, False): "L", (1, True): "LA", (3, False): "RGB", (3, True): "RGBA", (4, False): "CMYK"}
"""Pillow's name for channels of colour, without and with transparency."""

REMARKS = ("ignore", None, UserWarning, pattern(r"PIL\."), 0)
"""A filter of warnings: what Pillow remarks on odd metadata."""
LOGGERS = ("tifffile", "imagecodecs")
"""The decoders that log such remarks, of libpng among others, which Python shows on stderr."""
_lock = threading.Lock()  # of what is the process's, and changed for a moment
_within, _filters = 0, cast("list[Any]", warnings.filters)


def open_image(opener: Opener, file: IO[bytes]) -> ImageFile:
    """A picture, its header read and its pixels not; of any size.

    Args:
        opener: a decoder of Pillow.
        file: at its beginning.

    Raises:
        UnidentifiedImageError: it is not of the decoder's format.
        Exception: whatever a decoder makes of a damaged file.
    """
    try:
        return opener(file, "")
    except NOT_ITS_OWN as error:
        raise UnidentifiedImageError from error
    except Image.DecompressionBombError:  # a WebP's decoder asks for the process's limit by itself
        with _lock:
            limit, Image.MAX_IMAGE_PIXELS = Image.MAX_IMAGE_PIXELS, None
            try:
                file.seek(0)
                return opener(file, "")
            finally:
                Image.MAX_IMAGE_PIXELS = limit


def codes_of(image: Image.Image) -> tuple[Codes, int]:
    """The samples of a decoded picture, (h, w, channels), and how many of those are colour.

    Palettes, bits and YCbCr are resolved to grey, RGB or CMYK, with transparency where there is.
    """
    codes = np.asarray(_direct(image))
    codes = codes if codes.ndim == 3 else codes[..., None]
    return codes, colours_among(codes.shape[2], cmyk=image.mode == "CMYK")


def colours_among(channels: int, *, cmyk: bool = False) -> int:
    """How many of the channels are colour: all but transparency."""
    return channels - (channels in (2, 4) and not cmyk)


def dpi_of(image: Image.Image) -> tuple[float, float] | None:
    """The resolution that an opened picture states."""
    dpi = image.info.get("dpi")
    return (float(dpi[0]), float(dpi[1])) if dpi and min(dpi) > 0 else None


def image_of(picture: Picture) -> Image.Image:
    """A picture for one of Pillow's encoders."""
    codes = picture.codes
    mode = MODES[codes.shape[2] - picture.alpha, picture.alpha]
    return Image.fromarray(codes if codes.shape[2] > 1 else codes[..., 0], mode)


def encode_image(picture: Picture, kind: str, **options: object) -> bytes:
    """A file as Pillow's encoder of that name writes it, with the profile and the resolution."""
    stream = io.BytesIO()
    image_of(picture).save(stream, kind, **options, **profile_and_resolution(picture))
    return stream.getvalue()


def profile_and_resolution(picture: Picture) -> dict[str, Any]:
    """Pillow's options for them."""
    stated = {"icc_profile": picture.icc, "dpi": picture.metadata.dpi}
    return {name: value for name, value in stated.items() if value}


def options_of(metadata: Metadata) -> dict[str, bytes]:
    """Pillow's options for EXIF and XMP, in formats that have a place for them."""
    blocks = {"exif": metadata.exif and MARKER + metadata.exif.block, "xmp": metadata.xmp}
    return {name: block for name, block in blocks.items() if block}


def _direct(image: Image.Image) -> Image.Image:
    if image.mode in ("L", "LA", "RGB", "RGBA", "CMYK"):
        if "transparency" not in image.info or image.mode not in ("L", "RGB"):
            return image
        return image.convert("LA" if image.mode == "L" else "RGBA")
    if image.mode in ("1",):
        return image.convert("L")
    if image.mode in ("P", "PA"):
        return image.convert("RGBA" if image.has_transparency_data else "RGB")
    if image.mode in ("YCbCr", "RGBX"):
        return image.convert("RGB")
    if image.mode == "RGBa":  # multiplied by its transparency
        return image.convert("RGBA")
    raise PhotoError(
        f"samples of kind {image.mode} cannot be edited",
        do="Convert it to 8 bits of RGB or CMYK, or give a TIFF or PNG file of 16 bits.",
    )


def _no_record(_record: logging.LogRecord) -> bool:
    """A filter of logged records that lets none pass."""
    return False


@contextmanager
def without_remarks() -> Generator[None]:
    """Keep what decoders remark on odd files to themselves; also a decorator.

    Those of Pillow are warnings, for which Python has one list of filters for all threads; those of
    others are logged. The first to come adds a filter to each, the last to go takes them away.
    """
    global _within, _filters  # noqa: PLW0603
    with _lock:
        _within += 1
        if _within == 1:
            _filters = cast("list[Any]", warnings.filters)
            _filters.insert(0, REMARKS)
            for name in LOGGERS:
                logging.getLogger(name).addFilter(_no_record)
    try:
        yield
    finally:
        with _lock:
            _within -= 1
            if not _within:
                for name in LOGGERS:
                    logging.getLogger(name).removeFilter(_no_record)
                # Somebody may have begun or ended a `catch_warnings` since, which changes lists.
                for filters in (_filters, cast("list[Any]", warnings.filters)):
                    with suppress(ValueError):
                        filters.remove(REMARKS)
