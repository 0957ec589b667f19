"""`brushctl apply`: repeat a brush's edit on photographs."""

from contextlib import AbstractContextManager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from brushctl.app.machines import Machines
from brushctl.brushes import limits
from brushctl.brushes.cache import find
from brushctl.brushes.fields import as_usage_errors
from brushctl.brushes.header import read_metadata
from brushctl.cli._options import (
    Base,
    BrushName,
    Cores,
    Device,
    Dtype,
    EngineName,
    PerGpu,
    Quiet,
    RayAddress,
    Seed,
    Workers,
)
from brushctl.cli._status import unless_busy
from brushctl.cli.applying import (
    Command,
    conclude,
    passed_over,
    run_once,
    show_plan,
    without_results,
)
from brushctl.cli.hot_folder import check_endless, watch_folder, watchable
from brushctl.cli.scattering import Scatter, is_remote, scatter_once, scatter_urls
from brushctl.errors import UsageError
from brushctl.files import STREAM, expanded
from brushctl.photos.choices import Detail, Engine, Quality
from brushctl.runs.inputs import check_named, find_inputs, read_list
from brushctl.runs.naming import TEMPLATE, names_picture
from brushctl.runs.plan import STATE, Plan, plan_folder, plan_in_place, plan_single

if TYPE_CHECKING:
    from brushctl.runs.steps import Editor

SETTLE = 5.0
"""Seconds for which a file of a hot folder must not have changed."""
BATCH, EDIT, FILES = "Which photographs", "The edit", "The files"


def apply(
    brush: BrushName,
    inputs: Annotated[
        list[str] | None,
        typer.Argument(help="Files, folders and quoted patterns; - reads one from stdin."),
    ] = None,
    *,
    output: Annotated[
        str | None,
        typer.Option("-o", "--output", help="A folder, or a file for one; - is stdout."),
    ] = None,
    in_place: Annotated[
        bool, typer.Option("--in-place", help="Replace each photograph by its result.")
    ] = False,
    name: Annotated[
        str, typer.Option("--name", help="Results' names: {stem} {ext} {brush} {folder} {n}.")
    ] = TEMPLATE,
    files_from: Annotated[
        str | None,
        typer.Option(
            "--files-from",
            help="A list of files, by line or NUL; - is stdin.",
            rich_help_panel=BATCH,
        ),
    ] = None,
    first_frame: Annotated[
        bool,
        typer.Option(
            "--first-frame",
            help="Of a file of several pictures, edit the first.",
            rich_help_panel=BATCH,
        ),
    ] = False,
    overwrite: Annotated[
        bool,
        typer.Option("--overwrite", help="Edit every photograph again.", rich_help_panel=BATCH),
    ] = False,
    retry_failed: Annotated[
        bool, typer.Option("--retry-failed", help="Try failed ones again.", rich_help_panel=BATCH)
    ] = False,
    checksum: Annotated[
        bool,
        typer.Option(
            "--checksum",
            help="Compare contents, also of files whose size and time are as they were.",
            rich_help_panel=BATCH,
        ),
    ] = False,
    watch: Annotated[
        bool, typer.Option("--watch", help="Wait for more until stopped.", rich_help_panel=BATCH)
    ] = False,
    settle: Annotated[
        float,
        typer.Option(
            min=0,
            help="With --watch: seconds a file must stay as it is first.",
            rich_help_panel=BATCH,
        ),
    ] = SETTLE,
    engine: EngineName = Engine.LOCAL,
    ray_address: RayAddress = None,
    workers: Workers = None,
    cores: Cores = 1,
    per_gpu: PerGpu = 1,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Only print the plan.", rich_help_panel=BATCH)
    ] = False,
    detail: Annotated[
        Detail,
        typer.Option(
            help="Fine detail: the photograph's (transfer), the model's, or what fits.",
            rich_help_panel=EDIT,
        ),
    ] = Detail.AUTO,
    quality: Annotated[
        Quality,
        typer.Option(
            help="Of sampling: draft and standard take fewer steps, and less time.",
            rich_help_panel=EDIT,
        ),
    ] = Quality.BEST,
    seed: Seed = 0,
    steps: Annotated[int | None, typer.Option(help="Sampling steps.", rich_help_panel=EDIT)] = None,
    s_T: Annotated[
        float | None,
        typer.Option("--s-t", help="Instruction guidance.", rich_help_panel=EDIT),
    ] = None,
    s_I: Annotated[
        float | None, typer.Option("--s-i", help="Image guidance.", rich_help_panel=EDIT)
    ] = None,
    base: Base = None,
    device: Device = "auto",
    dtype: Dtype = None,
    strip: Annotated[
        bool,
        typer.Option(
            "--strip",
            help="Drop the photograph's own EXIF, XMP, IPTC and comments.",
            rich_help_panel=FILES,
        ),
    ] = False,
    provenance: Annotated[
        bool,
        typer.Option(help="Say in XMP which brush made the edit.", rich_help_panel=FILES),
    ] = True,
    report: Annotated[
        Path | None,
        typer.Option("--report", help="Write a page of before and after.", rich_help_panel=FILES),
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="Print events as JSON lines.")] = False,
    quiet: Quiet = False,
) -> None:
    """Repeat a brush's edit on photographs, at their full size.

    A second run edits only what is missing or has changed. Status 3: some files failed; 4: all.
    """
    machines = Machines(ray_address, workers, cores, per_gpu, device)
    machines.check(engine)
    if settle != SETTLE and not watch:
        raise UsageError("--settle is for a hot folder", do="Add --watch, or leave it out.")
    path = find(brush)
    metadata = read_metadata(path)
    _check_sampling(steps, s_T, s_I, schedule=metadata.buckets.edges[-1])
    steps = _steps(steps, quality, metadata.apply.steps)
    sampling: dict[str, Any] = {"seed": seed, "steps": steps, "s_T": s_T, "s_I": s_I}
    sampling |= {"base": base, "dtype": dtype}

    def open_editor() -> "AbstractContextManager[Editor]":
        from brushctl.brushes.file import read_brush
        from brushctl.engine.sampler import open_editor

        return open_editor(read_brush(path), device=device, **sampling)

    command = Command(
        brush=metadata.name,
        sha256=metadata.content_sha256,
        sampling=sampling,
        detail=detail,
        first_frame=first_frame,
        strip=strip,
        provenance=provenance,
        overwrite=overwrite,
        retry_failed=retry_failed,
        checksum=checksum,
        json=json,
        quiet=quiet,
        report=expanded(report) if report else None,
        open_editor=open_editor,
    )
    named = tuple(inputs or ())
    check_named(named if output is None else (*named, output))
    paths_only = in_place or checksum or files_from is not None
    scatter = Scatter(path, {**sampling, "device": device}, machines)
    if watch:
        narrowed = dry_run or overwrite or retry_failed or checksum or files_from is not None
        check_endless(engine, report, narrowed=narrowed)
        folders, target = watchable(named, output, in_place=in_place)
        run = partial(watch_folder, command, folders, target, template=name, settle=settle)
    elif is_remote(named, output, engine, paths_only=paths_only):
        run = partial(scatter_urls, command, scatter, named, output, template=name, dry_run=dry_run)
    else:
        if in_place and first_frame:
            raise UsageError("--in-place would lose all but the --first-frame", do="Use -o FOLDER.")
        plan = _plan(command, named, files_from, output, name, in_place=in_place)
        if plan is None:
            run = partial(conclude, command, (), (), unchanged=0, left=0, seconds=0.0)
        else:
            _check_results(plan, name, command, in_place=in_place)
            run = partial(_carry_out, command, scatter, plan, engine, dry_run=dry_run)
    with unless_busy(json=json, quiet=quiet):
        run()


def _carry_out(
    command: Command, scatter: Scatter, plan: Plan, engine: Engine, *, dry_run: bool
) -> None:
    if dry_run:
        show_plan(command, plan)
    elif engine is Engine.RAY:
        scatter_once(command, scatter, plan)
    else:
        run_once(command, plan)


def _check_sampling(
    steps: int | None, s_T: float | None, s_I: float | None, *, schedule: int
) -> None:
    """See that what is given in place of a brush's own settings is what a brush might have.

    Raises:
        UsageError: it is not.
    """
    with as_usage_errors():
        if steps is not None:
            limits.sampling_steps(schedule)(steps, "--steps")
        for option, scale in (("--s-t", s_T), ("--s-i", s_I)):
            if scale is not None:
                limits.guidance(scale, option)


def _steps(given: int | None, quality: Quality, own: int) -> int | None:
    fewer = quality.fewer(own)
    if given and fewer:
        raise UsageError("--steps and --quality contradict each other", do="Give one of them.")
    return given or fewer


def _plan(
    command: Command,
    named: tuple[str, ...],
    files_from: str | None,
    output: str | None,
    template: str,
    *,
    in_place: bool,
) -> Plan | None:
    """What to do; None where a list of files is all that is named, and is empty."""
    if in_place and output is not None:
        raise UsageError("--in-place and -o contradict each other")
    if in_place and STREAM in named:
        raise UsageError("--in-place replaces files, and - is a stream", do="Name files.")
    if STREAM in named or output == STREAM:
        return _plan_stream(named, files_from, output)
    if not named and files_from is None:
        raise UsageError("no photographs are named", do="Name files or folders, or - for stdin.")
    if output is None and not in_place:
        raise UsageError("where the results go is not said", do="Add -o FOLDER, or --in-place.")
    listed = () if files_from is None else read_list(files_from)
    if not named and not listed:
        return None
    found = find_inputs(
        named, listed, passed_over=lambda *told: command.mention(passed_over(*told))
    )
    if output is None:
        return plan_in_place(found)
    target = expanded(output)
    one_file = len(named) == len(found) == 1 and found[0].root is None
    if names_picture(output):
        if one_file:
            return plan_single(found[0].path, target)
        raise UsageError(
            "this is a picture's name, which one named file alone can have for its result",
            where=output,
            do=f"Name a folder; {output}/ is one.",
        )
    photographs = without_results(command, found, target / STATE)
    return plan_folder(photographs, target, template=template, brush=command.brush)


def _check_results(plan: Plan, template: str, command: Command, *, in_place: bool) -> None:
    """See that what is asked for can be had where the results go.

    Raises:
        UsageError: it cannot.
    """
    report = command.report
    if command.json and plan.jobs[0].target is None:
        raise UsageError("the result and --json cannot both go to stdout", do="Give -o a file.")
    named_already = in_place or plan.state is None
    if template != TEMPLATE and named_already:
        raise UsageError("--name is for results in a folder of their own", do="Use -o FOLDER.")
    if report and named_already:
        raise UsageError("--report needs results beside their originals", do="Use -o FOLDER.")
    if report:
        from brushctl.runs.report import check_page

        check_page(report, plan, overwrite=command.overwrite)


def _plan_stream(named: tuple[str, ...], files_from: str | None, output: str | None) -> Plan:
    one = UsageError("a standard stream carries one photograph", do="Name exactly one input.")
    if len(named) != 1 or files_from is not None:
        raise one
    if named != (STREAM,):
        found = find_inputs(named)
        if len(found) != 1 or found[0].root:
            raise one
        return plan_single(found[0].path, None)
    target = None if output is None or output == STREAM else expanded(output)
    return plan_single(None, target)
