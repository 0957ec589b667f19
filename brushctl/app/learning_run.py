"""One run of learning, on pairs that are checked: the grade first, then what it leaves."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cache, partial
from typing import TYPE_CHECKING

from brushctl.app.grading import FittedGrade, find_grade, with_grade
from brushctl.app.judge import BRUSH, GRADE, UNEDITED, Judgement, with_held_out
from brushctl.app.learning_settings import Parts
from brushctl.app.learning_task import LearningTask, PairSplit
from brushctl.brushes.checkpoint import fold_path
from brushctl.brushes.file import Brush
from brushctl.brushes.provenance import Provenance
from brushctl.errors import PairsError
from brushctl.events import Loading, Message, Warned
from brushctl.grade.choice import PAIRS_FOR_ONE_HELD_OUT, Tried, choose, explains
from brushctl.pairs.find import Pair, hold_out
from brushctl.settings import INSTRUCT_PIX2PIX, TINY

if TYPE_CHECKING:
    from collections.abc import Sequence

    from brushctl.app.training_run import TrainingRun
    from brushctl.engine.model.base import AnyBase
    from brushctl.grade.apply import Grade

JudgedBrush = tuple[Brush, Judgement | None]
"""A brush, and how good it is, if that is known."""
PAPER = "paper"
"""The recipe that learns what its authors did: an instruction."""


@dataclass(frozen=True, slots=True)
class LearningRun:
    """A brush that is learned from pairs that are checked.

    Attributes:
        open_model: opens the base; called only where there is an instruction to learn.
        task: what brush.
    """

    open_model: "Callable[[], AnyBase]"
    task: LearningTask

    def learn_and_judge(self) -> JudgedBrush:
        """The brush, and how good it is; None, and a warning, where that cannot be found out.

        Figures of pairs that the brush was not learned from enter its history. A brush that is no
        better than leaving pictures alone is kept, with a warning: of a small change of content the
        figures may say so though it is the one that was asked for.

        Raises:
            BrushctlError: the brush cannot be learned.
        """
        brush, judged = self._nearest()
        if judged and (warning := judged.warning()):
            self.task.report(Warned(warning))
        return brush, judged

    def _nearest(self) -> JudgedBrush:
        """Of the parts that are asked for, what comes nearest to the edit."""
        parts = self._parts()
        found = None if parts is Parts.INSTRUCTION else self._find_grade()
        if found and (parts is Parts.GRADE or (parts is Parts.AUTO and _is_enough(found))):
            if found.grade:
                self._say(f"the edit depends on {found.describe()}: it needs no base model")
            return self._grade_alone(found)
        if found:
            self._say(_told(found))
        if found and found.grade and parts is Parts.AUTO:
            return self._best(found)
        return _learned(self._training(found), found)

    def starting_pairs(self) -> "tuple[Sequence[Pair], Grade | None]":
        """What the phrase is found from that an instruction starts from: pairs and their grade.

        Where the grade would be all of the brush, they are those of an instruction alone.
        """
        parts = self._parts()
        found = None if parts is Parts.INSTRUCTION else self._find_grade()
        if found and parts is not Parts.BOTH and _is_enough(found):
            self._say(f"the edit depends on {found.describe()}: learning it needs no phrase")
            found = None
        proving = found and found.grade and parts is Parts.AUTO
        pairs = self._proving(found) if found and proving else self.task.pairs
        # Of a single pair an instruction alone is tried.
        if found is None or (proving and found.elsewhere is not None):
            return pairs.training, None
        return pairs.training, found.without(pairs.held_out, self.task.report)

    def _parts(self) -> Parts:
        """What the brush is to have: the paper's recipe learns an instruction, as it did."""
        parts = self.task.settings.parts
        paper = parts is Parts.AUTO and self.task.settings.recipe == PAPER
        return Parts.INSTRUCTION if paper else parts

    def _find_grade(self) -> FittedGrade:
        """The grade of all pairs, those that the user holds out apart."""
        asked = self.task.settings.hold_out is not None
        training, held_out = self.task.pairs.training, self.task.pairs.held_out
        return find_grade(
            training if asked else self.task.pairs.all,
            held_out if asked else (),
            align=self.task.settings.align,
            seed=self.task.settings.seed,
            report=self.task.report,
        )

    def _grade_alone(self, found: FittedGrade) -> tuple[Brush, Judgement]:
        """A brush without an instruction.

        Raises:
            PairsError: there is no grade.
        """
        if found.grade is None:
            raise PairsError(
                "colour, place and surroundings do not explain this edit",
                where="--parts grade",
                do="Add pairs, eight or more if you can, or use --parts auto, which also learns an "
                "instruction.",
            )
        brush = found.brush(Provenance.today(self.task.name), self.task.settings.seed)
        known = len(found.pairs) > 1 or self.task.pairs.held_out
        return (with_held_out(brush, found.judged) if known else brush), found.judged

    def _training(self, found: FittedGrade | None) -> "TrainingRun":
        """What learns an instruction, over the grade if there is one."""
        base = self.task.settings.base
        trying = f" (to try things out; --base {INSTRUCT_PIX2PIX} is for photographs)"
        self._say(f"learning an instruction on {base or TINY}{'' if base else trying}")
        self.task.report(Loading(f"loading {base or TINY}"))
        from brushctl.engine.lazy_packages import lazy_packages

        with lazy_packages():
            from brushctl.app.training_run import TrainingRun

        without = partial(found.without, report=self.task.report) if found else _no_grade
        return TrainingRun(self.open_model(), self.task, cache(without))

    def _best(self, found: FittedGrade) -> JudgedBrush:
        """The brush that comes nearest: the grade alone, unless an instruction is worth it."""
        run = self._training(found)
        run = replace(run, task=replace(self.task, pairs=self._proving(found)))
        choice = choose(
            partial(_tried, run, found),
            graded=found.judged.of(GRADE).psnr,
            unedited=found.judged.of(UNEDITED).psnr,
            elsewhere=found.elsewhere,
        )
        if choice.brush:
            return choice.brush
        if choice.psnr is not None and choice.grade is not None:
            self._say_not_enough(choice.psnr, choice.grade)
        return self._grade_alone(found)

    def _proving(self, found: FittedGrade) -> PairSplit:
        """Pairs of which enough are held out to tell whether an instruction is worth it."""
        if self.task.settings.hold_out is not None or self.task.settings.cross_validate:
            return self.task.pairs
        count = len(found.pairs) // PAIRS_FOR_ONE_HELD_OUT
        return PairSplit(*hold_out(self.task.pairs.all, count, self.task.settings.seed))

    def _say_not_enough(self, psnr: float, grade: float) -> None:
        """That an instruction does not add enough to a grade."""
        base = self.task.settings.base or TINY
        self._say(
            f"an instruction on {base} does not add enough ({psnr:.1f} dB, the grade alone "
            f"{grade:.1f}): the brush is the grade alone"
        )
        if base == TINY:
            self._say(
                "if your edit changes content as well (things added, removed, drawn anew), "
                f"learn it with --base {INSTRUCT_PIX2PIX} on a GPU"
            )

    def _say(self, line: str) -> None:
        self.task.report(Message(line))


def _learned(run: "TrainingRun", found: FittedGrade | None) -> JudgedBrush:
    """The brush of a run, with the grade that lies beneath, and how good it is."""
    brush, judged = run.learn_and_judge()
    grade = run.grade_without(frozenset(run.task.pairs.held_out))
    return (with_grade(brush, found.fitted, grade) if found and grade else brush), judged


def _tried(run: "TrainingRun", found: FittedGrade, over_grade: bool) -> Tried[JudgedBrush]:
    """A brush with an instruction, over the grade or without."""
    if not over_grade:
        target = run.task.target and fold_path(run.task.target, "alone")
        run = replace(run, task=replace(run.task, target=target), grade_without=_no_grade)
    brush, judged = _learned(run, found)
    training = brush.metadata.training
    return Tried(
        (brush, judged),
        psnr=_psnr(judged, BRUSH),
        grade=_psnr(judged, GRADE),
        held_out=training is not None and training.held_out is not None,
    )


def _psnr(judged: Judgement | None, name: str) -> float | None:
    """Of an edit, in dB."""
    score = judged.score(name) if judged else None
    return score.psnr if score else None


def _no_grade(_: frozenset[Pair]) -> None:
    """Beneath an instruction that stands alone."""


def _told(found: FittedGrade) -> str:
    """What a grade that is not enough explains."""
    if found.grade is None:
        return "colour, place and surroundings do not explain this edit"
    return f"a grade by {found.describe()} explains a part: {found.judged.verdict()}"


def _is_enough(found: FittedGrade) -> bool:
    """Whether what a grade leaves is nothing to speak of."""
    graded, unedited = found.judged.of(GRADE), found.judged.of(UNEDITED)
    return found.grade is not None and explains(graded.de2000, unedited.de2000, found.elsewhere)
