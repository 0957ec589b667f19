"""What a brush keeps of what was learned: a grade, an instruction, or both."""

NOTHING_LEFT = 2.0
"""CIEDE2000, the mean over a photograph, that a grade may leave and be all there is to learn: side
by side the two pictures look alike."""
SHARE_LEFT = 0.5
"""Of the CIEDE2000 of pictures left alone, what a grade may leave then: it explains most of the
edit. A small thing put into a picture changes little in the mean, and no grade puts it there."""
WORTH, WORTH_UNTRIED = 1.0, 3.0
"""PSNR in dB that an instruction must add to a grade to be kept: on pairs held out, and where there
are none, on those it learned from. A grade works in a moment, at full size and anywhere; a model is
slow, and on few pairs a little more is found by chance."""
PAIRS_FOR_ONE_HELD_OUT = 3
"""Of so many pairs one is held out where an instruction must prove its worth over a grade."""
LITTLE = 3.0
"""PSNR in dB: where a grade brings less, an instruction is also learned without it beneath."""


def explains(de2000: float, unedited: float) -> bool:
    """Whether a grade leaves nothing to speak of, where it leaves so much of so much."""
    return de2000 <= min(NOTHING_LEFT, SHARE_LEFT * unedited)


def explains_little(psnr: float, unedited: float) -> bool:
    """Whether a grade brings so little that it may only stand in an instruction's way."""
    return psnr < unedited + LITTLE


def is_worth_it(psnr: float, grade: float, *, held_out: bool) -> bool:
    """Whether a brush with an instruction comes so much nearer than the grade that it is kept.

    Args:
        psnr: in dB, of the brush.
        grade: of the grade alone, on the same pairs.
        held_out: whether nothing was learned from those pairs.
    """
    return psnr >= grade + (WORTH if held_out else WORTH_UNTRIED)
