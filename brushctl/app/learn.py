"""Learn a brush: check the pairs, find the phrase, hold pairs out, learn, judge, store."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from brushctl.app.learning_settings import LearningSettings, Parts
from brushctl.app.learning_task import LearningTask, PairSplit
from brushctl.brushes import limits
from brushctl.brushes.cache import destination, keep_sheet, store
from brushctl.brushes.checkpoint import checkpoints_of, delete_checkpoints
from brushctl.brushes.fields import as_usage_errors, label, line
from brushctl.errors import (
    BaseModelError,
    Interrupted,
    NameTakenError,
    PairsError,
    UsageError,
    reason,
)
from brushctl.events import Message, Reporter, Warned, silent
from brushctl.settings import TINY, check_seed

if TYPE_CHECKING:
    from brushctl.app.judge import Judgement
    from brushctl.brushes.file import Brush
    from brushctl.engine.model.base import AnyBase


@dataclass(frozen=True, slots=True)
class PreparedRun:
    """A brush to learn that nothing speaks against.

    Attributes:
        settings: how it is learned.
        pairs: from what.
        output: the brush's name in the cache, or its file.
        target: the file.
        overwrite: whether a brush that is there may be replaced.
    """

    settings: LearningSettings
    pairs: PairSplit
    output: str
    target: Path
    overwrite: bool

    def learn(
        self,
        open_model: "Callable[[], AnyBase]",
        *,
        resume: bool,
        restart_if_changed: bool = False,
        report: Reporter = silent,
    ) -> "LearnedBrush":
        """Learn, judge and store the brush.

        Args:
            open_model: opens the base; called only where there is an instruction to learn.
            resume: go on with what was begun.
            restart_if_changed: begin anew, where what was begun is of other pairs or settings.
            report: called with every event of the work.

        Raises:
            BrushctlError: it cannot be learned.
            Interrupted: the user stopped it; what was learned so far is kept.
        """
        from brushctl.app.learning_run import LearningRun
        from brushctl.brushes.file import encode_brush

        task = LearningTask(
            self.settings,
            self.pairs,
            self.target.stem,
            self.target,
            resume=resume,
            restart_if_changed=restart_if_changed,
            report=report,
        )
        try:
            brush, judged = LearningRun(open_model, task).learn_and_judge()
        except KeyboardInterrupt:
            kept = (
                "Run the same command with --resume to go on."
                if checkpoints_of(self.target)
                else None
            )
            raise Interrupted("stopped while learning", do=kept) from None
        path = store(encode_brush(brush), self.output, overwrite=self.overwrite)
        shown = judged.sheet(f"{self.target.stem}, on {judged.on}") if judged else None
        try:
            sheet = keep_sheet(path, shown)
        except OSError as error:  # the brush is whole without it
            report(Warned(f"the brush is kept, but not its contact sheet: {reason(error)}"))
            sheet = None
        delete_checkpoints(self.target)
        return LearnedBrush(brush, judged, path, sheet)


@dataclass(frozen=True, slots=True)
class LearnedBrush:
    """A brush, how good it is if that is known, and where it and its contact sheet are."""

    brush: "Brush"
    judged: "Judgement | None"
    path: Path
    sheet: Path | None


def prepare(
    pairs: Path,
    output: str,
    settings: LearningSettings,
    *,
    overwrite: bool = False,
    resume: bool = False,
    report: Reporter = silent,
) -> PreparedRun:
    """Find out all that can be found out before a model loads.

    Args:
        pairs: a folder or a manifest.
        output: the brush's name in the cache, or its file.
        settings: how it is learned.
        overwrite: whether a brush of its name may be replaced.
        resume: whether what was begun before may be gone on with.
        report: called with every event of the work.

    Raises:
        UsageError: the brush cannot be learned as it is asked for.
        PairsError: nothing can be learned from the pairs.
    """
    settings.check()
    target, overwrite = _place(output, overwrite=overwrite, resume=resume)
    split = split_pairs(pairs, settings, report=report)
    return PreparedRun(settings, split, output, target, overwrite)


def split_pairs(
    source: Path, settings: LearningSettings, *, report: Reporter = silent
) -> PairSplit:
    """Find the pairs, hold some of them out, and check them all.

    Raises:
        UsageError: they do not suffice for the settings, or a brush cannot keep its phrase.
        PairsError: nothing can be learned from them.
    """
    from brushctl.pairs.check import require_sound
    from brushctl.pairs.find import find_pairs, hold_out

    found = find_pairs(source, report=report)
    training, held_out = hold_out(found, settings.held_out(len(found)), settings.seed)
    with as_usage_errors():
        # A grade alone is of all pairs, where none are to be held out from it.
        learned = found if settings.hold_out is None else training
        limits.pairs(len(learned), "pairs to learn from")
    if settings.cross_validate and len(found) < 2:
        raise PairsError(
            "cross-validation needs two pairs or more",
            where="--cross-validate",
            do="Add pairs, or leave it out.",
        )
    with as_usage_errors():
        line(settings.phrase or "", "--phrase")
    require_sound(source, found, align=settings.align, report=report)
    return PairSplit(training, held_out)


def _place(output: str, *, overwrite: bool, resume: bool) -> tuple[Path, bool]:
    """Where the brush will be, and whether it may replace what is there.

    A run that goes on may: it was allowed to when it began, or has written the brush itself
    and was killed right after.
    """
    target = destination(output, overwrite=overwrite or resume)
    begun = bool(checkpoints_of(target))
    if begun and not (resume or overwrite):
        raise NameTakenError(
            "an earlier run has begun to learn this brush",
            where=output,
            do="Add --resume to go on with it, or --overwrite to start again.",
        )
    overwrite = overwrite or begun
    return destination(output, overwrite=overwrite), overwrite


def check_machine(device: str, dtype: str | None) -> None:
    """See that a model can be learned on a device, in a number format.

    Raises:
        DeviceError: it cannot.
    """
    from brushctl.engine.devices import learning_dtype, resolve_device

    learning_dtype(dtype, resolve_device(device))


def model_opener(base: str | None, device: str, dtype: str | None) -> "Callable[[], AnyBase]":
    """What opens a base model when it is needed: a grade needs none, nor torch.

    Raises:
        BaseModelError: a base is asked for that is not on this machine and cannot be fetched.
        DeviceError: a device or format is asked for that is not on this machine, or that nothing
            can be learned on.
    """
    if device != "auto" or dtype:
        check_machine(device, dtype)
    if base is not None:
        from brushctl.engine.model.hub import check_obtainable

        with _offering_tiny():
            check_obtainable(base)

    def open_model() -> "AnyBase":
        from brushctl.engine.devices import learning_dtype, resolve_device
        from brushctl.engine.model.base import open_base

        place = resolve_device(device)
        with _offering_tiny():
            return open_base(base, place, learning_dtype(dtype, place))

    return cache(open_model)


@contextmanager
def _offering_tiny() -> Iterator[None]:
    """Within the block, a base that is not to be had need not keep anybody from learning."""
    try:
        yield
    except BaseModelError as error:
        meanwhile = f"{error.do} Meanwhile --base {TINY} runs anywhere."
        raise BaseModelError(error.what, where=error.where, do=meanwhile) from error


def learn(
    pairs: str | Path,
    *,
    name: str,
    base: str | None = None,
    phrase: str | None = None,
    recipe: str = "default",
    parts: str = "auto",
    held_out: int | None = None,
    seed: int = 0,
    device: str = "auto",
    dtype: str | None = None,
    report: Reporter = silent,
) -> "Brush":
    """Learn a brush as `brushctl learn` does: pairs checked, some held out, the brush judged.

    Nothing is stored. Figures of held-out pairs are in the brush's history
    (`metadata.training.held_out`).

    Args:
        pairs: a folder or a manifest, in any layout that `brushctl learn` reads.
        name: the brush's own name.
        base: a base model; None for tiny-ip2p.
        phrase: the words to start from; None to let CLIP find them, "" to start from none.
        recipe: `default` or `paper`.
        parts: `grade`, `instruction`, `both`, or `auto` for whichever comes nearest.
        held_out: pairs to judge by, which with `default` also decide when to stop; None for one in
            six, and with `paper` for none.
        seed: fixes every draw.
        device: `auto`, `cpu`, `cuda`, `mps`.
        dtype: the number format of the frozen model; None for the device's own.
        report: called with every event of the work; what is doubtful about the pairs is a `Warned`,
            how good the brush is a `Message`.

    Raises:
        BrushFormatError: a brush can bear no such name or phrase.
        PairsError: the pairs cannot be found or told apart, a picture cannot be read, the check
            finds that nothing can be learned from them, or none would be left to learn from.
        PhotoError: a picture could be read when the pairs were checked, and then no more.
        PhraseError: the phrase is longer than the base model reads.
        UsageError: there is no such recipe, or a brush cannot hold the seed or so many pairs.
        BaseModelError: the base model or CLIP is not on this machine.
        DeviceError: the device is not on this machine, or the number format is no such or float16.
        DeviceMemoryError: its memory does not suffice.
    """
    label(name, "name")
    line(phrase or "", "phrase")
    check_seed(seed)
    if parts not in list(Parts):
        raise UsageError(
            f"there are no parts {parts!r}", do=f"Choose from {', '.join(map(str, Parts))}."
        )
    open_model = model_opener(base, device, dtype)
    settings = LearningSettings(
        base=base,
        recipe=recipe,
        phrase=phrase or None,
        no_phrase=phrase == "",
        parts=Parts(parts),
        hold_out=held_out,
        seed=seed,
    )
    split = split_pairs(Path(pairs), settings, report=report)

    from brushctl.app.learning_run import LearningRun

    task = LearningTask(settings, split, name, report=report)
    brush, judged = LearningRun(open_model, task).learn_and_judge()
    if judged:
        report(Message(judged.verdict()))
    return brush
