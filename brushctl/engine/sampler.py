"""Editing pictures with an instruction: Euler ancestral sampling under eq. 3 (section 6)."""

from collections.abc import Iterator, Sequence
from typing import Self

import numpy as np
import torch

from brushctl.brushes import limits
from brushctl.brushes.fields import as_usage_errors
from brushctl.brushes.file import Brush
from brushctl.engine.brush.attention import brushed
from brushctl.engine.brush.guidance import Guidance
from brushctl.engine.brush.instruction import Instruction, from_brush, from_text, scaled
from brushctl.engine.brush.scales import Scales
from brushctl.engine.devices import enough_memory, out_of_memory, resolve_device, resolve_dtype
from brushctl.engine.flow import offsets
from brushctl.engine.flow.editor import FlowEditor
from brushctl.engine.flow.model import FlowModel
from brushctl.engine.installed import Installed
from brushctl.engine.model.base import AnyBase, BaseModel, load_base
from brushctl.engine.model.find import find_for
from brushctl.engine.pixels import Edited, FloatImage, from_model, noise_source, to_model
from brushctl.errors import BrushMismatchError, PhotoError

SAMPLER = "euler-ancestral"
"""The sampler that pictures are edited with on a U-Net, as a brush names it."""
FLOW_SAMPLER = "flow-euler"
"""The same of transformers."""
PIXELS_AT_ONCE = 512 * 192
"""Pixels, counted once for each branch, that keep every core busy: more at once is no faster, and
in float32 slower by some hundredths, for they fit into no cache. Eight pictures of tiny-ip2p in
three branches: the sixteen of a window make two batches of one size."""
MAX_BATCH = 32
"""Pictures at once on a CUDA device, whatever its memory."""
MEMORY_SHARE = 0.7
"""The part of a CUDA device's memory, less the models', that a batch is meant to take."""


class Editor(Installed):
    """A base model with an instruction installed; a context manager.

    Args:
        base: the frozen model.
        instruction: a brush's or a written one.
        scales: s_T and s_I; None for the base's own.
        steps: sampling steps; None likewise.
        seed: with the content of each picture, it fixes the picture's noise.
    """

    def __init__(
        self,
        base: BaseModel,
        instruction: Instruction,
        *,
        scales: Scales | None = None,
        steps: int | None = None,
        seed: int = 0,
    ) -> None:
        scales = base.defaults.scales if scales is None else scales
        steps = base.defaults.steps if steps is None else steps
        check_steps(steps, base.train_steps)
        self._base, self._instruction = base, instruction
        self._scales, self._steps, self._seed = scales, steps, seed
        super().__init__()
        self._at_once = 0  # not found out yet

    def __repr__(self) -> str:
        scales = f"s_T={self._scales.s_T:g}, s_I={self._scales.s_I:g}"
        how = f"{self._steps} steps, {scales}, seed {self._seed}"
        return f"<Editor on {self._base.id} ({self._base.device}): {how}>"

    def __enter__(self) -> Self:
        state = self._installed.enter_context(brushed(self._base.unet, self._instruction))
        self._guidance = Guidance(self._base, state, self._scales)
        return self

    def working_size(self, width: int, height: int) -> tuple[int, int]:
        """The size at which the model sees a photograph."""
        return self._base.working_size(width, height)

    @property
    def at_once(self) -> int:
        """How many pictures go through the model together: what keeps it busy and fits.

        On CUDA it is found from the memory that one step takes; where there is none for that, it
        is one picture, whose edit then says so.
        """
        if not self._at_once:
            area = self._base.resolution**2
            if self.wants_many:
                self._at_once = self._fitting()
            else:
                self._at_once = max(1, PIXELS_AT_ONCE // (area * self._scales.branches))
        return self._at_once

    @property
    def wants_many(self) -> bool:
        """Whether it runs on a GPU that many pictures at once pay on."""
        return self._base.device.type == "cuda"

    @enough_memory("not even one picture fits into the device's memory")
    def edit(self, images: Sequence[FloatImage]) -> list[Edited]:
        """Edit pictures, each (h, w, 3) in [0, 1] at a working size of its own.

        Those of one size go through the model together, `at_once` of them; where memory does not
        suffice, fewer from then on. The neighbours of a picture change its result by rounding only.

        Raises:
            PhotoError: the numbers overflowed, so that there is no picture.
            DeviceMemoryError: not even one picture fits into the device's memory.
        """
        edited: dict[int, Edited] = {}
        for places in _alike(images):
            while rest := [k for k in places if k not in edited]:
                part = rest[: self.at_once]
                try:
                    results = self._edit([images[k] for k in part])
                except RuntimeError as error:
                    if not out_of_memory(error) or len(part) == 1:
                        raise
                    self._at_once = len(part) // 2
                else:
                    edited.update(zip(part, results, strict=True))
                    continue
                torch.cuda.empty_cache()
        return [edited[k] for k in range(len(images))]

    def _edit(self, images: Sequence[FloatImage]) -> list[Edited]:
        pixels = self._pixels(images, self._steps)
        if not pixels.isfinite().all():
            raise PhotoError(
                "the model made numbers out of range, and no picture",
                do="Use float32 or bfloat16 as the dtype, or scales nearer to 1.",
            )
        pictures = from_model(pixels)
        n = len(images)
        return [Edited(b, a) for b, a in zip(pictures[:n], pictures[n:], strict=True)]

    @torch.inference_mode()
    def _pixels(self, images: Sequence[FloatImage], steps: int) -> torch.Tensor:
        """The pictures as the autoencoder gives them back, then as edited: (2n, 3, h, w)."""
        condition = self._base.encode(to_model(images))  # (n, c, h/f, w/f)
        z = self._sample(condition, [self.noise_source(image) for image in images], steps)
        scaling = self._base.vae.config.scaling_factor
        return self._base.decode(torch.cat([condition * scaling, z]))

    def _fitting(self) -> int:
        """The most pictures that fit, if each takes what one alone does; one if it does not fit.

        The memory that many steps take at most is that of a single one.
        """
        device, side = self._base.device, self._base.resolution
        held = torch.cuda.memory_allocated(device)
        torch.cuda.reset_peak_memory_stats(device)
        try:
            self._pixels([np.full((side, side, 3), 0.5, np.float32)], steps=1)
        except RuntimeError as error:
            if not out_of_memory(error):
                raise
            return 1
        taken = torch.cuda.max_memory_allocated(device) - held
        torch.cuda.empty_cache()
        # Not what is free: results must not depend on what else is using the device.
        _, whole = torch.cuda.mem_get_info(device)
        return min(MAX_BATCH, max(1, int(MEMORY_SHARE * (whole - held) / max(taken, 1))))

    def noise_source(self, image: FloatImage) -> torch.Generator:
        """A picture's own noise, the same whatever else is in its batch."""
        return noise_source(image, self._seed)

    def _sample(
        self, condition: torch.Tensor, sources: list[torch.Generator], steps: int
    ) -> torch.Tensor:
        scheduler = self._base.scheduler(steps)
        shape = condition.shape[1:]
        noise = torch.stack([torch.randn(shape, generator=g) for g in sources])
        z = noise.to(condition) * scheduler.init_noise_sigma
        for t in scheduler.timesteps:
            e = self._guidance.predict(
                scheduler.scale_model_input(z, t), t.expand(len(z)), condition
            )
            z = scheduler.step(e, t, z, generator=sources, return_dict=False)[0]
        return z


def _alike(images: Sequence[FloatImage]) -> Iterator[list[int]]:
    """The places of the pictures of each size, in the order of the first of them."""
    places: dict[tuple[int, ...], list[int]] = {}
    for k, image in enumerate(images):
        places.setdefault(image.shape, []).append(k)
    yield from places.values()


AnyEditor = Editor | FlowEditor
"""What edits pictures, by the kind of base model."""


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
    strength: float = 1.0,
) -> AnyEditor:
    """An editor for a brush, on the base it names unless another copy of that base is given.

    What is left at None comes from the brush. Transformers have no use for s_T and s_I.

    Raises:
        DeviceError: the device is not on this machine.
        DeviceMemoryError: the base model does not fit into its memory.
        BaseModelError: the base model cannot be loaded.
        BrushMismatchError: the brush does not fit the base model, wants another sampler, or has a
            grade and no instruction.
        UsageError: steps or a scale is beyond what a brush might have, or s_T is zero.
    """
    check_sampler(brush)
    part = brush.metadata.instruction_part()
    apply = part.apply
    steps = apply.steps if steps is None else steps
    check_steps(steps, part.buckets.edges[-1])
    scales = Scales(apply.s_T if s_T is None else s_T, apply.s_I if s_I is None else s_I)
    where = resolve_device(device)
    found = find_for(brush.metadata, base)  # before gigabytes are read in vain
    model = load_base(found, where, resolve_dtype(dtype, where))
    return editor_on(model, brush, seed=seed, steps=steps, scales=scales, strength=strength)


def editor_on(
    base: AnyBase,
    brush: Brush,
    *,
    seed: int = 0,
    steps: int | None = None,
    scales: Scales | None = None,
    strength: float = 1.0,
) -> AnyEditor:
    """An editor for a brush on a base that is loaded. What is left at None comes from the brush.

    At strength 0 the instruction says nothing, at 1 what was learned, above that more: on a U-Net
    the instruction is on that line, on a transformer the edited picture.

    Raises:
        BrushMismatchError: the brush does not fit the base model.
        UsageError: the schedule has not so many steps.
    """
    apply = brush.metadata.instruction_part().apply
    if isinstance(base, FlowModel):
        own = base.sampled(apply.steps if steps is None else steps, apply.guidance)
        learned = offsets.from_brush(own, brush)
        return FlowEditor(own, learned, strength=strength * apply.s_T, seed=seed)
    return Editor(
        base,
        scaled(base, from_brush(base, brush), strength),
        scales=scales or Scales(apply.s_T, apply.s_I),
        steps=apply.steps if steps is None else steps,
        seed=seed,
    )


def editor_in_words(base: AnyBase, phrase: str, *, seed: int = 0) -> AnyEditor:
    """An editor that is told what to do, without a brush."""
    if isinstance(base, FlowModel):
        return FlowEditor(base, offsets.in_words(phrase), seed=seed)
    return Editor(base, from_text(base, phrase), seed=seed)


def check_steps(steps: int, schedule: int) -> None:
    """See that a schedule of so many timesteps has that many sampling steps.

    Raises:
        UsageError: it has not.
    """
    with as_usage_errors():
        limits.sampling_steps(schedule)(steps, "steps")


def check_sampler(brush: Brush) -> None:
    """See that a brush is applied with the sampler that there is.

    Raises:
        BrushMismatchError: it wants another, or has no instruction.
    """
    part = brush.metadata.instruction_part()
    known = FLOW_SAMPLER if part.base.family else SAMPLER
    if part.apply.sampler != known:
        raise BrushMismatchError(
            f"the brush is to be applied with the sampler {part.apply.sampler!r}, "
            f"this version of brushctl has {known} only",
            where=brush.metadata.name,
            do="Update brushctl.",
        )
