"""`brushctl learn`: make a brush out of before/after pairs."""

from shlex import quote
from typing import Annotated, Any

import typer

from brushctl.app.learn import LearnedBrush, PreparedRun, model_opener, prepare
from brushctl.app.learn_many import BatchOptions
from brushctl.app.learning_settings import LearningSettings, Parts
from brushctl.app.machines import Machines
from brushctl.brushes.metadata import Training
from brushctl.cli._batch import learn_list
from brushctl.cli._checks import show_checks
from brushctl.cli._options import (
    CLUSTER,
    MODEL,
    Align,
    Base,
    BrushParts,
    Cores,
    Device,
    EngineName,
    LearningDtype,
    Overwrite,
    Pairs,
    PerGpu,
    Quiet,
    RayAddress,
    Seed,
    Timestamps,
    Workers,
)
from brushctl.cli._order import check_one_source
from brushctl.cli._output import counted, print_json, say
from brushctl.cli._progress import reporting
from brushctl.errors import UsageError
from brushctl.events import Loading
from brushctl.photos.choices import Engine

JUDGED = "How it is judged"


def learn(
    ctx: typer.Context,
    pairs: Pairs,
    *,
    output: Annotated[
        str | None,
        typer.Option(
            "--output", "-o", help="The new brush: a name, or a .brush file; with --batch a folder."
        ),
    ] = None,
    parts: BrushParts = Parts.AUTO,
    check_only: Annotated[
        bool,
        typer.Option("--check-only", "-n", help="Check the pairs, and learn nothing."),
    ] = False,
    align: Align = False,
    resume: Annotated[
        bool, typer.Option("--resume", help="Go on with a run that was stopped or killed.")
    ] = False,
    overwrite: Overwrite = False,
    quiet: Quiet = False,
    verbose: Annotated[
        bool, typer.Option("--verbose", "-v", help="Show the losses of an instruction too.")
    ] = False,
    timestamps: Timestamps = False,  # noqa: ARG001  (read from the command line)
    json: Annotated[
        bool, typer.Option("--json", help="Print JSON: a document, or a line for each of a list.")
    ] = False,
    held_out: Annotated[
        int | None,
        typer.Option(
            "--hold-out",
            min=0,
            help="Pairs to judge by, not to learn from; if not given, one in six; with paper none.",
            rich_help_panel=JUDGED,
        ),
    ] = None,
    cross_validate: Annotated[
        bool,
        typer.Option(
            "--cross-validate",
            help="Judge by each pair in turn, by a brush of the others: as many times longer.",
            rich_help_panel=JUDGED,
        ),
    ] = False,
    base: Base = None,
    recipe: Annotated[
        str,
        typer.Option(help="How to learn an instruction: default, or paper.", rich_help_panel=MODEL),
    ] = "default",
    steps: Annotated[
        int | None,
        typer.Option(
            help="Optimisation steps in place of the recipe's own.", rich_help_panel=MODEL
        ),
    ] = None,
    phrase: Annotated[
        str | None,
        typer.Option(
            help="Start from these words, not from the phrase that CLIP finds.",
            rich_help_panel=MODEL,
        ),
    ] = None,
    no_phrase: Annotated[
        bool,
        typer.Option(
            "--no-phrase", help="Start from the empty instruction.", rich_help_panel=MODEL
        ),
    ] = False,
    seed: Seed = 0,
    device: Device = "auto",
    dtype: LearningDtype = None,
    batch: Annotated[
        bool,
        typer.Option(
            "--batch",
            help="PAIRS is a list of sets of pairs: learn a brush from each.",
            rich_help_panel=CLUSTER,
        ),
    ] = False,
    engine: EngineName = Engine.LOCAL,
    ray_address: RayAddress = None,
    workers: Workers = None,
    cores: Cores = 1,
    per_gpu: PerGpu = 1,
) -> None:
    """Learn an edit from pictures before and after it, and keep it as a brush.

    Five to ten pairs of different scenes teach the edit and not the scene. They are checked
    before anything heavy begins. With --batch, status 3: some brushes failed; 4: all.

    Examples:
        brushctl learn pairs/ -o golden-hour
        brushctl learn pairs/ --check-only
        brushctl learn pairs/ -o golden-hour --base timbrooks/instruct-pix2pix --device cuda
        brushctl learn sets.csv --batch -o brushes/
    """
    check_one_source(pairs, ctx.args)
    machines = Machines(ray_address, workers, cores, per_gpu, device)
    machines.check(engine)
    settings = LearningSettings(
        base=base,
        recipe=recipe,
        steps=steps,
        phrase=phrase,
        no_phrase=no_phrase,
        parts=parts,
        hold_out=held_out,
        cross_validate=cross_validate,
        align=align,
        seed=seed,
    )
    settings.check()
    if batch:
        if check_only:
            raise UsageError("--check-only is for one set of pairs", do="Leave --batch out.")
        learn_list(
            pairs,
            output,
            settings,
            BatchOptions(device, dtype, overwrite, machines if engine is Engine.RAY else None),
            json=json,
            quiet=quiet,
            verbose=verbose,
        )
        return
    if engine is Engine.RAY:
        raise UsageError(
            "--engine ray learns many brushes at once", do="Add --batch, or leave --engine out."
        )
    if check_only:
        from brushctl.pairs.find import find_pairs

        show_checks(find_pairs(pairs), align=align, json=json, quiet=quiet)
        return
    if output is None:
        raise UsageError("the new brush has no name", do="Add -o NAME.")
    with reporting(quiet=quiet, verbose=verbose) as report:
        report(Loading("loading"))
        open_model = model_opener(base, device, dtype)
        run = prepare(pairs, output, settings, overwrite=overwrite, resume=resume, report=report)
        learned = run.learn(open_model, resume=resume, report=report)
    if json:
        print_json({"brush": run.target.stem, **_facts(learned)})
    elif not quiet:
        _tell(learned, run, base, verbose=verbose)


def _facts(learned: LearnedBrush) -> dict[str, Any]:
    """What has become of the pairs, for programs; null for what could not be found out."""
    return {
        "path": str(learned.path),
        "sheet": str(learned.sheet) if learned.sheet else None,
        "judged": learned.judged.figures() if learned.judged else None,
        "metadata": learned.brush.metadata.to_dict(),
    }


def _tell(learned: LearnedBrush, run: PreparedRun, base: str | None, *, verbose: bool) -> None:
    """Say what has become of the pairs, and how to go on."""
    metadata = learned.brush.metadata
    assert metadata.training is not None
    used, found = len(metadata.training.pairs_sha256), len(run.pairs.all)
    pairs = counted(used, "pair") if used == found else f"{used} of {counted(found, 'pair')}"
    losses = _losses(metadata.training) if verbose else ""
    say(f"learned {metadata.name} from {pairs}{losses}")
    for line in learned.judged.verdict().splitlines() if learned.judged else ():
        say(line)
    say(str(learned.path))
    if learned.sheet:
        say(f"{learned.sheet}   (before, after, brush)")
    say(f"brushctl apply {quote(run.output)} PHOTOS -o EDITED{_based(learned, base)} repeats it")


def _based(learned: LearnedBrush, base: str | None) -> str:
    """The option that names the base again, where the brush needs it and it is a path."""
    from brushctl.engine.model.hub import is_here

    needed = base and learned.brush.metadata.base and is_here(base)
    return f" --base {quote(base)}" if base and needed else ""


def _losses(training: Training) -> str:
    """How far an instruction's loss fell; nothing of a grade."""
    if training.instruction is None:
        return ""
    losses = training.instruction.loss_first, training.instruction.loss_last
    first, last = (sum(x) / len(x) for x in losses)
    return f": loss {first:.4f} -> {last:.4f}"
