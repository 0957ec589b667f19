"""The code values a photograph's file stores, whatever their kind, and which way up they are."""

import io
import struct
from collections.abc import Mapping

import numpy as np
from PIL import Image

from brushctl.errors import PhotoError
from brushctl.photos.formats import tiff
from brushctl.photos.formats.png import ends_in_pixels, read_deep_png
from brushctl.photos.icc import Codes


def read_samples(
    image: Image.Image, data: bytes, blocks: Mapping[str, bytes]
) -> tuple[Codes, int, bool]:
    """The code values, (h, w, channels with alpha).

    Args:
        image: the file, opened.
        data: its bytes.
        blocks: what a PNG's texts hold of its `info`, which gets what it lacks.

    Returns:
        the codes; the EXIF orientation that they still need; whether width and height change
        places between the file and the upright picture.
    """
    if image.format == "TIFF":
        turn = _orientation(image)
        if tiff.is_deep(image):
            return tiff.read_deep_tiff(io.BytesIO(data)), turn, turn >= 5
        image.info.pop("xmp", None)  # or Pillow turns by it
        image.load()  # Pillow turns a TIFF while loading it
        codes = _codes(image)
        if not tiff.has_alpha(image):  # Pillow takes a fourth sample for it all the same
            codes = codes[..., : colours_of(image, codes)]
        return codes, 1, turn >= 5
    deep = image.format == "PNG" and data[24] == 16
    if not (deep and ends_in_pixels(data)):
        image.load()  # Pillow decodes all to come to what stands behind the pixels
    if image.format == "PNG":
        for name, block in blocks.items():
            image.info.setdefault(name, block)
        codes, turn = read_deep_png(data) if deep else _codes(image), _orientation(image)
        return codes, turn, turn >= 5
    # pillow-heif turns a HEIC and resets its flag, but remembers it.
    turned = image.info.get("original_orientation") or _orientation(image)
    return _codes(image), _orientation(image), turned >= 5


def colours_of(image: Image.Image, codes: Codes) -> int:
    """How many of the channels are colour: all but transparency."""
    channels = codes.shape[2]
    return channels - (channels in (2, 4) and image.mode != "CMYK")


def _codes(image: Image.Image) -> Codes:
    codes = np.asarray(_direct(image))
    return codes if codes.ndim == 3 else codes[..., None]


def _direct(image: Image.Image) -> Image.Image:
    """Palettes, bits and YCbCr resolved to grey, RGB or CMYK, with alpha where there was one."""
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
    raise PhotoError(
        f"samples of kind {image.mode} cannot be edited",
        do="Convert it to 8 or 16 bits of RGB, or to 8 bits of CMYK.",
    )


def turned_upright(codes: Codes, orientation: int) -> Codes:
    """Pixels upright, from any of the eight EXIF orientations."""
    if orientation in (2, 4, 5, 7):
        codes = codes[:, ::-1]
    quarter_turns = {3: 2, 4: 2, 5: 1, 6: 3, 7: 3, 8: 1}.get(orientation, 0)
    return np.rot90(codes, quarter_turns)


def _orientation(image: Image.Image) -> int:
    """What EXIF says; Pillow's own reading would turn to XMP too, which no viewer does."""
    exif = Image.Exif()
    try:
        exif.load(image.info.get("exif") or b"")
        value = getattr(image, "tag_v2", exif).get(0x0112, 1)
    except (SyntaxError, struct.error, ValueError):
        return 1  # a damaged EXIF block says nothing about the pixels
    return value if isinstance(value, int) and 1 <= value <= 8 else 1
