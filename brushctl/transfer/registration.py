"""An edited picture laid back over its photograph, where the model has moved it.

Transformer editors shift and zoom the picture by some pixels while they edit it. The transfer
compares what the model saw with what it made at the same place, and so the movement comes off
first. It is found from outlines, which most edits keep: roughly by trying zooms on a small
picture, then by the shifts of overlapping tiles, of which a robust fit passes over those whose
content was edited.
"""

from dataclasses import dataclass
from itertools import product

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from brushctl.errors import PhotoError
from brushctl.pairs.outlines import agreement, best_shift, luminance, outlines
from brushctl.photos.icc import Pixels
from brushctl.photos.photo import resize
from brushctl.transfer.grid import fit
from brushctl.transfer.kernels import slice_grid

ROUGH, FINE = 128, 512
"""Sides in pixels of the squares of as many pixels as movements are found at. A tenth of a pixel,
which is how finely shifts are measured, is at FINE a fifth of one of 1024."""
LEAST_SIDE = 16
"""Pixels at `ROUGH`: a narrower strip has too few outlines."""
ZOOMS = np.linspace(0.8, 1.2, 21)
"""Those that are tried. Between two of them, a corner at `ROUGH` lies less than a pixel off."""
TILES = 3
"""Down and across; each has half of the picture's sides, and overlaps its neighbours."""
ROUNDS = 3
"""Of measuring tiles. Each lays back what the last one found, so that zooms blur no tile."""
NEAR = 0.5
"""Pixels at `FINE` from which on a tile counts less and less: its content was edited."""
LEAST_MOVEMENT = 0.5
"""Pixels at `FINE`, at the corner that moved farthest: what is less is left as it is."""
LEAST_GAIN, LEAST_AGREEMENT = 0.02, 0.25
"""A movement counts if it raises the correlation of the outlines by so much, to so much."""
LEAST_SUPPORT = 0.6
"""And if so much of the tiles' weight follows it to within `NEAR`. Of 468 edits of the procedural
world, which move nothing, none passes all three. Photographs in looks that were moved, and of which
up to 0.28 was replaced, had a support of 0.9 and more."""
FARTHEST = 1 / 16
"""Of a side. Of what was moved out of the frame the edit is lost, and its colours are guessed from
what lies next to it: at 512 pixels this is two cells of the transfer's grid, and near enough."""


@dataclass(frozen=True, slots=True)
class Movement:
    """How a picture has moved: what was at p now is at `zoom` * p + (`down`, `right`).

    Places are in pixels from the picture's middle.
    """

    zoom: float
    down: float
    right: float

    def enlarged(self, scale: float) -> "Movement":
        """The same of the picture enlarged."""
        return Movement(self.zoom, self.down * scale, self.right * scale)

    def then(self, growth: float, down: float, right: float) -> "Movement":
        """This one where the picture, laid back by it, is found to be moved by the rest of it."""
        zoom = self.zoom
        return Movement(zoom * (1 + growth), self.down + zoom * down, self.right + zoom * right)

    def farthest(self, height: int, width: int) -> float:
        """Pixels by which the part of a picture that moved farthest has done so, along a side."""
        grown = abs(self.zoom - 1) / 2
        return max(grown * height + abs(self.down), grown * width + abs(self.right))

    def laid_back(self, band: Pixels) -> Pixels:
        """A band (h, w) of a picture that has moved, by bicubic resampling; 0 where it has none."""
        h, w = band.shape
        rest = 1 - self.zoom
        across = (self.zoom, 0, rest * w / 2 + self.right)
        down = (0, self.zoom, rest * h / 2 + self.down)
        affine, bicubic = Image.Transform.AFFINE, Image.Resampling.BICUBIC
        moved = Image.fromarray(np.ascontiguousarray(band, np.float32))
        return np.asarray(moved.transform((w, h), affine, (*across, *down), bicubic))

    def shown(self, height: int, width: int) -> tuple[slice, slice]:
        """The part of the picture before that is in the frame still."""
        return self._shown(height, self.down), self._shown(width, self.right)

    def _shown(self, side: int, shift: float) -> slice:
        middle = (side - 1) / 2
        first, last = ((end - shift) / self.zoom + middle for end in (-middle, middle))
        return slice(max(0, int(np.ceil(first))), max(0, min(side - 1, int(np.floor(last))) + 1))


def registered(before: Pixels, after: Pixels) -> Pixels:
    """The edit of a picture laid back over it; `after` itself where it has not moved.

    What was moved out of the frame gets the colours of what lies next to it, by the transfer: left
    unedited, it would be a border around the photograph.

    Args:
        before: the picture as the model gives it back unedited, (h, w, 3).
        after: the model's edit of it, (h, w, 3).

    Raises:
        PhotoError: it has moved by more than `FARTHEST` of a side.
    """
    moved = measure_movement(before, after)
    if moved is None:
        return after
    h, w = before.shape[:2]
    if (far := moved.farthest(h, w)) > FARTHEST * max(h, w):
        raise PhotoError(
            f"the model moved the picture by {far:.0f} pixels of {w} x {h}, too far for an edit",
            do="Try another --seed, or learn the brush on aligned pairs (--align).",
        )
    part = moved.shown(h, w)
    bands = [moved.laid_back(after[..., k])[part] for k in range(3)]
    kept = np.ascontiguousarray(np.stack(bands, -1).clip(0, 1))
    laid = slice_grid(before, fit(np.ascontiguousarray(before[part]), kept)).clip(0, 1)
    laid[part] = kept
    return laid


def measure_movement(before: Pixels, after: Pixels) -> Movement | None:
    """How an edited picture has moved, in its pixels.

    None if it has not, or nothing in it can be recognised.
    """
    rough, fine = (_luminances(before, after, side) for side in (ROUGH, FINE))
    if min(rough[0].shape) < LEAST_SIDE:
        return None
    moved = _roughly(*rough).enlarged(len(fine[0]) / len(rough[0]))
    support = 0.0
    for _ in range(ROUNDS):
        moved, support = _refined(*fine, moved)
    as_it_is, found = _agreements(*fine, moved)
    if moved.farthest(*fine[0].shape) < LEAST_MOVEMENT or support < LEAST_SUPPORT:
        return None
    if found < max(LEAST_AGREEMENT, as_it_is + LEAST_GAIN):
        return None
    return moved.enlarged(len(before) / len(fine[0]))


def _luminances(before: Pixels, after: Pixels, side: int) -> tuple[Pixels, Pixels]:
    """Of both, with at most as many pixels as a square of that side."""
    h, w = before.shape[:2]
    scale = min(1.0, side / (h * w) ** 0.5)
    size = max(1, round(w * scale)), max(1, round(h * scale))
    x, y = (luminance(resize(pixels, size)) for pixels in (before, after))
    return x, y


def _roughly(x: Pixels, y: Pixels) -> Movement:
    """The zoom, of `ZOOMS`, and the shift at which the outlines of two luminances agree best."""

    def shifted(zoom: float) -> tuple[float, Movement]:
        moved = Movement(zoom, 0, 0)
        back, agreed = best_shift(*_outlines(x, y, moved))
        return agreed, moved.then(0, -back[0], -back[1])

    return max(map(shifted, ZOOMS.tolist()), key=lambda found: found[0])[1]


def _refined(x: Pixels, y: Pixels, moved: Movement) -> tuple[Movement, float]:
    """A movement corrected by what the tiles show when it is laid back, and their support of it."""
    from scipy.optimize import least_squares

    part = moved.shown(*x.shape)
    middle = np.array(x.shape) / 2
    first = np.array([side.start for side in part]) - middle
    a, b = _outlines(x, y, moved)
    tiles = _tiles(*a.shape)
    backs, agreed = zip(*(best_shift(a[tile], b[tile]) for tile in tiles), strict=True)
    shifts, weights = -np.array(backs), np.maximum(agreed, 0)
    centres = np.array([[(side.start + side.stop) / 2 for side in tile] for tile in tiles]) + first
    reach = middle.mean()  # growth is fitted in pixels at an edge, of one order with shifts

    def missed(sought: NDArray[np.float64]) -> NDArray[np.float64]:
        """(tiles, 2) pixels by which each tile lies elsewhere."""
        return np.asarray(centres / reach * sought[0] + sought[1:] - shifts)

    def weighed(sought: NDArray[np.float64]) -> NDArray[np.float64]:
        return (missed(sought) * weights[:, None] ** 0.5).ravel()

    sought = least_squares(weighed, np.zeros(3), loss="cauchy", f_scale=NEAR).x
    near = np.hypot(*missed(sought).T) <= NEAR
    support = float(weights[near].sum() / max(weights.sum(), 1e-6))
    return moved.then(sought[0] / reach, sought[1], sought[2]), support


def _tiles(height: int, width: int) -> list[tuple[slice, slice]]:
    down, across = (
        [
            slice(k * side // (2 * TILES - 2), k * side // (2 * TILES - 2) + side // 2)
            for k in range(TILES)
        ]
        for side in (height, width)
    )
    return list(product(down, across))


def _outlines(x: Pixels, y: Pixels, moved: Movement) -> tuple[Pixels, Pixels]:
    """Outlines of two luminances where both show something, `y` being laid back."""
    part = moved.shown(*x.shape)
    return outlines(x[part]), outlines(moved.laid_back(y)[part])


def _agreements(x: Pixels, y: Pixels, moved: Movement) -> tuple[float, float]:
    """How well the outlines of two luminances agree as they are, and when `y` is laid back."""
    part = moved.shown(*x.shape)
    return agreement(outlines(x[part]), outlines(y[part])), agreement(*_outlines(x, y, moved))
