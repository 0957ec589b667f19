"""The transformer of tiny-dit, in FLUX.1 Kontext's layout, trained on encoded pairs."""

import copy
import json
from itertools import chain
from pathlib import Path

import torch
from diffusers import (
    AutoencoderKL,
    FlowMatchEulerDiscreteScheduler,
    FluxKontextPipeline,
    FluxTransformer2DModel,
)
from torch import nn
from torch.optim import AdamW, Muon, Optimizer
from transformers import CLIPTextModel, CLIPTokenizer

from brushctl.engine.model.base import DEFAULTS_FILE
from brushctl.tiny.train.data import SIZE, PairSet
from brushctl.tiny.train.encoded import contents, latents_of, token_ids
from brushctl.tiny.train.flow import Flow
from brushctl.tiny.train.head_start import begin_with_a_copy
from brushctl.tiny.train.loop import Run, digest, keep_sheet, optimise
from brushctl.tiny.train.pictures import psnr, to_model
from brushctl.tiny.train.vae import LATENTS, pixel_worth
from brushctl.tiny.train.words import MAX_TOKENS

SHIFT = 3.0
"""Of the sampling times towards noise, where an edit is decided: half of the steps then have more
than three quarters of noise."""
STEPS = 5
"""One for each of a brush's buckets, as on tiny-ip2p."""
BEST = {"steps": STEPS, "resolution": SIZE}
"""How the model is best run, as its folder says."""


def new_transformer(text_width: int) -> FluxTransformer2DModel:
    """Width 256, three double-stream and four single-stream blocks, patches of 2 x 2 latents.

    The residual stream must hold the 96 values of a noisy patch and the 96 of the picture's beside
    all that is thought about them.
    """
    model = FluxTransformer2DModel(
        in_channels=4 * LATENTS,
        num_layers=3,
        num_single_layers=4,
        attention_head_dim=32,
        num_attention_heads=8,
        joint_attention_dim=text_width,
        pooled_projection_dim=text_width,
        axes_dims_rope=(4, 14, 14),
    )
    begin_with_a_copy(model)
    return model


def optimisers_of(model: nn.Module, rate: float) -> list[Optimizer]:
    """Muon for the matrices inside the blocks, AdamW for all else.

    Muon needs fewer steps, of which few are to be had on a CPU, and a tenth more time for each.
    Scaled to updates of AdamW's size, it takes the same rate.
    """
    named = dict(model.named_parameters())
    hidden = {n for n, p in named.items() if "_blocks." in n and p.ndim == 2 and "norm" not in n}
    matrices, others = ([p for n, p in named.items() if (n in hidden) is h] for h in (True, False))
    return [
        Muon(matrices, rate, weight_decay=1e-3, adjust_lr_fn="match_rms_adamw"),
        AdamW(others, rate, betas=(0.9, 0.99), weight_decay=1e-3),
    ]


def train_dit(run: Run, train: PairSet, held_out: PairSet, base: Path, out: Path) -> None:
    """Train the transformer on the autoencoder and the words of `base`; save a pipeline to `out`.

    Begins with the transformer in `base`, if there is one.
    """
    torch.manual_seed(run.seed)
    pipe = new_pipeline(base).to(run.device)
    model = pipe.transformer
    read = digest(chain(train.contents(), contents(pipe.vae, pipe.tokenizer)))
    objective = Flow(
        model,
        pipe.text_encoder,
        latents_of(run, pipe.vae, pipe.tokenizer, train, read),
        nothing=token_ids(pipe.tokenizer, [""]).to(run.device),
        worth=pixel_worth(pipe.vae, to_model(train.before[:500], run.device)),
        shift=SHIFT,
    )

    def report(average: nn.Module, step: int) -> dict[str, float]:
        pipe.transformer = average
        save(pipe, out)
        figures, rows = followed(pipe, held_out)
        keep_sheet(run, step, rows)
        return figures

    pipe.transformer = optimise(model, objective.loss, run, report, [read.encode()], optimisers_of)
    save(pipe, out)


def new_pipeline(base: Path) -> FluxKontextPipeline:
    """Diffusers' own pipeline around the frozen parts of `base`, in single precision.

    One text encoder stands for both of FLUX.1's: the pooled words and the words are its own.
    """
    vae = AutoencoderKL.from_pretrained(base / "vae").float()
    vae.to(memory_format=torch.channels_last)
    vae.register_to_config(shift_factor=0.0)  # which a Kontext pipeline subtracts
    text_encoder = CLIPTextModel.from_pretrained(base / "text_encoder").float()
    tokenizer = CLIPTokenizer.from_pretrained(base / "tokenizer")
    if (base / "transformer").exists():
        transformer = FluxTransformer2DModel.from_pretrained(base / "transformer").float()
    else:
        transformer = new_transformer(text_encoder.config.hidden_size)
    pipe = FluxKontextPipeline(
        scheduler=FlowMatchEulerDiscreteScheduler(shift=SHIFT),
        vae=vae,
        text_encoder=text_encoder,
        tokenizer=tokenizer,
        text_encoder_2=text_encoder,
        tokenizer_2=tokenizer,
        transformer=transformer,
    )
    pipe.set_progress_bar_config(disable=True)
    return pipe


@torch.no_grad()
def edited(
    pipe: FluxKontextPipeline, pictures: torch.Tensor, words: list[str], steps: int = STEPS
) -> torch.Tensor:
    """Pictures (n, 3, 64, 64) in [-1, 1], edited from their words."""
    made: torch.Tensor = pipe(
        prompt=words,
        image=(pictures + 1) / 2,
        height=SIZE,
        width=SIZE,
        max_area=SIZE * SIZE,
        _auto_resize=False,
        num_inference_steps=steps,
        max_sequence_length=MAX_TOKENS,
        generator=torch.Generator().manual_seed(0),
        output_type="pt",
    ).images
    return made * 2 - 1


@torch.inference_mode()
def followed(
    pipe: FluxKontextPipeline, pairs: PairSet, n: int = 64
) -> tuple[dict[str, float], tuple[torch.Tensor, ...]]:
    """PSNR in dB of `n` test edits: unedited, edited in one step and in `STEPS`, and the floor.

    Also the pictures before, as edited, and true: each (n, 3, 64, 64) in [-1, 1].
    """
    x, y = (to_model(side[:n], pipe.device) for side in (pairs.before, pairs.after))
    made = edited(pipe, x, pairs.words[:n])
    figures = {
        "nothing": float(psnr(x, y).clamp_max(50).mean()),
        "one step": float(psnr(edited(pipe, x, pairs.words[:n], steps=1), y).mean()),
        "text": float(psnr(made, y).mean()),
        "floor": float(psnr(pipe.vae(y).sample, y).mean()),
    }
    return figures, (x, made, y)


def save(pipe: FluxKontextPipeline, out: Path) -> None:
    """In half precision and diffusers' layout."""
    written = copy.deepcopy(pipe).to(torch.float16)
    for part in (written.vae, written.transformer):
        part.register_to_config(_name_or_path="")  # where the trainer had it
    written.save_pretrained(out)
    (out / DEFAULTS_FILE).write_text(json.dumps(BEST, indent=2) + "\n")
