"""Measures of how close an edited picture comes to the truth (appendix A)."""

import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

Pixels = NDArray[np.floating[Any]]

BEST = 50.0
"""The PSNR in dB that equal pictures get: a mean over pictures would else be infinite."""


def psnr(picture: Pixels, truth: Pixels) -> float:
    """Peak signal-to-noise ratio in dB of (h, w, 3) pictures in [0, 1], at most `BEST`."""
    error = float(np.mean((np.clip(picture, 0, 1) - truth) ** 2))
    return BEST if error == 0 else min(BEST, -10 * math.log10(error))


def mean_psnr(pictures: Iterable[Pixels], truth: Iterable[Pixels]) -> float:
    """The mean over pictures of their PSNR, in dB."""
    return float(np.mean([psnr(x, y) for x, y in zip(pictures, truth, strict=True)]))


def ssim(picture: Pixels, truth: Pixels) -> float:
    """Structural similarity (Wang et al. 2004, 11-pixel Gaussian window), mean over channels."""
    from skimage.metrics import structural_similarity

    value = structural_similarity(
        np.clip(picture, 0, 1).astype(np.float64),
        truth.astype(np.float64),
        channel_axis=2,
        data_range=1.0,
        gaussian_weights=True,
        sigma=1.5,
        use_sample_covariance=False,
    )
    return float(value)


def direction(before: Pixels, edited: Pixels, reference: tuple[Pixels, Pixels]) -> float:
    """Eq. 8 on features of pictures: 0 where the edit goes the references' way, 2 against it.

    Args:
        before: (n, d), features of the pictures.
        edited: (n, d), of what became of them.
        reference: (k, d) each, of the training pairs' two sides.

    Returns:
        1 - the cosine of the two averaged directions; 1 where nothing was changed.
    """
    moved = edited.mean(0) - before.mean(0)
    meant = reference[1].mean(0) - reference[0].mean(0)
    lengths = float(np.linalg.norm(moved) * np.linalg.norm(meant))
    return 1 - float(moved @ meant) / lengths if lengths > 0 else 1.0


COLOURS_COMPARED = 100_000
"""Pixels whose difference of colour is measured: it costs far more than a PSNR, and the mean of so
many is known to within a hundredth."""


def ciede2000(picture: Pixels, truth: Pixels) -> float:
    """The mean CIEDE2000 of sRGB-encoded (h, w, 3) pictures, over pixels from all over them."""
    from skimage.color import deltaE_ciede2000, rgb2lab

    step = max(1, picture.shape[0] * picture.shape[1] // COLOURS_COMPARED)
    a, b = (rgb2lab(np.clip(x, 0, 1).reshape(-1, 3)[::step]) for x in (picture, truth))
    return float(deltaE_ciede2000(a, b).mean())


@dataclass(frozen=True, slots=True)
class Score:
    """How near an edit comes to the truth; means over photographs.

    Attributes:
        psnr: in dB; higher is better.
        de2000: CIEDE2000, the mean over a photograph's pixels; lower is better, 1 can just be seen.
    """

    psnr: float
    de2000: float

    @classmethod
    def of(cls, edited: Pixels, truth: Pixels) -> Self:
        """Of one photograph."""
        return cls(psnr(edited, truth), ciede2000(edited, truth))

    @classmethod
    def mean(cls, scores: Iterable["Score"]) -> Self:
        """Over photographs."""
        every = list(scores)
        return cls(
            float(np.mean([s.psnr for s in every])), float(np.mean([s.de2000 for s in every]))
        )

    def __str__(self) -> str:
        """In words."""
        return f"{self.psnr:.1f} dB, CIEDE2000 {self.de2000:.1f}"
