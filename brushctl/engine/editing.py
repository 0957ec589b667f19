"""Editing pictures with an instruction: Euler ancestral sampling under eq. 3 (section 6)."""

import hashlib
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from types import TracebackType
from typing import Self

import numpy as np
import torch

from brushctl.brushes.file import Brush
from brushctl.engine.attention import brushed
from brushctl.engine.base import BaseModel, open_base
from brushctl.engine.device import resolve_device, resolve_dtype
from brushctl.engine.guidance import Guidance, Scales
from brushctl.engine.instruction import Instruction, from_brush
from brushctl.engine.pixels import FloatImage, from_model, to_model
from brushctl.errors import BrushMismatchError, PhotoError, UsageError

SAMPLER = "euler-ancestral"
"""The sampler that pictures are edited with, as a brush names it."""
GRAIN = 2
"""Latents along a side come in steps of this, so that one halving stays exact."""
SHORTEST = 8
"""The fewest latents along a side: below it a picture has no structure to attend to."""


@dataclass(frozen=True, slots=True)
class Edited:
    """One picture edited, at the model's resolution.

    Attributes:
        before: D(E(x)), the picture as the autoencoder alone gives it back.
        after: the edited picture.
    """

    before: FloatImage
    after: FloatImage


class Editor:
    """A base model with an instruction installed; a context manager.

    Args:
        base: the frozen model.
        instruction: a brush's or a written one.
        scales: s_T and s_I.
        steps: sampling steps.
        seed: with the content of each picture, it fixes the picture's noise.
    """

    def __init__(
        self, base: BaseModel, instruction: Instruction, *, scales: Scales, steps: int, seed: int
    ) -> None:
        if steps < 1:
            raise UsageError("there must be at least one step", where=f"--steps {steps}")
        self._base, self._instruction = base, instruction
        self._scales, self._steps, self._seed = scales, steps, seed
        self._installed = ExitStack()

    def __enter__(self) -> Self:
        state = self._installed.enter_context(brushed(self._base.unet, self._instruction))
        self._guidance = Guidance(self._base, state, self._scales)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._installed.close()

    def working_size(self, width: int, height: int) -> tuple[int, int]:
        """The size at which the model sees a photograph: its own area, the photograph's shape."""
        unit = self._base.vae_factor * GRAIN
        scale = self._base.resolution / (width * height) ** 0.5
        least = SHORTEST // GRAIN
        w, h = (unit * max(least, round(side * scale / unit)) for side in (width, height))
        return w, h

    @torch.inference_mode()
    def edit(self, images: Sequence[FloatImage]) -> list[Edited]:
        """Edit pictures of one working size, each (h, w, 3) in [0, 1].

        Raises:
            PhotoError: the numbers overflowed, so that there is no picture.
        """
        condition = self._base.encode_condition(to_model(images))  # (n, c, h/f, w/f)
        z = self._sample(condition, [self.noise_source(image) for image in images])
        scaling = self._base.vae.config.scaling_factor
        before = self._base.decode(condition * scaling)
        after = self._base.decode(z)
        if not (before.isfinite().all() and after.isfinite().all()):
            raise PhotoError(
                "the model made numbers out of range, no picture",
                do="Use --dtype float32 or bfloat16, or scales nearer to 1.",
            )
        return [Edited(b, a) for b, a in zip(from_model(before), from_model(after), strict=True)]

    def noise_source(self, image: FloatImage) -> torch.Generator:
        """A picture's own noise, the same whatever stands beside it in a batch."""
        content = np.rint(np.asarray(image) * 255).astype(np.uint8).tobytes()
        digest = hashlib.sha256(self._seed.to_bytes(8, "little", signed=True) + content).digest()
        return torch.Generator().manual_seed(int.from_bytes(digest[:7], "little"))

    def _sample(self, condition: torch.Tensor, sources: list[torch.Generator]) -> torch.Tensor:
        scheduler = self._base.scheduler(self._steps)
        shape = condition.shape[1:]
        noise = torch.stack([torch.randn(shape, generator=g) for g in sources])
        z = noise.to(condition) * scheduler.init_noise_sigma
        for t in scheduler.timesteps:
            e = self._guidance.predict(
                scheduler.scale_model_input(z, t), t.expand(len(z)), condition
            )
            z = scheduler.step(e, t, z, generator=sources, return_dict=False)[0]
        return z


def open_editor(
    brush: Brush,
    *,
    base: str | None = None,
    device: str = "auto",
    dtype: str | None = None,
    seed: int = 0,
    steps: int | None = None,
    s_T: float | None = None,
    s_I: float | None = None,
) -> Editor:
    """An editor for a brush, on the base it names unless another copy of that base is given.

    What is left at None comes from the brush.

    Raises:
        DeviceError: the device is not on this machine.
        BaseModelError: the base model cannot be loaded.
        BrushMismatchError: the brush does not fit the base model, or wants another sampler.
    """
    _check_sampler(brush)
    where = resolve_device(device)
    named = brush.metadata.base
    model = open_base(
        base or named.id,
        where,
        resolve_dtype(dtype, where),
        revision=None if base else named.revision,
    )
    apply = brush.metadata.apply
    return Editor(
        model,
        from_brush(model, brush),
        scales=Scales(
            apply.s_T if s_T is None else s_T,
            apply.s_I if s_I is None else s_I,
        ),
        steps=apply.steps if steps is None else steps,
        seed=seed,
    )


def _check_sampler(brush: Brush) -> None:
    sampler = brush.metadata.apply.sampler
    if sampler != SAMPLER:
        raise BrushMismatchError(
            f"the brush is to be applied with the sampler {sampler!r}, "
            f"this version of brushctl has {SAMPLER} only",
            where=brush.metadata.name,
            do="Update brushctl.",
        )
