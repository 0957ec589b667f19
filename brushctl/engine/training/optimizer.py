"""How the leaves of an instruction move: Adam, the rate of each step, and buckets that are tied."""

import math
from collections.abc import Sequence

import torch

from brushctl.engine.training.recipes import Recipe


def adam(
    leaves: list[torch.Tensor], recipe: Recipe, units: Sequence[float] | None = None
) -> torch.optim.Adam:
    """Adam over the leaves, each a group with the `unit` that its rate is counted in; 1 if None."""
    units = [1.0] * len(leaves) if units is None else units
    groups = [{"params": [leaf], "unit": u} for leaf, u in zip(leaves, units, strict=True)]
    return torch.optim.Adam(groups, lr=recipe.rate, fused=True)


def set_rate(optimiser: torch.optim.Optimizer, recipe: Recipe, step: int) -> None:
    """The learning rate of a step, for every leaf."""
    share = 0.5 * (1 + math.cos(math.pi * step / recipe.steps)) if recipe.decay else 1.0
    for group in optimiser.param_groups:
        group["lr"] = recipe.rate * share * group["unit"]


def update(
    optimiser: torch.optim.Optimizer, recipe: Recipe, step: int, drawn: Sequence[int]
) -> None:
    """Take a step, at the recipe's rate, all buckets as one while they are tied."""
    if step < recipe.tied * recipe.steps:
        leaves = [leaf for group in optimiser.param_groups for leaf in group["params"]]
        share_gradients(leaves, drawn)
    set_rate(optimiser, recipe, step)
    optimiser.step()


def share_gradients(leaves: list[torch.Tensor], drawn: Sequence[int]) -> None:
    """Give every bucket the mean gradient of those drawn: having begun alike, they stay alike."""
    for leaf in leaves:
        assert leaf.grad is not None
        leaf.grad = leaf.grad[list(drawn)].mean(0, keepdim=True).expand_as(leaf).contiguous()
