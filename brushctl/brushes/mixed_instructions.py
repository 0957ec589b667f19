"""Instructions mixed: their features, their token weights, and how the mix is applied."""

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import reduce
from itertools import groupby

import numpy as np

from brushctl.brushes.file import Brush, Features
from brushctl.brushes.metadata import InstructionPart, Metadata, Segment
from brushctl.brushes.mixed_offsets import check_stack, check_words, lengthened
from brushctl.errors import BrushMismatchError, UsageError

Pad = Callable[[Brush, int], Brush]
"""Gives a brush's instruction more tokens, so many in all, with which it draws what it drew."""

LEAST_SUM = 1e-3
"""Weights that sum to less cancel: their mean would be thousands of times the features."""
ALIKE = "Mix brushes that were learned on one base model in the same way."


@dataclass(frozen=True, slots=True)
class Share:
    """One brush of a mix and its weight.

    Raises:
        UsageError: it is no brush, but a file's name, say.
    """

    brush: Brush
    weight: float

    def __post_init__(self) -> None:
        if not isinstance(self.brush, Brush):
            raise UsageError(
                f"must be a Brush, is {type(self.brush).__name__}",
                where="brush",
                do="Open it first: brushctl.open_brush(...).",
            )

    @property
    def content(self) -> str:
        """The hash of what the brush is."""
        return self.brush.metadata.content_sha256

    @property
    def part(self) -> InstructionPart:
        """Its instruction and what belongs to it."""
        return self.brush.metadata.instruction_part()


@dataclass(frozen=True, slots=True)
class MixedInstruction:
    """What a mix has of its parents' instructions."""

    part: InstructionPart
    tensors: Mapping[str, Features]


def blended(parts: Sequence[Share], pad: Pad | None) -> MixedInstruction | None:
    """The weighted mean of the instructions; None where no brush has one.

    The weights sum to 1. Where some of the brushes have no instruction, what the others lack to 1
    weakens the text guidance, or on a transformer the edit.
    """
    shares = instructed(parts)
    if not shares:
        return None
    whole = total(shares) if len(shares) < len(parts) else 1.0
    padded = [Share(s.brush, s.weight / whole) for s in _padded(shares, pad)]
    lead = lead_of(padded).part
    how = replace(lead.apply, s_T=lead.apply.s_T * whole)
    instruction = replace(lead.instruction, segments=_mean_segments(padded))
    tensors = {key: _mean(padded, key) for key in padded[0].brush.instruction_tensors()}
    return MixedInstruction(replace(lead, instruction=instruction, apply=how), tensors)


def stacked(parts: Sequence[Share]) -> MixedInstruction | None:
    """The tokens of all instructions side by side; None where no brush has one."""
    shares = instructed(parts)
    if not shares:
        return None
    if shares[0].part.base.family:
        return _at_weight(shares)
    segments = tuple(
        replace(segment, weight=segment.weight * share.weight)
        for share in shares
        for segment in share.part.instruction.segments
    )
    lead = lead_of(shares).part
    instruction = replace(lead.instruction, m=sum(s.m for s in segments), segments=segments)
    tensors: dict[str, Features] = {
        key: np.concatenate([s.brush.tensors[key] for s in shares], axis=1)  # (j, sum of m, d)
        for key in shares[0].brush.instruction_tensors()
    }
    return MixedInstruction(replace(lead, instruction=instruction), tensors)


def _at_weight(shares: Sequence[Share]) -> MixedInstruction:
    """The one instruction of a transformer in a stack, its edit at its weight."""
    check_stack([share.brush for share in shares])
    (share,) = shares
    how = replace(share.part.apply, s_T=share.part.apply.s_T * share.weight)
    return MixedInstruction(replace(share.part, apply=how), share.brush.instruction_tensors())


def scheduled(parts: Sequence[Share], chosen: Sequence[Share], pad: Pad | None) -> MixedInstruction:
    """The features of bucket k from `chosen[k]`.

    Args:
        parts: each brush once, with the share of the buckets it is taken for.
        chosen: a brush for each bucket.
        pad: lengthens the instructions that have fewer tokens than others.
    """
    padded = _padded(parts, pad)
    _check_same_weights([share.brush for share in padded])
    tensors_of = {share.content: share.brush.tensors for share in padded}
    lead = lead_of(padded)
    tensors: dict[str, Features] = {
        key: np.stack([tensors_of[s.content][key][k] for k, s in enumerate(chosen)])  # (j, m, d)
        for key in lead.brush.instruction_tensors()
    }
    return MixedInstruction(lead.part, tensors)


def instructed(shares: Iterable[Share]) -> list[Share]:
    """Those whose brushes have an instruction."""
    return [share for share in shares if share.brush.metadata.instruction]


def lead_of(parts: Sequence[Share]) -> Share:
    """The heaviest parent; of equals the one of the smallest hash."""
    return max(sorted(parts, key=lambda s: s.content), key=lambda s: s.weight)


def total(parts: Sequence[Share]) -> float:
    """The sum of the weights.

    Raises:
        UsageError: they cancel.
    """
    weights = math.fsum(s.weight for s in parts)
    if weights < LEAST_SUM:
        raise UsageError(
            f"the weights sum to {weights:g}",
            do="Choose weights that sum to about 1.",
        )
    return weights


def _padded(parts: Sequence[Share], pad: Pad | None) -> list[Share]:
    """The shares with instructions of equally many tokens.

    Raises:
        BrushMismatchError: they have not, and `pad` is not given.
    """
    tokens = {share.part.instruction.m: share.brush.metadata for share in parts}
    most = max(tokens)
    if parts[0].part.base.family:
        return [
            Share(lengthened(s.brush, most), s.weight) if s.part.instruction.m < most else s
            for s in parts
        ]
    if len(tokens) > 1 and pad is None:
        least = min(tokens)
        found = [f"m = {least}", f"m = {most}"]
        do = "`brushctl mix` and `brushctl.blend` lengthen the shorter one."
        raise _mismatch("learned tokens", tokens[least], tokens[most], found, do)
    return [
        Share(pad(s.brush, most), s.weight) if pad and s.part.instruction.m < most else s
        for s in parts
    ]


def _mean(parts: Sequence[Share], key: str) -> Features:
    """Added in float64 and rounded once, to the widest of the parents' dtypes."""
    dtype = np.result_type(*(s.brush.tensors[key] for s in parts))
    terms = (s.weight * s.brush.tensors[key].astype(np.float64) for s in parts)
    with np.errstate(over="ignore"):  # an infinity is refused where the brush is sealed
        mean: Features = reduce(np.add, terms).astype(dtype)
    return mean


def _mean_segments(parts: Sequence[Share]) -> tuple[Segment, ...]:
    """Token weights whose logarithms, which are what attention adds, are the parents' mean."""
    own = [share.part.instruction.segments for share in parts]
    if all(segments == own[0] for segments in own):
        return own[0]
    logs = [share.weight * np.log(_token_weights(share.brush)) for share in parts]  # (m,) each
    weights: list[float] = np.exp(np.sum(logs, axis=0)).tolist()
    return tuple(Segment(len(list(run)), weight) for weight, run in groupby(weights))


def _token_weights(brush: Brush) -> list[float]:
    segments = brush.metadata.instruction_part().instruction.segments
    return [segment.weight for segment in segments for _ in range(segment.m)]


def check_fit(a: Brush, b: Brush) -> None:
    """See that two instructions are of one base and bucket layout, of the same sites and widths.

    Raises:
        BrushMismatchError: they are not.
    """
    one, other = a.metadata.instruction_part(), b.metadata.instruction_part()
    if one.base.model_sha256 != other.base.model_sha256:  # one base may go by several ids
        found = [f"{x.base.id} (U-Net {x.base.model_sha256[:12]})" for x in (one, other)]
        raise _mismatch("base models", a.metadata, b.metadata, found)
    if one.buckets.edges != other.buckets.edges:
        found = [str(list(x.buckets.edges)) for x in (one, other)]
        raise _mismatch("bucket layouts", a.metadata, b.metadata, found)
    if one.base.family:
        check_words(a, b)
    widths = [
        {key: tensor.shape[-1] for key, tensor in brush.instruction_tensors().items()}
        for brush in (a, b)
    ]
    odd = min((key for key, _ in widths[0].items() ^ widths[1].items()), default=None)
    if odd is not None:
        found = [f"d = {w[odd]}" if odd in w else "no features" for w in widths]
        raise _mismatch(f"features at {odd}", a.metadata, b.metadata, found)


def _check_same_weights(brushes: Sequence[Brush]) -> None:
    """A file has one weight for a token, whatever the bucket."""
    for brush in brushes[1:]:
        weights = [_token_weights(x) for x in (brushes[0], brush)]
        if weights[0] != weights[1]:
            found = [
                " + ".join(f"{len(list(run))} of weight {w:g}" for w, run in groupby(tokens))
                for tokens in weights
            ]
            do = "Blend them, or schedule the brushes that the stack was made of."
            raise _mismatch("token weights", brushes[0].metadata, brush.metadata, found, do)


def _mismatch(
    what: str, a: Metadata, b: Metadata, found: Sequence[str], do: str = ALIKE
) -> BrushMismatchError:
    return BrushMismatchError(
        f"their {what} differ: {a.name} has {found[0]}, {b.name} has {found[1]}",
        where=f"{a.name} and {b.name}",
        do=do,
    )
