"""The direction of an edit in CLIP, which Visii pulls its text towards (Nguyen et al. 2023).

The text is the mean of all its states, put through CLIP's own text projection, and it is pulled no
nearer than a cosine of 0.5: so their published program has it. Its picture embeddings are as long
as they come; these have length 1.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch.nn import functional as F

from brushctl.engine.model.base import BaseModel
from brushctl.engine.phrases.clip import Clip

NEAREST = 0.5
"""The cosine beyond which a text is pulled no further."""


@dataclass(frozen=True, slots=True)
class Direction:
    """Where an edit leads, in a CLIP whose text encoder is the base's.

    Attributes:
        meant: (d,), the pictures' mean embedding after the edit minus that before it.
        projection: (d_text, d), from the text encoder's states to embeddings.
    """

    meant: torch.Tensor
    projection: torch.Tensor

    def distance(self, text: torch.Tensor) -> torch.Tensor:
        """How far texts (j, l, d_text) are from it: (j,), from 0.5 to 2."""
        features = text.float().mean(1) @ self.projection  # (j, d)
        return 1 - F.cosine_similarity(features, self.meant, dim=-1).clamp(max=NEAREST)


def direction_of(
    base: BaseModel, clip: Clip, before: np.ndarray, after: np.ndarray
) -> Direction | None:
    """The direction of (n, s, s, 3) pairs; None where the base does not read with this CLIP."""
    if not reads_with(base, clip):
        return None
    x, y = (torch.from_numpy(clip.encode_images(list(side))) for side in (before, after))
    model: Any = clip.model
    projection = model.text_projection.detach().float()
    return Direction((y - x).mean(0).to(base.device), projection.to(base.device))


def reads_with(base: BaseModel, clip: Clip) -> bool:
    """Whether the base reads words with this CLIP's text encoder, and with nothing else.

    That is so in Stable Diffusion 1 with ViT-L-14. XL has the same encoder and another; that of
    Stable Diffusion 2, and tiny-ip2p's, are other ones. Encoders are told apart by their token
    embeddings, which no two trainings have in common; half precision may have rounded them.
    """
    if len(base.family.encoders) > 1:
        return False
    encoder: Any = base.family.text_encoder
    model: Any = clip.model
    own, other = encoder.get_input_embeddings().weight, model.token_embedding.weight
    return own.shape == other.shape and torch.allclose(
        own.float(), other.to(own.device).float(), rtol=0.01, atol=1e-5
    )
