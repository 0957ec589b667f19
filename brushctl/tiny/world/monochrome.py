"""Monochromes in words: black and white as through a filter, and duotones.

Like the grading grammar they widen the space of tone edits that the base model can be steered in.
"""

import numpy as np

from brushctl.tiny.world.looks import luma
from brushctl.tiny.world.pen import FloatImage
from brushctl.tiny.world.things import COLOURS

FILTERS: dict[str, tuple[float, float, float]] = {
    "yellow": (0.5, 0.6, -0.1),
    "orange": (0.75, 0.5, -0.25),
    "red": (1.1, 0.2, -0.3),
    "green": (0.0, 1.1, -0.1),
    "blue": (-0.1, 0.2, 0.9),
}
"""What each lets through of R, G, B; white stays white."""

INKS = tuple(name for name in COLOURS if name != "white")
PAPERS = tuple(name for name in COLOURS if name != "black")
DEPTH = 0.35
"""How much of a colour an ink has, over black, and a paper, over white."""


def filtered(x: FloatImage, name: str) -> FloatImage:
    """Black and white through a filter."""
    grey = (x @ np.array(FILTERS[name], np.float32))[..., None]
    return np.repeat(np.clip(grey, 0, 1), 3, axis=2)


def duotone(x: FloatImage, ink: str, paper: str) -> FloatImage:
    """Brightness alone, from a dark colour to a pale one."""
    dark = np.array(COLOURS[ink], np.float32) / 255 * DEPTH
    pale = 1 - (1 - np.array(COLOURS[paper], np.float32) / 255) * DEPTH
    return dark + luma(x) * (pale - dark)
