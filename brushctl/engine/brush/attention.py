"""An instruction in a U-Net's cross-attention (eq. 4), through the seam."""

from collections.abc import Generator
from contextlib import contextmanager

import torch
from diffusers import UNet2DConditionModel
from diffusers.models.attention_processor import Attention, AttentionProcessor
from torch.nn import functional as F

from brushctl.engine.brush.instruction import Instruction
from brushctl.engine.brush.seam import Seam
from brushctl.engine.model.families import Words


class Brushed(Seam):
    """An instruction's keys and values, in place of those of the first m tokens.

    The fully conditioned rows stand first in a batch; the rows after them are never touched.
    """

    def __init__(self, instruction: Instruction) -> None:
        super().__init__(instruction.features, added=False)
        self.instruction = instruction

    def at(self, t: torch.Tensor) -> None:
        """The next call of the U-Net has its first len(t) rows brushed, at timesteps `t`."""
        self.bucket, self.rows = self.instruction.bucket(t), slice(len(t))

    def words(self) -> Words:
        """The words that the brushed rows read: one row for all, or each its own bucket's."""
        text, pooled = self.instruction.text, self.instruction.pooled
        return Words(*(self._own(x) for x in (text, pooled)))

    def _own(self, x: torch.Tensor) -> torch.Tensor:
        """One row for all (1, ...), or of each bucket's (j, ...) the brushed rows' own (n, ...)."""
        return x if len(x) == 1 else x[self.bucket.to(x.device)]

    def logit_bias(self, projected: torch.Tensor) -> torch.Tensor | None:
        """Ln of the token weights, added to the attention logits: (b, 1, 1, l), or None."""
        weights = self.instruction.weights
        if weights is None:
            return None
        b, length, _ = projected.shape
        bias = projected.new_zeros(b, 1, 1, length)
        own = self._own(weights).log().to(projected)  # (1 or n, m)
        bias[: len(self.bucket), 0, 0, : own.shape[1]] = own
        return bias


class WeightedAttnProcessor:
    """Cross-attention (eq. 4) whose tokens have weights: keys and values have no place for them."""

    def __init__(self, state: Brushed) -> None:
        self.state = state

    def __call__(
        self,
        attn: Attention,
        hidden_states: torch.Tensor,
        encoder_hidden_states: torch.Tensor,
        attention_mask: torch.Tensor | None = None,  # noqa: ARG002  (IP2P's text is unmasked)
        temb: torch.Tensor | None = None,  # noqa: ARG002  (part of diffusers' call)
    ) -> torch.Tensor:
        """`hidden_states` (b, n, c) attend to `encoder_hidden_states` (b, l, d_text)."""
        query = attn.to_q(hidden_states)  # (b, n, d)
        key, value = attn.to_k(encoder_hidden_states), attn.to_v(encoder_hidden_states)  # (b, l, d)
        bias = self.state.logit_bias(key)
        b, _, d = key.shape
        query, key, value = (
            x.view(b, -1, attn.heads, d // attn.heads).transpose(1, 2) for x in (query, key, value)
        )
        out = F.scaled_dot_product_attention(query, key, value, attn_mask=bias)
        out = attn.to_out[0](out.transpose(1, 2).reshape(b, -1, d))
        return attn.to_out[1](out) / attn.rescale_output_factor


@contextmanager
def brushed(unet: UNet2DConditionModel, instruction: Instruction) -> Generator[Brushed]:
    """Put an instruction into a U-Net; take it out again on leaving."""
    state = Brushed(instruction)
    with state.installed(unet):
        if instruction.weights is None:
            yield state
        else:
            with _weighted(unet, state):
                yield state


@contextmanager
def _weighted(unet: UNet2DConditionModel, state: Brushed) -> Generator[None]:
    before: dict[str, AttentionProcessor] = dict(unet.attn_processors)
    own = {f"{site}.processor": WeightedAttnProcessor(state) for site in state.instruction.features}
    unet.set_attn_processor(before | own)
    try:
        yield
    finally:
        unet.set_attn_processor(before)
