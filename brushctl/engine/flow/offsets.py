"""What a brush is on a transformer: offsets to the words' own keys and values.

The words' keys and values are no constants there: their stream reads the time and the picture. An
offset of zero is the model itself; on a U-Net the same would be the paper's parameterisation.
"""

from collections.abc import Generator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import torch
from torch import nn

from brushctl.brushes.file import Brush
from brushctl.engine.brush.instruction import bucket_of
from brushctl.engine.brush.seam import Seam
from brushctl.engine.flow.families.family import Arguments, T
from brushctl.engine.flow.model import FlowModel
from brushctl.engine.model.find import check_identity
from brushctl.errors import BrushMismatchError, UsageError


@dataclass(frozen=True, slots=True)
class Offsets:
    """An instruction on a transformer.

    Attributes:
        phrase: the words; None for none.
        first: the place of the first learned token; below 0, counted from the words' end.
        features: per site, offsets to (K, V), each (j, m, d); empty for words alone.
        edges: t, which is 1000 sigma, is in bucket k where edges[k] <= t < edges[k + 1].
    """

    phrase: str | None
    first: int
    features: Mapping[str, tuple[torch.Tensor, torch.Tensor]]
    edges: tuple[int, ...] = (0, T)


def in_words(phrase: str | None) -> Offsets:
    """An instruction in words: nothing is added to them."""
    return Offsets(phrase, 0, {})


def zero(model: FlowModel, phrase: str | None, buckets: int, least_m: int) -> Offsets:
    """The starting point of learning: no offset, in every bucket.

    Raises:
        PhraseError: the phrase is longer than the pipeline reads.
    """
    m = model.tokens_learned(phrase, least_m)
    edges = even_edges(model.sigmas, buckets)
    j = len(edges) - 1
    features = {}
    for name, site in model.sites.items():
        none = torch.zeros(j, m, site.width, device=model.device)
        features[name] = (none, none.clone())
    return Offsets(phrase, model.family.first(m), features, edges)


def even_edges(sigmas: torch.Tensor, buckets: int) -> tuple[int, ...]:
    """Edges that divide a schedule's steps evenly, in units of 1000 sigma.

    Sigma itself divided evenly, as the paper divides time, would give a shifted schedule buckets
    that no step visits. Each edge lies between two steps, so that rounding decides nothing; there
    are no more buckets than steps, nor edges closer than a unit.

    Args:
        sigmas: (steps,), of the schedule.
        buckets: j, at most.
    """
    levels = sorted(T * float(sigma) for sigma in sigmas)
    n = len(levels)
    j = min(buckets, n)
    starts = [-(-n * k // j) for k in range(1, j)]  # the first step of each bucket but the first
    inner = {round((levels[s - 1] + levels[s]) / 2) for s in starts}
    return (0, *sorted(edge for edge in inner if 0 < edge < T), T)


def from_brush(model: FlowModel, brush: Brush) -> Offsets:
    """A brush's offsets on the model's device.

    Raises:
        BrushMismatchError: the brush was learned on another base model, or is not of its shape; or
            it has no instruction.
    """
    check_identity(brush.metadata, model.id, model.model_sha256)
    part = brush.metadata.instruction_part()
    tensors = brush.instruction_tensors()
    widths = {f"{name}.{kind}": site.width for name, site in model.sites.items() for kind in "kv"}
    if {name: tensor.shape[-1] for name, tensor in tensors.items()} != widths:
        raise BrushMismatchError(
            "the brush names this base model but has not its shape",
            where=brush.metadata.name,
            do="The program that wrote it made a mistake: learn or mix the brush again.",
        )

    def tensor(name: str) -> torch.Tensor:
        return torch.from_numpy(tensors[name].astype("float32")).to(model.device)

    features = {name: (tensor(f"{name}.k"), tensor(f"{name}.v")) for name in model.sites}
    instruction = part.instruction
    return Offsets(instruction.phrase, instruction.first or 0, features, part.buckets.edges)


class FlowSeam(Seam):
    """Offsets in a transformer: it tells from each call which bucket and which tokens are meant.

    Args:
        model: whose pipeline's calls are read.
        offsets: what is added to the words' own keys and values.
        added: False for features that stand in their place.
    """

    def __init__(self, model: FlowModel, offsets: Offsets, *, added: bool = True) -> None:
        super().__init__(offsets.features, added=added)
        self._model = model
        self.offsets = offsets

    def read_call(self, named: Arguments) -> None:
        """Take rows, time and the words' length from a call's arguments.

        Raises:
            UsageError: the words are shorter than the brush's tokens, or the rows of a batch have
                words of different lengths.
        """
        if not self.offsets.features:
            return
        self.rows = self._model.family.brushed(named)
        self.bucket = bucket_of(T * self._model.sigma(named), self.offsets.edges)
        length = self._model.family.words(named)
        first = self.offsets.first
        self.first = first if first >= 0 else length + first
        m = next(iter(self.offsets.features.values()))[0].shape[1]
        if self.first < 0 or self.first + m > length:
            raise UsageError(
                f"the brush has {m} learned tokens, the words of the call are {length} long",
                do="Call the pipeline with the brush's own words and settings.",
            )


@contextmanager
def offset(model: FlowModel, offsets: Offsets, *, added: bool = True) -> Generator[FlowSeam]:
    """Put offsets into a model; take them out again on leaving. See `FlowSeam`."""
    seam = FlowSeam(model, offsets, added=added)

    def before(_: nn.Module, __: tuple[Any, ...], named: Arguments) -> None:
        seam.read_call(named)

    with seam.installed(model.denoiser):
        hook = model.denoiser.register_forward_pre_hook(before, with_kwargs=True)
        try:
            yield seam
        finally:
            hook.remove()
