"""The base model: an InstructPix2Pix, embedded, local or on the hub."""

import json
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
from diffusers import AutoencoderKL, EulerAncestralDiscreteScheduler, UNet2DConditionModel
from transformers import CLIPTokenizer

from brushctl.engine.brush.scales import PAPER_SCALES, Scales
from brushctl.engine.devices import enough_memory, out_of_memory
from brushctl.engine.flow.families.family import FlowFamily
from brushctl.engine.flow.loading import family_in, load_pipeline, sampling_of
from brushctl.engine.flow.model import FlowModel
from brushctl.engine.model.checkpoint import load_file
from brushctl.engine.model.families import Family, Words, family_of, load_folder
from brushctl.engine.model.find import Found, find
from brushctl.engine.model.hub import unavailable
from brushctl.engine.quiet import quiet
from brushctl.errors import BaseModelError, BrushctlError
from brushctl.settings import INSTRUCT_PIX2PIX

DEFAULTS_FILE = "brushctl.json"
"""A base's own measured defaults; a base without one gets the paper's."""
PREDICTIONS = ("epsilon", "v_prediction")
SIDE_STEP = 2
"""Latents along a side come in steps of this, so that one halving stays exact."""
LEAST_SIDE = 8
"""The fewest latents along a side: below it a picture has no structure to attend to."""


@dataclass(frozen=True, slots=True)
class Defaults:
    """How a base is best run: the paper's settings (section 6), unless the base carries others.

    Attributes:
        s_T: text guidance scale.
        s_I: image guidance scale.
        steps: sampling steps.
    """

    s_T: float = PAPER_SCALES.s_T
    s_I: float = PAPER_SCALES.s_I
    steps: int = 20

    @property
    def scales(self) -> Scales:
        """Both scales."""
        return Scales(self.s_T, self.s_I)


@dataclass(frozen=True, slots=True)
class BaseModel:
    """The frozen parts of an instruction-based editing model.

    Attributes:
        alpha_bar: (T,), the share of the picture's variance at each timestep of the noise schedule.
    """

    id: str
    vae: AutoencoderKL
    unet: UNet2DConditionModel
    family: Family
    scheduler_config: dict[str, Any]
    defaults: Defaults
    model_sha256: str
    revision: str | None = None
    alpha_bar: torch.Tensor = field(init=False, repr=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "alpha_bar", self.scheduler(1).alphas_cumprod.to(self.device))

    @property
    def train_steps(self) -> int:
        """T, the number of timesteps of the noise schedule."""
        return len(self.alpha_bar)

    def working_size(self, width: int, height: int) -> tuple[int, int]:
        """The size at which the model sees a photograph: its own area, the photograph's shape."""
        unit = self.vae_factor * SIDE_STEP
        scale = self.resolution / (width * height) ** 0.5
        least = LEAST_SIDE // SIDE_STEP
        w, h = (unit * max(least, round(side * scale / unit)) for side in (width, height))
        return w, h

    @property
    def predicts_velocity(self) -> bool:
        """Whether the U-Net predicts the velocity, or else the noise."""
        return self.scheduler_config.get("prediction_type") == "v_prediction"

    @property
    def device(self) -> torch.device:
        """Where the parts lie."""
        return self._first.device

    @property
    def dtype(self) -> torch.dtype:
        """The number format of the parts."""
        return self._first.dtype

    @property
    def _first(self) -> torch.nn.Parameter:
        """Stands for all; the U-Net's own properties walk through its modules at each question."""
        return next(self.unet.parameters())

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
        with quiet():  # it says what in the configuration is another scheduler's
            scheduler = EulerAncestralDiscreteScheduler.from_config(self.scheduler_config)
        scheduler.set_timesteps(steps, device=self.device)
        return scheduler

    @property
    def tokenizer(self) -> CLIPTokenizer:
        """What divides a phrase into tokens."""
        return self.family.tokenizer

    @torch.no_grad()
    def read(self, phrase: str | None) -> Words:
        """A phrase, padded to full length; None is the text of the branches without one."""
        words = self.family.read(phrase)
        return Words(
            words.prompt_embeds.to(self.device, self.dtype),
            words.pooled_prompt_embeds.to(self.device, self.dtype),
        )

    @property
    def encoders(self) -> tuple[torch.nn.Module, ...]:
        """What reads words."""
        return self.family.encoders

    def reads(self, phrase: str) -> bool:
        """Whether it reads a phrase to its end."""
        return self.token_count(phrase) <= int(self.tokenizer.model_max_length)

    def token_count(self, phrase: str) -> int:
        """Tokens of a phrase, the start and end tokens counted."""
        return len(self.tokenizer(phrase).input_ids)

    @torch.no_grad()
    def encode(self, images: torch.Tensor) -> torch.Tensor:
        """E of pixels in [-1, 1], unscaled as IP2P conditions: (n, 3, h, w) to (n, c, h/f, w/f)."""
        latents: torch.Tensor = self.vae.encode(
            images.to(self.device, self.vae.dtype)
        ).latent_dist.mode()
        return latents.to(self.dtype)

    @torch.no_grad()
    def decode(self, latents: torch.Tensor) -> torch.Tensor:
        """D(z) of scaled latents: pixels in [-1, 1]."""
        latents = latents.to(self.vae.dtype) / self.vae.config.scaling_factor
        pixels: torch.Tensor = self.vae.decode(latents).sample
        return pixels.clamp(-1, 1)


AnyBase = BaseModel | FlowModel
"""A frozen editor: the U-Net of an InstructPix2Pix, or a transformer."""


def open_base(
    name: str | None, device: torch.device, dtype: torch.dtype, *, revision: str | None = None
) -> AnyBase:
    """Find a base model, and load it.

    Raises:
        BaseModelError: it is not on this machine and cannot be fetched, or is no IP2P model.
        DeviceMemoryError: it does not fit into the device's memory.
        UsageError: the revision is empty.
    """
    return load_base(find(name, revision), device, dtype)


@enough_memory("the base model does not fit into the device's memory")
def load_base(found: Found, device: torch.device, dtype: torch.dtype) -> AnyBase:
    """Load a base model that was found.

    Raises:
        BaseModelError: it is damaged, or no editor that brushes know.
        DeviceMemoryError: it does not fit into the device's memory.
    """
    with quiet(device):
        with _explained(found):
            flow = family_in(found.path) if found.path.is_dir() else None
        if flow:
            return _load_flow(found, flow, device, dtype)
        pipe, defaults = _load(found, dtype)
        if pipe.unet.config.in_channels != 2 * pipe.vae.config.latent_channels:
            raise BaseModelError(
                "this model does not take a picture to edit (its U-Net has no image latents)",
                where=found.id,
                do=f"Use an InstructPix2Pix model such as {INSTRUCT_PIX2PIX}.",
            )
        if (predicted := pipe.scheduler.config.prediction_type) not in PREDICTIONS:
            raise BaseModelError(
                f"this model predicts neither noise nor velocity but {predicted!r}",
                where=found.id,
                do=f"Use an InstructPix2Pix model such as {INSTRUCT_PIX2PIX}.",
            )
        family = family_of(pipe)
        pipe.vae.to(family.vae_dtype(dtype))
        for part in (pipe.vae, pipe.unet, *family.encoders):
            part.requires_grad_(False).eval().to(device)
    return BaseModel(
        id=found.id,
        vae=pipe.vae,
        unet=pipe.unet,
        family=family,
        scheduler_config=dict(pipe.scheduler.config),
        defaults=defaults,
        model_sha256=found.model_sha256,
        revision=found.revision,
    )


def _load_flow(
    found: Found, family: FlowFamily, device: torch.device, dtype: torch.dtype
) -> FlowModel:
    with _explained(found):
        pipe = load_pipeline(found.path, family, device, dtype)
        sampling = sampling_of(pipe, family, _said(found.path))
    return FlowModel(found.id, pipe, family, sampling, found.model_sha256, found.revision)


def _load(found: Found, dtype: torch.dtype) -> tuple[Any, Defaults]:
    with _explained(found):
        if found.path.is_file():
            return load_file(found.path, dtype), Defaults()
        return load_folder(found.path, dtype), Defaults(**_said(found.path))


@contextmanager
def _explained(found: Found) -> Generator[None]:
    """Say what is the matter with a base that cannot be loaded."""
    try:
        yield
    except BrushctlError:
        raise
    except Exception as error:
        if out_of_memory(error):
            raise
        # What is damaged shows itself in as many exceptions as there are libraries below.
        raise unavailable(found.id, found.revision, error) from error


def _said(base: Path) -> dict[str, Any]:
    """What a base's folder says of how it is best run."""
    file = base / DEFAULTS_FILE
    return json.loads(file.read_text()) if file.is_file() else {}
