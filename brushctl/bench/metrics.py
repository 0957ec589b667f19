"""Measures of how close an edited picture comes to the truth (appendix A)."""

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

Pixels = NDArray[np.floating[Any]]

BEST = 50.0
"""The PSNR in dB that equal pictures get: a mean over pictures would else be infinite."""


def psnr(picture: Pixels, truth: Pixels) -> float:
    """Peak signal-to-noise ratio in dB of (h, w, 3) pictures in [0, 1], at most `BEST`."""
    error = float(np.mean((np.clip(picture, 0, 1) - truth) ** 2))
    return BEST if error == 0 else min(BEST, -10 * math.log10(error))
