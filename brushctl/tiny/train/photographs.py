"""Real photographs for held-out figures: scikit-image's and scikit-learn's. None is trained on."""

from importlib.util import find_spec
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from brushctl.tiny.train.data import SIZE

SKIMAGE = (
    "astronaut.png",
    "chelsea.png",
    "coffee.png",
    "rocket.jpg",
    "ihc.png",
    "motorcycle_left.png",
    "retina.jpg",
)
SKLEARN = ("china.jpg", "flower.jpg")


def photographs() -> NDArray[np.uint8]:
    """(n, 64, 64, 3): each photograph's centre square, downscaled."""
    return np.stack([_square(file) for file in photograph_files()])


def photograph_files() -> list[Path]:
    """Where they are; scikit-learn's come with the development tools only."""
    folders = {"skimage": ("data", SKIMAGE), "sklearn": ("datasets/images", SKLEARN)}
    files = [
        Path(spec.origin).parent / inside / name
        for package, (inside, names) in folders.items()
        if (spec := find_spec(package)) and spec.origin
        for name in names
    ]
    return [file for file in files if file.exists()]


def _square(path: Path) -> NDArray[np.uint8]:
    photo = Image.open(path).convert("RGB")
    side = min(photo.size)
    left, top = (photo.width - side) // 2, (photo.height - side) // 2
    square = photo.crop((left, top, left + side, top + side))
    return np.asarray(square.resize((SIZE, SIZE), Image.Resampling.LANCZOS))
