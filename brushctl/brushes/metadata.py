"""What a brush says about itself, version 1: the JSON document under `brush` in the header.

Frozen records with `from_dict` and `to_dict`. Reading is strict about what version 1 knows and
keeps, under `extra`, what a newer minor version or another program has added. The fields and
their reasons stand in `formats/brush-1.md`.
"""

from dataclasses import dataclass
from itertools import pairwise
from typing import Self

from brushctl.brushes import limits
from brushctl.brushes.defects import ContradictionError
from brushctl.brushes.fields import (
    Fields,
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

    phrase: str
    sensitivity: float

    @classmethod
    def from_dict(cls, data: object, path: str) -> Self:
        """See `Record.from_dict`."""
        f = Fields(data, path)
        return cls(f.take("phrase", line), f.take("sensitivity", number), extra=f.rest())


@dataclass(frozen=True, slots=True)
class Segment(Record):
    """A run of learned tokens that share a weight; ln(weight) is added to their logits."""

    m: int
    weight: float = 1.0

    @classmethod
    def from_dict(cls, data: object, path: str) -> Self:
        """See `Record.from_dict`."""
        f = Fields(data, path)
        return cls(
            f.take("m", limits.tokens), f.take("weight", limits.token_weight), extra=f.rest()
        )


@dataclass(frozen=True, slots=True)
class Instruction(Record):
    """Where learning started.

    Attributes:
        phrase: the initial phrase; None for the empty instruction.
        m: learned tokens, start and end tokens counted.
        segments: runs of tokens with their weights; their m sum to m.
        before: the unique phrase of the before set, if one was found.
        after: the unique phrase of the after set, if one was found.
    """

    phrase: str | None
    m: int
    segments: tuple[Segment, ...]
    before: UniquePhrase | None = None
    after: UniquePhrase | None = None

    @classmethod
    def from_dict(cls, data: object, path: str) -> Self:
        """See `Record.from_dict`."""
        f = Fields(data, path)
        read = cls(
            phrase=f.maybe("phrase", line),
            m=f.take("m", limits.tokens),
            segments=f.take("segments", array(Segment.from_dict, least=1)),
            before=f.maybe("before", UniquePhrase.from_dict),
            after=f.maybe("after", UniquePhrase.from_dict),
            extra=f.rest(),
        )
        if sum(s.m for s in read.segments) != read.m:
            raise ContradictionError(
                f"their m must sum to instruction.m, {read.m}", where=f"{path}.segments"
            )
        return read


@dataclass(frozen=True, slots=True)
class Buckets(Record):
    """The stretches of denoising time: t is in bucket k where edges[k] <= t < edges[k + 1].

    Attributes:
        count: j.
        edges: j + 1 ascending timesteps from 0 to T.
    """

    count: int
    edges: tuple[int, ...]

    @classmethod
    def even(cls, count: int, train_steps: int) -> Self:
        """The paper's division of [0, T): t is in bucket floor(t j / T)."""
        return cls(count, tuple(-(-train_steps * k // count) for k in range(count + 1)))

    @classmethod
    def from_dict(cls, data: object, path: str) -> Self:
        """See `Record.from_dict`."""
        f = Fields(data, path)
        edges = array(limits.timestep, least=2)
        read = cls(f.take("count", limits.buckets), f.take("edges", edges), extra=f.rest())
        ascending = all(a < b for a, b in pairwise(read.edges))
        if len(read.edges) != read.count + 1 or not ascending or read.edges[0] != 0:
            raise ContradictionError(
                f"must be {read.count + 1} ascending timesteps from 0", where=f"{path}.edges"
            )
        return read


@dataclass(frozen=True, slots=True)
class Base(Record):
    """The base model a brush belongs to.

    Attributes:
        id: `tiny-ip2p`, a hub id, or the name of a local folder.
        architecture: the U-Net's shape, for people.
        unet_sha256: SHA-256 of the U-Net's tensors as float16, in sorted order.
        revision: the hub revision, if one was asked for.
    """

    id: str
    architecture: str
    unet_sha256: str
    revision: str | None = None

    @classmethod
    def from_dict(cls, data: object, path: str) -> Self:
        """See `Record.from_dict`."""
        f = Fields(data, path)
        return cls(
            id=f.take("id", line),
            architecture=f.take("architecture", line),
            unet_sha256=f.take("unet_sha256", sha256),
            revision=f.maybe("revision", line),
            extra=f.rest(),
        )


@dataclass(frozen=True, slots=True)
class Apply(Record):
    """How the brush is best applied.

    Attributes:
        s_T: text guidance scale.
        s_I: image guidance scale.
        steps: sampling steps.
        sampler: the sampler's name.
        resolution: side of the square the base works at, in pixels.
    """

    s_T: float
    s_I: float
    steps: int
    resolution: int
    sampler: str = "euler-ancestral"

    @classmethod
    def from_dict(cls, data: object, path: str) -> Self:
        """See `Record.from_dict`."""
        f = Fields(data, path)
        return cls(
            s_T=f.take("s_T", limits.guidance),
            s_I=f.take("s_I", limits.guidance),
            steps=f.take("steps", limits.sampling_steps()),
            resolution=f.take("resolution", limits.resolution),
            sampler=f.take("sampler", line),
            extra=f.rest(),
        )


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

    name: str
    created: str
    tool: str
    instruction: Instruction | None = None
    buckets: Buckets | None = None
    base: Base | None = None
    apply: Apply | None = None
    grade: AnyGradeInfo | None = None
    look: Look | None = None
    training: Training | None = None
    lineage: Lineage | None = None
    content_sha256: str = ""
    title: str | None = None
    author: str | None = None
    license: str | None = None
    note: str | None = None
    preview: str | None = None
    format: tuple[int, int] = (MAJOR, MINOR)

    @classmethod
    def from_dict(cls, data: object, path: str = "brush") -> Self:
        """Read a version 1 document.

        Raises:
            FieldError: a field is missing, of another type, or out of range.
            ContradictionError: fields do not agree with each other.
        """
        f = Fields(data, path)
        read = cls(
            format=f.take("format", version),
            name=f.take("name", label),
            created=f.take("created", moment),
            tool=f.take("tool", line),
            instruction=f.maybe("instruction", Instruction.from_dict),
            buckets=f.maybe("buckets", Buckets.from_dict),
            base=f.maybe("base", Base.from_dict),
            apply=f.maybe("apply", Apply.from_dict),
            grade=f.maybe("grade", read_whole_grade),
            look=f.maybe("look", Look.from_dict),
            training=f.maybe("training", Training.from_dict),
            lineage=f.maybe("lineage", Lineage.from_dict),
            content_sha256=f.take("content_sha256", sha256),
            title=f.maybe("title", line),
            author=f.maybe("author", line),
            license=f.maybe("license", line),
            note=f.maybe("note", prose),
            preview=f.maybe("preview", picture),
            extra=f.rest(),
        )
        read._check_parts(path)
        return read

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
            "the brush has a grade and no instruction, so there is nothing for a base model to do",
            where=self.name,
            do="Apply its grade alone, or blend or stack it with other brushes.",
        )

    def _check_parts(self, path: str) -> None:
        """There must be one part at least, and nothing of an instruction missing."""
        groups = (self.instruction, self.buckets, self.base, self.apply)
        if any(groups) and not all(groups):
            raise ContradictionError(
                "instruction, buckets, base and apply stand together, or none of them", where=path
            )
        if not self.parts:
            raise ContradictionError("must have an instruction, a grade or both", where=path)
        if self.apply and self.buckets and self.apply.steps > (T := self.buckets.edges[-1]):
            raise ContradictionError(
                f"must be at most the schedule's length, {T}", where=f"{path}.apply.steps"
            )
