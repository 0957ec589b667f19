"""The base model: an InstructPix2Pix in diffusers' layout, embedded, local or on the hub."""

import json
import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from diffusers import (
    AutoencoderKL,
    EulerAncestralDiscreteScheduler,
    StableDiffusionInstructPix2PixPipeline,
    UNet2DConditionModel,
)
from diffusers.utils import logging as diffusers_logging
from transformers import CLIPTextModel, CLIPTokenizer
from transformers.utils import logging as transformers_logging

from brushctl.engine.identity import identity, variant_of
from brushctl.engine.places import find_base, is_folder, unavailable
from brushctl.errors import BaseModelError
from brushctl.settings import INSTRUCT_PIX2PIX, TINY

EMBEDDED = Path(__file__).parents[1] / "tiny" / "weights"
DEFAULTS_FILE = "brushctl.json"
"""A base's own measured defaults; a base without one gets the paper's."""


@dataclass(frozen=True, slots=True)
class Defaults:
    """How a base is best run: the paper's settings (section 6), unless the base carries others.

    Attributes:
        s_T: text guidance scale.
        s_I: image guidance scale.
        steps: sampling steps.
    """

    s_T: float = 7.5
    s_I: float = 1.5
    steps: int = 20


@dataclass(frozen=True, slots=True)
class BaseModel:
    """The frozen parts of an instruction-based editing model."""

    id: str
    vae: AutoencoderKL
    unet: UNet2DConditionModel
    text_encoder: CLIPTextModel
    tokenizer: CLIPTokenizer
    scheduler_config: dict[str, Any]
    defaults: Defaults
    unet_sha256: str
    revision: str | None = None

    @property
    def device(self) -> torch.device:
        """Where the parts lie."""
        return self.unet.device

    @property
    def dtype(self) -> torch.dtype:
        """The number format of the parts."""
        return self.unet.dtype

    @property
    def vae_factor(self) -> int:
        """Pixels for each latent along a side (8 on SD, 4 on tiny-ip2p)."""
        return int(2 ** (len(self.vae.config.block_out_channels) - 1))

    @property
    def resolution(self) -> int:
        """The side in pixels of the square pictures the base was trained on."""
        return int(self.unet.config.sample_size) * self.vae_factor

    @property
    def architecture(self) -> str:
        """A name for the U-Net's shape, kept in brushes for people to read."""
        widths = "-".join(str(w) for w in self.unet.config.block_out_channels)
        return f"unet-{widths}-text{self.unet.config.cross_attention_dim}"

    def scheduler(self, steps: int) -> EulerAncestralDiscreteScheduler:
        """Euler ancestral on the base's own noise schedule, its timesteps set."""
        scheduler = EulerAncestralDiscreteScheduler.from_config(self.scheduler_config)
        scheduler.set_timesteps(steps, device=self.device)
        return scheduler

    @torch.no_grad()
    def embed(self, phrase: str) -> torch.Tensor:
        """The text encoder's states for a phrase, padded to full length: (1, l, d_text)."""
        tokens = self.tokenizer(
            phrase,
            padding="max_length",
            max_length=self.tokenizer.model_max_length,
            truncation=True,
            return_tensors="pt",
        ).input_ids
        states: torch.Tensor = self.text_encoder(tokens.to(self.device))[0]
        return states.to(self.dtype)

    def token_count(self, phrase: str) -> int:
        """Tokens of a phrase, the start and end tokens counted."""
        return len(self.tokenizer(phrase).input_ids)

    @torch.no_grad()
    def encode_condition(self, images: torch.Tensor) -> torch.Tensor:
        """E(c_I), unscaled as IP2P conditions on it: (n, 3, h, w) to (n, c, h/f, w/f)."""
        latents: torch.Tensor = self.vae.encode(
            images.to(self.device, self.dtype)
        ).latent_dist.mode()
        return latents

    @torch.no_grad()
    def decode(self, latents: torch.Tensor) -> torch.Tensor:
        """D(z) of scaled latents: pixels in [-1, 1]."""
        pixels: torch.Tensor = self.vae.decode(latents / self.vae.config.scaling_factor).sample
        return pixels.clamp(-1, 1)


def open_base(
    name: str | None, device: torch.device, dtype: torch.dtype, *, revision: str | None = None
) -> BaseModel:
    """Load a base model: `tiny-ip2p`, a folder in diffusers' layout, or a hub id.

    Raises:
        BaseModelError: it is not on this machine and cannot be fetched, or is no IP2P model.
    """
    name = name or TINY
    folder = EMBEDDED if name == TINY else find_base(name, revision)
    pipe = _load(name, folder, dtype)
    if pipe.unet.config.in_channels != 2 * pipe.vae.config.latent_channels:
        raise BaseModelError(
            "this model does not take a picture to edit (its U-Net has no image latents)",
            where=name,
            do=f"Use an InstructPix2Pix model such as {INSTRUCT_PIX2PIX}.",
        )
    for part in (pipe.vae, pipe.unet, pipe.text_encoder):
        part.requires_grad_(False).eval().to(device)
    return BaseModel(
        id=name if name == TINY or not is_folder(name) else folder.resolve().name,
        vae=pipe.vae,
        unet=pipe.unet,
        text_encoder=pipe.text_encoder,
        tokenizer=pipe.tokenizer,
        scheduler_config=dict(pipe.scheduler.config),
        defaults=_defaults(folder),
        unet_sha256=identity(folder / "unet"),
        revision=revision,
    )


def _load(name: str, folder: Path, dtype: torch.dtype) -> StableDiffusionInstructPix2PixPipeline:
    diffusers_logging.set_verbosity_error()
    diffusers_logging.disable_progress_bar()
    transformers_logging.disable_progress_bar()
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", FutureWarning)  # of renamed arguments
            return StableDiffusionInstructPix2PixPipeline.from_pretrained(
                folder,
                torch_dtype=dtype,
                variant=variant_of(folder / "unet"),
                safety_checker=None,
                feature_extractor=None,
                requires_safety_checker=False,
            )
    except Exception as error:
        # What is damaged shows itself in as many exceptions as there are libraries below.
        raise unavailable(name, error) from error


def _defaults(folder: Path) -> Defaults:
    file = folder / DEFAULTS_FILE
    return Defaults(**json.loads(file.read_text())) if file.is_file() else Defaults()
