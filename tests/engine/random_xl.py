"""A small InstructPix2Pix of Stable Diffusion XL's architecture with random weights, for tests."""

import json
from pathlib import Path

import torch
from diffusers import (
    AutoencoderKL,
    EulerAncestralDiscreteScheduler,
    StableDiffusionXLInstructPix2PixPipeline,
    UNet2DConditionModel,
)
from transformers import (
    CLIPTextConfig,
    CLIPTextModel,
    CLIPTextModelWithProjection,
    CLIPTokenizer,
)

from brushctl.engine.model.base import DEFAULTS_FILE
from brushctl.engine.model.find import EMBEDDED

WIDTHS = (32, 48)
"""Of the two text encoders."""
POOLED = 24
LOUD = 6.0
"""Times the usual spread of the first weights: so that words and sizes show in a picture."""


def write_random_xl(folder: Path, *, zeros: bool = True) -> Path:
    """Write a model for 64-pixel pictures, 4 pixels a latent, into `folder`.

    Args:
        folder: where to.
        zeros: `force_zeros_for_empty_prompt`.
    """
    torch.manual_seed(0)
    tokenizer = CLIPTokenizer.from_pretrained(EMBEDDED / "tokenizer")
    tokenizer_2 = CLIPTokenizer.from_pretrained(EMBEDDED / "tokenizer", pad_token="!")
    first, second = (_text_config(tokenizer, width) for width in WIDTHS)
    unet = UNet2DConditionModel(
        sample_size=16,
        in_channels=8,
        out_channels=4,
        block_out_channels=(32, 64),
        layers_per_block=1,
        norm_num_groups=8,
        down_block_types=("DownBlock2D", "CrossAttnDownBlock2D"),
        up_block_types=("CrossAttnUpBlock2D", "UpBlock2D"),
        transformer_layers_per_block=(1, 2),
        attention_head_dim=(2, 4),
        use_linear_projection=True,
        cross_attention_dim=sum(WIDTHS),
        addition_embed_type="text_time",
        addition_time_embed_dim=8,
        projection_class_embeddings_input_dim=6 * 8 + POOLED,
    )
    vae = AutoencoderKL(
        down_block_types=("DownEncoderBlock2D",) * 3,
        up_block_types=("UpDecoderBlock2D",) * 3,
        block_out_channels=(16, 16, 16),
        norm_num_groups=8,
        sample_size=64,
        scaling_factor=0.13025,
    )
    StableDiffusionXLInstructPix2PixPipeline(
        vae=vae,
        text_encoder=CLIPTextModel(first),
        text_encoder_2=CLIPTextModelWithProjection(second),
        tokenizer=tokenizer,
        tokenizer_2=tokenizer_2,
        unet=unet,
        scheduler=EulerAncestralDiscreteScheduler(
            beta_start=0.00085, beta_end=0.012, beta_schedule="scaled_linear", steps_offset=1
        ),
        force_zeros_for_empty_prompt=zeros,
        add_watermarker=False,
    ).save_pretrained(folder)
    (folder / DEFAULTS_FILE).write_text(json.dumps({"s_T": 5.0, "s_I": 1.5, "steps": 3}))
    return folder


def _text_config(tokenizer: CLIPTokenizer, width: int) -> CLIPTextConfig:
    return CLIPTextConfig(
        vocab_size=len(tokenizer),
        max_position_embeddings=tokenizer.model_max_length,
        hidden_size=width,
        intermediate_size=2 * width,
        num_hidden_layers=3,
        num_attention_heads=2,
        projection_dim=POOLED,
        initializer_factor=LOUD,
        bos_token_id=tokenizer.bos_token_id,
        eos_token_id=tokenizer.eos_token_id,
        pad_token_id=tokenizer.pad_token_id,
    )
