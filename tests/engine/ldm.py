"""Small random InstructPix2Pix models built as Stable Diffusion 1.5 is, and their single files."""

import re
from pathlib import Path

import torch
from diffusers import (
    AutoencoderKL,
    EulerAncestralDiscreteScheduler,
    StableDiffusionInstructPix2PixPipeline,
    UNet2DConditionModel,
)
from transformers import CLIPTextConfig, CLIPTextModel

from brushctl.engine.model.checkpoint import clip_tokenizer

WIDTHS = (8, 16, 16, 16)


def small_model(seed: int) -> StableDiffusionInstructPix2PixPipeline:
    """Four blocks of two layers, as in Stable Diffusion 1.5, and narrow."""
    torch.manual_seed(seed)
    unet = UNet2DConditionModel(
        sample_size=8, in_channels=8, out_channels=4, block_out_channels=WIDTHS,
        cross_attention_dim=16, attention_head_dim=2, norm_num_groups=4,
    )  # fmt: skip
    vae = AutoencoderKL(
        down_block_types=("DownEncoderBlock2D",) * 4, up_block_types=("UpDecoderBlock2D",) * 4,
        block_out_channels=(4, 4, 8, 8), layers_per_block=2, latent_channels=4, sample_size=64,
        scaling_factor=0.18215, norm_num_groups=4,
    )  # fmt: skip
    text = CLIPTextConfig(
        hidden_size=16, intermediate_size=32, num_hidden_layers=1, num_attention_heads=2,
    )  # fmt: skip
    return StableDiffusionInstructPix2PixPipeline(
        vae=vae, unet=unet, text_encoder=CLIPTextModel(text), tokenizer=clip_tokenizer(),
        scheduler=EulerAncestralDiscreteScheduler(), safety_checker=None, feature_extractor=None,
        requires_safety_checker=False,
    )  # fmt: skip


def single_file(pipe: StableDiffusionInstructPix2PixPipeline) -> dict[str, torch.Tensor]:
    """The numbers under the names of the original training program."""
    tensors = {}
    for name, value in pipe.unet.state_dict().items():
        tensors["model.diffusion_model." + _of_unet(name)] = value
    for name, value in pipe.vae.state_dict().items():
        own = _of_vae(name)
        square = value[:, :, None, None] if "attn_1" in own and value.ndim == 2 else value
        tensors["first_stage_model." + own] = square
    for name, value in pipe.text_encoder.state_dict().items():
        wrapped = name if name.startswith("text_model.") else f"text_model.{name}"
        tensors["cond_stage_model.transformer." + wrapped] = value
    return {name: value.contiguous() for name, value in tensors.items()}


def save_configuration(pipe: StableDiffusionInstructPix2PixPipeline, folder: Path) -> Path:
    """A model's configuration in diffusers' layout, without its weights."""
    pipe.save_pretrained(folder)
    for weights in folder.rglob("*.safetensors"):
        weights.unlink()
    return folder


def _of_unet(name: str) -> str:
    """The name of a U-Net's tensor: 3 places to a block, as it has two layers and a resampling."""
    outer = {
        "time_embedding.linear_1": "time_embed.0", "time_embedding.linear_2": "time_embed.2",
        "conv_in": "input_blocks.0.0", "conv_norm_out": "out.0", "conv_out": "out.2",
    }  # fmt: skip
    for theirs, ours in outer.items():
        if name.startswith(f"{theirs}."):
            return name.replace(theirs, ours)

    def block(match: re.Match[str]) -> str:
        place, b, kind, layer = match[1], int(match[2] or 0), match[3], int(match[4])
        if place == "mid_block":
            return f"middle_block.{1 if kind == 'attentions' else 2 * layer}."
        k = 3 * b + layer
        if kind == "downsamplers":
            return f"input_blocks.{3 * b + 3}.0."
        if kind == "upsamplers":  # behind the attention, where the block has it
            return f"output_blocks.{3 * b + 2}.{1 if b == 0 else 2}."
        inner = int(kind == "attentions")
        there = f"input_blocks.{k + 1}" if place == "down_blocks" else f"output_blocks.{k}"
        return f"{there}.{inner}."

    name = re.sub(r"^(mid_block|down_blocks|up_blocks)(?:\.(\d))?\.(\w+)\.(\d)\.", block, name)
    if name.startswith("input_blocks") and ".0.conv." in name:
        return name.replace(".0.conv.", ".0.op.")
    inside = {
        "norm1": "in_layers.0", "conv1": "in_layers.2", "norm2": "out_layers.0",
        "conv2": "out_layers.3", "time_emb_proj": "emb_layers.1",
        "conv_shortcut": "skip_connection",
    }  # fmt: skip
    if "transformer_blocks" in name:
        return name
    for theirs, ours in inside.items():
        name = name.replace(f".{theirs}.", f".{ours}.")
    return name


def _of_vae(name: str) -> str:
    rules = (
        (r"conv_norm_out", "norm_out"), (r"conv_shortcut", "nin_shortcut"),
        (r"mid_block\.resnets\.(\d)", lambda m: f"mid.block_{int(m[1]) + 1}"),
        (r"mid_block\.attentions\.0", "mid.attn_1"), (r"group_norm", "norm"),
        (r"to_([qkv])\.", r"\1."), (r"to_out\.0", "proj_out"),
        (r"down_blocks\.(\d)\.resnets\.", r"down.\1.block."),
        (r"down_blocks\.(\d)\.downsamplers\.0", r"down.\1.downsample"),
        (r"up_blocks\.(\d)\.resnets\.", lambda m: f"up.{3 - int(m[1])}.block."),
        (r"up_blocks\.(\d)\.upsamplers\.0", lambda m: f"up.{3 - int(m[1])}.upsample"),
    )  # fmt: skip
    for pattern, new in rules:
        name = re.sub(pattern, new, name)
    return name
