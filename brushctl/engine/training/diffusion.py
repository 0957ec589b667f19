"""Learning on the U-Net of an InstructPix2Pix: the guided prediction of noise or velocity."""

from collections.abc import Generator, Sequence
from contextlib import contextmanager
from dataclasses import replace

import torch

from brushctl.engine.brush.attention import brushed
from brushctl.engine.brush.guidance import Guidance
from brushctl.engine.brush.instruction import Instruction, initial
from brushctl.engine.model.base import BaseModel
from brushctl.engine.pixels import Pictures
from brushctl.engine.sampler import Editor
from brushctl.engine.training.objective import AnyInstruction, Objective
from brushctl.engine.training.recipes import Recipe
from brushctl.engine.training.samples import (
    EncodedPairs,
    NoisySamples,
    brush_errors,
    draw_samples,
    encode_by_size,
    pairs_of_one_size,
    without_frozen,
)


class DiffusionObjective(Objective[Sequence[EncodedPairs], NoisySamples]):
    """Eq. 5 under eq. 3; only one branch of the guided prediction depends on the instruction."""

    def __init__(self, base: BaseModel, phrase: str | None, recipe: Recipe) -> None:
        self.base, self.phrase, self.recipe = base, phrase, recipe
        self.scales = recipe.scales or base.defaults.scales

    def encode(self, before: Pictures, after: Pictures) -> Sequence[EncodedPairs]:
        """See `Objective.encode`: by size."""
        return encode_by_size(self.base, before, after)

    def initial(self) -> Instruction:
        """See `Objective.initial`."""
        return initial(self.base, self.phrase, self.recipe.buckets, least_m=self.recipe.least_m)

    @contextmanager
    def installed(self, instruction: AnyInstruction) -> Generator[None]:
        """See `Objective.installed`."""
        assert isinstance(instruction, Instruction)
        with brushed(self.base.unet, instruction) as state:
            self.guidance = Guidance(self.base, state, self.scales)
            yield

    def units(self, instruction: AnyInstruction, pairs: Sequence[EncodedPairs]) -> list[float]:  # noqa: ARG002
        """See `Objective.units`: each feature's own deviation."""
        return [float(x.detach().std()) for KV in instruction.features.values() for x in KV]

    def draw(
        self, pairs: Sequence[EncodedPairs], batch: int, generator: torch.Generator
    ) -> NoisySamples:
        """See `Objective.draw`."""
        alike = pairs_of_one_size(pairs, generator)
        return draw_samples(self.base, alike, replace(self.recipe, batch=batch), generator)

    def prepared(self, samples: NoisySamples) -> NoisySamples:
        """See `Objective.prepared`."""
        return without_frozen(self.guidance, samples)

    def errors(self, prepared: NoisySamples) -> torch.Tensor:
        """See `Objective.errors`."""
        return brush_errors(self.guidance, prepared)

    @contextmanager
    def editing(self, seed: int) -> Generator[Editor]:
        """See `Objective.editing`."""
        state = self.guidance.state
        state.bucket = state.bucket[:0]  # the editor brushes rows of its own
        with Editor(self.base, state.instruction, scales=self.scales, seed=seed) as editor:
            yield editor
