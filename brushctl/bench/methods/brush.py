"""A grade, and a brush as `brushctl learn` keeps it, on the bench's pictures."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from brushctl.bench.metrics import Pixels, ciede2000, mean_psnr
from brushctl.engine.brush.instruction import Instruction
from brushctl.engine.sampler import Editor
from brushctl.grade import Grade, apply_grade
from brushctl.grade.choice import PAIRS_FOR_ONE_HELD_OUT, explains, explains_little, is_worth_it
from brushctl.grade.fit import STEPS, Fitted, fit_grade

Pictures = Sequence[Pixels]
Edit = Callable[[Pictures], list[Pixels]]
Train = Callable[[Pictures, Pictures, tuple[Pictures, Pictures] | None], Instruction]
"""Learns an instruction from pictures before and after, and perhaps by some held out."""
Instruct = Callable[[Instruction], Editor]


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
        unedited, graded = _judged(fitted, before, after)
        if fitted.grade.lattice is None:
            return self._instructed(Grade(), self.train(before, after, None))
        if explains(graded.de2000, unedited.de2000):
            return by_grade(fitted.grade)
        count = len(before) // PAIRS_FOR_ONE_HELD_OUT
        held_out = list(range(len(before)))[:count]
        beneath = fitted.without(held_out, STEPS) if held_out else fitted.grade
        tried = [self._tried(beneath, before, after, held_out)]
        if explains_little(graded.psnr, unedited.psnr):
            tried.append(self._tried(Grade(), before, after, held_out))
        judged = held_out or range(len(before))
        x, y = [before[k] for k in judged], [after[k] for k in judged]
        scores = [mean_psnr(edit(x), y) for edit in tried]
        best = int(np.argmax(scores))
        grade_score = mean_psnr(by_grade(beneath)(x), y)
        kept = is_worth_it(scores[best], grade_score, held_out=bool(held_out))
        return tried[best] if kept else by_grade(fitted.grade)

    def _tried(
        self, grade: Grade, before: Pictures, after: Pictures, held_out: Sequence[int]
    ) -> Edit:
        """The edit of a grade, and of an instruction learned from what it leaves."""
        graded = by_grade(grade)(before)
        rest = [k for k in range(len(before)) if k not in held_out]
        watched = [graded[k] for k in held_out], [after[k] for k in held_out]
        instruction = self.train(
            [graded[k] for k in rest], [after[k] for k in rest], watched if held_out else None
        )
        return self._instructed(grade, instruction)

    def _instructed(self, grade: Grade, instruction: Instruction) -> Edit:
        def edit(pictures: Pictures) -> list[Pixels]:
            with self.instruct(instruction) as editor:
                seen = [np.clip(x, 0, 1) for x in by_grade(grade)(pictures)]
                return [edited.after for edited in editor.edit(seen)]

        return edit


class _Score(NamedTuple):
    """How near pictures come to the truth: PSNR in dB and CIEDE2000, means over pictures."""

    psnr: float
    de2000: float


def _judged(fitted: Fitted, before: Pictures, after: Pictures) -> tuple[_Score, _Score]:
    """Of pictures unedited and graded; each by a grade it had no part in."""
    graded: dict[int, Pixels] = {}
    for grade, part in fitted.folds():
        graded |= dict(zip(part, by_grade(grade)([before[k] for k in part]), strict=True))
    made = [graded[k] for k in range(len(before))]
    return _score(before, after), _score(made, after)


def _score(pictures: Pictures, truth: Pictures) -> _Score:
    differences = [ciede2000(x, y) for x, y in zip(pictures, truth, strict=True)]
    return _Score(mean_psnr(pictures, truth), float(np.mean(differences)))
