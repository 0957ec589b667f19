"""What the published editors take, on paper: nothing is loaded, and no such model is run.

Transformers are made from their configurations on PyTorch's meta device, which computes shapes and
no numbers. Memory of a step of learning is that of the weights in bfloat16, of the brush with
Adam's two moments in float32, of what is kept for the gradient with gradient checkpointing, and of
the block that is computed again. Encoders and the autoencoder are counted apart: they work before
the first step. Operations are those of matrix products and attention.
"""

import argparse
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from diffusers import Flux2Transformer2DModel, FluxTransformer2DModel, QwenImageTransformer2DModel
from torch.autograd.graph import saved_tensors_hooks
from torch.utils.flop_counter import FlopCounterMode

from benchmarks.results import report
from brushctl.engine.brush.sites import sites

OUT = Path("docs/results/editors-paper.json")
M, J = 16, 5
CARDS = (16, 24, 48, 80)
BYTES = {"bf16": 2.0, "8 bit": 1.0, "4 bit": 0.5}
HALF = 2


@dataclass(frozen=True)
class Published:
    """A published model: its transformer's configuration, and the words it reads.

    Attributes:
        encoders: billions of weights of its text encoders.
        words: tokens of words; where the encoder sees the picture, some of these are the picture's.
        steps: of its own schedule.
    """

    kind: type
    config: dict[str, Any]
    encoders: float
    words: int
    steps: int


MODELS = {
    "FLUX.2 klein 4B": Published(
        Flux2Transformer2DModel,
        {
            "num_layers": 5,
            "num_single_layers": 20,
            "num_attention_heads": 24,
            "joint_attention_dim": 7680,
            "guidance_embeds": False,
        },
        encoders=4.0,
        words=512,
        steps=4,
    ),
    "FLUX.2 klein 9B": Published(
        Flux2Transformer2DModel,
        {
            "num_layers": 8,
            "num_single_layers": 24,
            "num_attention_heads": 32,
            "joint_attention_dim": 12288,
            "guidance_embeds": False,
        },
        encoders=8.2,
        words=512,
        steps=4,
    ),
    "FLUX.1 Kontext dev": Published(
        FluxTransformer2DModel, {"guidance_embeds": True}, encoders=4.9, words=512, steps=28
    ),
    "Qwen-Image-Edit": Published(
        QwenImageTransformer2DModel, {}, encoders=8.3, words=400, steps=50
    ),
}


def main(arguments: Sequence[str]) -> None:
    """Count, and write the file of results."""
    argparse.ArgumentParser(description=__doc__).parse_args(arguments)
    rows = [row(name, model, side) for name, model in MODELS.items() for side in (512, 1024)]
    report(OUT, {"m": M, "buckets": J, "cards_gb": CARDS, "rows": rows})
    for each in rows:
        print(json.dumps(each))


def row(name: str, published: Published, side: int) -> dict[str, Any]:
    """One model at one size; gigabytes are 10^9 bytes."""
    with torch.device("meta"):
        model = published.kind(**published.config).to(torch.bfloat16)
        model.requires_grad_(False)
        call = arguments_of(model, published, side)
    places = sites(model)
    weights = sum(p.numel() for p in model.parameters())
    brush = sum(2 * J * M * site.width for site in places.values())
    forward = operations(model, call)
    model.enable_gradient_checkpointing()
    kept = saved(model, call)
    model.disable_gradient_checkpointing()
    blocks = len(model.transformer_blocks) + len(getattr(model, "single_transformer_blocks", ()))
    again = saved(model, call) / blocks
    learning = {
        form: (weights * size + brush * 4 * 4 + kept + again) / 1e9 for form, size in BYTES.items()
    }
    return {
        "model": name,
        "side": side,
        "weights_billions": round(weights / 1e9, 2),
        "encoders_billions": published.encoders,
        "sites": len(places),
        "brush_mb": round(brush * HALF / 1e6, 1),
        "forward_tflop": round(forward / 1e12, 1),
        "apply_tflop": round(forward * published.steps / 1e12),
        # Gradients pass through every block to its inputs, and blocks are computed once more.
        "learning_step_tflop": round(3 * J * forward / 1e12),
        "learning_gb": {form: round(total, 1) for form, total in learning.items()},
        "learns_on": {
            str(card): next((form for form, total in learning.items() if total < 0.9 * card), None)
            for card in CARDS
        },
    }


def arguments_of(model: torch.nn.Module, published: Published, side: int) -> dict[str, Any]:
    """A call as the pipeline makes it: noise and picture, as many tokens each, and the words."""
    along = side // 16
    n, words = 2 * along * along, published.words
    config = model.config
    call = {
        "hidden_states": torch.zeros(1, n, config.in_channels, dtype=torch.bfloat16),
        "encoder_hidden_states": torch.zeros(1, words, config.joint_attention_dim).bfloat16(),
        "timestep": torch.zeros(1, dtype=torch.bfloat16),
        "return_dict": False,
    }
    if published.kind is QwenImageTransformer2DModel:
        return call | {"img_shapes": [[(1, along, along)] * 2]}
    axes = 4 if published.kind is Flux2Transformer2DModel else 3
    call |= {"img_ids": torch.zeros(n, axes), "txt_ids": torch.zeros(words, axes)}
    if published.kind is FluxTransformer2DModel:
        pooled = torch.zeros(1, config.pooled_projection_dim, dtype=torch.bfloat16)
        call |= {"pooled_projections": pooled, "guidance": torch.zeros(1)}
    return call


def operations(model: torch.nn.Module, call: dict[str, Any]) -> float:
    """Of one pass."""
    with FlopCounterMode(display=False) as counter, torch.no_grad():
        model(**call)
    return float(counter.get_total_flops())


def saved(model: torch.nn.Module, call: dict[str, Any]) -> float:
    """Bytes that a pass keeps for the gradient, weights left out, where words lead to a brush."""
    own = {id(p) for p in model.parameters()}
    kept: dict[int, float] = {}

    def keep(tensor: torch.Tensor) -> torch.Tensor:
        # Attention's weights, token by token, are kept on this device alone: no GPU's kernel does.
        square = tensor.ndim > 2 and tensor.shape[-1] == tensor.shape[-2] > 1000
        if id(tensor) not in own and not square:
            storage = tensor.untyped_storage()
            kept[id(storage)] = float(storage.nbytes())
            alive.append(storage)
        return tensor

    alive: list[Any] = []
    words = call["encoder_hidden_states"].clone().requires_grad_()
    with saved_tensors_hooks(keep, lambda tensor: tensor):
        model(**(call | {"encoder_hidden_states": words}))
    return sum(kept.values())
