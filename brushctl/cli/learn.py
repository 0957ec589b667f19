"""`brushctl learn`: make a brush out of before/after pairs."""

from dataclasses import replace
from typing import TYPE_CHECKING, Annotated

import typer

from brushctl.brushes.cache import destination, keep_sheet, store
from brushctl.brushes.unfinished import states_of
from brushctl.cli.arguments import Base, Device, Dtype, Json, Overwrite, Pairs, Quiet, Seed
from brushctl.cli.checks import checked, show_checks
from brushctl.cli.output import print_json, say
from brushctl.errors import NameTakenError, UsageError
from brushctl.settings import INSTRUCT_PIX2PIX, TINY

if TYPE_CHECKING:
    from brushctl.brushes.file import Brush

PAIRS_FOR_ONE_HELD_OUT = 6
"""Of so many pairs one can be spared to judge by."""


def learn(
    pairs: Pairs,
    *,
    output: Annotated[
        str | None, typer.Option("--output", "-o", help="The new brush: a name or a file.")
    ] = None,
    base: Base = None,
    recipe: Annotated[str, typer.Option(help="How it is learned: default, or paper.")] = "default",
    steps: Annotated[
        int | None, typer.Option(min=1, help="Optimisation steps in place of the recipe's own.")
    ] = None,
    phrase: Annotated[
        str | None, typer.Option(help="Start from these words, not from those CLIP finds.")
    ] = None,
    no_phrase: Annotated[
        bool, typer.Option("--no-phrase", help="Start from the empty instruction.")
    ] = False,
    held_out: Annotated[
        int | None,
        typer.Option(
            "--hold-out",
            min=0,
            help="Pairs to judge by, not to learn from; one in six if not given.",
        ),
    ] = None,
    cross_validate: Annotated[
        bool,
        typer.Option(
            "--cross-validate",
            help="Judge by each pair in turn, with a brush of the others; so many times longer.",
        ),
    ] = False,
    resume: Annotated[
        bool, typer.Option("--resume", help="Go on with a run that was stopped or killed.")
    ] = False,
    align: Annotated[
        bool, typer.Option("--align", help="Crop shifted pairs to what both pictures share.")
    ] = False,
    check_only: Annotated[
        bool, typer.Option("--check-only", help="Check the pairs, and learn nothing.")
    ] = False,
    overwrite: Overwrite = False,
    seed: Seed = 0,
    device: Device = "auto",
    dtype: Dtype = None,
    json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Learn an edit from pictures before and after it, and keep it as a brush.

    Five to ten pairs of different scenes teach the edit and not the scene. They are checked
    before anything heavy begins.
    """
    from brushctl.brushes.fields import label, line
    from brushctl.photos.pairs import find_pairs, hold_out

    if phrase is not None and no_phrase:
        raise UsageError("--phrase and --no-phrase contradict each other")
    if cross_validate and held_out:
        raise UsageError("--cross-validate holds out each pair in turn", do="Leave --hold-out out.")
    if check_only:
        show_checks(find_pairs(pairs), json=json, quiet=quiet)
        return
    if output is None:
        raise UsageError("the new brush has no name", do="Add -o NAME.")
    target = destination(output, overwrite=overwrite)
    if states_of(target) and not (resume or overwrite):
        raise NameTakenError(
            "learning this brush was begun before",
            where=output,
            do="Add --resume to go on with it, or --overwrite to begin anew.",
        )
    found = find_pairs(pairs)
    spared = 0 if cross_validate else len(found) // PAIRS_FOR_ONE_HELD_OUT
    kept_back = spared if held_out is None else held_out
    learned_from, unseen = hold_out(found, kept_back, seed)
    if cross_validate:
        hold_out(found, 1, seed)  # of one pair none can be
    label(target.stem, "-o")
    if phrase is not None:
        line(phrase, "--phrase")
    checked(pairs, found, align=align, quiet=quiet)

    if base is None and not quiet:
        say(f"base model: {TINY}, to try things out; --base {INSTRUCT_PIX2PIX} for real work")

    from brushctl.brushes.file import encode_brush
    from brushctl.cli.lesson import Lesson
    from brushctl.engine.base import open_base
    from brushctl.engine.device import resolve_device, resolve_dtype
    from brushctl.engine.making import Start
    from brushctl.engine.recipes import recipe_called

    chosen, place = recipe_called(recipe), resolve_device(device)
    if steps:
        chosen = replace(chosen, steps=steps)
    model = open_base(base, place, resolve_dtype(dtype, place))
    lesson = Lesson(model, chosen, seed, learned_from, unseen, align, target, quiet)
    start = Start(phrase) if no_phrase or phrase is not None else lesson.find_start()
    folds = lesson.cross_validate(start, resume=resume) if cross_validate else None
    brush, judged = lesson.judge(lesson.learn(start, resume=resume), folds)
    path = store(encode_brush(brush), output, overwrite=overwrite)
    lesson.forget()
    sheet = keep_sheet(path, judged.sheet(f"{target.stem}, on {judged.on}"))
    if json:
        kept = {"brush": target.stem, "path": str(path), "sheet": str(sheet)}
        print_json({**kept, "judged": judged.figures(), "metadata": brush.metadata.to_dict()})
    elif not quiet:
        say(f"{_summary(brush)}\n{judged.verdict()}")
        say(f"{path}\n{sheet}   (before, after, brush)")
        say(f"brushctl apply {output} PHOTOS -o EDITED repeats it")


def _summary(brush: "Brush") -> str:
    training = brush.metadata.training
    assert training is not None
    first, last = (sum(x) / len(x) for x in (training.loss_first, training.loss_last))
    return (
        f"learned {brush.metadata.name} from {len(training.pairs_sha256)} pairs: "
        f"loss {first:.4f} -> {last:.4f}"
    )
