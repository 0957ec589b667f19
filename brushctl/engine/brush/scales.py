"""The two scales of guidance (eq. 3)."""

from dataclasses import dataclass

from brushctl.brushes import limits
from brushctl.brushes.fields import as_usage_errors
from brushctl.errors import UsageError


@dataclass(frozen=True, slots=True)
class Scales:
    """s_T and s_I of eq. 3.

    Raises:
        UsageError: s_T is zero, so that the instruction would not be read at all, or a scale is
            none that a brush might have.
    """

    s_T: float
    s_I: float

    def __post_init__(self) -> None:
        with as_usage_errors(do="Use scales from 1 to 10."):
            limits.guidance(self.s_T, "s_T")
            limits.guidance(self.s_I, "s_I")
        if self.s_T == 0:
            raise UsageError(
                "a text guidance scale of 0 ignores the brush",
                do="Use a scale above 0 (1 is plain).",
            )

    @property
    def coefficients(self) -> tuple[float, float, float]:
        """Of the branches e(c_I, c_T), e(c_I, 0) and e(0, 0)."""
        return self.s_T, self.s_I - self.s_T, 1 - self.s_I

    @property
    def branches(self) -> int:
        """How many of the branches are computed: passes of the U-Net for each step."""
        return sum(coefficient != 0 for coefficient in self.coefficients)


PAPER_SCALES = Scales(s_T=7.5, s_I=1.5)
"""The paper's guidance (section 6)."""
