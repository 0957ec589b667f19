"""The phrase that learning an instruction from pairs would start from."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from brushctl.app.learn import split_pairs
from brushctl.app.learning_settings import LearningSettings
from brushctl.app.learning_task import LearningTask
from brushctl.events import Loading, Reporter, silent
from brushctl.settings import TINY

if TYPE_CHECKING:
    from brushctl.engine.model.base import AnyBase
    from brushctl.engine.phrases.unique_phrase import Phrasing


@dataclass(frozen=True, slots=True)
class FoundPhrase:
    """A phrase, and what it was found with.

    Attributes:
        phrasing: it, with all that it was chosen among.
        clip: the CLIP model that saw pictures and phrases.
        vocabulary: how many phrases there were.
    """

    phrasing: "Phrasing"
    clip: str
    vocabulary: int


def starting_phrase(
    source: Path,
    settings: LearningSettings,
    *,
    clip: str | None = None,
    vocabulary: tuple[str, str] | None = None,
    r: int,
    eta: float,
    device: str = "auto",
    report: Reporter = silent,
) -> FoundPhrase:
    """Find the phrase as `learn` does: from the pairs it would learn from, under its grade.

    Args:
        source: a folder or a manifest of pairs.
        settings: how the brush would be learned.
        clip: an open_clip model or a folder; None for the one that goes with the base.
        vocabulary: the text of another vocabulary, and what errors call it.
        r: candidates for each side.
        eta: the least sensitivity of a phrase.
        device: what CLIP works on.
        report: called with every event of the work.

    Raises:
        UsageError: the settings contradict themselves, or the pairs do not suffice for them.
        PairsError: nothing can be learned from the pairs.
        BaseModelError: CLIP is not on this machine.
    """
    settings.check()
    split = split_pairs(source, settings, report=report)
    from brushctl.app.learning_run import LearningRun

    task = LearningTask(settings, split, name="", report=report)
    pairs, grade = LearningRun(_no_model, task).starting_pairs()
    report(Loading("loading CLIP"))
    from brushctl.app.grading import load_graded
    from brushctl.engine.devices import resolve_device
    from brushctl.engine.phrases.clip import default_clip, load_clip
    from brushctl.engine.phrases.unique_phrase import find_phrase, parse_vocabulary, vocabulary_of
    from brushctl.pairs.load import square

    model = load_clip(clip or default_clip(settings.base or TINY), resolve_device(device))
    known = parse_vocabulary(*vocabulary) if vocabulary else vocabulary_of(model)
    seen = load_graded(pairs, grade, lambda x: square(x, model.side), align=settings.align)
    phrasing = find_phrase(model, *seen, known, r=r, eta=eta, report=report)
    return FoundPhrase(phrasing, model.id, len(known))


def _no_model() -> "AnyBase":
    raise AssertionError("a phrase is found without a base model")
