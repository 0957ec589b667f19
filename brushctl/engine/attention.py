"""The one seam into the model: cross-attention that reads a brush's keys and values.

Processors are set through diffusers' public `set_attn_processor` and are gone when the context
closes.
"""

from collections.abc import Generator
from contextlib import contextmanager

import torch
from diffusers import UNet2DConditionModel
from diffusers.models.attention_processor import Attention
from torch.nn import functional as F

from brushctl.engine.instruction import Instruction


class Brushed:
    """What the installed processors read: which rows of the batch are brushed, in which bucket.

    The fully conditioned rows stand first in a batch; the rows after them are never touched.
    """

    def __init__(self, instruction: Instruction) -> None:
        self.instruction = instruction
        self.bucket = torch.zeros(0, dtype=torch.long)  # (n,) of the n brushed rows

    def at(self, t: torch.Tensor) -> None:
        """The next call of the U-Net has its first len(t) rows brushed, at timesteps `t`."""
        self.bucket = self.instruction.bucket(t)

    def text(self) -> torch.Tensor:
        """The words that the brushed rows read: (1, l, d_text), or a row's own bucket's."""
        text = self.instruction.text
        return text if len(text) == 1 else text[self.bucket]

    def overlay(self, projected: torch.Tensor, learned: torch.Tensor) -> torch.Tensor:
        """Replace the first m tokens of the brushed rows.

        Args:
            projected: (b, l, d), the text's own keys or values.
            learned: (j, m, d).
        """
        head = learned[self.bucket].to(projected.dtype)  # (n, m, d)
        n, m = head.shape[:2]
        brushed = torch.cat([head, projected[:n, m:]], dim=1)  # (n, l, d)
        return torch.cat([brushed, projected[n:]]) if n < len(projected) else brushed

    def logit_bias(self, projected: torch.Tensor) -> torch.Tensor | None:
        """Ln of the token weights, added to the attention logits: (b, 1, 1, l), or None."""
        weights = self.instruction.weights
        if weights is None:
            return None
        b, length, _ = projected.shape
        bias = projected.new_zeros(b, 1, 1, length)
        bias[: len(self.bucket), :, :, : len(weights)] = weights.log().to(projected.dtype)
        return bias


class BrushAttnProcessor:
    """Cross-attention (eq. 4) with learned keys and values at one site."""

    def __init__(self, state: Brushed, K: torch.Tensor, V: torch.Tensor) -> None:
        self.state, self.K, self.V = state, K, V

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
        key = self.state.overlay(attn.to_k(encoder_hidden_states), self.K)  # (b, l, d)
        value = self.state.overlay(attn.to_v(encoder_hidden_states), self.V)
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
    """Install an instruction's features at their sites; take them out again on leaving."""
    state = Brushed(instruction)
    before = dict(unet.attn_processors)
    unet.set_attn_processor(
        before
        | {
            f"{site}.processor": BrushAttnProcessor(state, K, V)
            for site, (K, V) in instruction.features.items()
        }
    )
    try:
        yield state
    finally:
        unet.set_attn_processor(before)
