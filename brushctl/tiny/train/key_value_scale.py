"""The scale of keys and values, which a model may choose freely.

Cross-attention sees keys only in their products with queries, and values only through the output
projection: what the one of each two is multiplied by, the other may be divided by. Trained from
nothing, keys and values come out with deviations near 1, and at the paper's learning rate, which is
absolute (1e-3, for 1,000 steps), they could move by about one deviation. The scale chosen here
lets that rate do in this model what it is meant to do (`benchmarks.gauge` compares three).
"""

import math

import torch

from brushctl.engine.brush.instruction import sites

TRAINING = 1.0
"""Both projections of a kind: right for training the model itself."""
LEARNING = 2.0**-10
"""Keys and values with deviations near 1/32: right for learning brushes."""


@torch.no_grad()
def set_gauge(unet: torch.nn.Module, ratio: float) -> None:
    """Make RMS(W_K) : RMS(W_Q) and RMS(W_V) : RMS(W_out) `ratio`, to the nearest power of two.

    Powers of two change no prediction, not even its rounding.
    """
    for attention in sites(unet).values():
        _trade(attention.to_k.weight, attention.to_q.weight, ratio)
        _trade(attention.to_v.weight, attention.to_out[0].weight, ratio)


def _trade(feature: torch.Tensor, partner: torch.Tensor, ratio: float) -> None:
    now = float(feature.square().mean() / partner.square().mean()) ** 0.5
    factor = 2.0 ** round(math.log2(ratio / now) / 2)
    feature *= factor
    partner /= factor
