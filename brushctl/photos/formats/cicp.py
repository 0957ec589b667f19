"""Colours that a file states by code points (CICP) in place of an ICC profile.

Source: ITU-T H.273.
"""

import struct
from contextlib import suppress

import imagecodecs
import numpy as np

from brushctl.errors import PhotoError
from brushctl.photos.icc import BrokenProfile, Curve, curve_in, srgb_profile, tags_of

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
SRGB_POINTS = 1, 13
"""The primaries and the curve of sRGB."""
UNSPECIFIED, PQ, HLG = 2, 16, 18
HDR = {PQ: "PQ", HLG: "HLG"}
MADE = struct.pack(">6H", 2026, 1, 1, 0, 0, 0)
"""The date of profiles made here: the same photograph gives the same bytes on any day."""


def is_known(primaries: int, curve: int) -> bool:
    """Whether code points are of colours that photographs have."""
    return curve in CURVES and primaries in (*LIKE_SRGB, *PRIMARIES)


def check_range(cicp: tuple[int, int] | None, icc: bytes | None, where: str) -> None:
    """See that colours are not of high dynamic range, which sRGB does not hold.

    Args:
        cicp: ColourPrimaries and TransferCharacteristics, if the file states them.
        icc: its profile, if it has one: it may state them too (ICC.1:2022, 9.2.17), or its curve is
            one of theirs.
        where: names the file in errors.

    Raises:
        PhotoError: they are.
    """
    stated = {cicp[1]} if cicp else set()
    for curve in HDR.keys() & (stated | _curves_in(icc or b"")):
        raise PhotoError(
            f"it is an HDR picture ({HDR[curve]}), whose light cannot be edited without loss",
            where=where,
            do="Export it as an ordinary (SDR) picture, in sRGB or Display P3.",
        )


def _curves_in(icc: bytes) -> set[int]:
    """The transfer curves that a profile states by number, or has."""
    found = set[int]()
    with suppress(struct.error, KeyError, ValueError, ArithmeticError):  # a broken profile
        tags = tags_of(icc)
        found.update(bytes(tags.get(b"cicp", b""))[9:10])
        found.add(_curve_like(curve_in(tags[b"gTRC"])))
    return found


def _curve_like(curve: Curve) -> int:
    """Which of the curves of high dynamic range one is, up to some light; 2, unspecified, if none.

    Source: ITU-R BT.2100-2, tables 4 and 5.
    """
    x = np.linspace(0, 1, 65)
    m1, m2, c1, c2, c3 = 2610 / 16384, 2523 / 32, 3424 / 4096, 2413 / 128, 2392 / 128
    root = x ** (1 / m2)
    pq = (np.maximum(root - c1, 0) / (c2 - c3 * root)) ** (1 / m1)
    a, b, c = 0.17883277, 0.28466892, 0.55991073
    hlg = np.where(x <= 0.5, x**2 / 3, (np.exp((x - c) / a) + b) / 12)
    shown = curve(x)
    for code, light in ((PQ, pq), (HLG, hlg)):
        scaled = light * shown[32] / light[32]
        if shown[32] > 0 and np.allclose(shown, np.minimum(scaled, 1), atol=2e-3, rtol=0.02):
            return code
    return UNSPECIFIED


def profile_of(primaries: int, curve: int) -> bytes | None:
    """A profile of the colours that an RGB file states by code points; None for sRGB.

    Args:
        primaries: ColourPrimaries.
        curve: TransferCharacteristics.

    Raises:
        BrokenProfile: they are of a kind that no photograph has.
    """
    if not is_known(primaries, curve):
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
