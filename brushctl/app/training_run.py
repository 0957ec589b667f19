"""One run of learning, on pairs that are checked: find the phrase, learn, judge."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from brushctl.app.judge import Judgement, judge, merged, with_held_out
from brushctl.app.learn import LearningSettings, PairSplit
from brushctl.brushes.checkpoint import Checkpoint, fold_path
from brushctl.brushes.file import Brush
from brushctl.brushes.provenance import Provenance
from brushctl.engine.model.base import BaseModel
from brushctl.engine.phrases.clip import default_clip, load_clip
from brushctl.engine.phrases.unique_phrase import ClipFeatures, clip_features, vocabulary_of
from brushctl.engine.training.make_brush import InitialPhrase, make_brush
from brushctl.engine.training.recipes import Recipe, recipe_called
from brushctl.errors import BaseModelError, first_line
from brushctl.events import Reporter, Told, Warned, silent
from brushctl.pairs.find import Pair
from brushctl.pairs.load import load_pairs, pair_sha256

if TYPE_CHECKING:
    import numpy as np

    Starts = Callable[[Sequence[Pair]], InitialPhrase]


SHOWN_PAIRS = 4
"""Pairs shown and measured at the end where none was held out."""


@dataclass(frozen=True, slots=True)
class TrainingRun:
    """A brush that is learned on a base model from some pairs and judged by others.

    Attributes:
        model: the base.
        settings: how the brush is learned.
        pairs: from what.
        name: the brush's.
        target: where the brush will be; what is learned so far is kept beside it. None to keep
            nothing.
        resume: go on with what was begun.
        restart_if_changed: begin anew, where what was begun is of other pairs or settings.
        report: called with every event of the work.
    """

    model: BaseModel
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
            BaseModelError: CLIP is to find the phrase, and is not on this machine.
            BrushctlError: the brush cannot be learned.
        """
        starts = self._starts()
        folds = self._cross_validate(starts) if self.settings.cross_validate else None
        brush = self._learn(starts(self.pairs.training))
        if folds:
            return with_held_out(brush, folds), folds
        judged = self._judge(self.pairs.held_out or self.pairs.training[:SHOWN_PAIRS], brush)
        known = judged and self.pairs.held_out
        return (with_held_out(brush, judged) if judged and known else brush), judged

    def _starts(self) -> "Starts":
        """Where learning from some of the pairs starts.

        From the phrase that is given; else from the one that names what those pairs change, and
        no others, as CLIP sees them.
        """
        given = self.settings.phrase
        if given is not None or self.settings.no_phrase:
            return lambda _: InitialPhrase(given or None)
        features = self._clip_features()
        places = {pair: k for k, pair in enumerate(self.pairs.training)}

        def found(pairs: Sequence[Pair]) -> InitialPhrase:
            phrasing = features.subset([places[pair] for pair in pairs]).phrasing()
            self.report(Told(f"initial phrase: {phrasing.phrase or 'none names this edit'}"))
            return InitialPhrase.from_phrasing(phrasing)

        return found

    def _clip_features(self) -> ClipFeatures:
        try:
            clip = load_clip(default_clip(self.model.id), self.model.device)
        except BaseModelError as error:
            own = f"{error.do} Or say the phrase yourself with --phrase, or start with --no-phrase."
            raise BaseModelError(error.what, where=error.where, do=own) from error
        before, after = self._load(self.pairs.training, clip.side)
        return clip_features(
            clip, list(before), list(after), vocabulary_of(clip), report=self.report
        )

    def _learn(self, initial_phrase: InitialPhrase) -> Brush:
        """Learn the brush, or go on learning it."""
        training, held_out = self.pairs.training, self.pairs.held_out
        hashes = [pair_sha256(pair) for pair in training]
        provenance = Provenance.today(self.name)
        checkpoint = self._checkpoint(initial_phrase, hashes, provenance.created)
        if checkpoint:
            if not self.resume or (self.restart_if_changed and not checkpoint.matches()):
                checkpoint.delete()
            provenance = replace(provenance, created=checkpoint.started_on())
        before, after = self._load(training, self.model.resolution)
        return make_brush(
            self.model,
            before,
            after,
            initial_phrase=initial_phrase,
            recipe=self._recipe(),
            seed=self.settings.seed,
            provenance=provenance,
            pair_hashes=hashes,
            held_out=self._load(held_out, self.model.resolution) if held_out else None,
            checkpoint=checkpoint,
            report=self.report,
        )

    def _cross_validate(self, starts: "Starts") -> Judgement | None:
        """Each pair edited by a brush learned from the others alone, from their start.

        None, and a warning, where that cannot be judged.
        """
        training = self.pairs.training
        folds: list[Judgement] = []
        for k, pair in enumerate(training):
            others = [other for other in training if other != pair]
            target = self.target and fold_path(self.target, k)
            fold = replace(self, pairs=PairSplit(others, self.pairs.held_out), target=target)
            judged = fold._judge([pair], fold._learn(starts(others)))
            if judged is None:
                return None
            folds.append(judged)
            for line in judged.verdict().splitlines():
                self.report(Told(f"{k + 1} of {len(training)}: {line}"))
        return merged(folds, on=f"{len(folds)} pairs, each with a brush of the others")

    def _judge(self, pairs: Sequence[Pair], brush: Brush) -> Judgement | None:
        """Measure a brush on some pairs; None, and a warning, where that fails."""
        try:
            return self._measured(pairs, brush)
        except Exception as error:  # what was learned is worth more than its figures
            told = f"the brush is kept, but cannot be judged: {first_line(error)}"
            self.report(Warned(told))
            return None

    def _measured(self, pairs: Sequence[Pair], brush: Brush) -> Judgement:
        known = any(pair in self.pairs.training for pair in pairs)
        counted = f"{len(pairs)} pair{'s' * (len(pairs) != 1)}"
        on = f"{counted} it {'learned' if known else 'did not learn'} from"
        before, truth = self._load(pairs, self.model.resolution)
        return judge(self.model, brush, list(before), list(truth), on=on, report=self.report)

    def _load(self, pairs: Sequence[Pair], side: int) -> "tuple[np.ndarray, np.ndarray]":
        return load_pairs(pairs, side, align=self.settings.align)

    def _recipe(self) -> Recipe:
        recipe = recipe_called(self.settings.recipe)
        return recipe.for_pairs(len(self.pairs.training), self.settings.steps)

    def _checkpoint(
        self, initial_phrase: InitialPhrase, hashes: Sequence[str], today: str
    ) -> Checkpoint | None:
        """What is kept on the way, known by all that decides what is learned."""
        if self.target is None:
            return None
        held_out = [pair_sha256(pair) for pair in self.pairs.held_out]
        model = (self.model.unet_sha256, self.model.dtype, self.model.device.type)
        align, seed = self.settings.align, self.settings.seed
        decisive = (hashes, held_out, align, self._recipe(), seed, initial_phrase.phrase, model)
        return Checkpoint(self.target, repr(decisive), today)
