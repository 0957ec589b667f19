"""`brushctl apply`: repeat a brush's edit on photographs."""

from contextlib import AbstractContextManager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from brushctl.app.apply import ApplyOutcome
from brushctl.app.apply_plan import ApplySettings, check_sampling, plan_photographs
from brushctl.app.machines import Machines
from brushctl.brushes.cache import find
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
from brushctl.cli._output import reporting
from brushctl.cli._status import unless_busy
from brushctl.cli.applying import (
    Command,
    conclude,
    run_once,
    show_plan,
)
from brushctl.cli.hot_folder import check_endless, watch_folder, watchable
from brushctl.cli.scattering import Scatter, is_remote, scatter_once, scatter_urls
from brushctl.errors import UsageError
from brushctl.files import expanded
from brushctl.photos.choices import Detail, Engine, Quality
from brushctl.runs.inputs import check_named
from brushctl.runs.naming import TEMPLATE
from brushctl.runs.plan import Plan

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
    part = metadata.instruction_part()
    check_sampling(steps, s_T, s_I, schedule=part.buckets.edges[-1])
    steps = _steps(steps, quality, part.apply.steps)
    sampling: dict[str, Any] = {"seed": seed, "steps": steps, "s_T": s_T, "s_I": s_I}
    sampling |= {"base": base, "dtype": dtype}

    def open_editor() -> "AbstractContextManager[Editor]":
        from brushctl.brushes.file import read_brush
        from brushctl.engine.sampler import open_editor

        return open_editor(read_brush(path), device=device, **sampling)

    settings = ApplySettings(
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
    )
    page = expanded(report) if report else None
    command = Command(settings, json, quiet, page, open_editor)
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
        with reporting(quiet=quiet) as show:
            plan = plan_photographs(
                settings,
                named,
                output,
                files_from=files_from,
                template=name,
                in_place=in_place,
                report=show,
            )
        if plan is None:
            run = partial(conclude, command, ApplyOutcome())
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


def _steps(given: int | None, quality: Quality, own: int) -> int | None:
    fewer = quality.fewer(own)
    if given and fewer:
        raise UsageError("--steps and --quality contradict each other", do="Give one of them.")
    return given or fewer


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

        check_page(report, plan, overwrite=command.settings.overwrite)
