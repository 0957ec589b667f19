"""Encode an edited photograph as its original was encoded.

In memory: of what Pillow writes into a file itself, it does not notice when the disk is full.
"""

import io
import struct
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from brushctl.errors import PhotoError
from brushctl.photos.choices import SUFFIXES
from brushctl.photos.formats.decoders import without_remarks
from brushctl.photos.formats.png import chunks_of, encode_deep_png
from brushctl.photos.formats.tiff import encode_tiff
from brushctl.photos.icc import SRGB, Codes, Pixels, quantise
from brushctl.photos.metadata.blocks import (
    JPEG_ROOM,
    PHOTOSHOP,
    SEGMENT,
    Metadata,
    Provenance,
    comments_of,
    stripped,
    takes_provenance,
    with_extended_xmp,
    with_provenance,
    with_whole_xmp,
)
from brushctl.photos.photo import Photo

QUALITY = 95
"""Of a JPEG made from a photograph that was none (subsampling is then off)."""
MODERN_QUALITY = 90
"""Of a lossy WebP, AVIF or HEIC: none of them tells the quality it was saved with."""
COLOURED = 0.02
"""A grey photograph whose edit is on average this far from grey is written in colour."""


def kind_of(target: Path | None, source: Path | None, like: Photo) -> str:
    """The format of a result: the photograph's own, unless its name asks for another.

    Args:
        target: the result's name; None where it has none.
        source: the photograph's, which need not tell its format; None where it has none.
        like: the photograph.

    Raises:
        PhotoError: that format cannot hold the photograph.
    """
    named, before = (SUFFIXES.get(p.suffix.lower()) if p else None for p in (target, source))
    kind = like.format if named in (None, before) else named
    if kind == "JPEG" and like.alpha is not None and like.alpha.min() < 1:
        raise PhotoError(
            "a JPEG cannot hold its transparency", do="Write PNG, TIFF or WebP instead."
        )
    return kind


@without_remarks()
def encode_photo(
    pixels: Pixels,
    like: Photo,
    *,
    kind: str,
    provenance: Provenance | None = None,
    strip: bool = False,
) -> tuple[bytes, list[str]]:
    """Pixels as a file like the photograph they come from, and what there is to warn of.

    Args:
        pixels: (h, w, 3) float32, sRGB-encoded.
        like: the photograph whose profile, depth, alpha, metadata and compression to keep.
        kind: the format, as `kind_of` tells it.
        provenance: what to write into XMP about the edit, None for nothing.
        strip: leave EXIF, XMP and IPTC out.

    Raises:
        PhotoError: the format cannot be written or cannot hold the picture.
    """
    kept = stripped(like.metadata) if strip else like.metadata
    metadata, warnings = _told(kept, kind, provenance)
    return _encode(_picture(pixels, like, kind, metadata)), warnings


def _told(kept: Metadata, kind: str, provenance: Provenance | None) -> tuple[Metadata, list[str]]:
    """What goes into a file beside its pixels: whole, wherever the format sets a limit."""
    if kind != "JPEG":
        kept = with_whole_xmp(kept)
    if provenance and not takes_provenance(kept):
        return kept, ["its XMP is kept as it is and does not say which brush edited it"]
    told = with_provenance(kept, provenance) if provenance else kept
    if kind != "JPEG" or len(told.xmp or b"") <= JPEG_ROOM:
        return told, []
    if kept.extended_xmp:  # what did not fit before goes with the packet as it is
        return kept, ["its XMP leaves no room to say which brush edited it"]
    return with_extended_xmp(told), []


@dataclass(frozen=True, slots=True)
class _Picture:
    """A picture ready to be encoded: its codes (h, w, channels with alpha) and what goes along."""

    codes: Codes
    icc: bytes | None
    metadata: Metadata
    like: Photo
    kind: str


def _picture(pixels: Pixels, like: Photo, kind: str, metadata: Metadata) -> _Picture:
    colour = like.colour
    if (
        (colour.channels == 4 and kind not in ("JPEG", "TIFF"))
        or (colour.channels == 1 and kind not in ("JPEG", "TIFF", "PNG"))
        or (colour.channels == 1 and _coloured(pixels))
    ):
        colour = SRGB(3)
    depth = like.depth if kind in ("PNG", "TIFF") else 8
    codes = colour.from_srgb(pixels, depth)
    if like.alpha is not None and kind != "JPEG":
        codes = np.concatenate([codes, quantise(like.alpha[..., None], depth)], axis=2)
    return _Picture(codes, colour.icc, metadata, like, kind)


def _coloured(pixels: Pixels) -> bool:
    return float(np.mean(pixels.max(axis=2) - pixels.min(axis=2))) > COLOURED


def _encode(picture: _Picture) -> bytes:
    codes, metadata, like = picture.codes, picture.metadata, picture.like
    try:
        if picture.kind == "TIFF":
            return encode_tiff(
                codes,
                metadata,
                icc=picture.icc,
                alpha=like.alpha is not None,
                compression=like.compression if like.format == "TIFF" else None,
            )
        if codes.dtype == np.uint16:
            return encode_deep_png(codes, metadata, picture.icc)
        return _encode_with_pillow(picture)
    except (ArithmeticError, ValueError, KeyError, RuntimeError, OSError, struct.error) as error:
        raise PhotoError(
            f"it cannot be written as {picture.kind} ({error})",
            do="Write another format, as with --name '{stem}.png'; --strip leaves metadata out.",
        ) from error


def _encode_with_pillow(picture: _Picture) -> bytes:
    codes, metadata = picture.codes, picture.metadata
    mode = {1: "L", 2: "LA", 3: "RGB", 4: "RGBA"}[codes.shape[2]]
    if codes.shape[2] == 4 and (picture.like.alpha is None or picture.kind == "JPEG"):
        mode = "CMYK"
    image = Image.fromarray(codes if codes.shape[2] > 1 else codes[..., 0], mode)
    options = _options(picture)
    if picture.icc:
        options["icc_profile"] = picture.icc
    if metadata.dpi:
        options["dpi"] = metadata.dpi
    file = io.BytesIO()
    if picture.kind == "HEIF":
        from pillow_heif import from_pillow

        from_pillow(image).save(file, **options)
    else:
        image.save(file, picture.kind, **options)
    data = file.getvalue()
    return _with_segments(data, metadata) if picture.kind == "JPEG" else data


def _options(picture: _Picture) -> dict[str, Any]:
    """What each format's writer wants, apart from profile and resolution."""
    metadata, like = picture.metadata, picture.like
    options: dict[str, Any] = {}
    if metadata.exif:
        options["exif"] = b"Exif\0\0" + metadata.exif
    if metadata.xmp and picture.kind != "PNG":
        options["xmp"] = metadata.xmp
    match picture.kind:
        case "JPEG" if like.jpeg:
            options |= {
                "qtables": like.jpeg.quantization,
                "subsampling": like.jpeg.subsampling,
                "progressive": like.jpeg.progressive,
            }
        case "JPEG":
            options |= {"quality": QUALITY, "subsampling": 0}
        case "PNG":
            options["pnginfo"] = chunks_of(metadata)
        case "WEBP" if like.compression == "lossless":
            options |= {"lossless": True, "exact": True}
        case "WEBP" | "AVIF" | "HEIF":
            options["quality"] = MODERN_QUALITY
    return options


def _with_segments(jpeg: bytes, metadata: Metadata) -> bytes:
    """A JPEG with what Pillow does not write, after its other application segments."""
    resources = metadata.resources or b""
    room = SEGMENT - len(PHOTOSHOP)
    blocks = [(0xE1, block) for block in metadata.extended_xmp]
    blocks += [(0xED, PHOTOSHOP + resources[i : i + room]) for i in range(0, len(resources), room)]
    blocks += [(0xFE, comment) for comment in comments_of(metadata)]
    if not blocks:
        return jpeg
    at = 2
    while jpeg[at] == 0xFF and 0xE0 <= jpeg[at + 1] <= 0xEF:
        at += 2 + int.from_bytes(jpeg[at + 2 : at + 4], "big")
    segments = [
        bytes((0xFF, marker)) + (2 + len(block)).to_bytes(2, "big") + block
        for marker, block in blocks
    ]
    return b"".join([jpeg[:at], *segments, jpeg[at:]])
