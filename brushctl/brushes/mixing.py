"""Mixing brushes: blend, stack and schedule.

Grades are mixed with grades, whatever they were learned with, and instructions with instructions,
if they are of one base model. A brush without a grade leaves a picture's colours alone; a brush
without an instruction changes nothing of its content, and counts as that.

Rules that hold for every method. Brushes of equal content count as one, their weights added, and
brushes of weight 0 add nothing, so that A:1 with B:0 is A, and A blended or scheduled with itself
is A, to the bit and to the content hash. Brushes stand in the order of their content hashes, so
that the order in which they are given does not matter; a stack of several grades alone has them in
the order given, since each grades what the one before it made. What a mix can have from one parent
only (the phrase whose own tokens follow the learned ones, and how the brush is applied) comes from
the *lead*: the heaviest parent that has an instruction, and between equals the one of the smaller
content hash.
"""

import math
from collections.abc import Iterable, Sequence
from dataclasses import replace
from itertools import groupby

from brushctl.brushes import limits, mixed_grades, mixed_instructions
from brushctl.brushes.fields import as_usage_errors
from brushctl.brushes.file import Brush, sealed
from brushctl.brushes.metadata import Lineage, Metadata, Parent
from brushctl.brushes.mixed_grades import StoredGrade, stored_grade
from brushctl.brushes.mixed_instructions import MixedInstruction, Pad, Share
from brushctl.brushes.provenance import Provenance
from brushctl.errors import UsageError

__all__ = ["Pad", "Share", "blend", "schedule", "stack"]


def blend(shares: Sequence[Share], provenance: Provenance, *, pad: Pad | None = None) -> Brush:
    """The weighted mean of features, and of what grades make: an interpolation between edits.

    The weights are divided by their sum. A negative weight leads away from its brush, as in
    A:1.5 B:-0.5. Where some of the brushes have no instruction, the text guidance of the mix is
    weakened to the share of the others.

    Args:
        shares: the brushes and their weights.
        provenance: of the mix.
        pad: lengthens the instructions that have fewer tokens than others.

    Raises:
        UsageError: the weights cancel, or lead away from more than they lead to; or one is, or the
            mix would be, beyond what a brush can hold.
        BrushMismatchError: the instructions differ in base, buckets or sites, or in their numbers
            of tokens where `pad` is not given.
    """
    parts = _gather(_sealed(shares))
    total = mixed_instructions.total(parts)
    parts = [Share(s.brush, s.weight / total) for s in parts]
    instruction = mixed_instructions.blended(parts, pad)
    terms = [(s.weight, grade) for s in parts if (grade := stored_grade(s.brush))]
    grade = mixed_grades.blended(terms) if terms else None
    return _mixed(parts, instruction, grade, _lineage("blend", parts), provenance)


def stack(shares: Sequence[Share], provenance: Provenance) -> Brush:
    """The tokens of all brushes side by side, and their grades one after the other: every edit.

    ln(weight) is added to the attention logits of a brush's tokens: at weight 1 they draw as
    much attention as in the brush itself, at 0.5 half of it. A grade is taken at its weight too:
    at 0.5 it goes half of the way.

    Raises:
        UsageError: a weight is negative; or one is, or the mix would be, beyond what a brush can
            hold.
        BrushMismatchError: the instructions differ in base, buckets or sites.
    """
    several = sum(s.weight != 0 and s.brush.metadata.grade is not None for s in shares) > 1
    parts = _gather(_sealed(shares), as_given=several)
    for share in parts:
        if share.weight < 0:
            raise UsageError(
                "a stacked brush cannot have a negative weight",
                where=f"{share.brush.metadata.name}:{share.weight:g}",
                do="Blend the brushes instead: a blend takes negative weights.",
            )
    instruction = mixed_instructions.stacked(parts)
    terms = [(s.weight, grade) for s in parts if (grade := stored_grade(s.brush))]
    grade = mixed_grades.stacked([mixed_grades.blended([t]) for t in terms]) if terms else None
    return _mixed(parts, instruction, grade, _lineage("stack", parts), provenance)


def schedule(choice: Sequence[Brush], provenance: Provenance, *, pad: Pad | None = None) -> Brush:
    """Features chosen by bucket: those of bucket k from `choice[k]`.

    A brush weighs the share of the buckets it is taken for. The grade is that of the last, the
    bucket of most noise, in which layout and colours are settled.

    Args:
        choice: a brush for each bucket.
        provenance: of the mix.
        pad: lengthens the instructions that have fewer tokens than others.

    Raises:
        UsageError: there is not one brush for each bucket.
        BrushMismatchError: a brush has no instruction; or they differ in base, buckets, sites or
            token weights, or in their numbers of tokens where `pad` is not given.
    """
    if not choice:
        raise UsageError("no brush is given to any bucket", do="Give a brush for each bucket.")
    j = choice[0].metadata.instruction_part().buckets.count
    if len(choice) != j:
        raise UsageError(
            f"{len(choice)} buckets are given to a brush, the brushes have {j}",
            do=f"Give each of the buckets 0 to {j - 1} to one brush.",
        )
    shares = _sealed(Share(brush, 1 / j) for brush in choice)
    parts = _gather(shares)
    instruction = mixed_instructions.scheduled(parts, shares, pad)
    lineage = _lineage("schedule", parts)
    parents = tuple(_scheduled(parent, shares) for parent in lineage.parents)
    lineage = replace(lineage, parents=parents)
    return _mixed(parts, instruction, stored_grade(shares[-1].brush), lineage, provenance)


def _scheduled(parent: Parent, shares: Sequence[Share]) -> Parent:
    taken = tuple(k for k, share in enumerate(shares) if share.content == parent.content_sha256)
    return replace(parent, buckets=taken, weight=len(taken) / len(shares))


def _sealed(shares: Iterable[Share]) -> list[Share]:
    """With the brushes' hashes as they are now: one may be of what a brush was, or not be there."""
    return [replace(share, brush=sealed(share.brush)) for share in shares]


def _gather(shares: Sequence[Share], *, as_given: bool = False) -> list[Share]:
    """One share for each content, those of weight 0 left out, in the order of the hashes.

    Args:
        shares: sealed.
        as_given: keep the order in which contents come first.

    Raises:
        UsageError: nothing is left, or a weight is beyond what a brush can hold.
        BrushMismatchError: the brushes do not fit each other.
    """
    with as_usage_errors():
        for share in shares:
            limits.share(share.weight, f"{share.brush.metadata.name}:{share.weight}")
    ordered = sorted(shares, key=lambda s: (s.content, s.brush.metadata.name))
    instructed = mixed_instructions.instructed(ordered)
    for share in instructed[1:]:
        mixed_instructions.check_fit(instructed[0].brush, share.brush)
    same = [list(group) for _, group in groupby(ordered, key=lambda s: s.content)]
    summed = [Share(group[0].brush, math.fsum(s.weight for s in group)) for group in same]
    if as_given:
        given = [share.content for share in shares]
        summed.sort(key=lambda s: given.index(s.content))
    if not any(s.weight for s in summed):
        raise UsageError("every weight is 0", do="Give at least one brush a weight.")
    return [s for s in summed if s.weight]


def _lineage(method: str, parts: Sequence[Share]) -> Lineage:
    return Lineage(
        method,
        tuple(
            Parent(
                name=s.brush.metadata.name,
                content_sha256=s.content,
                weight=s.weight,
                lineage=s.brush.metadata.lineage,
            )
            for s in parts
        ),
    )


def _mixed(
    parts: Sequence[Share],
    instruction: MixedInstruction | None,
    grade: StoredGrade | None,
    lineage: Lineage,
    provenance: Provenance,
) -> Brush:
    """The mix, sealed.

    Raises:
        UsageError: it would be beyond the limits of the format.
    """
    metadata = Metadata(
        name=provenance.name,
        created=provenance.created,
        tool=provenance.tool,
        grade=grade.info if grade else None,
        lineage=lineage,
        author=_agreed(s.brush.metadata.author for s in parts),
        license=_agreed(s.brush.metadata.license for s in parts),
    )
    tensors = grade.named() if grade else {}
    if instruction:
        part = instruction.part
        metadata = replace(
            metadata,
            instruction=part.instruction,
            buckets=part.buckets,
            base=part.base,
            apply=part.apply,
        )
        tensors.update(instruction.tensors)
    with as_usage_errors(do="Mix fewer brushes, with weights nearer to 1."):
        return sealed(Brush(metadata, tensors))


def _agreed(values: Iterable[str | None]) -> str | None:
    """What all parents say, or nothing."""
    said = set(values)
    return said.pop() if len(said) == 1 else None
