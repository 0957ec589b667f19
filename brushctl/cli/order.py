"""One brush to learn, as a command line or a row of a list says; checked, then carried out."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from brushctl.brushes.cache import destination, keep_sheet, store
from brushctl.brushes.unfinished import forget, states_of
from brushctl.cli.checks import checked
from brushctl.errors import NameTakenError, UsageError
from brushctl.settings import PAIRS_FOR_ONE_HELD_OUT

if TYPE_CHECKING:
    from brushctl.bench.judging import Judgement
    from brushctl.brushes.file import Brush
    from brushctl.engine.base import BaseModel
    from brushctl.photos.pairs import Pair


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
        hold_out: pairs to judge by; None for one in six.
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
        """See that its options do not contradict each other.

        Raises:
            UsageError: they do.
        """
        if self.phrase is not None and self.no_phrase:
            raise UsageError("--phrase and --no-phrase contradict each other")
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
        from brushctl.brushes.fields import label, line
        from brushctl.photos.pairs import find_pairs, hold_out

        self.check()
        target, overwrite = self._place(overwrite=overwrite, go_on=go_on)
        found = find_pairs(self.pairs)
        spared = 0 if self.cross_validate else len(found) // PAIRS_FOR_ONE_HELD_OUT
        kept_back = spared if self.hold_out is None else self.hold_out
        learned_from, unseen = hold_out(found, kept_back, self.seed)
        if self.cross_validate:
            hold_out(found, 1, self.seed)  # of one pair none can be
        label(target.stem, "-o")
        if self.phrase is not None:
            line(self.phrase, "--phrase")
        checked(self.pairs, found, align=self.align, quiet=quiet)
        return Ready(self, target, learned_from, unseen, overwrite)

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
            BrushctlError: it cannot be learned, or was stopped.
        """
        from brushctl.brushes.file import encode_brush
        from brushctl.cli.lesson import Lesson
        from brushctl.engine.making import Start
        from brushctl.engine.recipes import recipe_called

        order, recipe = self.order, recipe_called(self.order.recipe)
        if order.steps:
            recipe = replace(recipe, steps=order.steps)
        lesson = Lesson(
            model=model,
            recipe=recipe,
            seed=order.seed,
            learned_from=self.learned_from,
            unseen=self.unseen,
            align=order.align,
            target=self.target,
            quiet=quiet,
            begin_anew=begin_anew,
        )
        given = order.no_phrase or order.phrase is not None
        start = Start(order.phrase) if given else lesson.find_start()
        folds = lesson.cross_validate(start, resume=resume) if order.cross_validate else None
        brush, judged = lesson.judge(lesson.learn(start, resume=resume), folds)
        path = store(encode_brush(brush), order.output, overwrite=self.overwrite)
        sheet = keep_sheet(path, judged.sheet(f"{self.target.stem}, on {judged.on}"))
        forget(self.target)
        return Learned(brush, judged, path, sheet)


@dataclass(frozen=True, slots=True)
class Learned:
    """A brush, how good it is, and where it and its contact sheet are."""

    brush: "Brush"
    judged: "Judgement"
    path: Path
    sheet: Path

    def told(self) -> str:
        """What became of it, for people."""
        training = self.brush.metadata.training
        assert training is not None
        first, last = (sum(x) / len(x) for x in (training.loss_first, training.loss_last))
        return (
            f"learned {self.brush.metadata.name} from {len(training.pairs_sha256)} pairs: "
            f"loss {first:.4f} -> {last:.4f}\n{self.judged.verdict()}"
        )
