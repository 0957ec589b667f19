"""Making a brush: learn on a base model and write down how it was done."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

from brushctl.brushes.checkpoint import Checkpoint
from brushctl.brushes.file import Brush, sealed
from brushctl.brushes.metadata import (
    Apply,
    Base,
    Buckets,
    Instruction,
    InstructionTraining,
    Metadata,
    Segment,
    Training,
    UniquePhrase,
)
from brushctl.brushes.provenance import Provenance
from brushctl.engine.brush.instruction import to_arrays
from brushctl.engine.flow.model import FlowModel
from brushctl.engine.flow.offsets import Offsets
from brushctl.engine.model.base import AnyBase
from brushctl.engine.phrases.unique_phrase import Phrasing
from brushctl.engine.pixels import Pictures
from brushctl.engine.sampler import FLOW_SAMPLER
from brushctl.engine.training.loop import TrainingResult, train
from brushctl.engine.training.recipes import Recipe
from brushctl.events import Reporter, silent


@dataclass(frozen=True, slots=True)
class InitialPhrase:
    """Where learning starts: a phrase (None for none), and the unique phrases it was made of."""

    phrase: str | None
    before: UniquePhrase | None = None
    after: UniquePhrase | None = None

    @classmethod
    def from_phrasing(cls, found: Phrasing) -> Self:
        """The initial phrase that a search for unique phrases has ended with."""
        x, y = (
            UniquePhrase(c.phrase, round(c.sensitivity, 6)) if c else None
            for c in (found.unique_before, found.unique_after)
        )
        return cls(found.phrase, x, y)


def make_brush(
    base: AnyBase,
    before: Pictures,
    after: Pictures,
    *,
    initial_phrase: InitialPhrase,
    recipe: Recipe,
    seed: int,
    provenance: Provenance,
    pair_hashes: Sequence[str],
    held_out: tuple[Pictures, Pictures] | None = None,
    checkpoint: Checkpoint | None = None,
    report: Reporter = silent,
) -> Brush:
    """Learn from before/after pictures, (h, w, 3) each; return the brush with its history.

    `pair_hashes` are of the pairs learned from; `held_out` and `checkpoint` are those of
    `brushctl.engine.training.loop.train`, whose errors are raised as well.
    """
    learned = train(
        base,
        before,
        after,
        phrase=initial_phrase.phrase,
        recipe=recipe,
        seed=seed,
        held_out=held_out,
        checkpoint=checkpoint,
        report=report,
    )
    features = to_arrays(learned.instruction.features)
    m, edges = next(iter(features.values())).shape[1], learned.instruction.edges
    metadata = Metadata(
        name=provenance.name,
        created=provenance.created,
        tool=provenance.tool,
        instruction=Instruction(
            initial_phrase.phrase,
            m,
            (Segment(m),),
            initial_phrase.before,
            initial_phrase.after,
            learned.instruction.first if isinstance(learned.instruction, Offsets) else None,
        ),
        buckets=Buckets(len(edges) - 1, edges),
        base=_base(base),
        apply=_apply(base, learned),
        training=_training(learned, recipe, seed, pair_hashes),
    )
    return sealed(Brush(metadata, features))


def _base(base: AnyBase) -> Base:
    family = base.family.name if isinstance(base, FlowModel) else None
    return Base(base.id, base.architecture, base.model_sha256, base.revision, family)


def _apply(base: AnyBase, learned: TrainingResult) -> Apply:
    """How the brush is best applied."""
    s_T, s_I = learned.scales.s_T, learned.scales.s_I
    if isinstance(base, FlowModel):
        how = base.sampling
        return Apply(s_T, s_I, how.steps, how.resolution, FLOW_SAMPLER, how.guidance)
    return Apply(s_T, s_I, base.defaults.steps, base.resolution)


def _training(
    learned: TrainingResult, recipe: Recipe, seed: int, pair_hashes: Sequence[str]
) -> Training:
    instruction = InstructionTraining(
        recipe=recipe.name,
        steps=learned.steps,
        batch=recipe.batch,
        learning_rate=recipe.rate,
        loss_first=_rounded(learned.first_loss),
        loss_last=_rounded(learned.last_loss),
    )
    return Training(tuple(pair_hashes), seed, instruction)


def _rounded(losses: tuple[float, ...]) -> tuple[float, ...]:
    """Six decimals: more would be noise in a file that people read."""
    return tuple(round(x, 6) for x in losses)
