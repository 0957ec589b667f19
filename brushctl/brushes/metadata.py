"""What a brush says about itself, version 1: the JSON document under `brush` in the header.

Frozen records with `from_dict` and `to_dict`. Reading is strict about what version 1 knows and
keeps, under `extra`, what a newer minor version or another program has added. The fields and
their reasons stand in `formats/brush-1.md`.
"""

from dataclasses import dataclass
from itertools import pairwise
from typing import Annotated, Self

from brushctl.brushes import limits
from brushctl.brushes.defects import ContradictionError
from brushctl.brushes.fields import (
    Record,
    array,
    label,
    line,
    moment,
    number,
    picture,
    prose,
    sha256,
    version,
)
from brushctl.brushes.graded import AnyGradeInfo, Look, read_whole_grade
from brushctl.brushes.history import (
    GradeScore,
    HeldOut,
    InstructionTraining,
    Lineage,
    Parent,
    Training,
)
from brushctl.errors import BrushMismatchError

__all__ = [
    "MAJOR",
    "MINOR",
    "Apply",
    "Base",
    "Buckets",
    "GradeScore",
    "HeldOut",
    "Instruction",
    "InstructionPart",
    "InstructionTraining",
    "Lineage",
    "Metadata",
    "Parent",
    "Segment",
    "Training",
    "UniquePhrase",
]

MAJOR, MINOR = 1, 0


@dataclass(frozen=True, slots=True)
class UniquePhrase(Record):
    """A phrase that tells the before set from the after set (section 4.2)."""

    phrase: Annotated[str, line]
    sensitivity: Annotated[float, number]


@dataclass(frozen=True, slots=True)
class Segment(Record):
    """A run of learned tokens that share a weight; ln(weight) is added to their logits."""

    m: Annotated[int, limits.tokens]
    weight: Annotated[float, limits.token_weight] = 1.0


@dataclass(frozen=True, slots=True)
class Instruction(Record):
    """Where learning started.

    Attributes:
        phrase: the initial phrase; None for the empty instruction.
        m: learned tokens, start and end tokens counted.
        segments: runs of tokens with their weights; their m sum to m.
        before: the unique phrase of the before set, if one was found.
        after: the unique phrase of the after set, if one was found.
        first: the place of the first learned token among those of the words; below 0 it is
            counted from their end, as in -1 for the last.
    """

    phrase: Annotated[str | None, line]
    m: Annotated[int, limits.tokens]
    segments: Annotated[tuple[Segment, ...], array(Segment.from_dict, least=1)]
    before: Annotated[UniquePhrase | None, UniquePhrase.from_dict] = None
    after: Annotated[UniquePhrase | None, UniquePhrase.from_dict] = None
    first: Annotated[int | None, limits.first_token] = None

    def check(self, path: str) -> None:
        """See `Record.check`."""
        if self.first is not None and self.first < 0 < self.first + self.m:
            raise ContradictionError(
                f"must be at most -{self.m}: the learned tokens end with the words",
                where=f"{path}.first",
            )
        if sum(s.m for s in self.segments) != self.m:
            raise ContradictionError(
                f"their m must sum to instruction.m, {self.m}", where=f"{path}.segments"
            )


@dataclass(frozen=True, slots=True)
class Buckets(Record):
    """The stretches of denoising time: t is in bucket k where edges[k] <= t < edges[k + 1].

    Attributes:
        count: j.
        edges: j + 1 ascending timesteps from 0 to T.
    """

    count: Annotated[int, limits.buckets]
    edges: Annotated[tuple[int, ...], array(limits.timestep, least=2)]

    @classmethod
    def even(cls, count: int, train_steps: int) -> Self:
        """The paper's division of [0, T): t is in bucket floor(t j / T)."""
        return cls(count, tuple(-(-train_steps * k // count) for k in range(count + 1)))

    def check(self, path: str) -> None:
        """See `Record.check`."""
        ascending = all(a < b for a, b in pairwise(self.edges))
        if len(self.edges) != self.count + 1 or not ascending or self.edges[0] != 0:
            raise ContradictionError(
                f"must be {self.count + 1} ascending timesteps from 0", where=f"{path}.edges"
            )


@dataclass(frozen=True, slots=True)
class Base(Record):
    """The base model a brush belongs to.

    Attributes:
        id: `tiny-ip2p`, a hub id, or the name of a local folder.
        architecture: the model's shape, for people.
        model_sha256: SHA-256 of the tensors of its U-Net or transformer as float16, in sorted
            order.
        revision: the hub revision, if one was asked for.
        family: of a transformer, how it reads words and pictures; None for the U-Net of an
            InstructPix2Pix. The features of transformers are offsets to the words' own.
    """

    id: Annotated[str, line]
    architecture: Annotated[str, line]
    model_sha256: Annotated[str, sha256]
    revision: Annotated[str | None, line] = None
    family: Annotated[str | None, line] = None


@dataclass(frozen=True, slots=True)
class Apply(Record):
    """How the brush is best applied.

    Attributes:
        s_T: text guidance scale; on a transformer how much of the edit is made, 1 for all of it.
        s_I: image guidance scale.
        steps: sampling steps.
        sampler: the sampler's name.
        resolution: side of the square the base works at, in pixels.
        guidance: of a base that is told its guidance as a number, that number.
    """

    s_T: Annotated[float, limits.guidance]
    s_I: Annotated[float, limits.guidance]
    steps: Annotated[int, limits.sampling_steps()]
    resolution: Annotated[int, limits.resolution]
    sampler: Annotated[str, line] = "euler-ancestral"
    guidance: Annotated[float | None, limits.guidance] = None


@dataclass(frozen=True, slots=True)
class InstructionPart:
    """What a brush says of its instruction, all of it or nothing."""

    instruction: Instruction
    buckets: Buckets
    base: Base
    apply: Apply


@dataclass(frozen=True, slots=True)
class Metadata(Record):
    """Everything a brush says about itself; `content_sha256` is filled in when it is written.

    A brush has an instruction, a grade or both. The instruction's four groups stand together.
    """

    name: Annotated[str, label]
    created: Annotated[str, moment]
    tool: Annotated[str, line]
    instruction: Annotated[Instruction | None, Instruction.from_dict] = None
    buckets: Annotated[Buckets | None, Buckets.from_dict] = None
    base: Annotated[Base | None, Base.from_dict] = None
    apply: Annotated[Apply | None, Apply.from_dict] = None
    grade: Annotated[AnyGradeInfo | None, read_whole_grade] = None
    look: Annotated[Look | None, Look.from_dict] = None
    training: Annotated[Training | None, Training.from_dict] = None
    lineage: Annotated[Lineage | None, Lineage.from_dict] = None
    content_sha256: Annotated[str, sha256] = ""
    title: Annotated[str | None, line] = None
    author: Annotated[str | None, line] = None
    license: Annotated[str | None, line] = None
    note: Annotated[str | None, prose] = None
    preview: Annotated[str | None, picture] = None
    format: Annotated[tuple[int, int], version] = (MAJOR, MINOR)
    FIRST = ("format",)

    @property
    def parts(self) -> tuple[str, ...]:
        """What a brush has of `grade` and `instruction`, in the order in which they are applied."""
        return tuple(part for part in ("grade", "instruction") if getattr(self, part) is not None)

    def instruction_part(self) -> InstructionPart:
        """The instruction and what belongs to it.

        Raises:
            BrushMismatchError: the brush has a grade alone.
        """
        match self.instruction, self.buckets, self.base, self.apply:
            case Instruction() as instruction, Buckets() as buckets, Base() as base, Apply() as how:
                return InstructionPart(instruction, buckets, base, how)
        raise BrushMismatchError(
            "the brush is a grade alone, and a base model has nothing to do",
            where=self.name,
            do="Apply its grade alone, or blend or stack it with other brushes.",
        )

    def check(self, path: str) -> None:
        """See `Record.check`: there is one part at least, and an instruction is whole."""
        groups = (self.instruction, self.buckets, self.base, self.apply)
        if any(groups) and not all(groups):
            raise ContradictionError(
                "must have all of instruction, buckets, base and apply, or none", where=path
            )
        if not self.parts:
            raise ContradictionError("must have an instruction, a grade or both", where=path)
        if self.apply and self.buckets and self.apply.steps > (T := self.buckets.edges[-1]):
            raise ContradictionError(
                f"must be at most the schedule's length, {T}", where=f"{path}.apply.steps"
            )
