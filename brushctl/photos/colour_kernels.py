"""The loops of colour management, compiled."""

from typing import Any

import numpy as np

from brushctl.photos.compiled import Array, compiled, in_threads

_SIZE = 65536
_REACH = 4.0  # linear light up to four times white is tabulated: ProPhoto's green needs 2.0

_linear = np.linspace(0, _REACH, _SIZE)
_ENCODE = np.where(
    _linear > 0.0031308, 1.055 * _linear ** (1 / 2.4) - 0.055, 12.92 * _linear
).astype(np.float32)
_encoded = np.linspace(0, 2, _SIZE)
_DECODE = np.where(
    _encoded > 0.04045, ((_encoded + 0.055) / 1.055) ** 2.4, _encoded / 12.92
).astype(np.float32)


@compiled
def _look_up(table: Array, position: Any) -> Any:  # noqa: ANN401  (numba knows the type)
    """Linear interpolation at a fractional index >= 0; the ends hold."""
    last = np.float32(table.shape[0] - 1)
    at = min(position, last)
    low = min(int(at), table.shape[0] - 2)
    share = np.float32(at - low)
    return table[low] + share * (table[low + 1] - table[low])


@compiled
def _keeps_white(m: Array) -> Any:  # noqa: ANN401
    """Whether equal light in all channels stays as it is, apart from rounding."""
    away = np.float32(0)
    for k in range(3):
        away = max(away, abs(m[k, 0] + m[k, 1] + m[k, 2] - np.float32(1)))
    return away < np.float32(1e-5)


@compiled
def _codes_to_srgb(
    first: int, end: int, out: Array, codes: Array, linear: Array, m: Array, encode: Array
) -> None:
    per = np.float32((_SIZE - 1) / _REACH)
    keeps_white = _keeps_white(m)
    for y in range(first, end):
        for x in range(out.shape[1]):
            r = linear[0, codes[y, x, 0]]
            g = linear[1, codes[y, x, 1]]
            b = linear[2, codes[y, x, 2]]
            for k in range(3):
                light = m[k, 0] * r + m[k, 1] * g + m[k, 2] * b
                if keeps_white and r == g and g == b:
                    light = r  # to the bit
                value = _look_up(encode, abs(light) * per)
                out[y, x, k] = value if light >= 0 else -value


def codes_to_srgb(codes: Array, linear: Array, matrix: Array) -> Array:
    """Code values to sRGB-encoded pixels.

    Args:
        codes: (h, w, 3), uint8 or uint16.
        linear: (3, 256 or 65536) float32, the linear light of every code of every channel.
        matrix: (3, 3) float32, to linear sRGB.

    Returns:
        (h, w, 3) float32; sRGB's curve is mirrored below zero.
    """
    return in_threads(_codes_to_srgb, codes, linear, matrix, _ENCODE)


@compiled
def _srgb_to_codes(
    first: int, end: int, out: Array, pixels: Array, inverse: Array, m: Array, decode: Array
) -> None:
    per = np.float32((_SIZE - 1) / 2)
    top = np.float32(inverse.shape[1] - 1)
    light = np.empty(3, np.float32)
    keeps_white = _keeps_white(m)
    for y in range(first, end):
        for x in range(out.shape[1]):
            for k in range(3):
                value = pixels[y, x, k]
                linear = _look_up(decode, abs(value) * per)
                light[k] = linear if value >= 0 else -linear
            for k in range(3):
                own = m[k, 0] * light[0] + m[k, 1] * light[1] + m[k, 2] * light[2]
                if keeps_white and light[0] == light[1] and light[1] == light[2]:
                    own = light[0]
                root = np.sqrt(max(own, np.float32(0)))
                out[y, x, k] = _look_up(inverse[k], root * top)


def srgb_to_codes(pixels: Array, inverse: Array, matrix: Array) -> Array:
    """sRGB-encoded pixels to a profile's own encoding, in [0, 1].

    Args:
        pixels: (h, w, 3) float32.
        inverse: (3, n) float32, each channel's code over the square root of linear light.
        matrix: (3, 3) float32, from linear sRGB to the profile's linear RGB.
    """
    return in_threads(_srgb_to_codes, pixels, inverse, matrix, _DECODE)
