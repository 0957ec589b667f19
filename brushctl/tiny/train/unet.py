"""The U-Net of tiny-ip2p and its text encoder, trained together on encoded pairs."""

import copy
import json
import math
from dataclasses import asdict
from itertools import chain
from pathlib import Path
from typing import Any

import torch
from diffusers import (
    AutoencoderKL,
    EulerAncestralDiscreteScheduler,
    StableDiffusionInstructPix2PixPipeline,
    UNet2DConditionModel,
)
from torch import nn
from transformers import CLIPTextConfig, CLIPTextModel, CLIPTokenizer

from brushctl.engine.brush.sites import sites
from brushctl.engine.model.base import DEFAULTS_FILE, Defaults
from brushctl.tiny.train.data import PairSet
from brushctl.tiny.train.encoded import contents, latents_of, token_ids
from brushctl.tiny.train.loop import Run, digest, keep_sheet, optimise
from brushctl.tiny.train.objective import TRAIN_STEPS, Denoiser, Objective
from brushctl.tiny.train.pictures import psnr, to_model
from brushctl.tiny.train.vae import LATENTS, pixel_worth
from brushctl.tiny.train.widening import weights_in, widen
from brushctl.tiny.train.words import MAX_TOKENS, new_tokenizer

TEXT_WIDTH = 128
TRAINING_RATIO = 1.0
"""RMS(W_K) : RMS(W_Q) and RMS(W_V) : RMS(W_out) that are right for training the model itself."""
LEARNING_RATIO = 2.0**-10
"""Right for learning brushes: keys and values have deviations near 1/32.

Cross-attention sees keys only in their products with queries, and values only through the output
projection: what the one of each two is multiplied by, the other may be divided by. Trained from
nothing, keys and values come out with deviations near 1, and at the paper's learning rate, which is
absolute (1e-3, for 1,000 steps), they could move by about one deviation. This ratio lets that rate
do in this model what it is meant to do (`benchmarks.study key-value-scale` compares three)."""
DEFAULTS = Defaults(s_T=1.0, s_I=1.0, steps=5)
"""On this base guidance only hurts: its conditional prediction is exact enough to be followed.
More steps hurt too, for its errors add up; five visit each of a brush's buckets once."""


def new_unet() -> UNet2DConditionModel:
    """Three levels (16, 8, 4 squared), cross-attention at each.

    Words that change every pixel are read where the pixels are.
    """
    return UNet2DConditionModel(
        sample_size=16,
        in_channels=2 * LATENTS,
        out_channels=LATENTS,
        block_out_channels=(96, 160, 192),
        layers_per_block=1,
        down_block_types=("CrossAttnDownBlock2D",) * 3,
        up_block_types=("CrossAttnUpBlock2D",) * 3,
        cross_attention_dim=TEXT_WIDTH,
        attention_head_dim=(2, 2, 3),  # diffusers' name for the number of heads
        norm_num_groups=16,
    )


def new_text_encoder(tokenizer: CLIPTokenizer) -> CLIPTextModel:
    """Three layers of width 128: the world's grammar is small."""
    return CLIPTextModel(
        CLIPTextConfig(
            vocab_size=len(tokenizer),
            hidden_size=TEXT_WIDTH,
            intermediate_size=4 * TEXT_WIDTH,
            num_hidden_layers=3,
            num_attention_heads=4,
            max_position_embeddings=MAX_TOKENS,
            hidden_act="quick_gelu",
            bos_token_id=tokenizer.bos_token_id,
            eos_token_id=tokenizer.eos_token_id,
            pad_token_id=tokenizer.pad_token_id,
        )
    )


def new_scheduler() -> EulerAncestralDiscreteScheduler:
    """Velocity on the linear schedule, trailing timesteps.

    At 16 x 16 latents Stable Diffusion's own schedule (final alpha-bar .0047) leaves the mean
    of the picture visible under the noise; the model learns to read it there, and is misled by
    pure noise at inference. This one ends at 4e-5, and velocity divides by no small alpha.
    """
    return EulerAncestralDiscreteScheduler(
        num_train_timesteps=TRAIN_STEPS,
        beta_start=1e-4,
        beta_end=0.02,
        beta_schedule="linear",
        prediction_type="v_prediction",
        timestep_spacing="trailing",
    )


def train_unet(
    run: Run, train: PairSet, held_out: PairSet, out: Path, start: Path | None = None
) -> None:
    """Train U-Net and text encoder on `out`'s autoencoder; save all but the CLIP into `out`.

    Begins with the U-Net, words and text encoder in `start`, if one is given.
    """
    torch.manual_seed(run.seed)
    vae = AutoencoderKL.from_pretrained(out / "vae").to(run.device)
    vae.to(memory_format=torch.channels_last)
    tokenizer = _tokenizer(run, train, start)
    model = Denoiser(new_unet(), new_text_encoder(tokenizer)).to(run.device)
    if start:
        known = weights_in(start / "unet")
        widen(model.unet, known, len(known["conv_out.bias"]))
        set_key_value_scale(model.unet, TRAINING_RATIO)
        widen(model.text_encoder, weights_in(start / "text_encoder"), 1)
    model.unet.to(memory_format=torch.channels_last)
    read = digest(chain(train.contents(), contents(vae, tokenizer)))
    latents = latents_of(run, vae, tokenizer, train, read)
    objective = Objective(
        model,
        latents,
        nothing=token_ids(tokenizer, [""]).to(run.device),
        alpha_bar=new_scheduler().alphas_cumprod.to(run.device),
        worth=pixel_worth(vae, to_model(train.before[:500], run.device)),
    )

    def report(average: nn.Module, step: int) -> dict[str, float]:
        assert isinstance(average, Denoiser)
        pipe = pipeline(vae, average, tokenizer)
        if step % (4 * run.checkpoint_every) == 0:
            _save(pipe, out)
        figures, rows = followed(pipe, held_out)
        keep_sheet(run, step, rows)
        return figures

    average = optimise(model, objective.loss, run, report, [read.encode()])
    assert isinstance(average, Denoiser)
    _save(pipeline(vae, average, tokenizer), out)


def _tokenizer(run: Run, pairs: PairSet, start: Path | None) -> CLIPTokenizer:
    """The one that the kept pairs are encoded with, and that a text encoder in `start` reads.

    Learned once: the trainer numbers some tokens in an order that changes from run to run, and
    a model that has learned other numbers would misread them.
    """
    if start:
        return CLIPTokenizer.from_pretrained(start / "tokenizer")
    kept = run.folder.parent / "tokenizer"
    if not kept.exists():
        phrases = [phrase for both in pairs.phrases for side in both for phrase in side]
        new_tokenizer(pairs.words + phrases).save_pretrained(kept)
    return CLIPTokenizer.from_pretrained(kept)


def pipeline(
    vae: AutoencoderKL, model: Denoiser, tokenizer: CLIPTokenizer
) -> StableDiffusionInstructPix2PixPipeline:
    """The parts as diffusers' own IP2P pipeline."""
    pipe = StableDiffusionInstructPix2PixPipeline(
        vae=vae,
        text_encoder=model.text_encoder,
        tokenizer=tokenizer,
        unet=model.unet,
        scheduler=new_scheduler(),
        safety_checker=None,
        feature_extractor=None,
        image_encoder=None,
        requires_safety_checker=False,
    )
    pipe.set_progress_bar_config(disable=True)
    return pipe


@torch.no_grad()
def sampled(
    pipe: StableDiffusionInstructPix2PixPipeline, pairs: PairSet, first: int, end: int, kind: str
) -> torch.Tensor:
    """Some pairs edited from their words, as "pt" (pixels in [0, 1]) or "latent"."""
    edited: torch.Tensor = pipe(
        prompt=pairs.words[first:end],
        image=to_model(pairs.before[first:end], pipe.device),
        guidance_scale=DEFAULTS.s_T,
        image_guidance_scale=DEFAULTS.s_I,
        num_inference_steps=DEFAULTS.steps,
        generator=torch.Generator().manual_seed(first),
        output_type=kind,
    ).images
    return edited


@torch.inference_mode()
def followed(
    pipe: StableDiffusionInstructPix2PixPipeline, pairs: PairSet, n: int = 96
) -> tuple[dict[str, float], tuple[torch.Tensor, ...]]:
    """PSNR in dB of `n` test edits: unedited, edited from the words, autoencoder floor.

    Also the pictures before, as edited, and true: each (n, 3, 64, 64) in [-1, 1].
    """
    x, y = (to_model(side[:n], pipe.device) for side in (pairs.before, pairs.after))
    edited = sampled(pipe, pairs, 0, n, "pt") * 2 - 1
    figures = {
        "nothing": float(psnr(x, y).clamp_max(50).mean()),
        "text": float(psnr(edited, y).mean()),
        "floor": float(psnr(pipe.vae(y).sample, y).mean()),
    }
    return figures, (x, edited, y)


def _save(pipe: StableDiffusionInstructPix2PixPipeline, out: Path) -> None:
    """In half precision and diffusers' layout, with the defaults measured on this base."""
    kept = copy.deepcopy(pipe)
    set_key_value_scale(kept.unet, LEARNING_RATIO)
    kept.to(torch.float16).save_pretrained(out)
    (out / DEFAULTS_FILE).write_text(json.dumps(asdict(DEFAULTS), indent=2) + "\n")


@torch.no_grad()
def set_key_value_scale(unet: torch.nn.Module, ratio: float) -> None:
    """Make RMS(W_K) : RMS(W_Q) and RMS(W_V) : RMS(W_out) `ratio`, to the nearest power of two.

    Powers of two change no prediction, not even its rounding.
    """
    for name in sites(unet):
        attention: Any = unet.get_submodule(name)
        _trade(attention.to_k.weight, attention.to_q.weight, ratio)
        _trade(attention.to_v.weight, attention.to_out[0].weight, ratio)


def _trade(feature: torch.Tensor, partner: torch.Tensor, ratio: float) -> None:
    now = float(feature.square().mean() / partner.square().mean()) ** 0.5
    factor = 2.0 ** round(math.log2(ratio / now) / 2)
    feature *= factor
    partner /= factor
