"""Tone edits that benchmarks make of photographs and drawn pictures, each (h, w, 3) in [0, 1]."""

from collections.abc import Callable

import numpy as np

from brushctl.bench.metrics import Pixels
from brushctl.tiny.world.looks import luma

NAVY, CREAM = np.array((0.05, 0.08, 0.3)), np.array((1.0, 0.93, 0.78))


def warm(x: Pixels) -> Pixels:
    """More red, less blue."""
    return x * np.float32([1.1, 1.0, 0.85]) + np.float32([0.03, 0, 0])


def night(x: Pixels) -> Pixels:
    """Dark and blue."""
    return x**1.8 * np.float32([0.35, 0.45, 0.8])


def washed_out(x: Pixels) -> Pixels:
    """Lifted blacks, soft whites."""
    return 0.15 + 0.7 * x * np.float32([1.0, 0.95, 0.9])


def contrast(x: Pixels) -> Pixels:
    """An S-curve."""
    return x * x * (3 - 2 * x)


def crossed(x: Pixels) -> Pixels:
    """Cross-processing: a curve of its own for each channel."""
    r, g, b = np.moveaxis(x, -1, 0)
    return np.stack([r**0.8 - 0.05 * np.sin(6 * r), g**1.1, 0.1 + 0.8 * b], -1)


def curve(x: Pixels) -> Pixels:
    """Deeper shadows and brighter highlights: a smooth S."""
    return x + 0.9 * x * (1 - x) * (2 * x - 1)


def split_toning(x: Pixels) -> Pixels:
    """Blue-green shadows, orange highlights, a third of the colour gone."""
    y = luma(x)
    muted = y + 0.67 * (x - y)
    cold, hot = np.array((-0.10, 0.0, 0.12)), np.array((0.12, 0.03, -0.14))
    return muted + (1 - y) ** 2 * cold + y**2 * hot


def teal_and_amber(x: Pixels) -> Pixels:
    """Lifted blacks, half the colour, teal shadows and amber highlights."""
    y = luma(x.astype(np.float32))
    faded = 0.12 + 0.8 * (y + 0.55 * (x - y))
    teal, amber = np.array((-0.12, 0.02, 0.10)), np.array((0.10, 0.0, -0.16))
    return np.asarray(np.clip(faded + (1 - y) ** 2 * teal + y**2 * amber, 0, 1), np.float32)


def red_filter(x: Pixels) -> Pixels:
    """Black and white through a red filter, as it darkens skies."""
    grey = np.clip(x @ np.array((1.1, 0.2, -0.3)), 0, 1)
    return np.repeat(grey[..., None], 3, axis=-1)


def faded(x: Pixels) -> Pixels:
    """Lifted blacks, lowered whites, a little magenta in them."""
    return 0.14 + 0.72 * x + np.array((0.03, -0.02, 0.03)) * (1 - x)


def duotone(x: Pixels) -> Pixels:
    """Brightness alone, from navy to cream."""
    return NAVY + luma(x) * (CREAM - NAVY)


RETOUCHES: dict[str, Callable[[Pixels], Pixels]] = {
    "S curve": curve,
    "split toning": split_toning,
    "red filter": red_filter,
    "faded": faded,
}
"""What brushes of photographs learn."""


def retouch(name: str, photograph: Pixels) -> Pixels:
    """The photograph as a retouch makes it, clipped to [0, 1]."""
    return np.clip(RETOUCHES[name](photograph), 0, 1).astype(np.float32)
