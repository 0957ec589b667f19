"""Mixing brushes, with the base model at hand where one is needed, so that the mix can be applied.

What the methods do stands in `brushctl.brushes.mixing`. Instructions of fewer tokens than others
are lengthened here with tokens of their own phrase, for which their base model is loaded.
"""

import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from brushctl.brushes import mixing
from brushctl.brushes.file import Brush
from brushctl.brushes.mixing import Share
from brushctl.brushes.provenance import Provenance
from brushctl.errors import UsageError
from brushctl.files import expanded
from brushctl.settings import TINY

CLIP_TOKENS = 77
"""What the text encoders of Stable Diffusion 1, 2 and XL read, start and end counted."""
TINY_WEIGHTS = Path(__file__).parents[1] / "tiny" / "weights"


def blend(shares: Sequence[Share], provenance: Provenance, *, base: str | None = None) -> Brush:
    """The weighted mean of brushes: an interpolation between edits.

    Args:
        shares: the brushes and their weights, which are divided by their sum.
        provenance: the name, the day and the program that the mix carries.
        base: the base model, where numbers of tokens differ; None for the one that brushes name.

    Raises:
        UsageError: the weights cancel, or the mix would be beyond what a brush can hold.
        BrushMismatchError: the brushes' instructions do not fit each other.
        BaseModelError: the base model is needed, and is not on this machine.
    """
    return _with_look(mixing.blend(shares, provenance, pad=_Padding(base)))


def stack(shares: Sequence[Share], provenance: Provenance, *, base: str | None = None) -> Brush:
    """Several brushes' edits at once: their grades one after the other, their tokens side by side.

    Args:
        shares: the brushes and their weights, none of which is negative.
        provenance: the name, the day and the program that the mix carries.
        base: the base model, whose text encoder says how many tokens there may be; None for the
            one that brushes name.

    Raises:
        UsageError: a weight is negative, or the mix would be beyond what a brush can hold or the
            base model reads.
        BrushMismatchError: the brushes' instructions do not fit each other.
    """
    mixed = mixing.stack(shares, provenance)
    if mixed.metadata.instruction and mixed.metadata.base:
        name = base or mixed.metadata.base.id
        m, limit = mixed.metadata.instruction.m, _token_limit(name)
        if m > limit:
            raise UsageError(
                f"the stack would have {m} tokens, and {name} reads {limit}",
                do="Blend the brushes, or stack fewer of them.",
            )
    return _with_look(mixed)


def schedule(choice: Sequence[Brush], provenance: Provenance, *, base: str | None = None) -> Brush:
    """Each stretch of the denoising follows one brush: in bucket k `choice[k]`.

    Args:
        choice: a brush for each bucket; the grade of the mix is the last one's.
        provenance: the name, the day and the program that the mix carries.
        base: the base model, where numbers of tokens differ; None for the one that brushes name.

    Raises:
        UsageError: there is not one brush for each bucket.
        BrushMismatchError: the brushes' instructions do not fit each other, or there is none.
        BaseModelError: the base model is needed, and is not on this machine.
    """
    return _with_look(mixing.schedule(choice, provenance, pad=_Padding(base)))


class _Padding:
    """Lengthens instructions. Nothing of the engine is loaded before one is too short."""

    def __init__(self, base: str | None) -> None:
        self._base = base
        self._pad: mixing.Pad | None = None

    def __call__(self, brush: Brush, m: int) -> Brush:
        if self._pad is None:
            from brushctl.engine.brush.instruction import padding

            self._pad = padding(self._base)
        return self._pad(brush, m)


def _token_limit(name: str) -> int:
    """How many tokens a base's text encoder reads; CLIP's where its configuration is not here."""
    folder = TINY_WEIGHTS if name == TINY else expanded(name)
    try:
        said = json.loads((folder / "tokenizer" / "tokenizer_config.json").read_bytes())
        return int(said["model_max_length"])
    except (OSError, ValueError, KeyError, TypeError):
        return CLIP_TOKENS


def _with_look(brush: Brush) -> Brush:
    """The mix with what its grade does to colours measured."""
    if brush.metadata.grade is None:
        return brush
    from brushctl.grade.look import look_of
    from brushctl.grade.stored import grade_of

    grade = grade_of(brush)
    look = look_of(grade) if grade else None
    return replace(brush, metadata=replace(brush.metadata, look=look))
