"""One brush to learn, as a command line or a row of a list says; checked, then carried out."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from brushctl.brushes import limits
from brushctl.brushes.cache import destination, keep_sheet, store
from brushctl.brushes.checkpoint import forget, states_of
from brushctl.brushes.fields import as_usage_errors, line
from brushctl.cli._checks import checked
from brushctl.cli._output import counted
from brushctl.errors import Interrupted, NameTakenError, PairsError, UsageError

if TYPE_CHECKING:
    from brushctl.bench.judging import Judgement
    from brushctl.brushes.file import Brush
    from brushctl.engine.model.base import BaseModel
    from brushctl.pairs.find import Pair


@dataclass(frozen=True, slots=True)
class Order:
    """One brush to learn.

    Attributes:
        pairs: a folder or a manifest.
        output: the brush's name in the cache, or its file.
        base: the base model; None for tiny-ip2p.
        recipe: how it is learned.
        steps: in place of the recipe's own.
        phrase: the words to start from; None for those CLIP finds.
        no_phrase: start from the empty instruction.
        hold_out: pairs to judge by; None for as many as the recipe spares.
        cross_validate: judge by each pair in turn.
        align: crop shifted pairs to what both pictures share.
        seed: fixes every draw.
    """

    pairs: Path
    output: str
    base: str | None
    recipe: str
    steps: int | None
    phrase: str | None
    no_phrase: bool
    hold_out: int | None
    cross_validate: bool
    align: bool
    seed: int

    def settings(self) -> dict[str, Any]:
        """All of it but the files, as JSON: a change makes another brush."""
        return {k: v for k, v in asdict(self).items() if k not in ("pairs", "output")}

    def check(self) -> None:
        """See that its options are within their limits and do not contradict each other.

        Raises:
            UsageError: they do, or one is not.
        """
        if self.steps is not None:
            with as_usage_errors():
                limits.learning_steps(self.steps, "--steps")
        if self.phrase is not None and self.no_phrase:
            raise UsageError(
                "--phrase and --no-phrase contradict each other", do="Leave one of them out."
            )
        if self.cross_validate and self.hold_out:
            raise UsageError(
                "--cross-validate holds out each pair in turn", do="Leave --hold-out out."
            )

    def ready(self, *, overwrite: bool, go_on: bool, quiet: bool) -> "Ready":
        """All that can be found out before a model loads.

        Args:
            overwrite: whether a brush of its name may be replaced.
            go_on: whether what was begun before may be gone on with.
            quiet: whether nothing is said.

        Raises:
            UsageError: the brush cannot be learned as it is asked for.
        """
        from brushctl.pairs.find import find_pairs, hold_out

        self.check()
        target, overwrite = self._place(overwrite=overwrite, go_on=go_on)
        found = find_pairs(self.pairs)
        learned_from, unseen = hold_out(found, self._kept_back(len(found)), self.seed)
        with as_usage_errors():
            limits.pairs(len(learned_from), "pairs to learn from")
        if self.cross_validate and len(found) < 2:
            raise PairsError(
                "cross-validation needs two pairs or more",
                where="--cross-validate",
                do="Add pairs, or leave it out.",
            )
        self._check_phrase()
        checked(self.pairs, found, align=self.align, quiet=quiet)
        return Ready(self, target, learned_from, unseen, overwrite)

    def _check_phrase(self) -> None:
        """See that the brush could keep its phrase.

        Raises:
            UsageError: it could not.
        """
        with as_usage_errors():
            line(self.phrase or "", "--phrase")

    def _kept_back(self, pairs: int) -> int:
        """How many of so many pairs are held out."""
        from brushctl.engine.training.recipes import recipe_called

        recipe = recipe_called(self.recipe)
        if self.cross_validate or self.hold_out is not None:
            return self.hold_out or 0
        return recipe.spared(pairs)

    def _place(self, *, overwrite: bool, go_on: bool) -> tuple[Path, bool]:
        """Where the brush will be, and whether it may replace what is there.

        A run that goes on may: it was allowed to when it began, or has written the brush itself
        and was killed right after.
        """
        target = destination(self.output, overwrite=overwrite or go_on)
        begun = bool(states_of(target))
        if begun and not (go_on or overwrite):
            raise NameTakenError(
                "learning this brush was begun before",
                where=self.output,
                do="Add --resume to go on with it, or --overwrite to begin anew.",
            )
        overwrite = overwrite or begun
        return destination(self.output, overwrite=overwrite), overwrite


@dataclass(frozen=True, slots=True)
class Ready:
    """An order that nothing speaks against.

    Attributes:
        order: it.
        target: where the brush will be.
        learned_from: the pairs to learn from.
        unseen: the pairs to judge by; may be none.
        overwrite: whether a brush that is there may be replaced.
    """

    order: Order
    target: Path
    learned_from: "Sequence[Pair]"
    unseen: "Sequence[Pair]"
    overwrite: bool

    def carry_out(
        self, model: "BaseModel", *, resume: bool, begin_anew: bool = False, quiet: bool
    ) -> "Learned":
        """Learn, judge and keep the brush.

        Args:
            model: the base.
            resume: go on with what was begun.
            begin_anew: unless it was begun with other pairs or settings.
            quiet: whether nothing is said.

        Raises:
            BrushctlError: it cannot be learned.
            Interrupted: the user stopped it; what was learned so far is kept.
        """
        from brushctl.brushes.file import encode_brush
        from brushctl.cli.lesson import Lesson
        from brushctl.engine.training.make_brush import Start
        from brushctl.engine.training.recipes import recipe_called

        order = self.order
        lesson = Lesson(
            model=model,
            recipe=recipe_called(order.recipe),
            steps=order.steps,
            seed=order.seed,
            learned_from=self.learned_from,
            unseen=self.unseen,
            align=order.align,
            target=self.target,
            quiet=quiet,
            begin_anew=begin_anew,
        )
        given = order.no_phrase or order.phrase is not None
        starts = lesson.starts(Start(order.phrase or None) if given else None)
        try:
            folds = lesson.cross_validate(starts, resume=resume) if order.cross_validate else None
            learned = lesson.learn(starts(self.learned_from), resume=resume)
            brush, judged = lesson.judge(learned, folds)
        except KeyboardInterrupt:
            kept = "The same command with --resume goes on." if states_of(self.target) else None
            raise Interrupted("stopped while learning", do=kept) from None
        path = store(encode_brush(brush), order.output, overwrite=self.overwrite)
        shown = judged.sheet(f"{self.target.stem}, on {judged.on}") if judged else None
        sheet = keep_sheet(path, shown)
        forget(self.target)
        return Learned(brush, judged, path, sheet)


@dataclass(frozen=True, slots=True)
class Learned:
    """A brush, how good it is if that is known, and where it and its contact sheet are."""

    brush: "Brush"
    judged: "Judgement | None"
    path: Path
    sheet: Path | None

    def to_dict(self) -> dict[str, Any]:
        """All of it, as `--json` prints it; null for what could not be found out."""
        return {
            "path": str(self.path),
            "sheet": str(self.sheet) if self.sheet else None,
            "judged": self.judged.figures() if self.judged else None,
            "metadata": self.brush.metadata.to_dict(),
        }

    def told(self) -> str:
        """What became of it, for people."""
        training = self.brush.metadata.training
        assert training is not None
        first, last = (sum(x) / len(x) for x in (training.loss_first, training.loss_last))
        pairs = counted(len(training.pairs_sha256), "pair")
        told = f"learned {self.brush.metadata.name} from {pairs}: loss {first:.4f} -> {last:.4f}"
        return f"{told}\n{self.judged.verdict()}" if self.judged else told
