"""One run of learning, on pairs that are checked: the grade first, then what it leaves."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cache, partial
from pathlib import Path
from typing import TYPE_CHECKING

from brushctl.app.grading import FittedGrade, find_grade, with_grade
from brushctl.app.judge import BRUSH, GRADE, UNEDITED, Judgement, with_held_out
from brushctl.app.learn import PairSplit
from brushctl.app.learning_settings import LearningSettings, Parts
from brushctl.brushes.checkpoint import fold_path
from brushctl.brushes.file import Brush
from brushctl.brushes.provenance import Provenance
from brushctl.errors import PairsError
from brushctl.events import Loading, Message, Reporter, silent
from brushctl.grade.choice import PAIRS_FOR_ONE_HELD_OUT, explains, explains_little, is_worth_it
from brushctl.pairs.find import hold_out
from brushctl.settings import INSTRUCT_PIX2PIX, TINY

if TYPE_CHECKING:
    from brushctl.engine.model.base import AnyBase
    from brushctl.grade.apply import Grade
    from brushctl.pairs.find import Pair

PAPER = "paper"
"""The recipe that learns what its authors did: an instruction."""


@dataclass(frozen=True, slots=True)
class LearningRun:
    """A brush that is learned from some pairs and judged by others.

    Attributes:
        open_model: opens the base; called only where there is an instruction to learn.
        settings: how the brush is learned.
        pairs: from what.
        name: the brush's.
        target: where the brush will be; what is learned so far is kept beside it. None to keep
            nothing.
        resume: go on with what was begun.
        restart_if_changed: begin anew, where what was begun is of other pairs or settings.
        report: called with every event of the work.
    """

    open_model: "Callable[[], AnyBase]"
    settings: LearningSettings
    pairs: PairSplit
    name: str
    target: Path | None = None
    resume: bool = False
    restart_if_changed: bool = False
    report: Reporter = silent

    def learn_and_judge(self) -> tuple[Brush, Judgement | None]:
        """The brush, and how good it is; None, and a warning, where that cannot be found out.

        Figures of pairs that the brush was not learned from enter its history.

        Raises:
            BrushctlError: the brush cannot be learned.
        """
        parts = self._parts()
        found = None if parts is Parts.INSTRUCTION else self._find_grade()
        if found and (parts is Parts.GRADE or (parts is Parts.AUTO and _is_enough(found))):
            if found.grade:
                self._say(f"the edit depends on {found.describe()}: it needs no base model")
            return self._grade_alone(found)
        if found:
            self._say(_told(found))
        judged_brushes = self._instructions(found)
        if found and found.grade and parts is Parts.AUTO:
            return self._best(found, judged_brushes)
        return judged_brushes[0]

    def starting_pairs(self) -> "tuple[Sequence[Pair], Grade | None]":
        """What the phrase is found from that an instruction starts from: pairs and their grade.

        Where the grade would be all of the brush, they are those of an instruction alone.
        """
        parts = self._parts()
        found = None if parts is Parts.INSTRUCTION else self._find_grade()
        if found and parts is not Parts.BOTH and _is_enough(found):
            self._say(f"the edit depends on {found.describe()}: learning it needs no phrase")
            found = None
        pairs = self._split(found)
        grade = found.without(pairs.held_out, self.report) if found else None
        return pairs.training, grade

    def _parts(self) -> Parts:
        parts = self.settings.parts
        paper = parts is Parts.AUTO and self.settings.recipe == PAPER
        return Parts.INSTRUCTION if paper else parts

    def _find_grade(self) -> FittedGrade:
        """The grade of all pairs, those that the user holds out apart."""
        asked = self.settings.hold_out is not None
        training, held_out = self.pairs.training, self.pairs.held_out
        return find_grade(
            training if asked else self.pairs.all,
            held_out if asked else (),
            align=self.settings.align,
            seed=self.settings.seed,
            report=self.report,
        )

    def _grade_alone(self, found: FittedGrade) -> tuple[Brush, Judgement]:
        """A brush without an instruction.

        Raises:
            PairsError: there is no grade.
        """
        if found.grade is None:
            raise PairsError(
                "no grade comes nearer to this edit than leaving pictures alone",
                where="--parts grade",
                do="Add pairs: an edit that looks at its picture needs eight or more. Or use "
                "--parts auto, which learns an instruction as well.",
            )
        brush = found.brush(Provenance.today(self.name), self.settings.seed)
        known = len(found.pairs) > 1 or self.pairs.held_out
        return (with_held_out(brush, found.judged) if known else brush), found.judged

    def _instructions(
        self, found: FittedGrade | None
    ) -> "Sequence[tuple[Brush, Judgement | None]]":
        """An instruction over the grade; and one without, where the grade explains little."""
        base = self.settings.base
        trying = f" (to try things out; --base {INSTRUCT_PIX2PIX} is for photographs)"
        self._say(f"learning an instruction on {base or TINY}{'' if base else trying}")
        self.report(Loading(f"loading {base or TINY}"))
        from brushctl.app.training_run import TrainingRun

        auto = self.settings.parts is Parts.AUTO
        pairs = self._split(found)
        run = TrainingRun(
            model=self.open_model(),
            settings=self.settings,
            pairs=pairs,
            name=self.name,
            grade_without=cache(partial(found.without, report=self.report))
            if found
            else lambda _: None,
            target=self.target,
            resume=self.resume,
            restart_if_changed=self.restart_if_changed,
            report=self.report,
        )
        brush, judged = run.learn_and_judge()
        if not (found and found.grade):
            return [(brush, judged)]
        grade = run.grade_without(frozenset(pairs.held_out))
        assert grade is not None
        both = with_grade(brush, found.fitted, grade), judged
        unedited, graded = found.judged.of(UNEDITED), found.judged.of(GRADE)
        if not auto or not explains_little(graded.psnr, unedited.psnr):
            return [both]
        target = self.target and fold_path(self.target, "alone")
        alone = replace(run, grade_without=lambda _: None, target=target)
        return [both, alone.learn_and_judge()]

    def _split(self, found: FittedGrade | None) -> PairSplit:
        """The pairs to learn an instruction from, and to judge it by.

        Where it is to prove its worth beside a grade, enough of them are held out to tell.
        """
        if not (found and found.grade and self.settings.parts is Parts.AUTO):
            return self.pairs
        if self.settings.hold_out is not None or self.settings.cross_validate:
            return self.pairs
        count = len(found.pairs) // PAIRS_FOR_ONE_HELD_OUT
        return PairSplit(*hold_out(self.pairs.all, count, self.settings.seed))

    def _best(
        self, found: FittedGrade, brushes: "Sequence[tuple[Brush, Judgement | None]]"
    ) -> tuple[Brush, Judgement | None]:
        """The brush that comes nearest: the grade alone, unless another is better by `WORTH`."""
        judged = brushes[0][1]
        grade = judged.score(GRADE) if judged else None
        if grade is None:  # what could not be judged has not proved its worth
            return self._grade_alone(found)

        def psnr(each: tuple[Brush, Judgement | None]) -> float:
            return each[1].of(BRUSH).psnr if each[1] else 0.0

        best = max(brushes, key=psnr)
        training = best[0].metadata.training
        held_out = training is not None and training.held_out is not None
        if is_worth_it(psnr(best), grade.psnr, held_out=held_out):
            return best
        base = self.settings.base or TINY
        self._say(
            f"an instruction on {base} does not add enough ({psnr(best):.1f} dB, the grade alone "
            f"{grade.psnr:.1f}): the brush is the grade alone"
        )
        if base == TINY:
            self._say(
                "if your edit changes content as well (things added, removed, drawn anew), "
                f"learn it with --base {INSTRUCT_PIX2PIX} on a GPU"
            )
        return self._grade_alone(found)

    def _say(self, line: str) -> None:
        self.report(Message(line))


def _told(found: FittedGrade) -> str:
    """What a grade that is not enough explains."""
    if found.grade is None:
        return "colour, place and surroundings do not explain this edit"
    return f"a grade by {found.describe()} explains a part: {found.judged.verdict()}"


def _is_enough(found: FittedGrade) -> bool:
    """Whether what a grade leaves is nothing to speak of."""
    graded, unedited = found.judged.of(GRADE), found.judged.of(UNEDITED)
    return found.grade is not None and explains(graded.de2000, unedited.de2000)
