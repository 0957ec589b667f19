"""The demonstration's pictures: photographs that scikit-image installs, and drawn ones."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

import numpy as np

from brushctl.bench.effects import TABLE_3, draw_effects
from brushctl.bench.metrics import Pixels
from brushctl.errors import PhotoError
from brushctl.photos.photo import open_photo
from brushctl.tiny.world.looks import luma

PHOTOGRAPHS_TO_LEARN_FROM = (
    "astronaut.png",
    "motorcycle_left.png",
    "hubble_deep_field.jpg",
    "retina.jpg",
)
OTHER_PHOTOGRAPHS = ("chelsea.png", "coffee.png", "rocket.jpg")
DRAWN_SIDE = 64
"""Pixels: the size that tiny-ip2p works at."""
CONTENT = "read books"
"""One of TOP-Bench mini's effects that neither a table of colours nor words repeat: see
docs/bench.md."""
CONTENT_IN_WORDS = TABLE_3[CONTENT][1]

Pair = tuple[Pixels, Pixels]
Retouch = Callable[[Pixels], Pixels]


@dataclass(frozen=True, slots=True)
class Pictures:
    """Pictures before and after an edit, by name; each (h, w, 3) in [0, 1].

    Attributes:
        pairs: to learn from.
        others: to repeat the edit on.
    """

    pairs: Mapping[str, Pair]
    others: Mapping[str, Pair]


def split_toning(x: Pixels) -> Pixels:
    """A look of the program's own: an S curve, less colour, teal shadows and amber highlights."""
    y = luma(x.astype(np.float32))
    curved = 0.06 + 0.88 * (y - 0.1 * np.sin(2 * np.pi * y))
    teal, amber = np.array((-0.05, 0.015, 0.06)), np.array((0.06, 0.015, -0.07))
    toned = curved + 0.8 * (x - y) + (1 - y) ** 2 * teal + y**2 * amber
    return np.asarray(np.clip(toned, 0, 1), np.float32)


def evening_sky(x: Pixels) -> Pixels:
    """A local edit: a graduated filter makes the upper part dark and warm; dark corners.

    What becomes of a colour depends on where it is.
    """
    h, w = x.shape[:2]
    down = (np.arange(h)[:, None, None] + 0.5) / h
    across = (np.arange(w)[None, :, None] + 0.5) / w
    above = np.clip((0.6 - down) / 0.6, 0, 1)
    filtered = 1 - above**2 * (3 - 2 * above) * np.array((0.15, 0.45, 0.65))
    radius = ((across - 0.5) * w) ** 2 + ((down - 0.5) * h) ** 2
    vignette = 1 - 2 * radius / (h**2 + w**2)
    return np.asarray(x * filtered * vignette, np.float32)


def retouched(retouch: Retouch) -> Pictures:
    """Photographs that scikit-image installs, before and after a retouch.

    Raises:
        PhotoError: this scikit-image comes without them.
    """

    def pairs(names: Sequence[str]) -> dict[str, Pair]:
        photographs = {Path(name).stem: photograph(name) for name in names}
        return {name: (x, retouch(x)) for name, x in photographs.items()}

    return Pictures(pairs(PHOTOGRAPHS_TO_LEARN_FROM), pairs(OTHER_PHOTOGRAPHS))


def drawn(seed: int) -> Pictures:
    """Drawn pictures of people who read, before and after newspapers have become books."""
    (effect,) = draw_effects([CONTENT], DRAWN_SIDE, seed)

    def pairs(before: Pixels, after: Pixels) -> dict[str, Pair]:
        both = zip(before, after, strict=True)
        return {f"{n:02}": (x, y) for n, (x, y) in enumerate(both, 1)}

    return Pictures(pairs(*effect.train), pairs(*effect.test))


def photograph(name: str) -> Pixels:
    """One that scikit-image installs.

    Raises:
        PhotoError: this scikit-image comes without it.
    """
    spec = find_spec("skimage")
    path = Path(spec.origin if spec and spec.origin else "skimage").parent / "data" / name
    if not path.exists():
        raise PhotoError(
            "scikit-image's own photographs are missing",
            where=str(path),
            do="Install scikit-image from PyPI, which has them.",
        )
    return open_photo(path).pixels
