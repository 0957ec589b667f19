"""Begin a model from the weights of one with fewer latent channels, or without some of its parts.

What the smaller one computed is computed still: new inputs of old outputs weigh nothing, and new
transformers end in a projection of zeros.
"""

from pathlib import Path

import torch
from torch import nn

from brushctl.engine.model.weights import opened, weights_of


def weights_in(folder: Path) -> dict[str, torch.Tensor]:
    """The tensors of a model that diffusers or transformers saved, in single precision."""
    with opened(weights_of(folder)) as tensors:
        return {name: get(name).float() for name, get in tensors.items()}


@torch.no_grad()
def widen(model: nn.Module, old: dict[str, torch.Tensor], latents: int) -> None:
    """Copy `old`, which has `latents` latent channels, into `model`, which may have more.

    A layer that takes or gives several sets of latents (the noised ones and the picture's, means
    and log variances) has each of them widened.
    """
    for name, value in model.state_dict().items():
        if name in old:
            _copy(value, old[name], latents)
        elif ".proj_out." in name:
            value.zero_()


def _copy(new: torch.Tensor, old: torch.Tensor, latents: int) -> None:
    if new.shape == old.shape:
        new.copy_(old)
        return
    rows = _slots(old.shape[0], new.shape[0], latents)
    new[rows] = 0
    if new.ndim == 1:
        new[rows] = old
        return
    columns = _slots(old.shape[1], new.shape[1], latents)
    new[rows[:, None], columns[None]] = old


def _slots(old: int, new: int, latents: int) -> torch.Tensor:
    """Where the old channels lie among the new ones."""
    if old == new:
        return torch.arange(old)
    sets = old // latents
    begins = torch.arange(sets)[:, None] * (new // sets)
    return (begins + torch.arange(latents)).flatten()
