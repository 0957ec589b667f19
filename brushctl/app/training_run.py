"""One run of learning, on pairs that are checked: find the phrase, learn, judge."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from brushctl import settings
from brushctl.app.judge import Judgement, judge, merged, with_held_out
from brushctl.app.learn import LearningSettings, PairSplit
from brushctl.brushes.checkpoint import Unfinished, fold_of
from brushctl.brushes.file import Brush
from brushctl.brushes.provenance import Provenance
from brushctl.engine.model.base import BaseModel
from brushctl.engine.phrases.clip import default_clip, load_clip
from brushctl.engine.phrases.unique_phrase import Seen, look, vocabulary_of
from brushctl.engine.training.make_brush import Start, make_brush, named
from brushctl.engine.training.recipes import Recipe, recipe_called
from brushctl.errors import BaseModelError, first_line
from brushctl.events import Reporter, Told, Warned, silent
from brushctl.pairs.find import Pair
from brushctl.pairs.load import load_pairs, pair_sha256

if TYPE_CHECKING:
    import numpy as np

    Starts = Callable[[Sequence[Pair]], Start]


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
        judged = self._judge(self.pairs.held_out or self.pairs.training[: settings.JUDGED], brush)
        known = judged and self.pairs.held_out
        return (with_held_out(brush, judged) if judged and known else brush), judged

    def _starts(self) -> "Starts":
        """Where learning from some of the pairs starts.

        From the phrase that is given; else from the one that names what those pairs change, and
        no others, as CLIP sees them.
        """
        given = self.settings.phrase
        if given is not None or self.settings.no_phrase:
            return lambda _: Start(given or None)
        seen = self._seen_by_clip()
        places = {pair: k for k, pair in enumerate(self.pairs.training)}

        def found(pairs: Sequence[Pair]) -> Start:
            start = named(seen.of([places[pair] for pair in pairs]).phrasing())
            self.report(Told(f"initial phrase: {start.phrase or 'none names this edit'}"))
            return start

        return found

    def _seen_by_clip(self) -> Seen:
        try:
            clip = load_clip(default_clip(self.model.id), self.model.device)
        except BaseModelError as error:
            own = f"{error.do} Or say the phrase yourself with --phrase, or start with --no-phrase."
            raise BaseModelError(error.what, where=error.where, do=own) from error
        before, after = self._load(self.pairs.training, clip.side)
        return look(clip, list(before), list(after), vocabulary_of(clip), report=self.report)

    def _learn(self, start: Start) -> Brush:
        """Learn the brush, or go on learning it."""
        training, held_out = self.pairs.training, self.pairs.held_out
        hashes = [pair_sha256(pair) for pair in training]
        provenance = Provenance.today(self.name)
        unfinished = self._unfinished(start, hashes, provenance.created)
        if unfinished:
            if not self.resume or (self.restart_if_changed and not unfinished.belongs()):
                unfinished.discard()
            provenance = replace(provenance, created=unfinished.begun())
        before, after = self._load(training, self.model.resolution)
        return make_brush(
            self.model,
            before,
            after,
            start=start,
            recipe=self._recipe(),
            seed=self.settings.seed,
            provenance=provenance,
            pair_hashes=hashes,
            held_out=self._load(held_out, self.model.resolution) if held_out else None,
            keeper=unfinished,
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
            target = self.target and fold_of(self.target, k)
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
        return recipe.fitted(len(self.pairs.training), self.settings.steps)

    def _unfinished(self, start: Start, hashes: Sequence[str], today: str) -> Unfinished | None:
        """What is kept on the way, known by all that decides what is learned."""
        if self.target is None:
            return None
        held_out = [pair_sha256(pair) for pair in self.pairs.held_out]
        model = (self.model.unet_sha256, self.model.dtype, self.model.device.type)
        align, seed = self.settings.align, self.settings.seed
        decisive = (hashes, held_out, align, self._recipe(), seed, start.phrase, model)
        return Unfinished(self.target, repr(decisive), today)
