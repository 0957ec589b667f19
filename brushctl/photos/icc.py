"""ICC colour: a photograph's own code values to sRGB for the model, and back.

Profiles made of three curves and a matrix (Display P3, Adobe RGB, ProPhoto, grey) are computed
here in float: colours outside sRGB keep values below 0 or above 1 instead of being clipped, and
16-bit photographs keep their depth. Profiles made of tables (CMYK, scanners) go through LittleCMS,
16 bits in float and 8 bits in 8. Layout and formulas: ICC.1:2022 (sections 8.3, 10.6, 10.18), IEC
61966-2-1 for sRGB.
"""

import struct
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from brushctl.photos.limits import CURVE, PROFILE

Codes = NDArray[Any]
"""Code values as the file stores them, (h, w, channels), uint8 or uint16."""
Pixels = NDArray[np.float32]
"""sRGB-encoded pixels (h, w, 3), float32; outside [0, 1] where sRGB cannot show the colour."""
Table = NDArray[np.float64]
Curve = Callable[[Table], Table]

# Linear sRGB to XYZ under D50, as the sRGB profile states its colorants.
SRGB_TO_XYZ = np.array(
    [[0.43607, 0.38515, 0.14307], [0.22249, 0.71687, 0.06061], [0.01392, 0.09708, 0.71410]]
)
LUMINANCE = np.array([0.2126, 0.7152, 0.0722])  # IEC 61966-2-1
JOINT = 0.01  # of light, by which the parts of a formula may miss each other
ROUNDED = 0.005
"""What 16 bits of a profile's colorants may make of white: then it is taken as exact."""
KNOTS = 65536  # entries of a sampled curve: interpolation errs by less than 1e-6


class ColourSpace(Protocol):
    """How one photograph stores its colours.

    Attributes:
        icc: the profile to write into the result, None for plain sRGB.
        channels: 1 (grey), 3 (RGB) or 4 (CMYK).
    """

    @property
    def icc(self) -> bytes | None:
        """The profile's bytes."""

    @property
    def channels(self) -> int:
        """How many channels a pixel has, alpha not counted."""

    def to_srgb(self, codes: Codes) -> Pixels:
        """(h, w, channels) code values to (h, w, 3) pixels."""

    def from_srgb(self, pixels: Pixels, depth: int) -> Codes:
        """(h, w, 3) pixels to (h, w, channels) code values of 8 or 16 bits."""


class BrokenProfile(Exception):  # noqa: N818
    """The embedded profile cannot be used; the caller warns and goes on with sRGB."""


@dataclass(frozen=True, slots=True)
class SRGB:
    """Plain sRGB, or grey on sRGB's curve."""

    channels: int
    icc: bytes | None = None

    def to_srgb(self, codes: Codes) -> Pixels:
        """Scale (h, w, 1 or 3) codes to [0, 1]."""
        scale = np.float32(1 / np.iinfo(codes.dtype).max)
        pixels = codes * scale
        return pixels if self.channels == 3 else np.repeat(pixels, 3, axis=2)

    def from_srgb(self, pixels: Pixels, depth: int) -> Codes:
        """Round (h, w, 3) pixels to codes of `depth` bits; grey takes the luminance."""
        if self.channels == 1:
            pixels = (pixels @ LUMINANCE.astype(np.float32))[..., None]
        return quantise(pixels, depth)


@dataclass(frozen=True, slots=True)
class Matrix:
    """Curves and a matrix: (curve of each channel, linear RGB of the profile to linear sRGB)."""

    icc: bytes
    channels: int
    curves: tuple[Curve, Curve, Curve]
    to_linear_srgb: Table  # (3, 3)
    from_linear_srgb: Table  # (3, 3)

    def to_srgb(self, codes: Codes) -> Pixels:
        """Decode, change primaries, encode as sRGB; (h, w, 1 or 3) codes to (h, w, 3) pixels."""
        from brushctl.photos.colour_kernels import codes_to_srgb

        linear = _decoded(self.curves, np.iinfo(codes.dtype).max)
        if self.channels == 1:
            codes = np.repeat(codes, 3, axis=2)
        return codes_to_srgb(codes, linear, self.to_linear_srgb.astype(np.float32))

    def from_srgb(self, pixels: Pixels, depth: int) -> Codes:
        """The way back; colours that the profile cannot hold are clipped."""
        from brushctl.photos.colour_kernels import srgb_to_codes

        matrix = self.from_linear_srgb.astype(np.float32)
        encoded = srgb_to_codes(pixels, _inverted(self.curves), matrix)
        return quantise(encoded[..., : self.channels], depth)


@lru_cache(maxsize=8)
def _decoded(curves: tuple[Curve, ...], top: int) -> NDArray[np.float32]:
    """Linear light of each code from 0 to `top`, a row for each curve."""
    levels = np.linspace(0, 1, top + 1)
    return np.stack([curve(levels) for curve in curves]).astype(np.float32)


@lru_cache(maxsize=8)
def _inverted(curves: tuple[Curve, ...]) -> NDArray[np.float32]:
    """Codes by the square root of linear light, over which the curves are tame."""
    roots, levels = np.linspace(0, 1, KNOTS), np.linspace(0, 1, KNOTS)
    inverse = np.stack([np.interp(roots**2, curve(levels), levels) for curve in curves])
    return inverse.astype(np.float32)


@dataclass(frozen=True, slots=True)
class Tables:
    """A profile of tables, through LittleCMS: 16 bits in float, which takes six times as long."""

    icc: bytes
    channels: int

    def to_srgb(self, codes: Codes) -> Pixels:
        """(h, w, channels) codes to (h, w, 3) pixels; those of 8 bits in 256 steps."""
        deep = codes.dtype == np.uint16
        narrow = codes if self.channels > 1 else codes[..., 0]
        kind = np.float32 if deep else np.uint8
        pixels = self._transformed(narrow, self.icc, srgb_profile(), kind)
        return pixels if deep else SRGB(3).to_srgb(pixels)

    def from_srgb(self, pixels: Pixels, depth: int) -> Codes:
        """The way back; colours that the profile cannot hold are clipped."""
        deep = depth == 16
        given = pixels if deep else SRGB(3).from_srgb(pixels, 8)
        kind = np.uint16 if deep else np.uint8
        codes = self._transformed(given, srgb_profile(), self.icc, kind)
        return codes.reshape(*pixels.shape[:2], self.channels)

    def _transformed(
        self, values: Codes, source: bytes, target: bytes, kind: type[np.generic]
    ) -> Codes:
        import imagecodecs

        own = {1: "gray", 3: "rgb", 4: "cmyk"}[self.channels]
        try:
            return imagecodecs.cms_transform(
                np.ascontiguousarray(values),
                source,
                target,
                colorspace=own if source is self.icc else "rgb",
                outcolorspace=own if target is self.icc else "rgb",
                planar=False,
                outplanar=False,
                outdtype=kind,
                intent=imagecodecs.CMS.INTENT.RELATIVE_COLORIMETRIC,
                flags=imagecodecs.CMS.FLAGS.BLACKPOINTCOMPENSATION,
            )
        except imagecodecs.CmsError as error:
            raise BrokenProfile(f"the profile cannot be used ({error})") from error


@dataclass(frozen=True, slots=True)
class Inks:
    """CMYK of 8 bits without a profile, by Pillow's plain formula."""

    channels: int = 4
    icc: bytes | None = None

    def to_srgb(self, codes: Codes) -> Pixels:
        """(h, w, 4) codes to (h, w, 3) pixels, in 256 steps."""
        from PIL import Image

        return SRGB(3).to_srgb(np.asarray(Image.fromarray(codes, "CMYK").convert("RGB")))

    def from_srgb(self, pixels: Pixels, depth: int) -> Codes:
        """The way back, in 256 steps."""
        from PIL import Image

        image = Image.fromarray(SRGB(3).from_srgb(pixels, 8), "RGB")
        return to_depth(np.asarray(image.convert("CMYK")), depth)


def srgb_profile() -> bytes:
    """LittleCMS's profile of sRGB."""
    import imagecodecs

    return imagecodecs.cms_profile("srgb")


def adobe_rgb_profile() -> bytes:
    """LittleCMS's profile of Adobe RGB (1998)."""
    import imagecodecs

    return imagecodecs.cms_profile("adobergb")


def quantise(values: Pixels, depth: int) -> Codes:
    """Round [0, 1] values to unsigned codes of 8 or 16 bits, clipping what lies outside."""
    top = np.float32(2**depth - 1)
    scaled = np.clip(values * top, 0, top)
    rounded: Pixels = np.rint(scaled, out=scaled)
    return rounded.astype(np.uint8 if depth == 8 else np.uint16)


def to_depth(codes: Codes, depth: int) -> Codes:
    """Codes of 8 or 16 bits as codes of `depth` bits (255 and 65535 are both white)."""
    if codes.dtype.itemsize * 8 == depth:
        return codes
    if depth == 8:
        return ((codes.astype(np.uint32) + 128) // 257).astype(np.uint8)
    return codes.astype(np.uint16) * np.uint16(257)


def plain(channels: int) -> ColourSpace:
    """The colours of a photograph that carries no profile."""
    return Inks() if channels == 4 else SRGB(channels)


def from_profile(icc: bytes, channels: int) -> ColourSpace:
    """The colour space that a profile describes, for a photograph of so many channels.

    Raises:
        BrokenProfile: it is cut short, of another colour model, or LittleCMS refuses it.
    """
    if len(icc) > PROFILE:
        raise BrokenProfile(f"the profile has more than {PROFILE:,} bytes")
    model = {b"GRAY": 1, b"RGB ": 3, b"CMYK": 4}.get(icc[16:20])
    if model != channels:
        raise BrokenProfile(f"the profile is for {icc[16:20]!r}, the photograph is not")
    try:
        tags = tags_of(icc)
        # A profile with tables is meant to be used through them.
        if b"A2B0" not in tags:
            return _matrix(icc, tags, channels)
        return _tables(icc, channels)
    except (struct.error, KeyError, ValueError, ArithmeticError, np.linalg.LinAlgError) as error:
        raise BrokenProfile(f"the profile is damaged ({error})") from error


def _tables(icc: bytes, channels: int) -> ColourSpace:
    space = Tables(icc, channels)
    for kind in (np.uint8, np.uint16):  # both ways, or the caller could read but not write
        probe = np.zeros((1, 1, channels), kind)
        space.from_srgb(space.to_srgb(probe), probe.itemsize * 8)
    return space


def _matrix(icc: bytes, tags: Mapping[bytes, memoryview], channels: int) -> ColourSpace:
    if channels == 1:
        grey = curve_in(tags[b"kTRC"])
        luminance = np.tile(LUMINANCE, (3, 1))
        return Matrix(icc, 1, (grey, grey, grey), np.eye(3), luminance)
    red, green, blue = (curve_in(tags[name]) for name in (b"rTRC", b"gTRC", b"bTRC"))
    primaries = np.array([_xyz(tags[name]) for name in (b"rXYZ", b"gXYZ", b"bXYZ")]).T
    if np.allclose(primaries, SRGB_TO_XYZ, atol=2e-3) and _is_srgb_curve(green):
        return SRGB(3, icc)
    to_linear_srgb = np.linalg.inv(SRGB_TO_XYZ) @ primaries
    white = to_linear_srgb.sum(1, keepdims=True)
    if np.abs(white - 1).max() < ROUNDED:
        to_linear_srgb = to_linear_srgb / white
    back = np.linalg.inv(to_linear_srgb)
    return Matrix(icc, 3, (red, green, blue), to_linear_srgb, back)


def tags_of(icc: bytes) -> dict[bytes, memoryview]:
    """The tags of a profile by name, uncopied: they may be one and the same.

    Raises:
        struct.error, ValueError: it is damaged.
    """
    (count,) = struct.unpack_from(">I", icc, 128)
    if count > 100:
        raise ValueError(f"{count} tags")
    entries = [struct.unpack_from(">4sII", icc, 132 + 12 * i) for i in range(count)]
    if any(start + size > len(icc) for _, start, size in entries):
        raise ValueError("a tag lies beyond its end")
    whole = memoryview(icc)
    return {name: whole[start : start + size] for name, start, size in entries}


def _xyz(tag: memoryview) -> Table:
    return np.array(struct.unpack_from(">3i", tag, 8)) / 65536


def curve_in(tag: memoryview) -> Curve:
    """A tone curve: code in [0, 1] to linear light in [0, 1]."""
    if bytes(tag[:4]) == b"para":
        return _checked(_parametric(tag))
    if bytes(tag[:4]) != b"curv":
        raise ValueError(f"a curve of kind {bytes(tag[:4])!r}")
    (count,) = struct.unpack_from(">I", tag, 8)
    if count == 0:
        return lambda x: x
    if count > CURVE:
        raise ValueError(f"a curve of more than {CURVE:,} entries")
    values = struct.unpack_from(f">{count}H", tag, 12)
    if count == 1:
        return _gamma(values[0] / 256)
    knots = np.array(values) / 65535
    if np.any(np.diff(knots) < 0):
        raise ValueError("a curve that falls")
    return lambda x: np.interp(x, np.linspace(0, 1, count), knots)


def _gamma(g: float) -> Curve:
    return lambda x: x**g


def _checked(curve: Curve) -> Curve:
    """A curve that rises and has a value everywhere: with a negative exponent it does not."""
    with np.errstate(all="ignore"):
        values = curve(np.linspace(0, 1, 257))
    if not np.isfinite(values).all() or np.any(np.diff(values) < -JOINT):
        raise ValueError("a curve that falls or has no end")
    return curve


def _parametric(tag: memoryview) -> Curve:
    """Types 0 to 4 of ICC.1:2022, table 68, all cases of (a x + b)^g + e above d, c x + f below."""
    (kind,) = struct.unpack_from(">H", tag, 8)
    count = {0: 1, 1: 3, 2: 4, 3: 5, 4: 7}[kind]
    p = [value / 65536 for value in struct.unpack_from(f">{count}i", tag, 12)]
    g, a, b, c, d, e, f = p[0], 1.0, 0.0, 0.0, 0.0, 0.0, 0.0
    if kind in (1, 2):
        a, b = p[1:3]
        d = -b / a
        e = f = p[3] if kind == 2 else 0.0
    elif kind in (3, 4):
        a, b, c, d = p[1:5]
        e, f = p[5:7] if kind == 4 else (0.0, 0.0)
    return lambda x: np.where(x >= d, np.maximum(a * x + b, 0) ** g + e, c * x + f)


def _is_srgb_curve(curve: Curve) -> bool:
    x = np.linspace(0, 1, 64)
    srgb = np.where(x > 0.04045, ((x + 0.055) / 1.055) ** 2.4, x / 12.92)
    return bool(np.allclose(curve(x), srgb, atol=2e-3))
