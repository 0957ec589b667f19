"""The U-Net of tiny-ip2p and its text encoder, trained together on encoded pairs."""

import copy
import json
from dataclasses import asdict, dataclass
from hashlib import sha256
from pathlib import Path

import numpy as np
import torch
from diffusers import (
    AutoencoderKL,
    EulerAncestralDiscreteScheduler,
    StableDiffusionInstructPix2PixPipeline,
    UNet2DConditionModel,
)
from torch import nn
from torch.nn import functional as F
from transformers import CLIPTextConfig, CLIPTextModel, CLIPTokenizer

from brushctl.engine.base import DEFAULTS_FILE, Defaults
from brushctl.tiny.train.data import Bytes, PairSet
from brushctl.tiny.train.loop import Run, optimise
from brushctl.tiny.train.vae import psnr, to_model

BATCH = 32
TEXT_WIDTH = 128
MAX_TOKENS = 32
"""Longest instruction of the world: three grading clauses, 23 tokens."""
UNCONDITIONAL = 0.05
"""Share of draws without picture and words: the first branch of eq. 3."""
TRAIN_STEPS = 1000
DEFAULTS = Defaults(s_T=1.0, s_I=1.0, steps=5)
"""On this base guidance only hurts: its conditional prediction is exact enough to be followed.
More steps hurt too, for its errors add up; five visit each of a brush's buckets once."""


def new_unet(*, grown: bool) -> UNet2DConditionModel:
    """Three levels (16, 8, 4 squared), cross-attention at the lower two or, grown, at all.

    Attention over the 256 positions of the first level doubles a step's time, so training begins
    without it; words that change every pixel need it in the end.
    """
    first = (
        ("CrossAttnDownBlock2D", "CrossAttnUpBlock2D") if grown else ("DownBlock2D", "UpBlock2D")
    )
    return UNet2DConditionModel(
        sample_size=16,
        in_channels=32,
        out_channels=16,
        block_out_channels=(96, 160, 192),
        layers_per_block=1,
        down_block_types=(first[0], "CrossAttnDownBlock2D", "CrossAttnDownBlock2D"),
        up_block_types=("CrossAttnUpBlock2D", "CrossAttnUpBlock2D", first[1]),
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


def new_tokenizer(texts: list[str]) -> CLIPTokenizer:
    """CLIP's byte-level BPE with merges learned from the world's words.

    Any other word falls apart into its letters; none is unknown.
    """
    blank = CLIPTokenizer(model_max_length=MAX_TOKENS)
    tokenizer = blank.train_new_from_iterator(sorted(set(texts)), vocab_size=1600)
    assert isinstance(tokenizer, CLIPTokenizer)
    return tokenizer


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


class Editor(nn.Module):
    """The two parts that learn together."""

    def __init__(self, unet: UNet2DConditionModel, text_encoder: CLIPTextModel) -> None:
        super().__init__()
        self.unet = unet
        self.text_encoder = text_encoder


@dataclass(frozen=True, slots=True)
class Latents:
    """Encoded pairs: (n, 16, 16, 16) half-precision, and (n, 32) token ids."""

    before: torch.Tensor
    after: torch.Tensor
    tokens: torch.Tensor


def train_unet(
    run: Run, train: PairSet, held_out: PairSet, out: Path, *, small: Path | None = None
) -> None:
    """Train U-Net and text encoder on `out`'s autoencoder; save all but the CLIP into `out`.

    Given the checkpoint of a finished run without attention at the first level as `small`, the
    grown U-Net starts from its averaged weights.
    """
    torch.manual_seed(run.seed)
    vae = AutoencoderKL.from_pretrained(out / "vae").to(run.device)
    tokenizer = _tokenizer(run, train)
    model = Editor(new_unet(grown=small is not None), new_text_encoder(tokenizer)).to(run.device)
    if small:
        _grow(model, small)
    model.unet.to(memory_format=torch.channels_last)
    latents = _latents(run, vae, tokenizer, train)
    alpha_bar = new_scheduler().alphas_cumprod.to(run.device)
    nothing = tokenizer([""], padding="max_length", return_tensors="pt").input_ids

    def loss(g: torch.Generator) -> torch.Tensor:
        index = torch.randint(len(latents.tokens), (BATCH,), generator=g)
        blank = torch.rand(BATCH, generator=g) < UNCONDITIONAL
        picture = latents.before[index].float() * ~blank[:, None, None, None]
        tokens = torch.where(blank[:, None], nothing, latents.tokens[index])
        t = torch.randint(TRAIN_STEPS, (BATCH,), generator=g)
        noise = torch.randn(picture.shape, generator=g).to(run.device)
        x = latents.after[index].float().to(run.device)
        a = alpha_bar[t.to(run.device)][:, None, None, None]
        noised, velocity = (
            a.sqrt() * x + (1 - a).sqrt() * noise,
            a.sqrt() * noise - (1 - a).sqrt() * x,
        )
        words = model.text_encoder(tokens.to(run.device))[0]
        seen = torch.cat([noised, picture.to(run.device)], 1).contiguous(
            memory_format=torch.channels_last
        )
        predicted = model.unet(seen, t.to(run.device), words).sample
        return F.mse_loss(predicted.float(), velocity)

    def report(average: nn.Module, step: int) -> dict[str, float]:
        assert isinstance(average, Editor)
        pipe = pipeline(vae, average, tokenizer)
        if step % (4 * run.checkpoint_every) == 0 or step == run.steps:
            _save(pipe, out)
        return followed(pipe, held_out)

    optimise(model, loss, run, report)


@torch.no_grad()
def _grow(model: Editor, small: Path) -> None:
    """Start from a U-Net without transformers at its first level.

    Their outputs start at zero: growing changes nothing that was learned.
    """
    state = torch.load(small, weights_only=True)["average"]
    missing, _ = model.load_state_dict(state, strict=False)
    for name in missing:
        if ".proj_out." in name:
            model.get_parameter(name).zero_()


def _tokenizer(run: Run, pairs: PairSet) -> CLIPTokenizer:
    """The one that the kept pairs are encoded with.

    Learned once: the trainer numbers some tokens in an order that changes from run to run, and
    a model that has learned other numbers would misread them.
    """
    kept = run.folder.parent / "tokenizer"
    if not kept.exists():
        phrases = [phrase for both in pairs.phrases for said in both for phrase in said]
        new_tokenizer(pairs.words + phrases).save_pretrained(kept)
    return CLIPTokenizer.from_pretrained(kept)


def _latents(run: Run, vae: AutoencoderKL, tokenizer: CLIPTokenizer, pairs: PairSet) -> Latents:
    weights = b"".join(p.detach().cpu().numpy().tobytes() for p in vae.encoder.parameters())
    kept = run.folder.parent / f"latents-{len(pairs.words)}-{sha256(weights).hexdigest()[:12]}.pt"
    if kept.exists():
        return Latents(**torch.load(kept, mmap=True, weights_only=True))
    tokens = tokenizer(
        pairs.words, padding="max_length", truncation=True, return_tensors="pt"
    ).input_ids
    latents = Latents(_encode(vae, pairs.before), _encode(vae, pairs.after), tokens)
    kept.parent.mkdir(parents=True, exist_ok=True)
    torch.save({"before": latents.before, "after": latents.after, "tokens": tokens}, kept)
    return latents


@torch.inference_mode()
def _encode(vae: AutoencoderKL, pictures: Bytes) -> torch.Tensor:
    parts = []
    for start in range(0, len(pictures), 200):
        x = to_model(pictures[start : start + 200], vae.device)
        with torch.autocast(vae.device.type, dtype=torch.bfloat16):
            parts.append(vae.encode(x).latent_dist.mean.half().cpu())
    return torch.cat(parts)


def pipeline(
    vae: AutoencoderKL, model: Editor, tokenizer: CLIPTokenizer
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


@torch.inference_mode()
def followed(
    pipe: StableDiffusionInstructPix2PixPipeline, pairs: PairSet, n: int = 96
) -> dict[str, float]:
    """PSNR in dB of `n` unseen edits: untouched, edited from the words, autoencoder floor."""
    x, y = (
        to_model(np.ascontiguousarray(side[:n]), pipe.device)
        for side in (pairs.before, pairs.after)
    )
    edited = pipe(
        prompt=pairs.words[:n],
        image=x,
        guidance_scale=1.0,
        image_guidance_scale=1.0,
        num_inference_steps=10,
        generator=torch.Generator().manual_seed(0),
        output_type="pt",
    ).images
    return {
        "nothing": float(psnr(x, y).clamp_max(50).mean()),
        "text": float(psnr(edited * 2 - 1, y).mean()),
        "floor": float(psnr(pipe.vae(y).sample, y).mean()),
    }


def _save(pipe: StableDiffusionInstructPix2PixPipeline, out: Path) -> None:
    """In half precision and diffusers' layout, with the defaults measured on this base."""
    copy.deepcopy(pipe).to(torch.float16).save_pretrained(out)
    (out / DEFAULTS_FILE).write_text(json.dumps(asdict(DEFAULTS), indent=2) + "\n")
