"""What is different where brushes of transformers are mixed: they are offsets to words' own tokens.

An offset means something beside its own words alone, so mixed brushes have one phrase; tokens that
a brush has not learned have an offset of zero; and tokens cannot stand side by side.
"""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from brushctl.brushes.file import Brush
from brushctl.brushes.metadata import Segment
from brushctl.errors import BrushMismatchError


def check_words(a: Brush, b: Brush) -> None:
    """See that two brushes of a transformer are offsets to the same tokens.

    Raises:
        BrushMismatchError: they are not.
    """
    one, other = (x.metadata.instruction_part().instruction for x in (a, b))
    if one.phrase != other.phrase:
        phrases = [repr(x.phrase) if x.phrase else "no phrase" for x in (one, other)]
        raise BrushMismatchError(
            f"brushes of a transformer add to their words, and these have {' and '.join(phrases)}",
            where=f"{a.metadata.name} and {b.metadata.name}",
            do="Learn both from the same phrase, or both without one.",
        )
    starts = [_start(x.first or 0, x.m) for x in (one, other)]
    if starts[0] != starts[1]:
        raise BrushMismatchError(
            f"their first learned token differs: {starts[0]} and {starts[1]}",
            where=f"{a.metadata.name} and {b.metadata.name}",
            do="Mix brushes that were learned with one version of brushctl.",
        )


def _start(first: int, m: int) -> str:
    """Where tokens begin, or end, that brushes of different lengths have in common."""
    return "the end of the words" if first + m == 0 and first < 0 else f"place {first}"


def check_stack(brushes: Sequence[Brush]) -> None:
    """See that no tokens of a transformer are to stand side by side.

    Raises:
        BrushMismatchError: they are.
    """
    if len(brushes) > 1 and brushes[0].metadata.instruction_part().base.family:
        raise BrushMismatchError(
            "instructions of a transformer cannot be stacked: they add to the same words",
            where=" and ".join(brush.metadata.name for brush in brushes),
            do="Blend or schedule them.",
        )


def lengthened(brush: Brush, m: int) -> Brush:
    """The brush with m tokens, those that it has not learned left as they are.

    More tokens follow the learned ones; where these are the last of the words, more come before.
    """
    part = brush.metadata.instruction_part()
    own, first = part.instruction.m, part.instruction.first
    at_end = first is not None and first + own == 0
    more = (m - own, 0) if at_end else (0, m - own)
    tensors = dict(brush.tensors)
    for name, tensor in brush.instruction_tensors().items():
        tensors[name] = np.pad(tensor, ((0, 0), more, (0, 0)))  # (j, m, d)
    instruction = replace(
        part.instruction, m=m, segments=(Segment(m),), first=-m if at_end else first
    )
    return Brush(replace(brush.metadata, instruction=instruction), tensors)
