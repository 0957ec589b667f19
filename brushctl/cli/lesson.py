"""How `brushctl learn` runs once its pairs are found: learn, judge, and say how good it is."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from brushctl import settings
from brushctl.bench.judging import Judgement, judge, merged, with_held_out
from brushctl.brushes.checkpoint import Unfinished, fold_of
from brushctl.brushes.file import Brush
from brushctl.brushes.provenance import Stamp
from brushctl.cli._output import counted, reporting, say
from brushctl.engine.model.base import BaseModel
from brushctl.engine.phrases.clip import default_clip, load_clip
from brushctl.engine.phrases.unique_phrase import Seen, look, vocabulary_of
from brushctl.engine.training.make_brush import Start, make_brush, named
from brushctl.engine.training.recipes import Recipe
from brushctl.errors import BaseModelError, first_line
from brushctl.pairs.find import Pair
from brushctl.pairs.load import load_pairs, pair_sha256

if TYPE_CHECKING:
    import numpy as np


@dataclass(frozen=True, slots=True)
class Lesson:
    """What is learned on which model from which pairs.

    Attributes:
        model: the base.
        recipe: how it is learned.
        steps: in place of the recipe's own.
        seed: fixes every draw.
        learned_from: the pairs to learn from.
        unseen: the pairs to judge by; may be none.
        align: whether shifted pairs are cropped to what both pictures share.
        target: where the brush will be.
        quiet: whether nothing is said.
        begin_anew: whether what was begun with other pairs or settings is forgotten, not refused.
    """

    model: BaseModel
    recipe: Recipe
    steps: int | None
    seed: int
    learned_from: Sequence[Pair]
    unseen: Sequence[Pair]
    align: bool
    target: Path
    quiet: bool
    begin_anew: bool = False

    def starts(self, given: Start | None) -> Callable[[Sequence[Pair]], Start]:
        """Where learning from some of the pairs starts.

        Args:
            given: everywhere, if it is; else from the phrase that names what those pairs change,
                and no others, as CLIP sees them.

        Raises:
            BaseModelError: CLIP is not on this machine.
        """
        if given:
            return lambda _: given
        seen = self._seen_by_clip()
        places = {pair: k for k, pair in enumerate(self.learned_from)}

        def found(pairs: Sequence[Pair]) -> Start:
            start = named(seen.of([places[pair] for pair in pairs]).phrasing())
            if not self.quiet:
                say(f"initial phrase: {start.phrase or 'none names this edit'}")
            return start

        return found

    def _seen_by_clip(self) -> Seen:
        try:
            clip = load_clip(default_clip(self.model.id), self.model.device)
        except BaseModelError as error:
            own = f"{error.do} Or say the phrase yourself with --phrase, or start with --no-phrase."
            raise BaseModelError(error.what, where=error.where, do=own) from error
        before, after = load_pairs(self.learned_from, clip.side, align=self.align)
        with reporting(quiet=self.quiet) as report:
            return look(clip, list(before), list(after), vocabulary_of(clip), report=report)

    def learn(self, start: Start, *, resume: bool) -> Brush:
        """Learn the brush, or go on learning it; what was learned so far is kept on the way."""
        hashes = [pair_sha256(pair) for pair in self.learned_from]
        stamp = Stamp.today(self.target.stem)
        unfinished = self._unfinished(start, hashes, stamp.created)
        if not resume or (self.begin_anew and not unfinished.belongs()):
            unfinished.discard()
        before, after = self._load(self.learned_from)
        with reporting(quiet=self.quiet) as report:
            return make_brush(
                self.model,
                before,
                after,
                start=start,
                recipe=self._fitted(),
                seed=self.seed,
                stamp=replace(stamp, created=unfinished.begun()),
                pair_hashes=hashes,
                held_out=self._load(self.unseen) if self.unseen else None,
                keeper=unfinished,
                report=report,
            )

    def cross_validate(
        self, starts: Callable[[Sequence[Pair]], Start], *, resume: bool
    ) -> Judgement | None:
        """Each pair edited by a brush learned from the others alone, from their start.

        None, and a warning, where that cannot be judged.
        """
        folds: list[Judgement] = []
        for k, pair in enumerate(self.learned_from):
            others = [other for other in self.learned_from if other != pair]
            fold = replace(self, learned_from=others, target=fold_of(self.target, k))
            judged = fold.judge_by([pair], fold.learn(starts(others), resume=resume))
            if judged is None:
                return None
            folds.append(judged)
            if not self.quiet:
                for line in judged.verdict().splitlines():
                    say(f"{k + 1} of {len(self.learned_from)}: {line}")
        return merged(folds, on=f"{len(folds)} pairs, each with a brush of the others")

    def judge(self, brush: Brush, folds: Judgement | None) -> tuple[Brush, Judgement | None]:
        """Measure the brush, or take its folds' figures; on unseen pairs they enter its history."""
        if folds:
            return with_held_out(brush, folds), folds
        judged = self.judge_by(self.unseen or self.learned_from[: settings.JUDGED], brush)
        return (with_held_out(brush, judged) if judged and self.unseen else brush), judged

    def judge_by(self, pairs: Sequence[Pair], brush: Brush) -> Judgement | None:
        """Measure a brush on some pairs; None, and a warning, where that fails."""
        try:
            return self._measured(pairs, brush)
        except Exception as error:  # what was learned is worth more than its figures
            if not self.quiet:
                say(f"warning: the brush is kept, but cannot be judged: {first_line(error)}")
            return None

    def _measured(self, pairs: Sequence[Pair], brush: Brush) -> Judgement:
        known = any(pair in self.learned_from for pair in pairs)
        on = f"{counted(len(pairs), 'pair')} it {'learned' if known else 'did not learn'} from"
        before, truth = self._load(pairs)
        with reporting(quiet=self.quiet) as report:
            return judge(self.model, brush, list(before), list(truth), on=on, report=report)

    def _load(self, pairs: Sequence[Pair]) -> "tuple[np.ndarray, np.ndarray]":
        return load_pairs(pairs, self.model.resolution, align=self.align)

    def _fitted(self) -> Recipe:
        return self.recipe.fitted(len(self.learned_from), self.steps)

    def _unfinished(self, start: Start, hashes: Sequence[str], today: str) -> Unfinished:
        unseen = [pair_sha256(pair) for pair in self.unseen]
        model = (self.model.unet_sha256, self.model.dtype, self.model.device.type)
        decisive = (hashes, unseen, self.align, self._fitted(), self.seed, start.phrase, model)
        return Unfinished(self.target, repr(decisive), today)
