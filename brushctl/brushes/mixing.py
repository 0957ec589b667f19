"""Mixing brushes of one base model: blend, stack and schedule.

Rules that hold for every method. Brushes of equal content count as one, their weights added, and
brushes of weight 0 add nothing, so that A:1 with B:0 is A, and A blended or scheduled with itself
is A, to the bit and to the content hash. Brushes stand in the order of their content hashes, so
that the order in which they are given does not matter. What a mix can have from one parent only
(the phrase whose own tokens follow the learned ones, and how the brush is applied) comes from the
*lead*: the heaviest parent, and between equals the one of the smaller content hash.
"""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import reduce
from itertools import groupby

import numpy as np

from brushctl.brushes import limits
from brushctl.brushes.fields import as_usage_errors
from brushctl.brushes.file import Brush, Features, sealed
from brushctl.brushes.metadata import Instruction, InstructionPart, Lineage, Metadata, Parent
from brushctl.brushes.provenance import Provenance
from brushctl.errors import BrushMismatchError, UsageError

LEAST_SUM = 1e-3
"""Weights that sum to less cancel: their mean would be thousands of times the features."""
ALIKE = "Mix brushes that were learned on one base model in the same way."
STACK_INSTEAD = "`--method stack` mixes brushes whatever their learned tokens."


@dataclass(frozen=True, slots=True)
class Share:
    """One brush of a mix and its weight."""

    brush: Brush
    weight: float


def blend(shares: Sequence[Share], provenance: Provenance) -> Brush:
    """The weighted mean of the features: an interpolation between edits.

    The weights are divided by their sum. A negative weight leads away from its brush, as in
    A:1.5 B:-0.5.

    Raises:
        UsageError: the weights cancel, or lead away from more than they lead to; or one is, or the
            mix would be, beyond what a brush can hold.
        BrushMismatchError: the brushes differ in base, buckets, sites, m or token weights.
    """
    parts = _gather(_sealed(shares), same_tokens=True)
    total = _total(parts)
    parts = [Share(s.brush, s.weight / total) for s in parts]
    tensors = {key: _mean(parts, key) for key in parts[0].brush.tensors}
    return _mixed(
        parts, _part(_lead(parts)).instruction, tensors, _lineage("blend", parts), provenance
    )


def _total(parts: Sequence[Share]) -> float:
    total = math.fsum(s.weight for s in parts)
    if total < LEAST_SUM:
        raise UsageError(
            f"the weights sum to {total:g}",
            do="A blend is a mean: let the positive weights outweigh the negative ones, near 1.",
        )
    return total


def stack(shares: Sequence[Share], provenance: Provenance) -> Brush:
    """The tokens of all brushes, one after the other: every instruction is attended to.

    ln(weight) is added to the attention logits of a brush's tokens: at weight 1 they draw as
    much attention as in the brush itself, at 0.5 half of it.

    Raises:
        UsageError: a weight is negative; or one is, or the mix would be, beyond what a brush can
            hold.
        BrushMismatchError: the brushes differ in base, buckets or sites.
    """
    parts = _gather(_sealed(shares), same_tokens=False)
    for share in parts:
        if share.weight < 0:
            raise UsageError(
                "a stacked brush cannot have a negative weight",
                where=f"{share.brush.metadata.name}:{share.weight:g}",
                do="Attention is never negative; blend can lead away from a brush.",
            )
    segments = tuple(
        replace(segment, weight=segment.weight * share.weight)
        for share in parts
        for segment in _part(share).instruction.segments
    )
    lead = _part(_lead(parts)).instruction
    instruction = replace(lead, m=sum(s.m for s in segments), segments=segments)
    tensors: dict[str, Features] = {
        key: np.concatenate([s.brush.tensors[key] for s in parts], axis=1)  # (j, sum of m, d)
        for key in parts[0].brush.tensors
    }
    return _mixed(parts, instruction, tensors, _lineage("stack", parts), provenance)


def schedule(choice: Sequence[Brush], provenance: Provenance) -> Brush:
    """Features chosen by bucket: those of bucket k from `choice[k]`.

    A brush weighs the share of the buckets it is taken for.

    Raises:
        UsageError: there is not one brush for each bucket.
        BrushMismatchError: the brushes differ in base, buckets, sites, m or token weights.
    """
    j = choice[0].metadata.instruction_part().buckets.count
    if len(choice) != j:
        raise UsageError(
            f"{len(choice)} buckets are given to a brush, the brushes have {j}",
            do=f"Give each of the buckets 0 to {j - 1} to one brush.",
        )
    shares = _sealed(Share(brush, 1 / j) for brush in choice)
    parts = _gather(shares, same_tokens=True)
    tensors: dict[str, Features] = {
        key: np.stack([brush.tensors[key][k] for k, brush in enumerate(choice)])  # (j, m, d)
        for key in choice[0].tensors
    }
    lineage = _lineage("schedule", parts)
    parents = tuple(_scheduled(parent, shares) for parent in lineage.parents)
    lineage = replace(lineage, parents=parents)
    return _mixed(parts, _part(_lead(parts)).instruction, tensors, lineage, provenance)


def _scheduled(parent: Parent, shares: Sequence[Share]) -> Parent:
    taken = tuple(k for k, share in enumerate(shares) if _hash(share) == parent.content_sha256)
    return replace(parent, buckets=taken, weight=len(taken) / len(shares))


def _sealed(shares: Iterable[Share]) -> list[Share]:
    """With the brushes' hashes as they are now: one may be of what a brush was, or not be there."""
    return [replace(share, brush=sealed(share.brush)) for share in shares]


def _gather(shares: Sequence[Share], *, same_tokens: bool) -> list[Share]:
    """One share for each content, in the order of the hashes, those of weight 0 left out.

    Raises:
        UsageError: nothing is left, or a weight is beyond what a brush can hold.
        BrushMismatchError: the brushes do not fit each other.
    """
    with as_usage_errors():
        for share in shares:
            limits.share(share.weight, f"{share.brush.metadata.name}:{share.weight}")
    ordered = sorted(shares, key=lambda s: (_hash(s), s.brush.metadata.name))
    for share in ordered[1:]:
        _check_fit(ordered[0].brush.metadata, share.brush.metadata, same_tokens=same_tokens)
        _check_widths(ordered[0].brush, share.brush)
    same = [list(group) for _, group in groupby(ordered, key=_hash)]
    summed = [Share(group[0].brush, math.fsum(s.weight for s in group)) for group in same]
    if not any(s.weight for s in summed):
        raise UsageError("every weight is 0", do="Give at least one brush a weight.")
    return [s for s in summed if s.weight]


def _hash(share: Share) -> str:
    return share.brush.metadata.content_sha256


def _lead(parts: Sequence[Share]) -> Share:
    """The heaviest parent; of equals the first, which has the smallest hash."""
    return max(parts, key=lambda s: s.weight)


def _part(share: Share) -> InstructionPart:
    return share.brush.metadata.instruction_part()


def _mean(parts: Sequence[Share], key: str) -> Features:
    """Added in float64 and rounded once, to the widest of the parents' dtypes."""
    dtype = np.result_type(*(s.brush.tensors[key] for s in parts))
    terms = (s.weight * s.brush.tensors[key].astype(np.float64) for s in parts)
    with np.errstate(over="ignore"):  # an infinity is refused where the brush is sealed
        mean: Features = reduce(np.add, terms).astype(dtype)
    return mean


def _lineage(method: str, parts: Sequence[Share]) -> Lineage:
    return Lineage(
        method,
        tuple(
            Parent(
                name=s.brush.metadata.name,
                content_sha256=_hash(s),
                weight=s.weight,
                lineage=s.brush.metadata.lineage,
            )
            for s in parts
        ),
    )


def _mixed(
    parts: Sequence[Share],
    instruction: Instruction,
    tensors: Mapping[str, Features],
    lineage: Lineage,
    provenance: Provenance,
) -> Brush:
    """The mix, sealed.

    Raises:
        UsageError: it would be beyond the limits of the format.
    """
    lead = _part(_lead(parts))
    metadata = Metadata(
        name=provenance.name,
        created=provenance.created,
        tool=provenance.tool,
        instruction=instruction,
        buckets=lead.buckets,
        base=lead.base,
        apply=lead.apply,
        lineage=lineage,
        author=_agreed(s.brush.metadata.author for s in parts),
        license=_agreed(s.brush.metadata.license for s in parts),
    )
    with as_usage_errors(do="Mix fewer brushes, with weights nearer to 1."):
        return sealed(Brush(metadata, tensors))


def _agreed(values: Iterable[str | None]) -> str | None:
    """What all parents say, or nothing."""
    said = set(values)
    return said.pop() if len(said) == 1 else None


def _check_fit(a: Metadata, b: Metadata, *, same_tokens: bool) -> None:
    """Both must be of one base and bucket layout, and, if asked, of one token layout."""
    for brush in (a, b):
        if brush.grade:
            raise BrushMismatchError("brushes with a grade are not mixed yet", where=brush.name)
    bases = [x.instruction_part().base for x in (a, b)]
    if bases[0].unet_sha256 != bases[1].unet_sha256:  # one base may go by several ids
        found = [f"{base.id} (U-Net {base.unet_sha256[:12]})" for base in bases]
        raise _mismatch("base models", a, b, found)
    edges = [list(x.instruction_part().buckets.edges) for x in (a, b)]
    if edges[0] != edges[1]:
        raise _mismatch("bucket layouts", a, b, list(map(str, edges)))
    segments = [x.instruction_part().instruction.segments for x in (a, b)]
    tokens = [[(s.m, s.weight) for s in runs] for runs in segments]
    if same_tokens and tokens[0] != tokens[1]:
        found = [" + ".join(f"m = {m} of weight {w:g}" for m, w in t) for t in tokens]
        raise _mismatch("learned tokens", a, b, found, STACK_INSTEAD)


def _check_widths(a: Brush, b: Brush) -> None:
    """Both must have the same sites, and features of the same width d at each."""
    widths = [{key: tensor.shape[-1] for key, tensor in brush.tensors.items()} for brush in (a, b)]
    odd = min((key for key, _ in widths[0].items() ^ widths[1].items()), default=None)
    if odd is not None:
        found = [f"d = {w[odd]}" if odd in w else "no features" for w in widths]
        raise _mismatch(f"features at {odd}", a.metadata, b.metadata, found)


def _mismatch(
    what: str,
    a: Metadata,
    b: Metadata,
    found: Sequence[str],
    do: str = ALIKE,
) -> BrushMismatchError:
    return BrushMismatchError(
        f"their {what} differ: {a.name} has {found[0]}, {b.name} has {found[1]}",
        where=f"{a.name} and {b.name}",
        do=do,
    )
