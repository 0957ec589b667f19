"""The weights that tiny-dit begins with: it gives every picture back as it is, whatever the words.

From random weights a transformer of this size spends hundreds of steps on learning to copy. What an
edit leaves alone is most of most pictures, so training begins with the copy and learns the edits.
The residual stream holds, at right angles: the tokens as they come in, what the first block's
attention fetches for the noisy ones (the picture's latents at the same place), and a constant.
"""

import math

import torch
from diffusers import FluxTransformer2DModel
from torch import nn

CONSTANT = 32.0
"""Length of the constant in the residual stream. Tokens of 96 latents are some 10 long, so layer
norms divide all of them by nearly the same number and stay close to linear."""
GAIN = 3.0
"""Of normed queries and keys in the first block: their products then differ by 6 or more between
the right place and any other, so that e^-6 of a wrong one comes with it."""
SHARES = {(0, 0): 0.3, (1, 0): 0.25, (1, 1): 0.1, (2, 0): 0.25, (2, 1): 0.1}
"""How much of the length of these queries and keys lies in a pair of rotary features: by axis
(picture, row, column) and frequency, the highest first. Two frequencies for rows and columns: the
highest alone comes round again after six places."""


@torch.no_grad()
def begin_with_a_copy(model: FluxTransformer2DModel) -> None:
    """Set the weights so that the predicted velocity is the noisy latents less the picture's.

    In pure noise that is the velocity towards the picture; under less, training makes it longer.
    Everything else keeps its random weights, but for those that write into the residual stream,
    which begin with zeros, as the modulations by time and words do.
    """
    for name, module in model.named_modules():
        if isinstance(module, nn.Linear):
            if "norm" in name:
                _without_words(module, model.inner_dim)
            elif name.endswith(("to_out.0", "to_add_out", "net.2", "proj_out")):
                nn.init.zeros_(module.weight)
                nn.init.zeros_(module.bias)
    values, width = model.config.in_channels, model.inner_dim
    embed, fetched, constant = _directions(width, values)
    model.x_embedder.weight.copy_(embed)
    model.x_embedder.bias.copy_(CONSTANT * constant)
    _fetch_the_same_place(model, embed, fetched)
    scale = math.sqrt((CONSTANT**2 + 2 * values) / width)  # what norm_out divides by
    model.proj_out.weight.copy_(scale * (embed - fetched).T)


def _without_words(modulation: nn.Linear, width: int) -> None:
    """Shifts and scales of 0, gates of 1."""
    nn.init.zeros_(modulation.weight)
    nn.init.zeros_(modulation.bias)
    gates = {6: (2, 5), 3: (2,), 2: ()}[modulation.out_features // width]
    for gate in gates:
        modulation.bias[gate * width : (gate + 1) * width] = 1


def _directions(width: int, values: int) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """(width, values) twice and (width,): orthonormal, and of mean 0, as layer norms leave it."""
    drawn = torch.randn(width, 2 * values + 1)
    columns = torch.linalg.qr(torch.cat([torch.ones(width, 1), drawn], 1)).Q[:, 1:]
    return columns[:, :values], columns[:, values:-1], columns[:, -1]


def _fetch_the_same_place(
    model: FluxTransformer2DModel, embed: torch.Tensor, fetched: torch.Tensor
) -> None:
    """Let the first heads look from a noisy token to the picture's at its place, and copy it."""
    attention, head = model.transformer_blocks[0].attn, model.config.attention_head_dim
    heads = -(-embed.shape[1] // head)
    query, key = _places(model.config.axes_dims_rope)
    for projection, features in ((attention.to_q, query), (attention.to_k, key)):
        projection.weight[: heads * head] = 0
        projection.bias[: heads * head] = features.repeat(heads)
    nn.init.constant_(attention.norm_q.weight, GAIN)
    nn.init.constant_(attention.norm_k.weight, GAIN)
    values = embed.shape[1]
    scale = math.sqrt((CONSTANT**2 + values) / model.inner_dim)  # what the block's norm divides by
    attention.to_v.weight[:values] = scale * embed.T
    attention.to_v.bias[:values] = 0
    attention.to_out[0].weight[:, :values] = fetched


def _places(axes: tuple[int, int, int]) -> tuple[torch.Tensor, torch.Tensor]:
    """A query and a key, (head dim,), whose product is largest at the same place of the picture.

    The picture's tokens are one further on the first axis than the noisy ones: the query is turned
    by that one radian.
    """
    query, key = torch.zeros(2, sum(axes))
    for (axis, frequency), share in SHARES.items():
        first = sum(axes[:axis]) + 2 * frequency
        turn = 1.0 if axis == 0 else 0.0
        key[first] = math.sqrt(share)
        query[first] = math.sqrt(share) * math.cos(turn)
        query[first + 1] = math.sqrt(share) * math.sin(turn)
    return query, key
