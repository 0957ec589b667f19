"""What can be chosen about photographs; imported by the command line before anything heavy."""

from enum import StrEnum
from typing import TypeVar

from brushctl.errors import UsageError

Choice = TypeVar("Choice", bound=StrEnum)


class Detail(StrEnum):
    """Where the fine detail of a result comes from."""

    AUTO = "auto"
    TRANSFER = "transfer"
    MODEL = "model"


class Engine(StrEnum):
    """What edits the photographs of a run."""

    LOCAL = "local"
    RAY = "ray"


class Effort(StrEnum):
    """How many of a brush's own sampling steps are taken (docs/speed.md says what that costs)."""

    DRAFT = "draft"
    STANDARD = "standard"
    BEST = "best"

    def fewer(self, steps: int) -> int | None:
        """Steps in place of a brush's `steps`, at least 1; None leaves it at these."""
        return None if self is Effort.BEST else max(1, round(steps * SHARE[self]))


SHARE = {Effort.DRAFT: 0.4, Effort.STANDARD: 0.6}
"""Of five steps, one for each stretch of denoising time, two and three."""

FOR_SHARES = "1 is the whole edit: write 0.6 for 60 %."
"""What whoever gives a strength in per cent can do."""
QUALITIES = range(1, 101)
"""What encoders of JPEG, WebP, AVIF and HEIC take: the most loss to the least."""


def one_of(kind: type[Choice], given: str, option: str) -> Choice:
    """A choice by its word.

    Raises:
        UsageError: there is none of that word.
    """
    if given in list(kind):
        return kind(given)
    if kind is Effort and given.isdecimal():
        do = f"Pass --quality {given} for the encoder's quality."
    else:
        do = f"Choose from {', '.join(kind)}."
    raise UsageError(f"there is no {option} {given!r}", where=f"--{option}", do=do)


def quality_of(given: str | int) -> int:
    """The quality of an encoder, by its number.

    Raises:
        UsageError: it is none.
    """
    if str(given).isdecimal() and int(given) in QUALITIES:
        return int(given)
    sampling = given in list(Effort)
    raise UsageError(
        f"the encoder's quality is a number from {QUALITIES[0]} to {QUALITIES[-1]}",
        where=f"--quality {given}",
        do=f"Pass --effort {given} for fewer sampling steps."
        if sampling
        else "Write --quality 90, for example.",
    )


def strength_of(given: str | float) -> float:
    """The strength of an edit, by its number.

    Raises:
        UsageError: it is none.
    """
    try:
        return float(given)
    except ValueError:
        raise UsageError(
            "the strength must be a number", where=f"--strength {given}", do=FOR_SHARES
        ) from None
