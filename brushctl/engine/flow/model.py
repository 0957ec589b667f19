"""A transformer editor: a pipeline of diffusers, and what it calls its transformer with."""

from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, NoReturn

import numpy as np
import torch
from PIL import Image
from torch import nn

from brushctl.engine.brush.sites import Site, sites
from brushctl.engine.flow.families.family import (
    Arguments,
    FlowFamily,
    Pipeline,
    Sampling,
    by_name,
)
from brushctl.engine.pixels import FloatImage, from_model
from brushctl.errors import PhraseError
from brushctl.photos.icc import quantise

ROUNDED = 2**-8
"""How far a noise level in half precision may be from its own, as a share of it: it is rounded to
eight bits twice, as 1000 sigma and as sigma."""


class _RecordedError(Exception):
    """Ends a pipeline's run at its first call of the transformer."""


@dataclass(frozen=True, slots=True)
class Call:
    """What a pipeline calls its model with, for one picture.

    Attributes:
        named: the arguments, of the rows that a brush is meant for.
        picture: the picture in latent space, as the model is shown it; its batch is 1.
        sigmas: (steps,), the noise levels of the pipeline's schedule, from 1 down.
    """

    named: Arguments
    picture: torch.Tensor
    sigmas: torch.Tensor


@dataclass(frozen=True)
class FlowModel:
    """A frozen transformer editor.

    Attributes:
        id: what it is called in brushes.
        pipe: diffusers' own pipeline.
        family: how that pipeline reads words and pictures.
        sampling: how it is run.
        model_sha256: which transformer it has.
        revision: of the hub, if one was asked for.
    """

    id: str
    pipe: Pipeline
    family: FlowFamily
    sampling: Sampling
    model_sha256: str
    revision: str | None = None

    @property
    def denoiser(self) -> nn.Module:
        """The transformer, or the U-Net of a rectified flow: what reads a brush."""
        module: nn.Module = getattr(self.pipe, self.family.part)
        return module

    @property
    def vae(self) -> nn.Module:
        """The autoencoder."""
        module: nn.Module = self.pipe.vae
        return module

    @property
    def encoders(self) -> tuple[nn.Module, ...]:
        """What reads words, and sees the picture where the family's does."""
        parts = [part for part in self.pipe.components.values() if isinstance(part, nn.Module)]
        return tuple(part for part in parts if part is not self.denoiser and part is not self.vae)

    @property
    def scheduler_config(self) -> dict[str, Any]:
        """The pipeline's own schedule."""
        return dict(self.pipe.scheduler.config)

    @property
    def device(self) -> torch.device:
        """Where the pipeline works."""
        device: torch.device = self.pipe._execution_device  # offloaded parts lie elsewhere
        return device

    @property
    def dtype(self) -> torch.dtype:
        """The transformer's number format; quantised weights are stored in others."""
        return next(x.dtype for x in self.denoiser.parameters() if x.is_floating_point())

    @property
    def resolution(self) -> int:
        """The side in pixels of the square of as many pixels as it sees."""
        return self.sampling.resolution

    @property
    def architecture(self) -> str:
        """A name for the transformer's shape, kept in brushes for people to read."""
        return f"{self.family.name}-{len(self.sites)}x{next(iter(self.sites.values())).width}"

    @cached_property
    def sites(self) -> dict[str, Site]:
        """Where the transformer reads words."""
        return sites(self.denoiser)

    def sampled(self, steps: int, guidance: float | None) -> "FlowModel":
        """The same model, run with so many steps and told this guidance."""
        return replace(self, sampling=replace(self.sampling, steps=steps, guidance=guidance))

    def working_size(self, width: int, height: int) -> tuple[int, int]:
        """The size at which the pipeline sees a photograph."""
        return self.family.working_size(self.pipe, width, height, self.resolution)

    def settings(self, phrase: str | None) -> dict[str, Any]:
        """The pipeline's arguments besides the picture and its size."""
        return {
            "prompt": phrase or "",
            "num_inference_steps": self.sampling.steps,
            **self.family.settings(self.pipe, self.sampling),
        }

    def arguments(self, image: FloatImage, phrase: str | None) -> dict[str, Any]:
        """The pipeline's arguments for a picture (h, w, 3) of a working size."""
        h, w = image.shape[:2]
        return {
            "image": Image.fromarray(quantise(np.asarray(image), 8)),
            **self.settings(phrase),
            **self.family.size(w, h),
        }

    def record(self, image: FloatImage, phrase: str | None) -> Call:
        """What the pipeline calls its transformer with, for a picture (h, w, 3) of a working size.

        The pipeline's own preparation is run, and ends where the transformer would begin.
        """
        seen: dict[str, Any] = {}

        def stop(_: nn.Module, given: tuple[Any, ...], named: Arguments) -> NoReturn:
            seen.update(by_name(given, named))
            raise _RecordedError

        hook = self.denoiser.register_forward_pre_hook(stop, with_kwargs=True)
        try:
            self.pipe(**self.arguments(image, phrase), generator=torch.Generator().manual_seed(0))
        except _RecordedError:
            pass
        finally:
            hook.remove()
        sigmas = self.pipe.scheduler.sigmas[: self.sampling.steps]
        named = self.family.alone(seen)
        return Call(named, self.family.picture(named), sigmas.float().cpu())

    @cached_property
    def sigmas(self) -> torch.Tensor:
        """The noise levels of the schedule at the model's own size, from 1 down: (steps,)."""
        side = self.resolution
        w, h = self.working_size(side, side)
        return self.record(np.full((h, w, 3), 0.5, np.float32), None).sigmas

    @property
    def _step(self) -> int:
        """The number of the step that the pipeline's scheduler takes next."""
        scheduler = self.pipe.scheduler
        number = scheduler.begin_index if scheduler.step_index is None else scheduler.step_index
        return number or 0

    @property
    def at_last_step(self) -> bool:
        """Whether the pipeline's next step is to noise level 0; False after a finished run."""
        after = self.pipe.scheduler.sigmas[self._step + 1 :]
        return len(after) > 0 and float(after[0]) == 0

    def sigma(self, named: Arguments) -> torch.Tensor:
        """The noise level of each of the brushed rows of a call, (n,).

        In half precision the time that a call is told was rounded by as much as lies between two
        steps. The pipeline's scheduler has the level itself.
        """
        told = self.family.sigma(named)
        if named["timestep"].dtype == torch.float32:
            return told
        own = self.pipe.scheduler.sigmas[self._step].to(told).expand_as(told)
        return torch.where((own - told).abs() <= ROUNDED * told, own, told)

    def predict(self, call: Call, z: torch.Tensor, sigma: float) -> torch.Tensor:
        """The predicted flow, noise less picture, at `z`, in the shape of the call's picture."""
        named = self.family.at(call.named, z, sigma)
        output: torch.Tensor = self.denoiser(**named)[0]
        return self.family.predicted(output, named)

    def reads(self, phrase: str) -> bool:
        """Whether the pipeline reads a phrase to its end."""
        return self.family.tokens(self.pipe, phrase) <= self.family.most_tokens(self.pipe, phrase)

    def tokens_learned(self, phrase: str | None, least_m: int) -> int:
        """m: tokens of the phrase with its end, or more of what follows them.

        Raises:
            PhraseError: the phrase is longer than the pipeline reads.
        """
        own = self.family.tokens(self.pipe, phrase or "")
        m = min(max(least_m, own), self.family.most_tokens(self.pipe, phrase or ""))
        if m < own:
            raise PhraseError(
                f"the phrase has {own} tokens, the base model reads {m}",
                where=repr(phrase),
                do="Use a shorter phrase.",
            )
        return m

    @torch.no_grad()
    def reconstruct(self, image: FloatImage) -> FloatImage:
        """D(E(x)), a picture (h, w, 3) as the autoencoder alone gives it back."""
        vae = self.pipe.vae
        x = torch.from_numpy(np.asarray(image, np.float32)).permute(2, 0, 1)[None] * 2 - 1
        x = x.to(self.device, vae.dtype)
        frames = "Qwen" in type(vae).__name__  # that one takes films
        encoded = vae.encode(x[:, :, None] if frames else x)
        z = encoded.latents if hasattr(encoded, "latents") else encoded.latent_dist.mode()
        pixels = vae.decode(z).sample
        return from_model(pixels[:, :, 0] if frames else pixels)[0]
