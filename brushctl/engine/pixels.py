"""Between the rooms' pixels, (h, w, 3) in [0, 1], and the model's, (n, 3, h, w) in [-1, 1]."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from brushctl.photos.icc import quantise

FloatImage = NDArray[np.floating[Any]]
Pictures = Sequence[FloatImage] | FloatImage
"""Several, (h, w, 3) each: of any sizes, or stacked."""


@dataclass(frozen=True, slots=True)
class Edited:
    """One picture edited, at the model's resolution.

    Attributes:
        before: D(E(x)), the picture as the autoencoder alone gives it back.
        after: the edited picture.
    """

    before: FloatImage
    after: FloatImage


def noise_source(image: FloatImage, seed: int) -> torch.Generator:
    """A picture's own noise, the same whatever else is in its batch."""
    content = quantise(np.asarray(image), 8).tobytes()
    digest = hashlib.sha256(seed.to_bytes(8, "little", signed=True) + content).digest()
    return torch.Generator().manual_seed(int.from_bytes(digest[:7], "little"))


def to_model(images: Sequence[FloatImage]) -> torch.Tensor:
    """Pictures of one size, stacked."""
    stacked = np.stack([np.asarray(image, np.float32) for image in images])  # (n, h, w, 3)
    return torch.from_numpy(stacked).permute(0, 3, 1, 2) * 2 - 1


def from_model(pixels: torch.Tensor) -> list[FloatImage]:
    """Each picture of a batch, clipped to [0, 1]."""
    images = (pixels.float().cpu() / 2 + 0.5).clamp(0, 1).permute(0, 2, 3, 1)
    return list(images.numpy())
