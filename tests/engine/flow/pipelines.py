"""Small pipelines of each family, with random weights, in diffusers' own classes.

Weights are enlarged so that words matter: a random transformer hardly listens to them.
"""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from unittest.mock import patch

import torch
from diffusers import (
    AutoencoderKL,
    AutoencoderKLFlux2,
    AutoencoderKLQwenImage,
    AutoencoderTiny,
    DreamLiteMobilePipeline,
    DreamLitePipeline,
    DreamLiteUNetModel,
    FlowMatchEulerDiscreteScheduler,
    Flux2KleinPipeline,
    Flux2Transformer2DModel,
    FluxKontextPipeline,
    FluxTransformer2DModel,
    LongCatImageEditPipeline,
    LongCatImageTransformer2DModel,
    QwenImageEditPipeline,
    QwenImageEditPlusPipeline,
    QwenImageTransformer2DModel,
)
from diffusers.pipelines.longcat_image import pipeline_longcat_image_edit
from diffusers.pipelines.qwenimage import pipeline_qwenimage_edit, pipeline_qwenimage_edit_plus
from tokenizers.pre_tokenizers import ByteLevel
from transformers import (
    CLIPTextConfig,
    CLIPTextModel,
    CLIPTokenizer,
    Qwen2_5_VLConfig,
    Qwen2_5_VLForConditionalGeneration,
    Qwen2Tokenizer,
    Qwen2VLImageProcessor,
    Qwen2VLProcessor,
    Qwen2VLVideoProcessor,
    Qwen3Config,
    Qwen3ForCausalLM,
    T5Config,
    T5EncoderModel,
)

from brushctl.engine.flow.families import FAMILIES
from brushctl.engine.flow.families.family import Sampling
from brushctl.engine.flow.model import FlowModel
from brushctl.engine.model.find import EMBEDDED

SIDE = 64
"""Pixels along a side of what these editors see."""
SPECIAL = ("<|endoftext|>", "<|im_start|>", "<|im_end|>", "<|vision_start|>", "<|vision_end|>")
PADS = ("<|image_pad|>", "<|video_pad|>", "assistant", "system", "user")
CHAT = (
    "{% for message in messages %}<|im_start|>{{ message['role'] }}\n{{ message['content'] }}"
    "<|im_end|>\n{% endfor %}{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
)
LOUD = 2.5
"""What the transformers' weights are multiplied by."""


def qwen_tokenizer() -> Qwen2Tokenizer:
    """Bytes, and the marks of the chat template."""
    vocab = {letter: k for k, letter in enumerate(sorted(ByteLevel.alphabet()))}
    tokenizer = Qwen2Tokenizer(vocab=vocab, merges=[], model_max_length=512)
    tokenizer.add_special_tokens({"additional_special_tokens": [*SPECIAL, *PADS]})
    tokenizer.pad_token = "<|endoftext|>"
    tokenizer.chat_template = CHAT
    return tokenizer


def scheduler(**more: object) -> FlowMatchEulerDiscreteScheduler:
    """As the published ones are: shifted by the picture's size."""
    return FlowMatchEulerDiscreteScheduler(use_dynamic_shifting=True, **more)


def loud(transformer: torch.nn.Module) -> torch.nn.Module:
    """Make words matter."""
    with torch.no_grad():
        for parameter in transformer.parameters():
            if parameter.ndim > 1:
                parameter.mul_(LOUD)
    return transformer.eval()


def autoencoder(kind: type = AutoencoderKL, **more: object) -> torch.nn.Module:
    """Two pixels to a latent along a side."""
    return kind(
        in_channels=3,
        out_channels=3,
        down_block_types=("DownEncoderBlock2D",) * 2,
        up_block_types=("UpDecoderBlock2D",) * 2,
        block_out_channels=(8, 8),
        layers_per_block=1,
        norm_num_groups=4,
        **({"latent_channels": 4} | more),
    ).eval()


def kontext(*, guidance_embeds: bool = True) -> FluxKontextPipeline:
    """Two double and two single blocks."""
    torch.manual_seed(0)
    tokenizer = CLIPTokenizer.from_pretrained(EMBEDDED / "tokenizer")
    d, length = 16, tokenizer.model_max_length
    clip = CLIPTextConfig(
        vocab_size=len(tokenizer),
        hidden_size=d,
        intermediate_size=d,
        num_hidden_layers=1,
        num_attention_heads=2,
        max_position_embeddings=length,
        projection_dim=d,
    )
    t5 = T5Config(vocab_size=len(tokenizer), d_model=d, d_kv=8, d_ff=d, num_layers=1, num_heads=2)
    transformer = FluxTransformer2DModel(
        in_channels=16,
        num_layers=2,
        num_single_layers=2,
        attention_head_dim=16,
        num_attention_heads=2,
        joint_attention_dim=d,
        pooled_projection_dim=d,
        guidance_embeds=guidance_embeds,
        axes_dims_rope=(4, 6, 6),
    )
    return FluxKontextPipeline(
        scheduler=scheduler(),
        vae=autoencoder(scaling_factor=0.9, shift_factor=0.1),
        text_encoder=CLIPTextModel(clip).eval(),
        tokenizer=tokenizer,
        text_encoder_2=T5EncoderModel(t5).eval(),
        tokenizer_2=tokenizer,
        transformer=loud(transformer),
    )


def klein(*, is_distilled: bool = False) -> Flux2KleinPipeline:
    """One double and two single blocks, whose projections are fused."""
    torch.manual_seed(0)
    tokenizer = qwen_tokenizer()
    qwen3 = Qwen3Config(
        vocab_size=len(tokenizer),
        hidden_size=8,
        intermediate_size=16,
        num_hidden_layers=28,
        num_attention_heads=2,
        num_key_value_heads=1,
        head_dim=4,
    )
    transformer = Flux2Transformer2DModel(
        in_channels=16,
        num_layers=1,
        num_single_layers=2,
        attention_head_dim=16,
        num_attention_heads=2,
        joint_attention_dim=24,
        timestep_guidance_channels=16,
        guidance_embeds=False,
        axes_dims_rope=(4, 4, 4, 4),
    )
    return Flux2KleinPipeline(
        scheduler=scheduler(),
        vae=autoencoder(AutoencoderKLFlux2),
        text_encoder=Qwen3ForCausalLM(qwen3).eval(),
        tokenizer=tokenizer,
        transformer=loud(transformer),
        is_distilled=is_distilled,
    )


def qwen_encoder(tokenizer: Qwen2Tokenizer) -> Qwen2_5_VLForConditionalGeneration:
    """A text encoder that sees the picture."""
    ids = {
        f"{kind}_token_id": tokenizer.convert_tokens_to_ids(f"<|{mark}|>")
        for kind, mark in (
            ("image", "image_pad"),
            ("video", "video_pad"),
            ("vision_start", "vision_start"),
            ("vision_end", "vision_end"),
        )
    }
    text = {
        "vocab_size": len(tokenizer),
        "hidden_size": 16,
        "intermediate_size": 16,
        "num_hidden_layers": 2,
        "num_attention_heads": 2,
        "num_key_value_heads": 1,
        "rope_scaling": {"type": "default", "mrope_section": [1, 1, 2]},
    }
    vision = {
        "depth": 1,
        "hidden_size": 16,
        "intermediate_size": 16,
        "num_heads": 2,
        "out_hidden_size": 16,
        "fullatt_block_indexes": [0],
    }
    config = Qwen2_5_VLConfig(text_config=text, vision_config=vision, **ids)
    return Qwen2_5_VLForConditionalGeneration(config).eval()


def qwen_processor(tokenizer: Qwen2Tokenizer) -> Qwen2VLProcessor:
    """Of pictures and words."""
    images = Qwen2VLImageProcessor(min_pixels=28 * 28, max_pixels=56 * 56)
    return Qwen2VLProcessor(images, tokenizer, Qwen2VLVideoProcessor(), chat_template=CHAT)


def qwen(kind: type = QwenImageEditPipeline, *, zero_cond_t: bool = False) -> QwenImageEditPipeline:
    """Two double blocks; 2511 sees its picture at time 0."""
    torch.manual_seed(0)
    tokenizer = qwen_tokenizer()
    transformer = QwenImageTransformer2DModel(
        in_channels=16,
        out_channels=4,
        num_layers=2,
        attention_head_dim=16,
        num_attention_heads=2,
        joint_attention_dim=16,
        axes_dims_rope=(4, 6, 6),
        zero_cond_t=zero_cond_t,
    )
    vae = AutoencoderKLQwenImage(
        base_dim=8,
        z_dim=4,
        dim_mult=[1, 1],
        num_res_blocks=1,
        temperal_downsample=[False],
        latents_mean=[0.1] * 4,
        latents_std=[0.9] * 4,
    )
    return kind(
        scheduler=scheduler(shift_terminal=0.02),
        vae=vae.eval(),
        text_encoder=qwen_encoder(tokenizer),
        tokenizer=tokenizer,
        processor=qwen_processor(tokenizer),
        transformer=loud(transformer),
    )


def longcat() -> LongCatImageEditPipeline:
    """Two double and two single blocks."""
    torch.manual_seed(0)
    tokenizer = qwen_tokenizer()
    transformer = LongCatImageTransformer2DModel(
        in_channels=64,
        num_layers=2,
        num_single_layers=2,
        attention_head_dim=16,
        num_attention_heads=2,
        joint_attention_dim=16,
        pooled_projection_dim=16,
        axes_dims_rope=[4, 6, 6],
    )
    vae = autoencoder(scaling_factor=0.9, shift_factor=0.1, latent_channels=16)
    return LongCatImageEditPipeline(
        scheduler=scheduler(),
        vae=vae,
        text_encoder=qwen_encoder(tokenizer),
        tokenizer=tokenizer,
        text_processor=qwen_processor(tokenizer),
        transformer=loud(transformer),
    )


def qwen_plus(*, zero_cond_t: bool = False) -> QwenImageEditPlusPipeline:
    """Qwen-Image-Edit of 2509; of 2511 with `zero_cond_t`."""
    return qwen(QwenImageEditPlusPipeline, zero_cond_t=zero_cond_t)


def dreamlite(kind: type = DreamLitePipeline) -> DreamLitePipeline:
    """A U-Net with one head of keys and values, its picture beside the noise."""
    torch.manual_seed(0)
    tokenizer = qwen_tokenizer()
    unet = DreamLiteUNetModel(
        sample_size=16,
        in_channels=4,
        out_channels=4,
        block_out_channels=(16, 32),
        layers_per_block=1,
        norm_num_groups=4,
        down_block_types=(
            "DreamLiteCrossAttnNoSelfAttnDownBlock2D",
            "DreamLiteCrossAttnDownBlock2D",
        ),
        up_block_types=("DreamLiteCrossAttnUpBlock2D", "DreamLiteUpBlock2D"),
        cross_attention_dim=16,
        attention_head_dim=8,
    )
    vae = AutoencoderTiny(
        encoder_block_out_channels=(8, 8),
        decoder_block_out_channels=(8, 8),
        num_encoder_blocks=(1, 1),
        num_decoder_blocks=(1, 1),
        latent_channels=4,
    )
    return kind(
        scheduler=scheduler(),
        vae=vae.eval(),
        text_encoder=qwen_encoder(tokenizer),
        tokenizer=tokenizer,
        processor=qwen_processor(tokenizer),
        unet=loud(unet),
    )


STEPS = 6
OF_FIXED_AREA = (
    pipeline_qwenimage_edit,
    pipeline_qwenimage_edit_plus,
    pipeline_longcat_image_edit,
)
"""Pipelines that bring every picture to a megapixel, which would take minutes on a CPU."""


@contextmanager
def small_area() -> Iterator[None]:
    """They bring pictures to `SIDE` squared pixels instead."""
    with ExitStack() as stack:
        for module in OF_FIXED_AREA:
            honest = module.calculate_dimensions
            small = lambda _, shape, honest=honest: honest(SIDE**2, shape)  # noqa: E731
            stack.enter_context(patch.object(module, "calculate_dimensions", small))
        yield


MADE = {
    "flux-kontext": kontext,
    "flux-kontext-unguided": lambda: kontext(guidance_embeds=False),
    "flux2-klein": klein,
    "qwen-image-edit": qwen,
    "qwen-image-edit-2511": lambda: qwen_plus(zero_cond_t=True),
    "longcat-image-edit": longcat,
    "dreamlite": dreamlite,
    "dreamlite-mobile": lambda: dreamlite(DreamLiteMobilePipeline),
}


def model_of(pipe: object, steps: int = STEPS) -> FlowModel:
    """A pipeline as brushctl runs it."""
    pipe.set_progress_bar_config(disable=True)
    family = FAMILIES[type(pipe).__name__]
    getattr(pipe, family.part).requires_grad_(False)
    sampling = Sampling(steps, SIDE, family.guidance(pipe))
    return FlowModel("small", pipe, family, sampling, "0" * 64)
