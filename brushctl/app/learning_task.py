"""A brush to learn: from which pairs, how, and where it goes."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from brushctl.app.learning_settings import LearningSettings
from brushctl.events import Reporter, silent

if TYPE_CHECKING:
    from brushctl.pairs.find import Pair


@dataclass(frozen=True, slots=True)
class PairSplit:
    """The pairs to learn from, and those held out, which may be none."""

    training: "Sequence[Pair]"
    held_out: "Sequence[Pair]"

    @property
    def all(self) -> "Sequence[Pair]":
        """Both, in the order of their names."""
        return sorted([*self.training, *self.held_out], key=lambda pair: str(pair.before))


@dataclass(frozen=True, slots=True)
class LearningTask:
    """A brush that is to be learned from some pairs and judged by others.

    Attributes:
        settings: how the brush is learned.
        pairs: from what.
        name: the brush's.
        target: where the brush will be; what is learned so far is kept beside it. None to keep
            nothing.
        resume: go on with what was begun.
        restart_if_changed: begin anew, where what was begun is of other pairs or settings.
        report: called with every event of the work.
    """

    settings: LearningSettings
    pairs: PairSplit
    name: str
    target: Path | None = None
    resume: bool = False
    restart_if_changed: bool = False
    report: Reporter = silent
