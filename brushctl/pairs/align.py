"""Whether an edited picture shows the scene of its original, and how far it has moved."""

import math

import numpy as np

from brushctl.photos.icc import LUMINANCE, Pixels
from brushctl.photos.photo import resize

SIDE = 384
"""Long side in pixels at which shifts are measured."""
LEAST_SHIFT = 1.0
"""Pixels at SIDE; less than that, no model of 512 pixels would see."""
LEAST_GAIN, LEAST_AGREEMENT = 0.1, 0.25
"""A shift counts if it raises the correlation of the outlines by so much, to so much. Of 98 unmoved
pairs (photographs of scikit-image put into looks) none passes; the looks that redraw every outline
(oil painting, large pixels) are the ones whose estimates would be wrong."""

TURNS = {"mirrored": (1,), "mirrored top to bottom": (0,), "upside down": (0, 1)}
"""Axes along which a picture is reversed."""


def measure_shift(before: Pixels, after: Pixels) -> tuple[int, int] | None:
    """How many pixels down and right the edited picture lies against its original.

    Phase correlation of the outlines, because an edit changes tones and keeps outlines. `after` is
    brought to the size of `before` first, and the answer is in pixels of `before`.

    Returns:
        (down, right), or None if it has not moved, or nothing in it can be recognised.
    """
    both = _both_outlines(before, after)
    if both is None:
        return None
    x, y = both
    scale = len(x) / len(before)
    back, agreement = _best_shift(x, y)
    gained = agreement - _agreement(x, y, np.zeros(2))
    if math.hypot(*back) < LEAST_SHIFT or agreement < LEAST_AGREEMENT or gained < LEAST_GAIN:
        return None
    return round(-back[0] / scale), round(-back[1] / scale)


def measure_likeness(before: Pixels, after: Pixels) -> float | None:
    """How much the outlines of two pictures agree: 1 where they are the same, about 0 by chance.

    They agree at the size that the pictures have, or at half of it: edits redraw fine outlines and
    put things in, and keep much of the coarse ones.

    Args:
        before: (h, w, 3).
        after: of the same size.

    Returns:
        a correlation, or None if there is nothing in one of them that can be recognised.
    """
    h, w = before.shape[:2]
    found: list[float] = []
    for size in ((w, h), (w // 2, h // 2)):
        x, y = (_outlines(resize(pixels, size)) for pixels in (before, after))
        if not (x.any() and y.any()):
            return None
        found.append(_agreement(x, y, np.zeros(2)))
    return max(found)


def measure_turn(before: Pixels, after: Pixels) -> str | None:
    """How the edited picture is turned against its original: "mirrored", say, or "upside down".

    None if it is not, or nothing in it can be recognised. Quarter turns, which change a picture's
    shape, are not looked for.
    """
    both = _both_outlines(before, after)
    if both is None:
        return None
    x, y = both
    here = np.zeros(2)
    found = {how: _agreement(x, np.flip(y, axes), here) for how, axes in TURNS.items()}
    how = max(found, key=found.__getitem__)
    as_it_is = max(_agreement(x, y, here), _best_shift(x, y)[1])
    return how if found[how] >= max(LEAST_AGREEMENT, as_it_is + LEAST_GAIN) else None


def _best_shift(x: Pixels, y: Pixels) -> tuple[np.ndarray, float]:
    """How to move `y` back so that two outlines agree, and how well they then do.

    That is the opposite of how it has moved.
    """
    from skimage.registration import phase_cross_correlation

    window = np.outer(*map(np.hanning, x.shape)).astype(np.float32)
    back, _, _ = phase_cross_correlation(x * window, y * window, upsample_factor=10)
    return back, _agreement(x, y, back)


def _both_outlines(before: Pixels, after: Pixels) -> tuple[Pixels, Pixels] | None:
    """The outlines of both at `SIDE`; None where one has none."""
    h, w = before.shape[:2]
    scale = min(1.0, SIDE / max(h, w))
    size = round(w * scale), round(h * scale)
    if min(size) < 2:
        return None  # a strip has no outlines
    x, y = (_outlines(resize(pixels, size)) for pixels in (before, after))
    return (x, y) if x.any() and y.any() else None


def aligned(before: Pixels, after: Pixels) -> tuple[Pixels, Pixels]:
    """Both pictures cropped to what they share; as they came if nothing has moved."""
    moved = measure_shift(before, after)
    if moved is None:
        return before, after
    h, w = before.shape[:2]
    if after.shape != before.shape:
        after = resize(after, (w, h))
    return before[_shared(-moved[0], -moved[1])], after[_shared(*moved)]


def _shared(down: int, right: int) -> tuple[slice, slice]:
    """The part of a picture that another, lying `down` and `right` before it, shows as well."""
    return slice(max(down, 0), min(down, 0) or None), slice(max(right, 0), min(right, 0) or None)


def _outlines(pixels: Pixels) -> Pixels:
    """Strength of edges (h, w), about 0 on average, strong and faint edges alike below 1."""
    down, right = np.gradient(pixels @ LUMINANCE.astype(np.float32))
    edges = np.hypot(down, right)
    edges = edges / (edges + edges.mean() + 1e-6)
    return np.asarray(edges - edges.mean(), np.float32)


def _agreement(x: Pixels, y: Pixels, back: np.ndarray) -> float:
    """Pearson correlation of two outlines where they overlap, `y` being moved by `back`."""
    down, right = (round(-float(v)) for v in back)
    a, b = x[_shared(-down, -right)].ravel(), y[_shared(down, right)].ravel()
    norm = float(a.std() * b.std())
    return float(((a - a.mean()) * (b - b.mean())).mean()) / norm if norm > 0 else 0.0
