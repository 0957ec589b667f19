"""Outlines of pictures, by which one is found in another: an edit changes tones and keeps them."""

import numpy as np

from brushctl.photos.icc import LUMINANCE, Pixels


def luminance(pixels: Pixels) -> Pixels:
    """How bright each pixel of a picture (h, w, 3) is: (h, w)."""
    return np.asarray(pixels @ LUMINANCE.astype(np.float32), np.float32)


def outlines(brightness: Pixels) -> Pixels:
    """Strength of edges (h, w), about 0 on average, strong and faint edges alike below 1."""
    down, right = np.gradient(brightness)
    edges = np.hypot(down, right)
    edges = edges / (edges + edges.mean() + 1e-6)
    return np.asarray(edges - edges.mean(), np.float32)


def agreement(x: Pixels, y: Pixels, back: np.ndarray | None = None) -> float:
    """Pearson correlation of two outlines where they overlap, `y` being moved by `back`."""
    down, right = (0, 0) if back is None else (round(-float(v)) for v in back)
    a, b = x[shared(-down, -right)].ravel(), y[shared(down, right)].ravel()
    norm = float(a.std() * b.std())
    return float(((a - a.mean()) * (b - b.mean())).mean()) / norm if norm > 0 else 0.0


def best_shift(x: Pixels, y: Pixels) -> tuple[np.ndarray, float]:
    """How to move `y` back so that two outlines agree, and how well they then do.

    That is the opposite of how it has moved: (down, right), to a tenth of a pixel, by phase
    correlation. Where one has no outlines, it is no shift and no agreement.
    """
    from skimage.registration import phase_cross_correlation

    if not (x.any() and y.any()):
        return np.zeros(2), 0.0
    window = np.outer(*map(np.hanning, x.shape)).astype(np.float32)
    back, _, _ = phase_cross_correlation(x * window, y * window, upsample_factor=10)
    return back, agreement(x, y, back)


def shared(down: int, right: int) -> tuple[slice, slice]:
    """The part of a picture that another, lying `down` and `right` before it, shows as well."""
    return slice(max(down, 0), min(down, 0) or None), slice(max(right, 0), min(right, 0) or None)
