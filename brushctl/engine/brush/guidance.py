"""Guided prediction with two scales (eq. 3), linear in its three branches.

e~ = e(0, 0) + s_I (e(c_I, 0) - e(0, 0)) + s_T (e(c_I, c_T) - e(c_I, 0)) holds for noise and for
velocity alike. Collected by branch, the coefficients are s_T, s_I - s_T and 1 - s_I; a branch
whose coefficient is zero is not computed.
"""

from dataclasses import dataclass

import torch

from brushctl.engine.brush.attention import Brushed
from brushctl.engine.brush.scales import Scales
from brushctl.engine.model.base import BaseModel
from brushctl.engine.model.families import Words


@dataclass(frozen=True, slots=True)
class Branch:
    """One term of eq. 3: a coefficient, E(c_I) or zeros (n, c, h, w), words of 1 or n rows."""

    coefficient: float
    picture: torch.Tensor
    words: Words


class Guidance:
    """Eq. 3 on a base model whose processors read `state`.

    Args:
        base: the frozen model.
        state: what its processors read.
        scales: s_T and s_I.
    """

    def __init__(self, base: BaseModel, state: Brushed, scales: Scales) -> None:
        self.base, self.state, self.scales = base, state, scales
        self._empty = base.read(None)

    def predict(self, z_t: torch.Tensor, t: torch.Tensor, condition: torch.Tensor) -> torch.Tensor:
        """The guided prediction, all branches in one batch.

        Args:
            z_t: (n, c, h, w), as the scheduler scales it for the model.
            t: (n,) timesteps.
            condition: (n, c, h, w), E(c_I).
        """
        self.state.at(t)
        return self._weighted(z_t, t, self._branches(condition))

    def brushed_term(
        self, z_t: torch.Tensor, t: torch.Tensor, condition: torch.Tensor
    ) -> torch.Tensor:
        """The part of `predict` that depends on the brush: s_T e(c_I, c_T)."""
        self.state.at(t)
        full, *_ = self._branches(condition)
        return self._weighted(z_t, t, [full])

    @torch.no_grad()
    def frozen_terms(
        self, z_t: torch.Tensor, t: torch.Tensor, condition: torch.Tensor
    ) -> torch.Tensor:
        """The rest of it, a constant of learning; zeros where no other branch counts."""
        self.state.at(t[:0])
        _, *frozen = self._branches(condition)
        return self._weighted(z_t, t, frozen) if frozen else torch.zeros_like(z_t)

    def _branches(self, condition: torch.Tensor) -> list[Branch]:
        """The terms that count, the fully conditioned one first."""
        full, pictured, bare = self.scales.coefficients
        terms = [
            Branch(full, condition, self.state.words()),
            Branch(pictured, condition, self._empty),
            Branch(bare, torch.zeros_like(condition), self._empty),
        ]
        return [term for term in terms if term.coefficient]

    def _weighted(self, z_t: torch.Tensor, t: torch.Tensor, terms: list[Branch]) -> torch.Tensor:
        n = len(z_t)
        pictures = torch.cat([term.picture for term in terms])
        words = [term.words.rows(n) for term in terms]
        texts = torch.cat([each.prompt_embeds for each in words])
        pooled = torch.cat([each.pooled_prompt_embeds for each in words])
        height, width = (side * self.base.vae_factor for side in z_t.shape[2:])
        added = self.base.family.added(pooled, height, width)
        seen = torch.cat([z_t.repeat(len(terms), 1, 1, 1), pictures], dim=1)  # (3n, 2c, h, w)
        predictions = self.base.unet(seen, t.repeat(len(terms)), texts, return_dict=False, **added)[
            0
        ]
        parts = zip(terms, predictions.chunk(len(terms)), strict=True)
        return torch.stack([term.coefficient * part for term, part in parts]).sum(0)
