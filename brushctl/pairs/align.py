"""Whether an edited picture shows the scene of its original, and how far it has moved."""

import math

import numpy as np

from brushctl.pairs.outlines import agreement, best_shift, luminance, outlines, shared
from brushctl.photos.icc import Pixels
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
    back, agreed = best_shift(x, y)
    gained = agreed - agreement(x, y)
    if math.hypot(*back) < LEAST_SHIFT or agreed < LEAST_AGREEMENT or gained < LEAST_GAIN:
        return None
    return round(-back[0] / scale), round(-back[1] / scale)


def shows_same_scene(before: Pixels, after: Pixels) -> bool:
    """Whether one picture can be an edit of the other: their outlines agree, shifted at most.

    Edits that redraw every outline, as charcoal does, are not recognised. Of 42 pairs of different
    photographs of scikit-image the most alike agree to 0.18.
    """
    both = _both_outlines(before, after)
    return both is not None and best_shift(*both)[1] >= LEAST_AGREEMENT


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
        x, y = _outlines_at(size, before, after)
        if not (x.any() and y.any()):
            return None
        found.append(agreement(x, y))
    return max(found)


def measure_turn(before: Pixels, after: Pixels) -> str | None:
    """How the edited picture is turned against its original: "mirrored", say, or "upside down".

    None if it is not, or nothing in it can be recognised. A quarter turn is seen where it changes
    the picture's shape.
    """
    if (len(before) > before.shape[1]) != (len(after) > after.shape[1]):
        upright = (np.rot90(after, turns) for turns in (1, 3))
        return "on its side" if any(shows_same_scene(before, each) for each in upright) else None
    both = _both_outlines(before, after)
    if both is None:
        return None
    x, y = both
    found = {how: agreement(x, np.flip(y, axes)) for how, axes in TURNS.items()}
    how = max(found, key=found.__getitem__)
    as_it_is = max(agreement(x, y), best_shift(x, y)[1])
    return how if found[how] >= max(LEAST_AGREEMENT, as_it_is + LEAST_GAIN) else None


def _both_outlines(before: Pixels, after: Pixels) -> tuple[Pixels, Pixels] | None:
    """The outlines of both at `SIDE`; None of a strip, which has none."""
    h, w = before.shape[:2]
    scale = min(1.0, SIDE / max(h, w))
    size = round(w * scale), round(h * scale)
    if min(size) < 2:
        return None
    return _outlines_at(size, before, after)


def _outlines_at(size: tuple[int, int], before: Pixels, after: Pixels) -> tuple[Pixels, Pixels]:
    """The outlines of both at a size: width and height in pixels."""
    x, y = (outlines(luminance(resize(pixels, size))) for pixels in (before, after))
    return x, y


def aligned(before: Pixels, after: Pixels) -> tuple[Pixels, Pixels]:
    """Both pictures cropped to what they share; as they came if nothing has moved."""
    moved = measure_shift(before, after)
    if moved is None:
        return before, after
    h, w = before.shape[:2]
    if after.shape != before.shape:
        after = resize(after, (w, h))
    return before[shared(-moved[0], -moved[1])], after[shared(*moved)]
