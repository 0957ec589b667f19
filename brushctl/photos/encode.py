"""Encode an edited photograph as its original was encoded.

In memory: of what is written into a file itself, Pillow does not notice when the disk is full.
"""

import struct
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np
from PIL import Image

from brushctl.errors import PhotoError
from brushctl.photos.formats import SUFFIXES, format_named
from brushctl.photos.formats.codec import Codec, Picture
from brushctl.photos.formats.pillow import image_of, without_remarks
from brushctl.photos.icc import SRGB, Codes, ColourSpace, Pixels, quantise, srgb_profile
from brushctl.photos.metadata.blocks import Metadata, Provenance, stripped
from brushctl.photos.metadata.provenance import (
    takes_provenance,
    with_extended_xmp,
    with_provenance,
    with_whole_xmp,
)
from brushctl.photos.photo import Photo
from brushctl.photos.rows import Edit, in_stripes

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
    holds_alpha = format_named(kind).codec.ALPHA
    if not holds_alpha and like.alpha is not None and like.alpha.min() < 1:
        raise PhotoError(
            f"a {kind} cannot hold its transparency", do="Write PNG, TIFF or WebP instead."
        )
    return kind


@without_remarks()
def encode_photo(
    edited: Pixels | Edit,
    like: Photo,
    *,
    kind: str,
    provenance: Provenance | None = None,
    strip: bool = False,
    quality: int | None = None,
) -> tuple[bytes, list[str]]:
    """Pixels as a file like the photograph they come from, and what there is to warn of.

    Args:
        edited: (h, w, 3) float32, sRGB-encoded; or what makes them of the photograph's pixels,
            which is then done row by row, and no picture of its size is held in float.
        like: the photograph whose profile, depth, alpha, metadata and compression to keep.
        kind: the format, as `kind_of` tells it.
        provenance: what to write into XMP about the edit, None for nothing.
        strip: leave EXIF, XMP and IPTC out.
        quality: of the encoder, 1 to 100; None for the photograph's own, or the format's usual one.

    Raises:
        PhotoError: the format cannot be written or cannot hold the picture.
    """
    kept = stripped(like.metadata) if strip else like.metadata
    try:
        codec = format_named(kind).codec
        metadata, warnings = _with_provenance(kept, codec.XMP_ROOM, provenance)
        if like.auxiliary:
            warnings.append(f"left out of its result: {', '.join(like.auxiliary)}")
        picture = _picture(edited, like, kind, codec, metadata)
        return codec.encode(replace(picture, quality=quality)), warnings
    except (ArithmeticError, ValueError, KeyError, RuntimeError, OSError, struct.error) as error:
        raise PhotoError(
            f"it cannot be written as {kind} ({error})",
            do="Write another format, as with --name '{stem}.png'; --strip leaves metadata out.",
        ) from error


def image_like(edited: Pixels, like: Photo) -> Image.Image:
    """Pixels as a Pillow image: in the profile, the depth and the transparency of a photograph.

    Args:
        edited: (h, w, 3) float32, sRGB-encoded.
        like: the photograph.
    """
    picture = _picture(edited, like, "TIFF", format_named("TIFF").codec, Metadata())
    image = image_of(picture)
    if picture.icc:
        image.info["icc_profile"] = picture.icc
    return image


def _with_provenance(
    kept: Metadata, room: int | None, provenance: Provenance | None
) -> tuple[Metadata, list[str]]:
    """The blocks of a result, and what there is to warn of.

    Args:
        kept: the photograph's.
        room: bytes for an XMP packet, None for any.
        provenance: what to say of the edit, None for nothing.
    """
    if room is None:
        kept = with_whole_xmp(kept)
    if provenance and not takes_provenance(kept):
        return kept, ["its XMP is kept as it is and does not say which brush edited it"]
    edited = with_provenance(kept, provenance) if provenance else kept
    if room is None or len(edited.xmp or b"") <= room:
        return edited, []
    if kept.extended_xmp:  # what did not fit before goes with the packet as it is
        return kept, ["its XMP leaves no room to say which brush edited it"]
    return with_extended_xmp(edited), []


def _picture(
    edited: Pixels | Edit, like: Photo, kind: str, codec: Codec, metadata: Metadata
) -> Picture:
    edit = edited if callable(edited) else partial(_rows_of, edited)
    colour, depth = like.colour, min(like.depth, max(codec.DEPTHS))
    if colour.channels not in codec.CHANNELS or (colour.channels == 1 and _coloured(edit, like)):
        colour = SRGB(3)
    codes = _edited_codes(edit, like, colour, depth)
    alpha = like.alpha if codec.ALPHA else None
    if alpha is not None:
        codes = np.concatenate([codes, quantise(alpha[..., None], depth)], axis=2)
    encoding = like.encoding if like.format == kind else None
    icc = colour.icc
    if not icc and colour.channels == 3 and metadata.exif and metadata.exif.is_adobe_rgb:
        icc = srgb_profile()  # or readers would go by the EXIF
    return Picture(codes, alpha is not None, icc, metadata, encoding)


def _rows_of(picture: Pixels, first: int, pixels: Pixels) -> Pixels:
    """Rows of a picture that is edited already."""
    return picture[first : first + len(pixels)]


def _edited_codes(edit: Edit, like: Photo, colour: ColourSpace, depth: int) -> Codes:
    """A photograph's codes in a colour space, of `depth` bits, as edited.

    A pixel that the edit leaves as it is keeps its own: on the way to sRGB and back, those of inks
    change, and dark channels of strong colours do by up to 63 of 65535.
    """
    own, out_of = like.codes, like.colour
    keeps = colour is out_of and depth == like.depth and not isinstance(colour, SRGB)
    out = np.empty((*own.shape[:2], colour.channels), np.uint8 if depth == 8 else np.uint16)

    def stripe(first: int, end: int) -> None:
        pixels = out_of.to_srgb(own[first:end])
        edited = edit(first, pixels)
        out[first:end] = colour.from_srgb(edited, depth)
        if keeps:
            left = (edited == pixels).all(axis=2)
            out[first:end][left] = own[first:end][left]

    in_stripes(stripe, len(out))
    return out


def _coloured(edit: Edit, like: Photo) -> bool:
    rows, chroma = like.rows, np.zeros(len(like.codes))

    def stripe(first: int, end: int) -> None:
        pixels = edit(first, rows[first:end])
        chroma[first:end] = np.ptp(pixels, axis=2).mean(axis=1)

    in_stripes(stripe, len(chroma))
    return float(chroma.mean()) > COLOURED
