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

from brushctl.engine.brush.instruction import Instruction
from brushctl.engine.model.families import Words


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

    def rows(self, b: int) -> torch.Tensor:
        """Each row's place among prepared keys, of which the last are those of no words: (b,)."""
        return F.pad(self.bucket, (0, b - len(self.bucket)), value=-1)

    def words(self) -> Words:
        """The words that the brushed rows read: one row for all, or each its own bucket's."""
        text, pooled = self.instruction.text, self.instruction.pooled
        return Words(*(self._own(x) for x in (text, pooled)))

    def _own(self, x: torch.Tensor) -> torch.Tensor:
        """One row for all (1, ...), or of each bucket's (j, ...) the brushed rows' own (n, ...)."""
        return x if len(x) == 1 else x[self.bucket.to(x.device)]

    def overlay(self, projected: torch.Tensor, learned: torch.Tensor) -> torch.Tensor:
        """Replace the first m tokens of the brushed rows.

        Args:
            projected: (b, l, d), the text's own keys or values.
            learned: (j, m, d), in any number format, on the same device.
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
        own = self._own(weights).log().to(projected)  # (1 or n, m)
        bias[: len(self.bucket), 0, 0, : own.shape[1]] = own
        return bias


class BrushAttnProcessor:
    """Cross-attention (eq. 4) with learned keys and values at one site.

    They follow the model to the device that it is moved to.
    """

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
        key, value = self.keys_and_values(attn, encoder_hidden_states)  # (b, l, d)
        bias = self.state.logit_bias(key)
        b, _, d = key.shape
        query, key, value = (
            x.view(b, -1, attn.heads, d // attn.heads).transpose(1, 2) for x in (query, key, value)
        )
        out = F.scaled_dot_product_attention(query, key, value, attn_mask=bias)
        out = attn.to_out[0](out.transpose(1, 2).reshape(b, -1, d))
        return attn.to_out[1](out) / attn.rescale_output_factor

    def keys_and_values(
        self, attn: Attention, text: torch.Tensor
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """What each row attends to, from its words (b, l, d_text): two of (b, l, d)."""
        K, V = attn.to_k(text), attn.to_v(text)
        self.K, self.V = self.K.to(K.device), self.V.to(V.device)
        return self.state.overlay(K, self.K), self.state.overlay(V, self.V)


class PreparedAttnProcessor(BrushAttnProcessor):
    """The same where the words stay: K and V (j + 1, l, d) are whole, the last for no words."""

    def keys_and_values(
        self,
        attn: Attention,  # noqa: ARG002  (it has projected all there is)
        text: torch.Tensor,
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """What each row attends to, nothing computed."""
        rows = self.state.rows(len(text))
        self.K, self.V = self.K.to(text), self.V.to(text)
        return self.K[rows], self.V[rows]


@contextmanager
def brushed(
    unet: UNet2DConditionModel, instruction: Instruction, *, empty: torch.Tensor | None = None
) -> Generator[Brushed]:
    """Install an instruction's features at their sites; take them out again on leaving.

    Args:
        unet: the frozen model's.
        instruction: what the first rows of each batch read.
        empty: (1, l, d_text), what all other rows read, if it is always that and nothing is
            learned: all keys and values are then projected once, here.
    """
    state = Brushed(instruction)
    before = dict(unet.attn_processors)
    made: dict[str, BrushAttnProcessor] = {}
    for site, (K, V) in instruction.features.items():
        if empty is None:
            made[f"{site}.processor"] = BrushAttnProcessor(state, K, V)
        else:
            whole = _prepared(unet.get_submodule(site), instruction.text, empty, K, V)
            made[f"{site}.processor"] = PreparedAttnProcessor(state, *whole)
    unet.set_attn_processor(before | made)
    try:
        yield state
    finally:
        unet.set_attn_processor(before)


@torch.no_grad()
def _prepared(
    attn: Attention, text: torch.Tensor, empty: torch.Tensor, K: torch.Tensor, V: torch.Tensor
) -> tuple[torch.Tensor, torch.Tensor]:
    """Each bucket's keys and values, and those of no words: two of (j + 1, l, d)."""
    j, m = K.shape[:2]
    words = torch.cat([text.expand(j, -1, -1), empty])  # (j + 1, l, d_text)
    keys, values = attn.to_k(words), attn.to_v(words)
    keys[:j, :m], values[:j, :m] = K, V
    return keys, values
