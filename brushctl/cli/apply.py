"""`brushctl apply`: repeat a brush's edit on photographs."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from brushctl.app.apply import (
    ApplyOutcome,
    carry_out,
    check_for_cluster,
    in_threads,
    on_cluster,
)
from brushctl.app.apply_plan import ApplySettings, asked_of_model, plan_photographs, sampling_of
from brushctl.app.machines import Machines
from brushctl.app.watch import watch_folders, watchable
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
from brushctl.cli._photographs import Shown
from brushctl.cli._signals import stopping_gently
from brushctl.cli._status import unless_busy
from brushctl.errors import UsageError
from brushctl.files import expanded, remove_unfinished
from brushctl.photos.choices import Detail, Engine, Quality
from brushctl.runs.inputs import check_named
from brushctl.runs.naming import TEMPLATE
from brushctl.runs.plan import Plan

if TYPE_CHECKING:
    from brushctl.brushes.file import Brush

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
    on_top: Annotated[
        bool,
        typer.Option(
            "--on-top",
            help="With --in-place: edit the results of other edits too.",
            rich_help_panel=BATCH,
        ),
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
    strength: Annotated[
        float,
        typer.Option(
            "--strength",
            help="How much of the edit: 0 is none, 1 all, 2 twice as much.",
            rich_help_panel=EDIT,
        ),
    ] = 1.0,
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
    if metadata.apply:
        steps = _steps(steps, quality, metadata.apply.steps)
    given: dict[str, Any] = {"steps": steps, "s_T": s_T, "s_I": s_I, "base": base, "dtype": dtype}
    given["asked"] = asked_of_model(device=device, detail=detail, quality=quality)
    with reporting(quiet=quiet) as tell:
        sampling = sampling_of(metadata, seed=seed, strength=strength, report=tell, **given)
    settings = ApplySettings(
        brush=metadata.name,
        sha256=metadata.content_sha256,
        sampling=sampling,
        detail=detail if metadata.buckets else Detail.AUTO,
        first_frame=first_frame,
        strip=strip,
        provenance=provenance,
        overwrite=overwrite,
        on_top=on_top,
        retry_failed=retry_failed,
        checksum=checksum,
    )
    page = expanded(report) if report else None
    command = _Command(path, settings, machines, engine, name, page, Shown(json, quiet))
    named = tuple(inputs or ())
    check_named(named if output is None else (*named, output))
    with unless_busy(json=json, quiet=quiet):
        if watch:
            of_one_run = (dry_run, overwrite, on_top, retry_failed, checksum)
            narrowed = any(of_one_run) or files_from is not None
            _check_endless(engine, report, narrowed=narrowed)
            command.watch(*watchable(named, output, in_place=in_place), settle)
            return
        plan = command.plan(named, output, files_from, in_place=in_place)
        if plan is None:
            command.shown.conclude(ApplyOutcome())
        elif dry_run:
            command.shown.plan(plan, settings)
        else:
            command.carry_out(plan)


@dataclass(frozen=True, slots=True)
class _Command:
    """The command line of one `apply`, apart from which photographs."""

    brush: Path
    settings: ApplySettings
    machines: Machines
    engine: Engine
    template: str
    page: Path | None
    shown: Shown

    def plan(
        self, named: tuple[str, ...], output: str | None, files_from: str | None, *, in_place: bool
    ) -> Plan | None:
        """What to do; None where there is nothing."""
        with reporting(quiet=self.shown.quiet) as report:
            plan = plan_photographs(
                self.settings,
                named,
                output,
                files_from=files_from,
                template=self.template,
                in_place=in_place,
                report=report,
            )
        if plan:
            _check_results(plan, self, in_place=in_place)
        return plan

    def read_brush(self) -> "Brush":
        from brushctl.brushes.file import read_brush

        return read_brush(self.brush)

    def carry_out(self, plan: Plan) -> None:
        """Carry a plan out; exits with 3 or 4 when photographs failed, 130 when stopped."""
        is_local = self.engine is Engine.LOCAL
        # A cluster's processes are to be told of the end: only one's own may end at once.
        ending = remove_unfinished if is_local else None
        with stopping_gently(ending) as stop, self.shown.reporting() as report:
            execute = (
                in_threads(
                    self.read_brush, self.settings, self.machines.device, stop=stop, report=report
                )
                if is_local
                else on_cluster(self.brush, self.settings, self.machines, stop=stop, report=report)
            )
            outcome = carry_out(plan, self.settings, execute, page=self.page, report=report)
        self.shown.conclude(outcome)

    def watch(self, folders: Sequence[str], output: Path, settle: float) -> None:
        """Edit what arrives in folders until a signal."""
        with stopping_gently(remove_unfinished) as stop:
            watch_folders(
                folders,
                output,
                self.settings,
                self.read_brush,
                self.machines.device,
                template=self.template,
                settle=settle,
                stop=stop,
                reporting=self.shown.reporting,
            )


def _steps(given: int | None, quality: Quality, own: int) -> int | None:
    fewer = quality.fewer(own)
    if given and fewer:
        raise UsageError("--steps and --quality contradict each other", do="Give one of them.")
    return fewer if given is None else given


def _check_endless(engine: Engine, report: Path | None, *, narrowed: bool) -> None:
    """See that nothing is asked of a hot folder that only a run with an end can do.

    Raises:
        UsageError: something is.
    """
    if report:
        raise UsageError("--report needs a run that ends", do="Leave --watch out.")
    if engine is Engine.RAY:
        raise UsageError("--watch needs the local engine", do="Call a cluster from cron.")
    if narrowed:
        raise UsageError(
            "--watch goes on for ever, over folders",
            do="Leave out --dry-run, --overwrite, --on-top, --retry-failed, --checksum and "
            "--files-from.",
        )


def _check_results(plan: Plan, command: _Command, *, in_place: bool) -> None:
    """See that what is asked for can be had where the results go.

    Raises:
        UsageError: it cannot.
    """
    if command.shown.json and plan.jobs[0].target_file is None:
        raise UsageError("the result and --json cannot both go to stdout", do="Give -o a file.")
    named_already = in_place or plan.output is None
    if command.template != TEMPLATE and named_already:
        raise UsageError("--name is for results in a folder of their own", do="Use -o FOLDER.")
    if command.page and named_already:
        raise UsageError("--report needs results beside their originals", do="Use -o FOLDER.")
    if command.engine is Engine.RAY:
        check_for_cluster(plan)
    if command.page:
        from brushctl.runs.report import check_page

        check_page(command.page, plan, overwrite=command.settings.overwrite)
