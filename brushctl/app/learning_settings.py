"""How a brush is learned from its pairs."""

from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any

from brushctl.brushes import limits
from brushctl.brushes.fields import as_usage_errors
from brushctl.errors import UsageError


class Parts(StrEnum):
    """What a brush is made of."""

    GRADE = "grade"
    """What colour, place and surroundings explain of an edit; no base model."""
    INSTRUCTION = "instruction"
    """What a base model is told to do, as in the paper."""
    BOTH = "both"
    """A grade, and an instruction for what it leaves."""
    AUTO = "auto"
    """Whichever comes nearest on pairs held out; the paper's recipe has an instruction alone."""


@dataclass(frozen=True, slots=True)
class LearningSettings:
    """How a brush is learned from its pairs.

    Attributes:
        base: the base model; None for tiny-ip2p.
        recipe: `default` or `paper`.
        steps: in place of the recipe's own.
        phrase: the words to start from; None for those CLIP finds.
        no_phrase: start from the empty instruction.
        parts: what a brush has: see `Parts`.
        hold_out: pairs to judge by; None for as many as the recipe spares.
        cross_validate: judge by each pair in turn.
        align: crop shifted pairs to what both pictures share.
        seed: fixes every draw.
    """

    base: str | None = None
    recipe: str = "default"
    steps: int | None = None
    phrase: str | None = None
    no_phrase: bool = False
    parts: Parts = Parts.AUTO
    hold_out: int | None = None
    cross_validate: bool = False
    align: bool = False
    seed: int = 0

    def to_dict(self) -> dict[str, Any]:
        """The settings as JSON: a change makes another brush."""
        return asdict(self)

    def check(self) -> None:
        """See that the settings are within their limits and do not contradict each other.

        Raises:
            UsageError: they do, or one is not.
        """
        if self.steps is not None:
            with as_usage_errors():
                limits.learning_steps(self.steps, "--steps")
        if self.phrase is not None and self.no_phrase:
            raise UsageError(
                "--phrase and --no-phrase contradict each other", do="Leave one of them out."
            )
        if self.parts is Parts.GRADE and (self.phrase is not None or self.no_phrase):
            option = "--no-phrase" if self.no_phrase else "--phrase"
            raise UsageError(
                f"{option} is for an instruction, which --parts grade does without",
                do="Leave one of them out.",
            )
        if self.cross_validate and self.hold_out:
            raise UsageError(
                "--cross-validate holds out each pair in turn", do="Leave --hold-out out."
            )

    def held_out(self, pairs: int) -> int:
        """How many of so many pairs are held out.

        Raises:
            UsageError: there is no such recipe.
        """
        from brushctl.engine.training.recipes import recipe_called

        recipe = recipe_called(self.recipe)
        if self.cross_validate or self.hold_out is not None:
            return self.hold_out or 0
        return recipe.held_out(pairs)
