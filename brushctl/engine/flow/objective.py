"""Learning on a transformer: the conditional prediction of a rectified flow."""

from collections.abc import Generator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import torch
from torch import nn
from torch.nn import functional as F

from brushctl.engine.brush.instruction import bucket_of
from brushctl.engine.brush.scales import Scales
from brushctl.engine.devices import enough_memory
from brushctl.engine.flow.editor import FlowEditor
from brushctl.engine.flow.families.family import T
from brushctl.engine.flow.model import Call, FlowModel
from brushctl.engine.flow.offsets import Offsets, even_edges, in_words, offset, zero
from brushctl.engine.pixels import Pictures
from brushctl.engine.training.objective import AnyInstruction, Objective
from brushctl.engine.training.recipes import Recipe


@dataclass(frozen=True, slots=True)
class FlowPair:
    """A pair as the transformer is shown it.

    Attributes:
        call: what the pipeline calls the transformer with for the picture before the edit.
        target: the picture after it in latent space, in the shape of the call's.
    """

    call: Call
    target: torch.Tensor


@dataclass(frozen=True, slots=True)
class FlowSample:
    """A noisy picture: z = (1 - sigma) target + sigma noise."""

    pair: FlowPair
    sigma: float
    noise: torch.Tensor


@dataclass(frozen=True, slots=True)
class FlowSamples:
    """One step's samples, bucket by bucket."""

    samples: Sequence[FlowSample]

    def __len__(self) -> int:
        """How many there are."""
        return len(self.samples)

    def rows(self, size: int) -> "list[FlowSamples]":
        """The same samples in parts of `size`, the last of what is left."""
        starts = range(0, len(self.samples), size)
        return [FlowSamples(self.samples[k : k + size]) for k in starts]

    def take(self, rows: Sequence[int]) -> "FlowSamples":
        """Some of them."""
        return FlowSamples([self.samples[k] for k in rows])


CHECKPOINT_FROM = 10**9
"""Weights from which what a step keeps for its gradient outgrows the weights: blocks are computed
again instead, by the model's own switch."""


@contextmanager
def _checkpointed(denoiser: Any) -> Generator[None]:  # noqa: ANN401  (of any model's class)
    """Trade a third more time for memory, on large models."""
    if sum(p.numel() for p in denoiser.parameters()) < CHECKPOINT_FROM:
        yield
        return
    denoiser.enable_gradient_checkpointing()
    try:
        yield
    finally:
        denoiser.disable_gradient_checkpointing()


class FlowObjective(Objective[Sequence[FlowPair], FlowSamples]):
    """The squared error of the predicted flow, by steps of the pipeline's own schedule.

    The words' stream sees each picture, and pictures differ in size: samples go through one by one.
    """

    scales = Scales(1, 1)
    rows = 1

    def __init__(self, model: FlowModel, phrase: str | None, recipe: Recipe) -> None:
        self.model, self.phrase, self.recipe = model, phrase, recipe

    @enough_memory("not even one picture fits into the device's memory")
    def encode(self, before: Pictures, after: Pictures) -> Sequence[FlowPair]:
        """See `Objective.encode`: the pipeline prepares both pictures alike."""
        pairs = []
        for x, y in zip(before, after, strict=True):
            call = self.model.record(x, self.phrase)
            pairs.append(FlowPair(call, self.model.record(y, self.phrase).picture))
        return pairs

    def initial(self) -> Offsets:
        """See `Objective.initial`."""
        return zero(self.model, self.phrase, self.recipe.buckets, self.recipe.least_m)

    @contextmanager
    def installed(self, instruction: AnyInstruction) -> Generator[None]:
        """See `Objective.installed`."""
        assert isinstance(instruction, Offsets)
        with offset(self.model, instruction), _checkpointed(self.model.denoiser):
            yield

    @torch.no_grad()
    def units(self, instruction: AnyInstruction, pairs: Sequence[FlowPair]) -> list[float]:
        """See `Objective.units`: the deviation of the words' own keys and values, of one pair."""
        assert isinstance(instruction, Offsets)
        call = pairs[0].call
        length, measured = self.model.family.words(call.named), dict[tuple[str, str], float]()

        def hook(name: str, kind: str, columns: slice) -> Any:  # noqa: ANN401  (torch's own type)
            def measure(_: nn.Module, __: Any, output: torch.Tensor) -> None:  # noqa: ANN401
                words = output.flatten(2)[:, :length, columns]
                measured[name, kind] = float(words.float().std())

            return measure

        with ExitStack() as stack:
            for name, site in self.model.sites.items():
                for kind, module, columns in site.outputs:
                    handle = module.register_forward_hook(hook(name, kind, columns))
                    stack.callback(handle.remove)
            self.model.predict(call, torch.zeros_like(call.picture), 1.0)
        return [measured[name, kind] for name in instruction.features for kind in "kv"]

    @cached_property
    def _levels(self) -> list[torch.Tensor]:
        """The noise levels of each bucket."""
        levels = self.model.sigmas
        edges = even_edges(levels, self.recipe.buckets)
        buckets = bucket_of(T * levels, edges)
        return [levels[buckets == k] for k in range(len(edges) - 1)]

    def draw(
        self, pairs: Sequence[FlowPair], batch: int, generator: torch.Generator
    ) -> FlowSamples:
        """See `Objective.draw`: each bucket's noise levels are steps of the schedule in it."""
        samples = []
        for own in self._levels:
            for _ in range(batch):
                sigma = own[int(torch.randint(len(own), (), generator=generator))]
                pair = pairs[int(torch.randint(len(pairs), (), generator=generator))]
                noise = torch.randn(pair.target.shape, generator=generator)
                samples.append(FlowSample(pair, float(sigma), noise))
        return FlowSamples(samples)

    def prepared(self, samples: FlowSamples) -> FlowSamples:
        """See `Objective.prepared`: the whole prediction depends on the instruction."""
        return samples

    def errors(self, prepared: FlowSamples) -> torch.Tensor:
        """See `Objective.errors`."""
        return torch.stack([self._error(sample) for sample in prepared.samples])

    def _error(self, sample: FlowSample) -> torch.Tensor:
        x = sample.pair.target.float()
        noise = sample.noise.to(x.device)
        z = (1 - sample.sigma) * x + sample.sigma * noise
        predicted = self.model.predict(sample.pair.call, z, sample.sigma)
        return F.mse_loss(predicted.float(), noise - x)

    @contextmanager
    def editing(self, seed: int) -> Generator[FlowEditor]:
        """See `Objective.editing`: the offsets are installed, the words are left to give."""
        with FlowEditor(self.model, in_words(self.phrase), seed=seed) as editor:
            yield editor
