"""What can be chosen about photographs; imported by the command line before anything heavy."""

from enum import StrEnum


class Detail(StrEnum):
    """Where the fine detail of a result comes from."""

    AUTO = "auto"
    TRANSFER = "transfer"
    MODEL = "model"


class Engine(StrEnum):
    """What edits the photographs of a run."""

    LOCAL = "local"
    RAY = "ray"


class Quality(StrEnum):
    """How many of a brush's own sampling steps are taken (docs/speed.md says what that costs)."""

    DRAFT = "draft"
    STANDARD = "standard"
    BEST = "best"

    def fewer(self, steps: int) -> int | None:
        """Steps in place of a brush's `steps`, at least 1; None leaves it at these."""
        return None if self is Quality.BEST else max(1, round(steps * SHARE[self]))


SHARE = {Quality.DRAFT: 0.4, Quality.STANDARD: 0.6}
"""Of five steps, one for each stretch of denoising time, two and three."""
