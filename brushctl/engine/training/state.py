"""The state of a run of learning: all that is needed to go on with it, to the same bytes."""

import io
import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Self

import torch

from brushctl.engine.brush.instruction import Instruction
from brushctl.engine.flow.offsets import Offsets
from brushctl.engine.training.optimizer import adam
from brushctl.engine.training.recipes import Recipe


@dataclass(slots=True)
class TrainingState:
    """How far a run of learning has come.

    Attributes:
        recipe: how the run is optimised.
        leaves: the features being learned, K and V of each site in turn, each (j, m, d).
        optimiser: Adam over them.
        generator: what samples are drawn from.
        step: steps done.
        parts: how many parts the samples of a step go through the model in.
        losses: (j,) of every step.
        validation_losses: (j,) of every evaluation on the held-out pairs.
        psnr: in dB of held-out pictures edited at the last evaluation, for people to watch.
        best: the features at each bucket's best evaluation; empty before the first.
    """

    recipe: Recipe
    leaves: list[torch.Tensor]
    optimiser: torch.optim.Optimizer
    generator: torch.Generator
    step: int = 0
    parts: int = 1
    losses: list[torch.Tensor] = field(default_factory=list)
    validation_losses: list[torch.Tensor] = field(default_factory=list)
    psnr: float = math.nan
    best: list[torch.Tensor] = field(default_factory=list)

    @classmethod
    def start(
        cls,
        instruction: Instruction | Offsets,
        recipe: Recipe,
        seed: int,
        units: Sequence[float] | None = None,
    ) -> Self:
        """A run that has done nothing yet; `units` are those that leaves' rates are counted in."""
        leaves = [leaf for KV in instruction.features.values() for leaf in KV]
        return cls(recipe, leaves, adam(leaves, recipe, units), torch.Generator().manual_seed(seed))

    def record_validation(self, losses: torch.Tensor) -> None:
        """Record the errors on held-out pairs, (j,); keep the buckets that were never better.

        Buckets share no parameters, so each is judged, and kept, by itself.
        """
        least = (
            torch.stack(self.validation_losses).amin(0) if self.validation_losses else losses + 1
        )
        better = (losses < least).nonzero().flatten().tolist()
        self.validation_losses.append(losses)
        now = [leaf.detach().clone() for leaf in self.leaves]
        self.best = self.best or now
        for kept, leaf in zip(self.best, now, strict=True):
            kept[better] = leaf[better]

    def converged(self) -> bool:
        """Early stopping: whether more steps have lately brought the held-out pairs nothing."""
        patience = self.recipe.patience
        if len(self.validation_losses) <= patience:
            return False
        losses = torch.stack(self.validation_losses)
        now, then = losses.amin(0).mean(), losses[:-patience].amin(0).mean()
        return bool(now > (1 - self.recipe.min_delta) * then)

    @torch.no_grad()
    def return_to_best(self) -> None:
        """Set the features to what they were at each bucket's best evaluation, if there was one."""
        if self.best:
            for leaf, kept in zip(self.leaves, self.best, strict=True):
                leaf.copy_(kept)

    def state(self) -> bytes:
        """Everything that is needed to go on."""
        stream = io.BytesIO()
        torch.save(
            {
                "leaves": [leaf.detach() for leaf in self.leaves],
                "optimiser": self.optimiser.state_dict(),
                "generator": self.generator.get_state(),
                "step": self.step,
                "parts": self.parts,
                "losses": self.losses,
                "validation_losses": self.validation_losses,
                "psnr": self.psnr,
                "best": self.best,
            },
            stream,
        )
        return stream.getvalue()

    @torch.no_grad()
    def restore(self, state: bytes) -> None:
        """Go back to a state of the same run."""
        kept = torch.load(io.BytesIO(state), map_location="cpu", weights_only=True)
        for leaf, value in zip(self.leaves, kept["leaves"], strict=True):
            leaf.copy_(value)
        self.optimiser.load_state_dict(kept["optimiser"])
        self.generator.set_state(kept["generator"])
        self.step, self.parts = kept["step"], kept["parts"]
        self.losses, self.psnr = kept["losses"], kept["psnr"]
        self.validation_losses = kept["validation_losses"]
        self.best = [b.to(leaf.device) for b, leaf in zip(kept["best"], self.leaves, strict=False)]
