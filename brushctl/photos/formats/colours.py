"""Colours that a file states without an ICC profile: code points, or what EXIF calls them.

Sources: ITU-T H.273 (code points), PNG (third edition, 11.3.2.6), Exif 3.0 (ColorSpace) and DCF 2.0
(a camera's Adobe RGB).
"""

import struct

import imagecodecs
import numpy as np
from PIL import Image, JpegImagePlugin

from brushctl.errors import PhotoError
from brushctl.photos.formats.heif import code_points
from brushctl.photos.icc import BrokenProfile, srgb_profile, tags_of
from brushctl.photos.metadata.directories import EXIF_IFD, INTEROPERABILITY_IFD

D65 = (0.3127, 0.3290)
PRIMARIES = {
    9: ("Rec. 2020", (0.708, 0.292, 0.170, 0.797, 0.131, 0.046)),
    12: ("Display P3", (0.680, 0.320, 0.265, 0.690, 0.150, 0.060)),
}
"""Names and red, green and blue (x, y) of the wide gamuts that are in use."""
LIKE_SRGB = (1, 2, 5, 6)
"""Primaries of BT.709, unspecified, and of television before it, whose colours are nearly those."""
CURVES = (1, 2, 6, 13, 14, 15)
"""sRGB's, unspecified, and television's, which is shown as sRGB."""
HDR = {16: "PQ", 18: "HLG"}
MADE = struct.pack(">6H", 2026, 1, 1, 0, 0, 0)
"""The date of profiles made here: the same photograph gives the same bytes on any day."""

GAMMA, CHROMATICITY = 1 / 2.2, (*D65, 0.64, 0.33, 0.30, 0.60, 0.15, 0.06)
"""What a PNG in sRGB says of itself: of its curve; of white, red, green and blue."""

COLOUR_SPACE, UNCALIBRATED = 0xA001, 0xFFFF


def declared_profile(image: Image.Image, data: bytes, where: str) -> bytes | None:
    """A profile of the colours that an RGB file without one states; None for sRGB.

    Args:
        image: the file, opened.
        data: its bytes.
        where: names it in errors.

    Raises:
        PhotoError: they are of high dynamic range, which 8 or 16 bits of sRGB do not hold.
        BrokenProfile: they are of a kind that no photograph has.
    """
    if isinstance(image, JpegImagePlugin.JpegImageFile):
        return imagecodecs.cms_profile("adobergb") if _is_adobe_rgb(image) else None
    if image.format == "PNG":
        points = _png_code_points(data)
        if not points and _is_unlike_srgb(image):
            raise BrokenProfile("its gAMA or cHRM states other colours than sRGB's")
    else:
        points = code_points(data) if image.format in ("AVIF", "HEIF") else None
    return _profile(*points, where) if points else None


def _profile(primaries: int, curve: int, where: str) -> bytes | None:
    if curve in HDR:
        raise PhotoError(
            f"it is an HDR picture ({HDR[curve]}), whose light cannot be edited without loss",
            where=where,
            do="Export it as an ordinary (SDR) picture, in sRGB or Display P3.",
        )
    if curve not in CURVES or primaries not in (*LIKE_SRGB, *PRIMARIES):
        raise BrokenProfile(f"it states unknown colours (primaries {primaries}, curve {curve})")
    return None if primaries in LIKE_SRGB else _with_primaries(*PRIMARIES[primaries])


def _with_primaries(name: str, primaries: tuple[float, ...]) -> bytes:
    """The profile of sRGB, with other primaries and a name of its own."""
    profile = srgb_profile()
    other = imagecodecs.cms_profile("rgb", whitepoint=D65, primaries=primaries, gamma=2.2)
    theirs = tags_of(other)
    for tag, stored in tags_of(profile).items():
        if tag in (b"rXYZ", b"gXYZ", b"bXYZ", b"chrm"):
            profile = profile.replace(stored, theirs[tag])
    old = "sRGB built-in"
    profile = profile.replace(old.encode("utf-16-be"), name.ljust(len(old)).encode("utf-16-be"))
    return bytes(profile[:24] + MADE + profile[36:])


def _png_code_points(data: bytes) -> tuple[int, int] | None:
    at = data.find(b"\0\0\0\4cICP", 0, data.find(b"IDAT"))
    return None if at < 0 else (data[at + 8], data[at + 9])


def _is_unlike_srgb(image: Image.Image) -> bool:
    """Whether an opened PNG without a profile has chunks (11.3.2.1, 11.3.2.2) that say so."""
    said = image.info
    stated = (said.get("gamma", GAMMA), *said.get("chromaticity", CHROMATICITY))
    meant = (GAMMA, *CHROMATICITY)
    return "srgb" not in said and not np.allclose(stated, meant, rtol=0, atol=0.01)


def _is_adobe_rgb(image: Image.Image) -> bool:
    """Cameras say so by "option file" R03 beside a colour space that EXIF has no number for."""
    exif = Image.Exif()
    try:
        exif.load(image.info.get("exif") or b"")
        uncalibrated = exif.get_ifd(EXIF_IFD).get(COLOUR_SPACE) == UNCALIBRATED
        return uncalibrated and exif.get_ifd(INTEROPERABILITY_IFD).get(1) == "R03"
    except (SyntaxError, struct.error, ValueError, TypeError):
        return False  # a damaged EXIF block says nothing about the colours
