"""What learning minimises (eq. 5): the squared error of a base model's prediction, by samples."""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from contextlib import AbstractContextManager
from typing import Generic, Protocol, Self, TypeVar

import torch

from brushctl.engine.brush.instruction import Instruction
from brushctl.engine.brush.scales import Scales
from brushctl.engine.flow.offsets import Offsets
from brushctl.engine.pixels import Pictures
from brushctl.engine.sampler import AnyEditor

AnyInstruction = Instruction | Offsets


class Samples(Protocol):
    """Noisy pictures, bucket by bucket."""

    def __len__(self) -> int:
        """How many there are."""

    def rows(self, size: int) -> Sequence[Self]:
        """The same samples in parts of `size`, the last of what is left."""

    def take(self, rows: Sequence[int]) -> Self:
        """Some of them."""


PairsT = TypeVar("PairsT")
SamplesT = TypeVar("SamplesT", bound=Samples)


class Objective(ABC, Generic[PairsT, SamplesT]):
    """What is minimised on one kind of base model.

    Attributes:
        scales: the guidance that is learned for (eq. 3).
        rows: how many samples go through the model together; None for as many as memory holds.
    """

    scales: Scales
    rows: int | None = None

    @abstractmethod
    def encode(self, before: Pictures, after: Pictures) -> PairsT:
        """Pairs, (h, w, 3) each, as samples are drawn from them.

        Raises:
            DeviceMemoryError: not even one picture fits into the device's memory.
        """

    @abstractmethod
    def initial(self) -> AnyInstruction:
        """What learning starts from; its features are float32 leaves without gradient.

        Raises:
            PhraseError: the phrase is longer than the model reads.
        """

    @abstractmethod
    def installed(self, instruction: AnyInstruction) -> AbstractContextManager[object]:
        """The model reads the instruction while the context is open."""

    @abstractmethod
    def units(self, instruction: AnyInstruction, pairs: PairsT) -> list[float]:
        """What a relative rate is counted in: of K and V of each site in turn."""

    @abstractmethod
    def draw(self, pairs: PairsT, batch: int, generator: torch.Generator) -> SamplesT:
        """Samples, `batch` in each bucket, bucket by bucket."""

    @abstractmethod
    def prepared(self, samples: SamplesT) -> SamplesT:
        """The same samples, with all computed that does not depend on the instruction."""

    @abstractmethod
    def errors(self, prepared: SamplesT) -> torch.Tensor:
        """Mean squared error of each of some `prepared` samples, (n,)."""

    @abstractmethod
    def editing(self, seed: int) -> AbstractContextManager[AnyEditor]:
        """What edits with the installed instruction as it stands."""
