"""What a brush keeps of what was learned: a grade, an instruction, or both."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Generic, TypeVar

Brush = TypeVar("Brush")

NOTHING_LEFT = 2.0
"""CIEDE2000, the mean over a photograph, that a grade may leave and be all there is to learn: side
by side the two pictures look alike."""
SHARE_LEFT = 0.5
"""Of the CIEDE2000 of pictures left alone, what a grade may leave then: it explains most of the
edit. A small thing put into a picture changes little in the mean, and no grade puts it there."""
LIKELY = 30.0
"""PSNR in dB that the grade of a single pair must be likely to reach elsewhere, to be all there is
to learn: of such a pair it can know every colour by heart."""
WORTH, WORTH_UNTRIED = 1.0, 3.0
"""PSNR in dB that an instruction must add to a grade to be kept: on pairs held out, and where there
are none, on those it learned from. A grade works in a moment, at full size and anywhere; a model is
slow, and on few pairs a little more is found by chance."""
PAIRS_FOR_ONE_HELD_OUT = 3
"""Of so many pairs one is held out where an instruction must prove its worth over a grade."""
LITTLE = 3.0
"""PSNR in dB: where a grade brings less, an instruction is also learned without it beneath."""


def explains(de2000: float, unedited: float, elsewhere: float | None) -> bool:
    """Whether a grade leaves nothing to speak of.

    Args:
        de2000: CIEDE2000 that it leaves.
        unedited: of pictures left alone.
        elsewhere: of a single pair, the PSNR in dB that is likely on another picture.
    """
    likely = elsewhere is None or elsewhere >= LIKELY
    return likely and de2000 <= min(NOTHING_LEFT, SHARE_LEFT * unedited)


@dataclass(frozen=True, slots=True)
class Tried(Generic[Brush]):
    """A brush with an instruction, and how near it comes to some pairs.

    Attributes:
        brush: it.
        psnr: the mean over those pairs, in dB; None where it could not be judged.
        grade: of the grade alone on the same pairs; None where that was not judged.
        held_out: whether nothing was learned from those pairs.
    """

    brush: Brush
    psnr: float | None
    grade: float | None
    held_out: bool


@dataclass(frozen=True, slots=True)
class Choice(Generic[Brush]):
    """What came of trying instructions.

    Attributes:
        brush: the one to keep, which has an instruction; None where the grade alone is kept.
        psnr: of the nearest brush with an instruction, in dB; None where none could be judged.
        grade: of the grade alone on the same pairs.
    """

    brush: Brush | None
    psnr: float | None
    grade: float | None


def choose(
    learn: Callable[[bool], Tried[Brush]],
    *,
    graded: float,
    unedited: float,
    elsewhere: float | None,
) -> Choice[Brush]:
    """Try instructions beside a grade that is not enough, and choose.

    An instruction is learned over the grade, and where that explains little, another without it.
    A grade of a single pair leaves an instruction over it hardly anything of that pair to learn, so
    there one is learned without it.

    Args:
        learn: learns and judges a brush, with the grade beneath its instruction or without.
        graded: PSNR in dB of the grade, on pairs that it had no part in.
        unedited: of pictures left alone.
        elsewhere: of a single pair, the PSNR that is likely of its grade on another picture.
    """
    if elsewhere is not None:
        alone = learn(False)
        kept = alone.psnr is not None and alone.psnr >= max(elsewhere, unedited) + WORTH_UNTRIED
        return Choice(alone.brush if kept else None, alone.psnr, elsewhere)
    over_grade = learn(True)
    tried = [over_grade]
    if graded < unedited + LITTLE:
        tried.append(learn(False))
    best = max(tried, key=lambda each: each.psnr or 0.0)
    if best.psnr is None or over_grade.grade is None:  # it has not proved its worth
        return Choice(None, best.psnr, over_grade.grade)
    worth = WORTH if best.held_out else WORTH_UNTRIED
    kept = best.psnr >= over_grade.grade + worth
    return Choice(best.brush if kept else None, best.psnr, over_grade.grade)
