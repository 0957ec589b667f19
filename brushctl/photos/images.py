"""Open a photograph: pixels upright and in sRGB, and everything to write it back as it was."""

import io
import struct
from dataclasses import dataclass
from pathlib import Path
from typing import IO, cast

import numpy as np
from numpy.typing import NDArray
from PIL import Image, JpegImagePlugin, UnidentifiedImageError

from brushctl.errors import PhotoError, shortage
from brushctl.extras import installing
from brushctl.photos import tiff
from brushctl.photos.beside import is_alone
from brushctl.photos.colour import (
    BrokenProfile,
    ColourSpace,
    Pixels,
    from_profile,
    plain,
)
from brushctl.photos.declared import declared_profile
from brushctl.photos.metadata import (
    EXTENDED_XMP,
    PHOTOSHOP,
    Metadata,
    as_text,
    upright,
    with_iptc,
)
from brushctl.photos.opening import open_image, without_remarks
from brushctl.photos.png import SIGNATURE, plain_png, texts_of
from brushctl.photos.samples import colours_of, read_samples, turned_upright

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


def read_photo(path: Path) -> bytes:
    """The bytes of a photograph.

    Raises:
        PhotoError: they cannot be read.
    """
    try:
        return path.read_bytes()
    except OSError as error:
        raise PhotoError(_reason(error), where=str(path)) from error


@without_remarks()
def megapixels_of(file: Path | io.BytesIO) -> float:
    """Of a photograph, as its header tells; 0 where it does not."""
    try:
        with file.open("rb") if isinstance(file, Path) else file as opened:
            width, height = _size_in(opened)
    except Exception:  # decoding will tell
        return 0.0
    return width * height / 1e6


def _size_in(file: IO[bytes]) -> tuple[int, int]:
    start = file.read(24)
    if start.startswith(SIGNATURE):
        across, down = struct.unpack_from(">II", start, 16)  # PNG (third edition), 11.2.1
        return across, down
    file.seek(0)
    with open_image(file) as image:
        return image.size


@without_remarks()
def decode_photo(data: bytes, where: str, *, first_frame: bool = False) -> Photo:
    """Decode the bytes of a photograph; `where` names them in errors.

    Raises:
        PhotoError: they are damaged, too many or of an unknown kind.
    """
    if not data:
        raise PhotoError("the file is empty", where=where)
    if defect := tiff.defect(data):
        raise PhotoError(
            f"a TIFF with {defect} cannot be edited without loss",
            where=where,
            do="Convert it to 8 or 16 bits of RGB, or to 8 bits of CMYK.",
        )
    try:
        return _decode(data, where, first_frame=first_frame)
    except UnidentifiedImageError as error:
        raise PhotoError(
            "this is not a photograph in a format that can be read",
            where=where,
            do=f"JPEG, PNG, TIFF, WebP and AVIF can be; HEIC after `{installing('pillow-heif')}`.",
        ) from error
    except PhotoError:
        raise
    except Exception as error:  # decoders raise anything at all on damaged files
        if lacking := shortage(error):
            raise PhotoError(lacking.what, where=where, do=lacking.do) from error
        raise PhotoError(f"the file is damaged ({_reason(error)})", where=where) from error


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
    opened = plain_png(data) if data.startswith(SIGNATURE) else data
    image: Image.Image = open_image(io.BytesIO(opened))
    _check(image, where, first_frame=first_frame)
    codes, turn, turned = read_samples(image, data)
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
    return Photo(
        pixels=pixels,
        alpha=alpha,
        format="JPEG" if image.format == "MPO" else str(image.format),
        depth=codes.dtype.itemsize * 8,
        colour=colour,
        metadata=upright(_metadata(image, data), turned=turned),
        jpeg=_jpeg_tables(image),
        compression=_compression(image, data),
        alone=is_alone(image, data),
        warnings=tuple(notes),
    )


def _check(image: Image.Image, where: str, *, first_frame: bool) -> None:
    width, height = image.size
    if width * height > MAX_PIXELS:
        raise PhotoError(
            f"{width} x {height} is over the limit of {MAX_PIXELS // 10**6} megapixels", where=where
        )
    if min(width, height) < 1 or max(width, height) > MAX_ASPECT * min(width, height):
        raise PhotoError(f"{width} x {height} is too narrow a strip to edit", where=where)
    frames = getattr(image, "n_frames", 1)
    # An MPO is a camera's JPEG with a preview or a gain map behind it: the photograph is first.
    if frames > 1 and image.format != "MPO" and not first_frame:
        raise PhotoError(
            f"it holds {frames} pictures (an animation or several pages)",
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


def _metadata(image: Image.Image, data: bytes) -> Metadata:
    info = image.info
    dpi = info.get("dpi") if image.format != "TIFF" or tiff.has_resolution(image) else None
    resources, iptc, extended = None, info.get("iptc"), []
    texts = list(texts_of(data)) if image.format == "PNG" else []
    if image.format == "TIFF":
        blocks = tiff.blocks_of(data)
        resources, iptc = blocks.get(tiff.RESOURCES), blocks.get(tiff.IPTC)
        exif, xmp = tiff.exif_of(data), blocks.get(tiff.XMP)
    else:
        exif, xmp = info.get("exif"), info.get("xmp")
        for name, block in getattr(image, "applist", ()):
            if name == "APP13" and block.startswith(PHOTOSHOP):
                resources = (resources or b"") + block.removeprefix(PHOTOSHOP)
            elif name == "COM":
                texts.append(as_text(block))
            elif block.startswith(EXTENDED_XMP):
                extended.append(block)
    return Metadata(
        exif=exif.removeprefix(b"Exif\0\0") if exif else None,
        xmp=xmp or None,
        resources=with_iptc(resources or b"", iptc or b"") or None,
        extended_xmp=tuple(extended),
        dpi=(float(dpi[0]), float(dpi[1])) if dpi and min(dpi) > 0 else None,
        texts=tuple(texts),
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
        return "lossless" if _has_chunk(data, b"VP8L") else None
    compression = image.info.get("compression")
    return compression if isinstance(compression, str) else None


def _has_chunk(riff: bytes, kind: bytes) -> bool:
    """Whether a RIFF file has a chunk: a WebP's pixels come after a profile of any length."""
    at = 12
    while at + 8 <= len(riff):
        if riff[at : at + 4] == kind:
            return True
        size = int.from_bytes(riff[at + 4 : at + 8], "little")
        at += 8 + size + size % 2
    return False


def _reason(error: BaseException) -> str:
    text = getattr(error, "strerror", None) or str(error) or type(error).__name__
    return cast("str", text[:1].lower() + text[1:]).rstrip(".")
