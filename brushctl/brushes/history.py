"""Where a brush comes from: how it was learned, how well, and what it was mixed from."""

from dataclasses import dataclass
from typing import Annotated

from brushctl.brushes import limits
from brushctl.brushes.fields import (
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
        psnr_phrase: the initial phrase alone, where it was measured.
        de2000: as `psnr`, in CIEDE2000.
        de2000_unedited: as `psnr_unedited`, in CIEDE2000.
        folds: where each pair was edited by a brush of the others, how many such brushes.
        megapixels: the mean size that photographs were judged at.
    """

    pairs: Annotated[int, count]
    psnr: Annotated[float, number]
    psnr_unedited: Annotated[float, number]
    psnr_grade: Annotated[float | None, number] = None
    psnr_phrase: Annotated[float | None, number] = None
    de2000: Annotated[float | None, number] = None
    de2000_unedited: Annotated[float | None, number] = None
    folds: Annotated[int | None, count] = None
    megapixels: Annotated[float | None, positive] = None


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

    recipe: Annotated[str, line]
    steps: Annotated[int, limits.learning_steps]
    batch: Annotated[int, count]
    learning_rate: Annotated[float, positive]
    loss_first: Annotated[tuple[float, ...], array(number, least=1)]
    loss_last: Annotated[tuple[float, ...], array(number, least=1)]


@dataclass(frozen=True, slots=True)
class GradeScore(Record):
    """What one kind of grade reached on pairs held out, when the grade was chosen.

    Attributes:
        method: `untouched`, `affine` or `lattice`.
        groups: of features that a network above it had; empty without a network.
        psnr: in dB, mean over the pairs.
    """

    method: Annotated[str, line]
    groups: Annotated[tuple[str, ...], array(line)]
    psnr: Annotated[float, number]


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

    pairs_sha256: Annotated[tuple[str, ...], array(sha256, least=1)]
    seed: Annotated[int, integer]
    instruction: Annotated[InstructionTraining | None, InstructionTraining.from_dict] = None
    grade: Annotated[tuple[GradeScore, ...] | None, array(GradeScore.from_dict, least=1)] = None
    held_out: Annotated[HeldOut | None, HeldOut.from_dict] = None


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

    name: Annotated[str, label]
    content_sha256: Annotated[str, sha256]
    weight: Annotated[float, limits.share]
    buckets: Annotated[tuple[int, ...] | None, array(limits.bucket, least=1)] = None
    lineage: "Annotated[Lineage | None, Lineage.from_dict]" = None


@dataclass(frozen=True, slots=True)
class Lineage(Record):
    """What a mix was made of, and by which method: blend, stack or schedule."""

    method: Annotated[str, line]
    parents: Annotated[tuple[Parent, ...], array(Parent.from_dict, least=1)]
