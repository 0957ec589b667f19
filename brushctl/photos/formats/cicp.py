"""Colours that a file states by code points (CICP) in place of an ICC profile.

Source: ITU-T H.273.
"""

import struct

import imagecodecs

from brushctl.errors import PhotoError
from brushctl.photos.icc import BrokenProfile, srgb_profile, tags_of

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


def profile_of(primaries: int, curve: int, where: str) -> bytes | None:
    """A profile of the colours that an RGB file states by code points; None for sRGB.

    Args:
        primaries: ColourPrimaries.
        curve: TransferCharacteristics.
        where: names the file in errors.

    Raises:
        PhotoError: they are of high dynamic range, which 8 or 16 bits of sRGB do not hold.
        BrokenProfile: they are of a kind that no photograph has.
    """
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
