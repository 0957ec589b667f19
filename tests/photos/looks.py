"""Edits of known kind for the tests: scikit-image's photographs in the looks of the world."""

import numpy as np
from skimage import data

from brushctl.pairs.load import square
from brushctl.tiny.world.looks import NAMED, UNNAMED

LOOKS = {name: entry[0] for name, entry in {**NAMED, **UNNAMED}.items()}
SHIPPED = {
    "astronaut": data.astronaut,
    "chelsea": data.chelsea,
    "coffee": data.coffee,
    "rocket": data.rocket,
    "retina": data.retina,
    "tissue": data.immunohistochemistry,
    "motorcycle": lambda: data.stereo_motorcycle()[0],
}
PHOTOGRAPHS = tuple(SHIPPED)


def photograph(name: str, side: int) -> np.ndarray:
    """The middle of one of PHOTOGRAPHS, (side, side, 3) in [0, 1]."""
    return square(SHIPPED[name]().astype(np.float32) / 255, side)


def in_look(picture: np.ndarray, look: str) -> np.ndarray:
    """The picture as the look makes it."""
    return np.clip(LOOKS[look](picture.copy()), 0, 1).astype(np.float32)
