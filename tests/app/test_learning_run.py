"""Which parts a brush is learned with, and which are kept: by figures, here made up."""

import sys
import types
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pytest

from brushctl.app import learning_run
from brushctl.app.grading import FittedGrade
from brushctl.app.judge import BRUSH, GRADE, Judged, Judgement
from brushctl.app.learning_run import LearningRun
from brushctl.app.learning_settings import LearningSettings, Parts
from brushctl.app.learning_task import LearningTask, PairSplit
from brushctl.bench.metrics import Score
from brushctl.brushes.history import HeldOut, Training
from brushctl.errors import PairsError
from brushctl.events import Message, Warned
from brushctl.grade import Grade, Kept
from brushctl.grade.fit import Fitted
from brushctl.grade.fit import Score as FitScore
from brushctl.pairs.find import Pair
from tests.brushes.makers import plain
from tests.grade.makers import WARM

PIXEL = np.zeros((1, 1, 3), np.float32)
EDITED = 15.0, 8.0  # PSNR and CIEDE2000 of pictures left alone


def judgement(of: str, /, **scores: tuple[float, float]) -> Judgement:
    """Of one photograph: PSNR and CIEDE2000 by the names of edits."""
    found = {name: Score(*figures) for name, figures in scores.items()}
    return Judgement("1 pair", [Judged(found, PIXEL, PIXEL, {}, 1)], of)


@dataclass
class Learner:
    """Stands for `TrainingRun`: learns in no time, and comes as near as `psnr` says.

    `psnr` is asked whether a grade lies beneath. `seen` lists the pairs held out of each run.
    """

    psnr: Callable[[bool], float]
    seen: list[list[Pair]]
    task: LearningTask | None = None
    grade_without: Any = None

    def __call__(self, _model: object, task: LearningTask, grade_without: Any) -> "Learner":
        return replace(self, task=task, grade_without=grade_without)

    def learn_and_judge(self):
        held_out = self.task.pairs.held_out
        self.seen.append(list(held_out))
        over_grade = self.grade_without(frozenset(held_out)) is not None
        scores = {"unedited": EDITED, "brush": (self.psnr(over_grade), 5.0)}
        if over_grade:
            scores["grade"] = 20.0, 5.0
        figures = HeldOut(1, 1.0, 1.0) if held_out else None
        brush = plain()
        training = Training(("0" * 64,), 0, held_out=figures)
        metadata = replace(brush.metadata, training=training)
        return replace(brush, metadata=metadata), judgement(BRUSH, **scores)


@dataclass
class World:
    """What a run finds: a grade that comes so near, and what an instruction reaches."""

    pairs: list[Pair]
    asked: list[tuple[list[Pair], list[Pair]]]
    seen: list[list[Pair]]
    told: list[str]
    warned: list[str]

    def learn(self, parts: Parts = Parts.AUTO, **settings: Any):
        how = LearningSettings(parts=parts, **settings)
        count = how.held_out(len(self.pairs))
        split = PairSplit(self.pairs[count:], self.pairs[:count])

        def report(event):
            if isinstance(event, Message):
                self.told.append(event.message)
            if isinstance(event, Warned):
                self.warned.append(event.message)

        run = LearningRun(object, LearningTask(how, split, "x", report=report))
        brush, judged = run.learn_and_judge()
        parts_of = (brush.metadata.grade is not None, brush.metadata.instruction is not None)
        return {(True, False): "grade", (False, True): "instruction", (True, True): "both"}[
            parts_of
        ], judged


@pytest.fixture
def world(tmp_path, monkeypatch):
    """Makes one of six pairs."""
    pairs = []
    for k in range(6):
        before, after = (tmp_path / f"{k}_{side}.png" for side in ("before", "after"))
        before.touch()
        after.touch()
        pairs.append(Pair(str(k), before, after))

    def of(
        graded: tuple[float, float] = (20.0, 5.0),
        instruction: Callable[[bool], float] = lambda _: 0.0,
        grade: Grade = WARM,
        unedited: tuple[float, float] = EDITED,
        elsewhere: float | None = None,
    ) -> World:
        world = World(pairs, [], [], [], [])
        chosen = FitScore("lattice", (), 20.0)

        def find_grade(training, held_out, **_: object) -> FittedGrade:
            world.asked.append((list(training), list(held_out)))
            fitted = Fitted(grade, (chosen,), chosen, Kept(), [], 0)
            judged = judgement(GRADE, unedited=unedited, grade=graded)
            return FittedGrade(training, fitted, judged, elsewhere)

        training_run = types.ModuleType("brushctl.app.training_run")
        training_run.TrainingRun = Learner(instruction, world.seen)  # type: ignore[attr-defined]
        monkeypatch.setitem(sys.modules, training_run.__name__, training_run)
        monkeypatch.setattr(learning_run, "find_grade", find_grade)
        monkeypatch.setattr(Fitted, "without", lambda fitted, *_: fitted.grade)
        return world

    return of


def test_a_grade_that_leaves_nothing_to_speak_of_is_the_brush(world):
    here = world(graded=(40.0, 1.9))
    assert here.learn()[0] == "grade"
    assert here.seen == []
    assert "it needs no base model" in here.told[-1]


def test_a_grade_that_leaves_more_than_half_of_a_small_edit_is_not_enough(world):
    """A hat put into a picture changes little of it in the mean."""
    here = world(graded=(30.1, 1.0), unedited=(30.0, 1.1), instruction=lambda _: 33.0)
    assert here.learn()[0] in ("instruction", "both")
    assert here.seen


@pytest.mark.parametrize(
    ("over_grade", "without", "kept"),
    [
        (20.9, 20.9, "grade"),
        (21.1, 20.0, "both"),
        (0.0, 0.0, "grade"),
    ],
)
def test_an_instruction_is_kept_where_it_adds_a_decibel_on_held_out_pairs(
    world, over_grade, without, kept
):
    here = world(instruction=lambda over: over_grade if over else without)
    assert here.learn()[0] == kept
    assert [len(held_out) for held_out in here.seen] == [2]
    assert any("the brush is the grade alone" in line for line in here.told) == (kept == "grade")


def test_where_nothing_is_held_out_three_decibels_are_asked_for(world):
    for psnr, kept in ((22.9, "grade"), (23.1, "both")):
        here = world(instruction=lambda _, psnr=psnr: psnr)
        assert here.learn(hold_out=0)[0] == kept


def test_where_a_grade_explains_little_an_instruction_is_tried_without_it(world):
    here = world(graded=(17.9, 7.0), instruction=lambda over: 20.0 if over else 26.0)
    assert here.learn()[0] == "instruction"
    assert len(here.seen) == 2


def test_pairs_held_out_by_the_user_have_no_part_in_the_grade(world):
    here = world(graded=(40.0, 1.0))
    here.learn(hold_out=2)
    assert here.asked == [(here.pairs[2:], here.pairs[:2])]
    for how in ({}, {"cross_validate": True}, {"hold_out": 0}):
        here.learn(**how)
        assert here.asked[-1] == (here.pairs, [])


@pytest.mark.parametrize(("elsewhere", "brush"), [(21.0, "instruction"), (21.1, "grade")])
def test_a_single_pairs_grade_is_measured_by_what_is_likely_of_it_elsewhere(
    world, elsewhere, brush
):
    here = world(graded=(40.0, 1.9), elsewhere=elsewhere, instruction=lambda _: 24.0)
    assert here.learn()[0] == brush
    assert here.seen, "the grade of its own pair says nothing"


def test_what_parts_a_brush_has_is_the_users_choice(world):
    for parts in (Parts.GRADE, Parts.INSTRUCTION, Parts.BOTH):
        assert world(instruction=lambda _: 1.0).learn(parts)[0] == parts
    assert world().learn(recipe="paper")[0] == "instruction"


def test_without_a_grade_the_brush_is_an_instruction_or_none(world):
    assert world(grade=Grade()).learn()[0] == "instruction"
    assert world(grade=Grade()).learn(Parts.BOTH)[0] == "instruction"
    with pytest.raises(PairsError, match="colour, place and surroundings do not explain"):
        world(grade=Grade()).learn(Parts.GRADE)


@pytest.mark.parametrize("held_out", [2, 0])
def test_a_brush_that_is_no_better_than_leaving_pictures_alone_is_kept_with_a_warning(
    world, held_out
):
    for grade, parts in ((Grade(), Parts.AUTO), (WARM, Parts.BOTH)):
        here = world(grade=grade, instruction=lambda _: 12.7)
        brush, judged = here.learn(parts, hold_out=held_out)
        assert brush in ("instruction", "both")
        assert judged.of_brush().psnr == 12.7
        (warned,) = here.warned
        assert "unedited pictures are nearer" in warned
        assert "15.0 dB, the brush 12.7, on 1 pair" in warned
    here = world(graded=(14.0, 9.0))
    here.learn(Parts.GRADE)
    assert len(here.warned) == 1


def test_of_a_brush_that_is_better_nothing_is_warned(world):
    here = world(graded=(40.0, 1.9))
    here.learn()
    assert here.warned == []
