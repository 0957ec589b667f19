"""Open a photograph: pixels upright and in sRGB, and everything to write it back as it was."""

import io
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, JpegImagePlugin, UnidentifiedImageError

from brushctl.errors import PhotoError, shortage
from brushctl.photos.formats import tiff, webp
from brushctl.photos.formats.auxiliary import is_alone, pictures_in
from brushctl.photos.formats.colours import declared_profile
from brushctl.photos.formats.decoders import open_image, without_remarks
from brushctl.photos.formats.png import SIGNATURE, read_chunks
from brushctl.photos.formats.structure import check_structure
from brushctl.photos.icc import BrokenProfile, ColourSpace, Pixels, from_profile, plain
from brushctl.photos.limits import PARTS
from brushctl.photos.metadata.blocks import (
    EXTENDED_XMP,
    PHOTOSHOP,
    Metadata,
    Text,
    as_text,
    upright,
    with_iptc,
    within_limits,
)
from brushctl.photos.samples import colours_of, read_samples, turned_upright
from brushctl.photos.source import read_photo, reason_of, unknown

Alpha = NDArray[np.float32]

MAX_PIXELS = 300_000_000
"""More is refused before it is decoded: no camera makes it, and a bomb would."""
MAX_ASPECT = 100
"""A side more than this many times the other leaves the model nothing to see."""


@dataclass(frozen=True, slots=True)
class JpegTables:
    """How a JPEG was compressed, so that its successor is compressed alike."""

    quantization: dict[int, list[int]]
    subsampling: int
    progressive: bool


@dataclass(frozen=True, slots=True)
class Photo:
    """A photograph, decoded.

    Attributes:
        pixels: (h, w, 3) float32, sRGB-encoded, upright. Colours of a wide-gamut photograph may
            lie outside [0, 1]; `resize` brings them into it for a model.
        alpha: (h, w) float32 in [0, 1], None where there is none.
        format: "JPEG", "PNG", "TIFF", "WEBP", "AVIF" or "HEIF".
        depth: bits of a sample, 8 or 16.
        colour: how the file stores colours.
        metadata: its blocks, already fit for upright pixels.
        jpeg: a JPEG's compression.
        compression: a TIFF's compression; "lossless" for a lossless WebP.
        alone: whether its file holds no more than it: no other picture (smaller previews apart),
            layers, masks or film.
        warnings: what had to be put right to read it.
    """

    pixels: Pixels
    alpha: Alpha | None
    format: str
    depth: int
    colour: ColourSpace
    metadata: Metadata
    jpeg: JpegTables | None
    compression: str | None
    alone: bool
    warnings: tuple[str, ...]

    @property
    def size(self) -> tuple[int, int]:
        """Width and height in pixels."""
        return self.pixels.shape[1], self.pixels.shape[0]


def open_photo(path: Path, *, first_frame: bool = False) -> Photo:
    """Read and decode a photograph completely.

    Args:
        path: the file.
        first_frame: take the first picture of an animation or a multi-page file.

    Raises:
        PhotoError: it is missing, unreadable, damaged, too large or of an unknown kind.
    """
    return decode_photo(read_photo(path), str(path), first_frame=first_frame)


@without_remarks()
def decode_photo(data: bytes, where: str, *, first_frame: bool = False) -> Photo:
    """Decode the bytes of a photograph; `where` names them in errors.

    Raises:
        PhotoError: they are damaged, too many or of an unknown kind.
    """
    if not data:
        raise PhotoError("the file is empty", where=where)
    check_structure(data, where)
    if defect := tiff.defect(data):
        raise PhotoError(
            f"a TIFF with {defect} cannot be edited without loss",
            where=where,
            do="Convert it to 8 or 16 bits of RGB, or to 8 bits of CMYK.",
        )
    try:
        return _decode(data, where, first_frame=first_frame)
    except UnidentifiedImageError as error:
        raise unknown(where) from error
    except PhotoError:
        raise
    except Exception as error:  # decoders raise anything at all on damaged files
        if lacking := shortage(error):
            raise PhotoError(lacking.what, where=where, do=lacking.do) from error
        raise PhotoError(f"the file is damaged ({reason_of(error)})", where=where) from error


def resize(pixels: Pixels, size: tuple[int, int]) -> Pixels:
    """Pixels brought to (width, height) by Lanczos resampling, clipped to [0, 1].

    Args:
        pixels: (h, w, 3) float32.
        size: the new width and height.

    Returns:
        (height, width, 3) float32.
    """
    bands = [
        np.asarray(
            Image.fromarray(np.ascontiguousarray(pixels[..., c])).resize(
                size, Image.Resampling.LANCZOS, reducing_gap=3.0
            )
        )
        for c in range(pixels.shape[2])
    ]
    resized: Pixels = np.stack(bands, axis=-1)
    return np.clip(resized, 0, 1, out=resized)


def _decode(data: bytes, where: str, *, first_frame: bool) -> Photo:
    notes: list[str] = []
    png = read_chunks(data, where) if data.startswith(SIGNATURE) else None
    shown = io.BytesIO(png.shown if png else data)
    image: Image.Image = open_image(shown)
    _check(image, data, where, first_frame=first_frame)
    codes, turn, turned = read_samples(image, data, png.blocks if png else {})
    if tiff.masks_of(image):
        notes.append("its masks (channels beside colour and transparency) are not kept")
    channels = colours_of(image, codes)
    codes = np.ascontiguousarray(turned_upright(codes, turn))
    colour = _colour(image, data, where, channels, notes)
    alpha = None
    if codes.shape[2] > channels:
        alpha = codes[..., -1] * np.float32(1 / np.iinfo(codes.dtype).max)
        codes = codes[..., :-1]
    try:
        pixels = colour.to_srgb(codes)
    except BrokenProfile as broken:
        notes.append(f"{broken}; taken as sRGB")
        colour = plain(channels)
        pixels = colour.to_srgb(codes)
    metadata, dropped = within_limits(_metadata(image, data, png.texts if png else ()))
    notes += (*(png.warnings if png else ()), *dropped)
    return Photo(
        pixels=pixels,
        alpha=alpha,
        format="JPEG" if image.format == "MPO" else str(image.format),
        depth=codes.dtype.itemsize * 8,
        colour=colour,
        metadata=upright(metadata, turned=turned),
        jpeg=_jpeg_tables(image),
        compression=_compression(image, data),
        alone=is_alone(image, data),
        warnings=tuple(notes),
    )


def _check(image: Image.Image, data: bytes, where: str, *, first_frame: bool) -> None:
    width, height = image.size
    if width * height > MAX_PIXELS:
        raise PhotoError(
            f"{width} x {height} is over the limit of {MAX_PIXELS // 10**6} megapixels", where=where
        )
    if min(width, height) < 1 or max(width, height) > MAX_ASPECT * min(width, height):
        raise PhotoError(f"{width} x {height} is too narrow a strip to edit", where=where)
    frames = pictures_in(image, data)
    # An MPO is a camera's JPEG with a preview or a gain map behind it: the photograph is first.
    many = f"{frames:,}" if frames <= PARTS else f"more than {PARTS:,}"
    if frames > 1 and image.format != "MPO" and not first_frame:
        raise PhotoError(
            f"it holds {many} pictures (an animation or several pages)",
            where=where,
            do="Use --first-frame to edit the first one.",
        )


def _colour(
    image: Image.Image, data: bytes, where: str, channels: int, notes: list[str]
) -> ColourSpace:
    try:
        icc = image.info.get("icc_profile")
        if not icc and channels == 3:
            icc = declared_profile(image, data, where)
        return from_profile(icc, channels) if icc else plain(channels)
    except BrokenProfile as broken:
        notes.append(f"{broken}; taken as sRGB")
        return plain(channels)


def _metadata(image: Image.Image, data: bytes, texts: Iterable[Text]) -> Metadata:
    info = image.info
    dpi = info.get("dpi") if image.format != "TIFF" or tiff.has_resolution(image) else None
    resources, iptc = b"", info.get("iptc")
    photoshop, extended, comments = [], [], []
    if image.format == "TIFF":
        blocks = tiff.blocks_of(data)
        resources, iptc = blocks.get(tiff.RESOURCES, b""), blocks.get(tiff.IPTC)
        exif, xmp = tiff.exif_of(data), blocks.get(tiff.XMP)
    else:
        exif, xmp = info.get("exif"), info.get("xmp")
        for name, block in getattr(image, "applist", ()):
            if name == "APP13" and block.startswith(PHOTOSHOP):
                photoshop.append(block.removeprefix(PHOTOSHOP))
            elif name == "COM":
                comments.append(as_text(block))
            elif block.startswith(EXTENDED_XMP):
                extended.append(block)
        resources = b"".join(photoshop)
    return Metadata(
        exif=exif.removeprefix(b"Exif\0\0") if exif else None,
        xmp=xmp or None,
        resources=with_iptc(resources, iptc or b"") or None,
        extended_xmp=tuple(extended),
        dpi=(float(dpi[0]), float(dpi[1])) if dpi and min(dpi) > 0 else None,
        texts=(*texts, *comments),
    )


def _jpeg_tables(image: Image.Image) -> JpegTables | None:
    if not isinstance(image, JpegImagePlugin.JpegImageFile):
        return None
    return JpegTables(
        quantization=image.quantization,
        # Pillow can write three kinds; of the others (4:4:0, 4:1:1) no colour must be lost.
        subsampling=max(0, JpegImagePlugin.get_sampling(image)),
        progressive=bool(image.info.get("progressive")),
    )


def _compression(image: Image.Image, data: bytes) -> str | None:
    if image.format == "WEBP":
        return "lossless" if webp.is_lossless(data) else None
    compression = image.info.get("compression")
    return compression if isinstance(compression, str) else None
