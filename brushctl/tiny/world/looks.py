"""Looks: edits of the whole picture, each a function from pixels to pixels.

All are deterministic; falling snow, rain and grain come from one fixed seed, so that what
an edit does is a function of the picture alone.
"""

from collections.abc import Callable
from functools import cache

import numpy as np
from PIL import Image, ImageFilter

from brushctl.tiny.world.pen import FloatImage, Pen
from brushctl.tiny.world.textures import as_image, blur, noise_field

Look = Callable[[FloatImage], FloatImage]

LUMA = np.array([0.299, 0.587, 0.114], dtype=np.float32)
"""Rec. 601 weights of R, G, B."""


def luma(x: FloatImage) -> FloatImage:
    """Brightness, (h, w, 1)."""
    return (x @ LUMA)[..., None]


def _filtered(x: FloatImage, make: Callable[[int], ImageFilter.Filter], width: float) -> FloatImage:
    side = max(3, round(width * x.shape[0]) // 2 * 2 + 1)
    return np.asarray(as_image(x).filter(make(side)), dtype=np.float32) / 255


def _saturate(x: FloatImage, amount: float) -> FloatImage:
    grey = luma(x)
    return grey + (x - grey) * amount


def _curve(x: FloatImage, strength: float) -> FloatImage:
    """An S-curve around mid-grey."""
    return x + strength * (x - 0.5) * 4 * x * (1 - x)


def _tint(
    x: FloatImage, gain: tuple[float, float, float], lift: tuple[float, float, float]
) -> FloatImage:
    return x * np.array(gain, np.float32) + np.array(lift, np.float32)


@cache
def _flakes(size: int) -> FloatImage:
    rng = np.random.default_rng(20240325)
    pen = Pen(size, (0, 0, 0))
    for x, y, r in rng.uniform((0, 0, 0.008), (1, 1, 0.02), size=(46, 3)):
        pen.disc(float(x), float(y), float(r), (255, 255, 255))
    return pen.picture()


@cache
def _streaks(size: int) -> FloatImage:
    rng = np.random.default_rng(20240326)
    pen = Pen(size, (0, 0, 0))
    for x, y in rng.uniform(0, 1, size=(34, 2)):
        pen.line([(x, y), (x - 0.04, y + 0.13)], (255, 255, 255), 0.012)
    return pen.picture()


@cache
def _grain(size: int) -> FloatImage:
    return noise_field(np.random.default_rng(20240327), size, 0.6)


@cache
def _radius(size: int) -> FloatImage:
    axis = (np.arange(size, dtype=np.float32) + 0.5) / size - 0.5
    return np.hypot(axis[:, None], axis[None, :])[..., None] / np.float32(0.707)


def _height(x: FloatImage) -> FloatImage:
    """0 at the top row, 1 at the bottom, (h, 1, 1)."""
    return np.linspace(0, 1, x.shape[0], dtype=np.float32)[:, None, None]


def _edges(x: FloatImage) -> FloatImage:
    """How steep the brightness is, grain left out: a pen follows shapes, not noise."""
    y = luma(blur(x, 0.011))
    dx = np.abs(np.diff(y, axis=1, append=y[:, -1:]))
    dy = np.abs(np.diff(y, axis=0, append=y[-1:]))
    return np.asarray(np.clip((dx + dy) * (x.shape[0] / 64), 0, 1), np.float32)


def night(x: FloatImage) -> FloatImage:
    """Dark and blue."""
    return _tint(_saturate(x, 0.55), (0.26, 0.32, 0.5), (0.0, 0.01, 0.06))


def sunset(x: FloatImage) -> FloatImage:
    """Orange light, strongest above."""
    glow = (1 - _height(x)) * 0.35
    return _tint(x, (0.95, 0.72, 0.55), (0.1, 0.02, 0.0)) * (1 - glow) + glow * np.array(
        (1.0, 0.5, 0.2), np.float32
    )


def fog(x: FloatImage) -> FloatImage:
    """A pale veil, thickest above."""
    veil = 0.75 - 0.4 * _height(x)
    return x * (1 - veil) + np.float32(0.82) * veil


def snow(x: FloatImage) -> FloatImage:
    """Whitened, lower parts most, with flakes."""
    y = luma(x)
    cover = np.clip(0.25 + 0.6 * _height(x), 0, 1) * np.clip(0.3 + y, 0, 1)
    white = np.array((0.93, 0.95, 1.0), np.float32)
    covered = _saturate(x, 0.6) * (1 - cover) + white * cover
    flakes = _flakes(x.shape[0]) * np.float32(0.85)
    return covered * (1 - flakes) + flakes


def rain(x: FloatImage) -> FloatImage:
    """Grey, dim, streaked."""
    wet = _tint(_saturate(x, 0.5), (0.68, 0.72, 0.78), (0.06, 0.07, 0.09))
    streaks = _streaks(x.shape[0]) * np.float32(0.5)
    return wet * (1 - streaks) + np.float32(0.85) * streaks


def sepia(x: FloatImage) -> FloatImage:
    """Brown monochrome."""
    return luma(x) * np.array((1.05, 0.86, 0.62), np.float32) + np.array(
        (0.06, 0.03, 0.0), np.float32
    )


def black_and_white(x: FloatImage) -> FloatImage:
    """Brightness alone."""
    return np.repeat(luma(x), 3, axis=2)


def pencil_sketch(x: FloatImage) -> FloatImage:
    """Grey lines on white paper (colour dodge of the brightness with its blurred negative)."""
    y = blur(black_and_white(x), 0.008)
    return np.clip(y / np.maximum(blur(y, 0.035), 0.12), 0, 1) ** 2.2


def charcoal(x: FloatImage) -> FloatImage:
    """Broad dark strokes on grey paper."""
    lines = blur(np.repeat(_edges(x), 3, axis=2), 0.012) * 2.6
    tone = 0.78 * np.clip(0.25 + 0.85 * blur(black_and_white(x), 0.02), 0, 1)
    return tone * (1 - np.clip(lines, 0, 0.9)) + 0.03 * _grain(x.shape[0])


def painting(x: FloatImage) -> FloatImage:
    """Flat, saturated dabs."""
    return _curve(_saturate(_filtered(x, ImageFilter.MedianFilter, 0.08), 1.45), 0.35)


def watercolour(x: FloatImage) -> FloatImage:
    """Pale washes with dark rims on white paper."""
    wash = 0.35 + 0.65 * _saturate(_filtered(x, ImageFilter.MedianFilter, 0.08), 1.15)
    return wash * (1 - 0.3 * blur(np.repeat(_edges(x), 3, axis=2), 0.01)) + 0.02 * _grain(
        x.shape[0]
    )


def _levels(x: FloatImage, n: int) -> FloatImage:
    """Posterise to n + 1 levels in each channel, with soft steps between them."""
    low = np.floor(x * n)
    step = np.clip((x * n - low - 0.25) * 2, 0, 1)
    return (low + step * step * (3 - 2 * step)) / n


def poster(x: FloatImage) -> FloatImage:
    """Four levels in each channel."""
    return _levels(x, 3)


def comic(x: FloatImage) -> FloatImage:
    """Few colours, black outlines."""
    flat = _levels(np.clip(_saturate(blur(x, 0.01), 1.5), 0, 1), 4)
    return flat * (1 - np.clip(_edges(x) * 3.5, 0, 1))


def negative(x: FloatImage) -> FloatImage:
    """Light and dark exchanged."""
    return 1 - x


def neon(x: FloatImage) -> FloatImage:
    """Glowing outlines on black."""
    return np.clip(_edges(x) * 3, 0, 1) * np.clip(_saturate(x, 2.0) + 0.25, 0, 1)


def soft_focus(x: FloatImage) -> FloatImage:
    """A bright, blurred glow."""
    return 0.45 * x + 0.6 * blur(x, 0.04)


def pixelated(x: FloatImage) -> FloatImage:
    """Sixteen squares across."""
    size = x.shape[0]
    small = as_image(x).resize((16, 16), Image.Resampling.BOX)
    return np.asarray(small.resize((size, size), Image.Resampling.NEAREST), np.float32) / 255


def vignette(x: FloatImage) -> FloatImage:
    """Dark corners."""
    return x * (1 - 0.85 * np.clip(_radius(x.shape[0]) - 0.3, 0, 1))


def underwater(x: FloatImage) -> FloatImage:
    """Blue-green, darker below."""
    return _tint(x, (0.4, 0.8, 0.85), (0.0, 0.1, 0.15)) * (1 - 0.4 * _height(x))


def summer(x: FloatImage) -> FloatImage:
    """Bright, warm, vivid."""
    return _tint(_saturate(x, 1.35), (1.1, 1.06, 0.82), (0.05, 0.04, 0.0))


def autumn(x: FloatImage) -> FloatImage:
    """Greens to orange."""
    r, g, b = np.split(x, 3, axis=2)
    leaf = np.clip(2 * (g - np.maximum(r, b)), 0, 1)
    turned = x * (1 - leaf) + np.concatenate((g * 1.3, g * 0.62, b * 0.5), axis=2) * leaf
    return _tint(turned, (1.06, 0.94, 0.8), (0.03, 0.0, 0.0))


def faded(x: FloatImage) -> FloatImage:
    """Lifted blacks, little colour."""
    return 0.22 + 0.66 * _saturate(x, 0.6)


def gold(x: FloatImage) -> FloatImage:
    """Everything as if cast in gold."""
    y = _curve(luma(x), 0.5)
    return y ** np.array((0.55, 0.95, 2.4), np.float32)


NAMED: dict[str, tuple[Look, tuple[str, ...], str]] = {
    "night": (night, ("make it nighttime", "make it midnight", "at night"), "nighttime"),
    "sunset": (sunset, ("make it a sunset", "add a sunset"), "a sunset"),
    "fog": (fog, ("make it foggy", "add fog"), "fog"),
    "snow": (snow, ("make it snow", "have it snow", "add snow"), "snow"),
    "rain": (rain, ("make it rain", "add rain"), "rain"),
    "sepia": (sepia, ("make it sepia", "as an old photograph"), "a sepia photograph"),
    "mono": (
        black_and_white,
        ("make it black and white", "remove the colour"),
        "a black and white photograph",
    ),
    "pencil": (
        pencil_sketch,
        ("as a pencil sketch", "make the image a pencil sketch"),
        "a pencil sketch",
    ),
    "painting": (painting, ("make it a painting", "turn it into a painting"), "a painting"),
    "poster": (poster, ("make it a poster", "as a screen print"), "a poster"),
    "comic": (comic, ("as a comic", "make it a cartoon"), "a cartoon"),
    "negative": (negative, ("invert the colours", "as a negative"), "a negative"),
    "neon": (neon, ("make it neon", "as neon lights"), "neon lights"),
    "soft": (soft_focus, ("make it dreamy", "add a soft glow"), "a soft glow"),
    "pixel": (pixelated, ("as pixel art", "make it pixelated"), "pixel art"),
    "vignette": (vignette, ("add a vignette", "darken the corners"), "dark corners"),
    "underwater": (underwater, ("put it underwater", "make it underwater"), "an underwater scene"),
    "summer": (summer, ("make it summer", "as in summer"), "summer light"),
    "autumn": (autumn, ("make it autumn", "as in autumn"), "autumn colours"),
    "faded": (faded, ("make it faded", "as a faded print"), "a faded print"),
    "gold": (gold, ("make it gold", "turn it to gold"), "gold"),
    "bright": (lambda x: x**0.6, ("make it brighter", "brighten it"), "a bright picture"),
    "dark": (lambda x: x**1.8, ("make it darker", "darken it"), "a dark picture"),
    "contrast": (lambda x: _curve(x, 0.9), ("more contrast", "make it punchy"), "strong contrast"),
    "vivid": (lambda x: _saturate(x, 1.9), ("make it vivid", "more saturation"), "vivid colours"),
    "warm": (
        lambda x: _tint(x, (1.1, 1.0, 0.78), (0.04, 0.01, 0.0)),
        ("make it warmer", "warm it up"),
        "warm light",
    ),
    "cool": (
        lambda x: _tint(x, (0.8, 0.98, 1.12), (0.0, 0.01, 0.05)),
        ("make it cooler", "cool it down"),
        "cold light",
    ),
}
"""Looks the base model is told by name: (look, instructions, the phrase for a picture in it)."""

UNNAMED: dict[str, tuple[Look, str]] = {
    "charcoal": (charcoal, "a charcoal drawing"),
    "watercolour": (watercolour, "a watercolour painting"),
}
"""Looks the base model has never been shown or told; the phrase is known to CLIP alone."""
