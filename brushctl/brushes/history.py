"""Where a brush comes from: how it was learned, how well, and what it was mixed from."""

from dataclasses import dataclass
from typing import Self

from brushctl.brushes import limits
from brushctl.brushes.fields import (
    Fields,
    Record,
    array,
    count,
    integer,
    label,
    line,
    number,
    positive,
    sha256,
)


@dataclass(frozen=True, slots=True)
class HeldOut(Record):
    """How well the brush does on pairs it did not learn from.

    Figures are means over whole photographs, at their own size up to some megapixels: PSNR in dB,
    and the mean CIEDE2000 of a photograph's pixels.

    Attributes:
        pairs: how many pairs.
        psnr: the brush's result against the after picture.
        psnr_unedited: doing nothing, against the after picture.
        psnr_grade: the grade alone, where the brush has an instruction too.
        psnr_instruction: the instruction alone, where the brush has a grade too.
        psnr_phrase: the initial phrase alone, where it was measured.
        de2000: as `psnr`, in CIEDE2000.
        de2000_unedited: as `psnr_unedited`, in CIEDE2000.
        folds: where each pair was edited by a brush of the others, how many such brushes.
        megapixels: the mean size that photographs were judged at.
    """

    pairs: int
    psnr: float
    psnr_unedited: float
    psnr_grade: float | None = None
    psnr_instruction: float | None = None
    psnr_phrase: float | None = None
    de2000: float | None = None
    de2000_unedited: float | None = None
    folds: int | None = None
    megapixels: float | None = None

    @classmethod
    def from_dict(cls, data: object, path: str) -> Self:
        """See `Record.from_dict`."""
        f = Fields(data, path)
        return cls(
            pairs=f.take("pairs", count),
            psnr=f.take("psnr", number),
            psnr_unedited=f.take("psnr_unedited", number),
            psnr_grade=f.maybe("psnr_grade", number),
            psnr_instruction=f.maybe("psnr_instruction", number),
            psnr_phrase=f.maybe("psnr_phrase", number),
            de2000=f.maybe("de2000", number),
            de2000_unedited=f.maybe("de2000_unedited", number),
            folds=f.maybe("folds", count),
            megapixels=f.maybe("megapixels", positive),
            extra=f.rest(),
        )


@dataclass(frozen=True, slots=True)
class InstructionTraining(Record):
    """How an instruction was learned.

    Attributes:
        recipe: the recipe's name.
        steps: optimisation steps, each over all buckets.
        batch: samples for each bucket and step.
        learning_rate: Adam's, in the unit of the recipe: a number, or a share of each feature's
            deviation where learning began.
        loss_first: loss in each bucket at the beginning.
        loss_last: loss in each bucket at the end.
    """

    recipe: str
    steps: int
    batch: int
    learning_rate: float
    loss_first: tuple[float, ...]
    loss_last: tuple[float, ...]

    @classmethod
    def from_dict(cls, data: object, path: str) -> Self:
        """See `Record.from_dict`."""
        f = Fields(data, path)
        return cls(
            recipe=f.take("recipe", line),
            steps=f.take("steps", limits.learning_steps),
            batch=f.take("batch", count),
            learning_rate=f.take("learning_rate", positive),
            loss_first=f.take("loss_first", array(number, least=1)),
            loss_last=f.take("loss_last", array(number, least=1)),
            extra=f.rest(),
        )


@dataclass(frozen=True, slots=True)
class GradeScore(Record):
    """What one kind of grade reached on pairs held out, when the grade was chosen.

    Attributes:
        method: `untouched`, `affine` or `lattice`.
        groups: of features that a network above it had; empty without a network.
        psnr: in dB, mean over the pairs.
    """

    method: str
    groups: tuple[str, ...]
    psnr: float

    @classmethod
    def from_dict(cls, data: object, path: str) -> Self:
        """See `Record.from_dict`."""
        f = Fields(data, path)
        method, groups = f.take("method", line), f.take("groups", array(line))
        return cls(method, groups, f.take("psnr", number), extra=f.rest())


@dataclass(frozen=True, slots=True)
class Training(Record):
    """What the brush was learned from, how, and how well.

    Attributes:
        pairs_sha256: a hash of each pair's files; never their paths.
        seed: fixes every draw.
        instruction: how its instruction was learned.
        grade: what its grade was chosen from.
        held_out: figures on pairs that were kept out of the learning.
    """

    pairs_sha256: tuple[str, ...]
    seed: int
    instruction: InstructionTraining | None = None
    grade: tuple[GradeScore, ...] | None = None
    held_out: HeldOut | None = None

    @classmethod
    def from_dict(cls, data: object, path: str) -> Self:
        """See `Record.from_dict`."""
        f = Fields(data, path)
        return cls(
            pairs_sha256=f.take("pairs_sha256", array(sha256, least=1)),
            seed=f.take("seed", integer),
            instruction=f.maybe("instruction", InstructionTraining.from_dict),
            grade=f.maybe("grade", array(GradeScore.from_dict, least=1)),
            held_out=f.maybe("held_out", HeldOut.from_dict),
            extra=f.rest(),
        )


@dataclass(frozen=True, slots=True)
class Parent(Record):
    """A brush that went into a mix.

    Attributes:
        name: what it was called.
        content_sha256: which one it was.
        weight: its share, as the method means it.
        buckets: the buckets it was taken for, where the method chooses by bucket.
        lineage: what it was itself mixed from.
    """

    name: str
    content_sha256: str
    weight: float
    buckets: tuple[int, ...] | None = None
    lineage: "Lineage | None" = None

    @classmethod
    def from_dict(cls, data: object, path: str) -> Self:
        """See `Record.from_dict`."""
        f = Fields(data, path)
        return cls(
            name=f.take("name", label),
            content_sha256=f.take("content_sha256", sha256),
            weight=f.take("weight", limits.share),
            buckets=f.maybe("buckets", array(limits.bucket, least=1)),
            lineage=f.maybe("lineage", Lineage.from_dict),
            extra=f.rest(),
        )


@dataclass(frozen=True, slots=True)
class Lineage(Record):
    """What a mix was made of, and by which method: blend, stack or schedule."""

    method: str
    parents: tuple[Parent, ...]

    @classmethod
    def from_dict(cls, data: object, path: str) -> Self:
        """See `Record.from_dict`."""
        f = Fields(data, path)
        parents = f.take("parents", array(Parent.from_dict, least=1))
        return cls(f.take("method", line), parents, extra=f.rest())
