"""Photographs before and after edits: those of a folder, or installed ones edited here."""

from collections.abc import Callable
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image
from scipy.ndimage import gaussian_filter

from brushctl.grade.features import LUMA

INSTALLED = {
    "skimage": "data",
    "sklearn": "datasets/images",
}
"""Packages that bring photographs, and where."""
OWN_PHOTOGRAPHS = {
    "learn": ("astronaut.png", "coffee.png", "motorcycle_left.png", "china.jpg"),
    "unseen": ("chelsea.png", "rocket.jpg", "flower.jpg"),
}

Pixels = Any
"""(h, w, 3) float32 in [0, 1]."""
Codes = Any
"""(h, w, 3) uint8."""
Edit = Callable[[Pixels], Pixels]


@dataclass(frozen=True, slots=True)
class Pair:
    """A photograph, and what it becomes."""

    before: Path
    after: Path


def read_codes(path: Path) -> Codes:
    """A photograph as it is stored, in 8 bits."""
    with Image.open(path) as image:
        return np.asarray(image.convert("RGB"))


def read(path: Path) -> Pixels:
    """A photograph as a grade takes it."""
    return read_codes(path).astype(np.float32) / np.float32(255)


def in_codes(x: Pixels) -> Codes:
    """As a program saves it, in 8 bits."""
    return np.round(np.clip(x, 0, 1) * 255).astype(np.uint8)


def edits_in(folder: Path) -> list[str]:
    """The edits that a folder has pairs of."""
    return sorted(p.name for p in (folder / "after").iterdir())


def pairs_in(folder: Path, edit: str, part: str) -> list[Pair]:
    """The pairs that a folder has of an edit, to `learn` from or `unseen`."""
    after = folder / "after" / edit / part
    photographs = sorted((folder / "before" / part).glob("*.png"))
    return [Pair(path, after / path.name) for path in photographs]


def luma(x: Pixels) -> Pixels:
    """(h, w, 1)."""
    return (x @ LUMA)[..., None]


def from_centre(x: Pixels) -> Pixels:
    """Each pixel's distance, in parts of the half diagonal, (h, w, 1)."""
    h, w = x.shape[:2]
    v, u = np.mgrid[:h, :w]
    return (np.hypot(v - h / 2, u - w / 2) / np.hypot(h / 2, w / 2))[..., None]


def blurred(x: Pixels, part: float) -> Pixels:
    """By a Gaussian of so many parts of the diagonal."""
    return gaussian_filter(x, (part * np.hypot(*x.shape[:2]),) * 2 + (0,))


def stretched(x: Pixels) -> Pixels:
    """Each channel from its darkest to its lightest hundredth."""
    low, high = np.quantile(x, [0.01, 0.99], axis=(0, 1))
    return (x - low) / (high - low)


OWN: dict[str, Edit] = {
    "look-warm": lambda x: luma(x) + 0.8 * (x * x * (3 - 2 * x) - luma(x)) * (1, 0.95, 0.85),
    "look-monochrome": lambda x: np.repeat(luma(x) ** 1.3, 3, axis=2),
    "adaptive-gamma": lambda x: x ** (np.log(0.5) / np.log(x.mean())),
    "adaptive-stretch": stretched,
    "place-vignette": lambda x: x * np.cos(0.8 * from_centre(x)) ** 4,
    "place-graduated": lambda x: x * (1 - 0.5 * np.linspace(1, 0, len(x))[:, None, None]),
    "surroundings-glow": lambda x: 1 - (1 - x) * (1 - 0.4 * blurred(x, 0.01) ** 2),
    "surroundings-local": lambda x: x + 0.5 * (luma(x) - blurred(luma(x), 0.015)),
}
"""Edits of each class that need no other program."""


def make_own(folder: Path) -> Path:
    """Fill a folder with installed photographs under the edits of `OWN`; it is returned."""
    found: dict[str, Path] = {}
    for package, inside in INSTALLED.items():
        spec = find_spec(package)
        if spec and spec.origin:
            found |= {p.name: p for p in (Path(spec.origin).parent / inside).iterdir()}
    for part, names in OWN_PHOTOGRAPHS.items():
        for name in filter(found.__contains__, names):
            before = read(found[name])
            _save(folder / "before" / part / name, before)
            for edit, edited in OWN.items():
                _save(folder / "after" / edit / part / name, edited(before))
    return folder


def _save(path: Path, x: Pixels) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(in_codes(x)).save(path.with_suffix(".png"), compress_level=1)
