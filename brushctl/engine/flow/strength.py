"""How much of an edit is made: where a transformer's last step ends."""

from collections.abc import Generator
from contextlib import contextmanager
from typing import Any

import torch
from torch import nn

from brushctl.engine.flow.families.family import Arguments, by_name
from brushctl.engine.flow.model import FlowModel
from brushctl.errors import UsageError


@contextmanager
def at_strength(model: FlowModel, strength: float) -> Generator[None]:
    """Edit at a strength while the context is open: 0 gives the photograph, 1 the whole edit.

    In between, the last step ends between the two in latent space, beyond 1 further on the same
    line. Offsets made smaller would not do: what the words say by themselves would be left, and no
    words of these editors are sure to leave a photograph as it is.

    An Euler step to noise level 0 ends at z - sigma v, v the predicted flow. That is the photograph
    x for v_x = (z - x) / sigma, and x + s (z - sigma v - x) for v_x + s (v - v_x). Earlier steps
    are left alone: what they were changed by, later ones would answer to.

    Args:
        model: its pipeline edits one picture at the size it was prepared for.
        strength: s.

    Raises:
        UsageError: in a call, if the pipeline was given several pictures or another size.
    """
    if strength == 1:
        yield
        return

    def ended(
        _: nn.Module, given: tuple[Any, ...], named: Arguments, output: tuple[torch.Tensor, ...]
    ) -> tuple[torch.Tensor, ...]:
        family, named = model.family, by_name(given, named)
        if not family.one_picture(named):
            raise UsageError(
                "a strength other than 1 takes one picture, of the size of the result",
                do="Pass one picture, with its width and height where the pipeline would choose "
                "another size; or use strength 1.",
            )
        if not model.at_last_step:
            return output
        whole = output[0].clone()
        own = family.brushed(named)
        v, z, x = (
            part[own].float()
            for part in (family.predicted(whole, named), family.noise(named), family.picture(named))
        )
        sigma = model.sigma(named).view(-1, *[1] * (z.ndim - 1))
        family.predicted(whole, named)[own] = torch.lerp((z - x) / sigma, v, strength).to(whole)
        return (whole, *output[1:])

    hook = model.denoiser.register_forward_hook(ended, with_kwargs=True)
    try:
        yield
    finally:
        hook.remove()
