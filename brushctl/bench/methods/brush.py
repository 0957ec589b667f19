"""A grade, and a brush as `brushctl learn` keeps it, on the bench's pictures."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np

from brushctl.bench.metrics import Pixels, Score, mean_psnr
from brushctl.engine.sampler import AnyEditor
from brushctl.engine.training.objective import AnyInstruction
from brushctl.grade import Grade, apply_grade
from brushctl.grade.choice import PAIRS_FOR_ONE_HELD_OUT, Tried, choose, explains
from brushctl.grade.fit import STEPS, Fitted, fit_grade

Pictures = Sequence[Pixels]
Edit = Callable[[Pictures], list[Pixels]]
Train = Callable[[Pictures, Pictures, tuple[Pictures, Pictures] | None], AnyInstruction]
"""Learns an instruction from pictures before and after, and perhaps by some held out."""
Instruct = Callable[[AnyInstruction], AnyEditor]


def fit(before: Pictures, after: Pictures, seed: int) -> Fitted:
    """The grade of pictures (h, w, 3) before and after an edit."""
    return fit_grade(zip(before, after, strict=True), seed=seed)


def by_grade(grade: Grade) -> Edit:
    """The edit of a grade."""
    return lambda pictures: [apply_grade(grade, np.asarray(x)) for x in pictures]


@dataclass(frozen=True, slots=True)
class BrushLearner:
    """Learns a brush from pictures, choosing its parts as `brushctl learn` does.

    Attributes:
        train: learns an instruction.
        instruct: an editor with an instruction.
        seed: fixes every draw.
    """

    train: Train
    instruct: Instruct
    seed: int

    def learn(self, before: Pictures, after: Pictures) -> Edit:
        """The edit that a brush of these pictures makes."""
        fitted = fit(before, after, self.seed)
        if fitted.grade.lattice is None:
            return self._instructed(Grade(), self.train(before, after, None))
        unedited, graded = _score(before, after), _held_out_score(fitted, before, after)
        elsewhere = fitted.elsewhere()
        if explains(graded.de2000, unedited.de2000, elsewhere):
            return by_grade(fitted.grade)
        choice = choose(
            partial(self._tried, fitted, before, after),
            graded=graded.psnr,
            unedited=unedited.psnr,
            elsewhere=elsewhere,
        )
        return choice.brush or by_grade(fitted.grade)

    def _tried(
        self, fitted: Fitted, before: Pictures, after: Pictures, over_grade: bool
    ) -> Tried[Edit]:
        """An instruction learned over the grade or without, and judged on pictures held out."""
        count = len(before) // PAIRS_FOR_ONE_HELD_OUT
        beneath = fitted.without(range(count), STEPS) if count else fitted.grade
        grade = beneath if over_grade else Grade()
        x = by_grade(grade)(before)
        held_out = (x[:count], after[:count]) if count else None
        edit = self._instructed(grade, self.train(x[count:], after[count:], held_out))
        judged = slice(count or None)
        psnr, graded = (
            mean_psnr(by(before[judged]), after[judged]) for by in (edit, by_grade(beneath))
        )
        return Tried(edit, psnr, graded, held_out=count > 0)

    def _instructed(self, grade: Grade, instruction: AnyInstruction) -> Edit:
        def edit(pictures: Pictures) -> list[Pixels]:
            with self.instruct(instruction) as editor:
                seen = [np.clip(x, 0, 1) for x in by_grade(grade)(pictures)]
                return [edited.after for edited in editor.edit(seen)]

        return edit


def _held_out_score(fitted: Fitted, before: Pictures, after: Pictures) -> Score:
    """Of pictures graded; each by a grade it had no part in."""
    graded: dict[int, Pixels] = {}
    for grade, part in fitted.folds():
        graded |= dict(zip(part, by_grade(grade)([before[k] for k in part]), strict=True))
    return _score([graded[k] for k in range(len(before))], after)


def _score(pictures: Pictures, truth: Pictures) -> Score:
    return Score.mean(Score.of(x, y) for x, y in zip(pictures, truth, strict=True))
