"""An edit made at the model's size, brought to the photograph's own.

`transfer` fits a bilateral grid of affine colour transforms between what the model saw and what it
made, and applies it to the original pixels (bilateral guided upsampling: Chen, Adams, Wadhwa,
Hasinoff, 2016, in the fast variant that solves each node by itself). The photograph keeps every
detail, and only its colours change. `model` takes the model's own pixels and puts the fine detail
of the transferred photograph back where the edit left the structure alone.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from brushctl.photos.choices import Detail
from brushctl.photos.icc import LUMINANCE, Pixels
from brushctl.photos.photo import resize, rows_enlarged
from brushctl.photos.rows import Edit, EditedPicture, Picture, edit_rows
from brushctl.transfer.kernels import grid_slicer, slice_grid, splat

CELL = 16
"""Model pixels to a node of the grid, down and across."""
FEWEST = 8
"""Nodes down and across, however small the model's picture is."""
DEPTH = 16
"""Nodes along luminance."""
PRIOR = 2.0
"""How many pixels a coarser fit counts for in a finer one."""
NOISE = 1e-3
"""Variance in which two colours of a node may differ and count as one: some 8 levels of 255.
A smooth sky has a line of colours in each node, and a transform that follows the noise across that
line makes blotches of it. On five photographs it brings a vignette 1.0 dB, looks 0.1 to 0.4."""
RECOLOURED = 0.4
"""The largest residual that `auto` transfers. The edits of the procedural world were measured on
photographs with a model's noise: tone edits 0.04 to 0.33, changes of content 0.34 to 0.96."""
CONTRAST = 1.6
"""An edit counts for at most so many contrasts of the result. A sketch changes every pixel, and
what it draws would look small beside that."""
UNSEEN = 0.01
"""An RMS residual below this is not worth the model's pixels, however small the edit."""

Grid = NDArray[np.float32]


@dataclass(frozen=True, slots=True, eq=False)
class FullSize:
    """An edit at the photograph's size.

    Attributes:
        original: the photograph.
        edit: what makes rows of the result of rows of the photograph.
        path: `TRANSFER` or `MODEL`.
        residual: what the transfer leaves unexplained, over the edit or `CONTRAST` times the
            result's contrast, whichever is less; all RMS, at model size.
        reason: why this path, for people.
    """

    original: Picture
    edit: Edit
    path: Detail
    residual: float
    reason: str

    @property
    def pixels(self) -> Pixels:
        """(h, w, 3) float32, sRGB-encoded; computed each time."""
        return edit_rows(self.original, self.edit)


def to_full_size(
    original: Picture, before: Pixels, after: Pixels, detail: Detail = Detail.AUTO
) -> FullSize:
    """Bring an edit to the size of its photograph.

    Args:
        original: the photograph, (H, W, 3).
        before: the photograph as the model gives it back unedited, (h, w, 3): fitting from it
            rather than from the photograph keeps the autoencoder's loss out of the edit.
        after: the model's edit of it, (h, w, 3).
        detail: which path to take.
    """
    grid = fit(before, after)
    explained = slice_grid(before, grid)
    unexplained = _rms(after - explained)
    scale = min(_rms(after - before), CONTRAST * float(after.std()))
    residual = unexplained / max(scale, 1e-6)
    if detail is not Detail.AUTO:
        reason = "asked for"
        path = detail
    elif residual <= RECOLOURED or unexplained <= UNSEEN:
        path, reason = Detail.TRANSFER, f"the edit is a recolouring (residual {residual:.2f})"
    else:
        path, reason = Detail.MODEL, f"the edit changes content (residual {residual:.2f})"
    edit = grid_slicer(grid, original.shape[0])
    if path is Detail.MODEL:
        edit = _with_model_pixels(EditedPicture(original, edit), explained, after)
    return FullSize(original, edit, path, residual, reason)


def fit(before: Pixels, after: Pixels) -> Grid:
    """The bilateral grid of affine transforms that takes `before` to `after`.

    Each node is a least-squares fit over the pixels near it in place and luminance. If these are
    few, a coarser fit takes over: first that of the node's luminance over the whole picture, then
    one transform for all, then none.

    Returns:
        (down, across, `DEPTH`, 3, 4) float32.
    """
    h, w = before.shape[:2]
    shape = (max(FEWEST, round(h / CELL)), max(FEWEST, round(w / CELL)), DEPTH)
    moments = splat(before, after, shape)
    whole = moments.sum((0, 1, 2))
    spread = whole[:, :4] / whole[3, 3] + 1e-4 * np.eye(4)
    one = _solve(whole, np.eye(4)[:, :3], spread)
    by_luminance = _solve(_blurred(moments.sum((0, 1)), 0), one, spread)
    local = _solve(_blurred(_blurred(moments, 0), 1), by_luminance, spread)
    return np.ascontiguousarray(local.swapaxes(-1, -2), dtype=np.float32)


Moments = NDArray[np.float64]


def _solve(moments: Moments, prior: Moments, spread: Moments) -> Moments:
    """Least squares from (..., 4, 7) moments, in which colours are known to within `NOISE`.

    `prior` counts as `PRIOR` pixels of any colour, and decides where all pixels have one.
    """
    seen, made = moments[..., :4], moments[..., 4:]
    trust = PRIOR * spread + seen[..., 3:, 3:] * np.diag([NOISE, NOISE, NOISE, 0])
    return np.asarray(np.linalg.solve(seen + trust, made + trust @ prior), np.float64)


def _blurred(moments: Moments, axis: int) -> Moments:
    """Each node shares half of its pixels with its two neighbours along an axis."""
    padding = [(0, 0)] * moments.ndim
    padding[axis] = (1, 1)
    padded = np.moveaxis(np.pad(moments, padding), axis, 0)
    mixed = 0.25 * padded[:-2] + 0.5 * padded[1:-1] + 0.25 * padded[2:]
    return np.moveaxis(mixed, 0, axis)


def _with_model_pixels(transferred: EditedPicture, explained: Pixels, after: Pixels) -> Edit:
    """What lays the fine detail of the transferred photograph over the model's pixels."""
    (h, w), (height, width) = after.shape[:2], transferred.shape[:2]
    coarse = resize(transferred, (w, h))
    trust = _same_structure(explained, after)[..., None]

    def edit(first: int, pixels: Pixels) -> Pixels:
        end = first + len(pixels)
        shown, kept, own = (
            rows_enlarged(small, (width, height), first, end) for small in (coarse, trust, after)
        )
        detail = transferred.edit(first, pixels)
        detail -= shown
        detail *= kept
        detail += own
        return detail

    return edit


def _same_structure(explained: Pixels, after: Pixels) -> Pixels:
    """Where two pictures have the same structure: 1, else down to 0; (h, w).

    The contrast-structure term of SSIM (Wang et al. 2004) on luminance.
    """
    a, b = (picture @ LUMINANCE.astype(np.float32) for picture in (explained, after))
    mean_a, mean_b = _boxed(a), _boxed(b)
    covariance = _boxed(a * b) - mean_a * mean_b
    variances = _boxed(a * a) - mean_a**2 + _boxed(b * b) - mean_b**2
    steady = np.float32(0.03**2)
    similarity: Pixels = (2 * covariance + steady) / (variances + steady)
    return _boxed(np.clip(similarity, 0, 1))


def _boxed(image: Pixels, radius: int = 3) -> Pixels:
    """Means over a square window, the edges extended."""
    side = 2 * radius + 1
    for axis in (0, 1):
        padding = [(0, 0), (0, 0)]
        padding[axis] = (radius, radius)
        windows = np.lib.stride_tricks.sliding_window_view(
            np.pad(image, padding, "edge"), side, axis=axis
        )
        image = windows.mean(-1, dtype=np.float32)
    return image


def _rms(difference: Pixels) -> float:
    return float(np.sqrt(np.mean(np.square(difference))))
