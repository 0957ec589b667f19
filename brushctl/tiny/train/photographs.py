"""Real photographs for held-out figures: those that scikit-image ships. None is trained on."""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from brushctl.tiny.train.data import SIZE

NAMES = (
    "astronaut.png",
    "chelsea.png",
    "coffee.png",
    "rocket.jpg",
    "ihc.png",
    "motorcycle_left.png",
    "retina.jpg",
)


def photographs() -> NDArray[np.uint8]:
    """(n, 64, 64, 3): each photograph's centre square, downscaled."""
    import skimage

    folder = Path(skimage.__file__).parent / "data"
    return np.stack([_square(folder / name) for name in NAMES if (folder / name).exists()])


def _square(path: Path) -> NDArray[np.uint8]:
    photo = Image.open(path).convert("RGB")
    side = min(photo.size)
    left, top = (photo.width - side) // 2, (photo.height - side) // 2
    square = photo.crop((left, top, left + side, top + side))
    return np.asarray(square.resize((SIZE, SIZE), Image.Resampling.LANCZOS))
