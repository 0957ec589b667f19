"""An instruction learned on a base model: find the phrase, learn, judge."""

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from brushctl.app.grading import load_graded
from brushctl.app.judge import (
    BRUSH,
    GRADE,
    PHRASE,
    Edit,
    Judgement,
    edit_by,
    judge_pairs,
    merged,
    on_pairs,
    with_held_out,
)
from brushctl.app.learning_task import LearningTask, PairSplit
from brushctl.brushes.checkpoint import Checkpoint, fold_path
from brushctl.brushes.file import Brush
from brushctl.brushes.provenance import Provenance
from brushctl.engine.model.base import AnyBase
from brushctl.engine.phrases.clip import default_clip, load_clip
from brushctl.engine.phrases.unique_phrase import ClipFeatures, clip_features, vocabulary_of
from brushctl.engine.sampler import AnyEditor, editor_in_words, editor_on
from brushctl.engine.training.make_brush import InitialPhrase, make_brush
from brushctl.engine.training.recipes import Recipe, recipe_called
from brushctl.errors import BaseModelError, first_line
from brushctl.events import Message, Warned
from brushctl.grade.apply import Grade
from brushctl.grade.stored import to_tensors
from brushctl.pairs.find import Pair
from brushctl.pairs.load import pair_sha256, square
from brushctl.photos.photo import resize

if TYPE_CHECKING:
    from brushctl.photos.icc import Pixels

    Starts = Callable[[Sequence[Pair]], InitialPhrase]


SHOWN_PAIRS = 4
"""Pairs shown and measured at the end where none was held out."""


@dataclass(frozen=True, slots=True)
class TrainingRun:
    """A brush that is learned on a base model.

    Attributes:
        model: the base.
        task: what brush.
        grade_without: gives what lies beneath the instruction: a grade that these pairs had no part
            in. It is asked often, and fits each only once.
    """

    model: AnyBase
    task: LearningTask
    grade_without: Callable[[frozenset[Pair]], Grade | None]

    def learn_and_judge(self) -> tuple[Brush, Judgement | None]:
        """The brush, and how good it is; None, and a warning, where that cannot be found out.

        Figures of pairs that the brush was not learned from enter its history.

        Raises:
            BaseModelError: CLIP is to find the phrase, and is not on this machine.
            BrushctlError: the brush cannot be learned.
        """
        starts = self._starts()
        folds = self._cross_validate(starts) if self.task.settings.cross_validate else None
        brush = self._learn(starts(self.task.pairs.training))
        if folds:
            return with_held_out(brush, folds), folds
        judged = self._judge(
            self.task.pairs.held_out or self.task.pairs.training[:SHOWN_PAIRS], brush
        )
        known = judged and self.task.pairs.held_out
        return (with_held_out(brush, judged) if judged and known else brush), judged

    def _starts(self) -> "Starts":
        """Where learning from some of the pairs starts.

        From the phrase that is given; else from the one that names what those pairs change, and
        no others, as CLIP sees them.
        """
        given = self.task.settings.phrase
        if given is not None or self.task.settings.no_phrase:
            return lambda _: InitialPhrase(given or None)
        features = self._clip_features()
        places = {pair: k for k, pair in enumerate(self.task.pairs.training)}

        def found(pairs: Sequence[Pair]) -> InitialPhrase:
            phrasing = features.subset([places[pair] for pair in pairs]).phrasing()
            self.task.report(
                Message(f"initial phrase: {phrasing.phrase or 'none names this edit'}")
            )
            return InitialPhrase.from_phrasing(phrasing)

        return found

    def _clip_features(self) -> ClipFeatures:
        try:
            clip = load_clip(default_clip(self.model.id), self.model.device)
        except BaseModelError as error:
            own = f"{error.do} Or say the phrase yourself with --phrase, or start with --no-phrase."
            raise BaseModelError(error.what, where=error.where, do=own) from error
        # A grade of all pairs would tell each fold of the pair that it is judged by.
        grade = None if self.task.settings.cross_validate else self._grade()
        before, after = self._load(self.task.pairs.training, grade, lambda x: square(x, clip.side))
        return clip_features(clip, before, after, vocabulary_of(clip), report=self.task.report)

    def _learn(self, initial_phrase: InitialPhrase) -> Brush:
        """Learn the brush, or go on learning it."""
        training, held_out = self.task.pairs.training, self.task.pairs.held_out
        hashes = [pair_sha256(pair) for pair in training]
        provenance = Provenance.today(self.task.name)
        checkpoint = self._checkpoint(initial_phrase, hashes, provenance.created)
        if checkpoint:
            if not self.task.resume or (self.task.restart_if_changed and not checkpoint.matches()):
                checkpoint.delete()
            provenance = replace(provenance, created=checkpoint.started_on())
        before, after = self._load(training, self._grade(), self._as_seen)
        return make_brush(
            self.model,
            before,
            after,
            initial_phrase=initial_phrase,
            recipe=self._recipe(),
            seed=self.task.settings.seed,
            provenance=provenance,
            pair_hashes=hashes,
            held_out=self._load(held_out, self._grade(), self._as_seen) if held_out else None,
            checkpoint=checkpoint,
            report=self.task.report,
        )

    def _cross_validate(self, starts: "Starts") -> Judgement | None:
        """Each pair edited by a brush learned from the others alone, from their start.

        None, and a warning, where that cannot be judged.
        """
        training = self.task.pairs.training
        folds: list[Judgement] = []
        for k, pair in enumerate(training):
            others = [other for other in training if other != pair]
            task = replace(
                self.task,
                pairs=PairSplit(others, self.task.pairs.held_out),
                target=self.task.target and fold_path(self.task.target, k),
            )
            fold = replace(self, task=task, grade_without=self._without(pair))
            judged = fold._judge([pair], fold._learn(starts(others)))
            if judged is None:
                return None
            folds.append(judged)
            for line in judged.verdict().splitlines():
                self.task.report(Message(f"{k + 1} of {len(training)}: {line}"))
        return merged(folds, on=f"{len(folds)} pairs, each with a brush of the others")

    def _without(self, own: Pair) -> Callable[[frozenset[Pair]], Grade | None]:
        """As `grade_without`, where one more pair has no part in the grade."""
        return lambda pairs: self.grade_without(pairs | {own})

    def _judge(self, pairs: Sequence[Pair], brush: Brush) -> Judgement | None:
        """Measure a brush on some pairs; None, and a warning, where that fails."""
        try:
            return self._measured(pairs, brush)
        except Exception as error:  # what was learned is worth more than its figures
            told = f"the brush is kept, but cannot be judged: {first_line(error)}"
            self.task.report(Warned(told))
            return None

    def _measured(self, pairs: Sequence[Pair], brush: Brush) -> Judgement:
        known = any(pair in self.task.pairs.training for pair in pairs)
        edits = self._edits(brush)
        work = [(pair, edits) for pair in pairs]
        photos = judge_pairs(work, align=self.task.settings.align, report=self.task.report)
        return Judgement(on_pairs(pairs, learned=known), photos, BRUSH)

    def _edits(self, brush: Brush) -> dict[str, Edit]:
        """The brush, and what there is to compare it with."""
        grade = self._grade()
        phrase = brush.metadata.instruction_part().instruction.phrase
        edits = {BRUSH: _edit_on(grade, editor_on(self.model, brush))}
        if grade:
            edits[GRADE] = edit_by(grade, None)
        if phrase:
            edits[PHRASE] = _edit_on(grade, editor_in_words(self.model, phrase))
        return edits

    def _grade(self) -> Grade | None:
        return self.grade_without(frozenset(self.task.pairs.held_out))

    def _as_seen(self, photo: "Pixels") -> "Pixels":
        """A photograph as the model sees it: the whole frame, in the model's own area."""
        h, w = photo.shape[:2]
        return resize(photo, self.model.working_size(w, h))

    def _load(
        self,
        pairs: Sequence[Pair],
        grade: Grade | None,
        fit: "Callable[[Pixels], Pixels]",
    ) -> "tuple[list[Pixels], list[Pixels]]":
        return load_graded(pairs, grade, fit, align=self.task.settings.align)

    def _recipe(self) -> Recipe:
        recipe = recipe_called(self.task.settings.recipe)
        return recipe.for_pairs(len(self.task.pairs.training), self.task.settings.steps)

    def _checkpoint(
        self, initial_phrase: InitialPhrase, hashes: Sequence[str], today: str
    ) -> Checkpoint | None:
        """What is kept on the way, known by all that decides what is learned."""
        if self.task.target is None:
            return None
        held_out = [pair_sha256(pair) for pair in self.task.pairs.held_out]
        model = (self.model.model_sha256, self.model.dtype, self.model.device.type)
        align, seed = self.task.settings.align, self.task.settings.seed
        grade = _digest(self._grade())
        decisive = (
            (hashes, held_out, align, self._recipe(), seed)
            + (initial_phrase.phrase, model)
            + ((grade,) if grade else ())
        )
        return Checkpoint(self.task.target, repr(decisive), today)


def _edit_on(grade: Grade | None, editor: AnyEditor) -> Edit:
    """An edit that has the model to itself for each photograph: several take turns on it."""

    def edit(photo: "Pixels") -> "Pixels":
        with editor:
            return edit_by(grade, editor)(photo)

    return edit


def _digest(grade: Grade | None) -> str | None:
    """Of all that a grade does."""
    if grade is None:
        return None
    info, tensors = to_tensors(grade)
    digest = hashlib.sha256(repr(info).encode())
    for name in sorted(tensors):
        digest.update(tensors[name].tobytes())
    return digest.hexdigest()
