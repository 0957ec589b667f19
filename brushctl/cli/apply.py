"""`brushctl apply`: repeat a brush's edit on photographs."""

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from threading import Event
from typing import TYPE_CHECKING, Any

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
from brushctl.cli import _apply_options as options
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
    Timestamps,
    Workers,
)
from brushctl.cli._order import check_order
from brushctl.cli._output import say
from brushctl.cli._photographs import Shown, Tally
from brushctl.cli._progress import loading, reporting
from brushctl.cli._signals import stopping_gently
from brushctl.cli._status import unless_busy
from brushctl.cli._streams import check_stdin_gives_bytes, check_stdout_takes_bytes
from brushctl.errors import UsageError
from brushctl.files import STREAM, expanded, remove_unfinished
from brushctl.photos.choices import Detail, Effort, Engine
from brushctl.runs.inputs import check_named
from brushctl.runs.naming import TEMPLATE
from brushctl.runs.plan import Plan

if TYPE_CHECKING:
    from brushctl.brushes.file import Brush
    from brushctl.events import Reporter

SETTLE = 5.0
"""Seconds for which a file of a hot folder must not have changed."""


def apply(
    brush: BrushName,
    inputs: options.Inputs = None,
    *,
    output: options.Output = None,
    in_place: options.InPlace = False,
    strength: options.Strength = 1.0,
    quality: options.Quality = None,
    name: options.Name = TEMPLATE,
    report: options.Report = None,
    dry_run: options.DryRun = False,
    overwrite: options.Overwrite = False,
    on_top: options.OnTop = False,
    retry_failed: options.RetryFailed = False,
    quiet: Quiet = False,
    verbose: options.Verbose = False,
    timestamps: Timestamps = False,  # noqa: ARG001  (read from the command line)
    json: options.JsonLines = False,
    files_from: options.FilesFrom = None,
    first_frame: options.FirstFrame = False,
    accept_failed: options.AcceptFailed = False,
    checksum: options.Checksum = False,
    watch: options.Watch = False,
    settle: options.Settle = SETTLE,
    strip: options.Strip = False,
    provenance: options.SayProvenance = True,
    detail: options.DetailFrom = Detail.AUTO,
    effort: options.SamplingEffort = Effort.BEST,
    steps: options.Steps = None,
    s_T: options.InstructionGuidance = None,
    s_I: options.ImageGuidance = None,
    seed: Seed = 0,
    base: Base = None,
    device: Device = "auto",
    dtype: Dtype = None,
    engine: EngineName = Engine.LOCAL,
    ray_address: RayAddress = None,
    workers: Workers = None,
    cores: Cores = 1,
    per_gpu: PerGpu = 1,
) -> None:
    """Repeat a brush's edit on photographs, at their full size.

    A second run edits only what is missing or has changed. Status 3: some files failed; 4: all.

    Examples:
        brushctl apply golden-hour photos/ -o edited/
        brushctl apply golden-hour photos/ -o edited/ --dry-run
        brushctl apply golden-hour harbour.jpg -o harbour-edited.jpg --quality 90
        brushctl apply golden-hour - < harbour.jpg > edited.jpg
    """
    machines = Machines(ray_address, workers, cores, per_gpu, device)
    machines.check(engine)
    if settle != SETTLE and not watch:
        raise UsageError("--settle works with --watch", do="Add --watch, or leave it out.")
    check_order(brush, inputs or ())
    path = find(brush)
    metadata = read_metadata(path)
    given: dict[str, Any] = {"steps": steps, "s_T": s_T, "s_I": s_I, "base": base, "dtype": dtype}
    given["asked"] = asked_of_model(device=device, detail=detail)
    with reporting(quiet=quiet) as tell:
        sampling = sampling_of(
            metadata, seed=seed, strength=strength, effort=effort, report=tell, **given
        )
    settings = ApplySettings(
        brush=metadata.name,
        sha256=metadata.content_sha256,
        sampling=sampling,
        detail=detail if metadata.buckets else Detail.AUTO,
        first_frame=first_frame,
        strip=strip,
        provenance=provenance,
        quality=quality,
        overwrite=overwrite,
        on_top=on_top,
        retry_failed=retry_failed,
        accept_failed=accept_failed,
        checksum=checksum,
    )
    page = expanded(report) if report else None
    command = _Command(path, settings, machines, engine, name, page, Shown(json, quiet, verbose))
    named = tuple(inputs or ())
    check_named(named if output is None else (*named, output))
    with unless_busy(json=json, quiet=quiet):
        if watch:
            of_one_run = (dry_run, overwrite, on_top, retry_failed, accept_failed, checksum)
            narrowed = any(of_one_run) or files_from is not None
            _check_endless(engine, report, narrowed=narrowed)
            command.watch(*watchable(named, output, in_place=in_place), settle)
            return
        if STREAM in named:
            check_stdin_gives_bytes("the photograph")
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
        with loading(), reporting(quiet=self.shown.quiet) as report:
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
        if self.page and not self.shown.quiet:
            say(f"before and after: {self.page}")
        self.shown.conclude(outcome)

    def watch(self, folders: Sequence[str], output: Path, settle: float) -> None:
        """Edit what arrives in folders until a signal, and sum up what was edited."""
        began, tally, in_hand = time.monotonic(), Tally(), Event()

        @contextmanager
        def reporting() -> "Iterator[Reporter]":
            in_hand.set()
            try:
                with self.shown.reporting(tally) as report:
                    yield report
            finally:
                in_hand.clear()

        with stopping_gently(remove_unfinished, in_hand.is_set) as stop:
            watch_folders(
                folders,
                output,
                self.settings,
                self.read_brush,
                self.machines.device,
                template=self.template,
                settle=settle,
                stop=stop,
                reporting=reporting,
            )
        counts = {"done": tally.done, "failed": tally.failed}
        self.shown.summarise(counts, tally.megapixels, time.monotonic() - began)


def _check_endless(engine: Engine, report: Path | None, *, narrowed: bool) -> None:
    """See that nothing is asked of a hot folder that only a run with an end can do.

    Raises:
        UsageError: something is.
    """
    if report:
        raise UsageError("--report needs a run that ends", do="Leave --watch out.")
    if engine is Engine.RAY:
        raise UsageError("--watch works in one process", do="Leave --engine ray out.")
    if narrowed:
        raise UsageError(
            "--watch has no end, and these options are for a run that ends",
            do="Leave out --dry-run, --overwrite, --on-top, --retry-failed, --accept-failed, "
            "--checksum and --files-from.",
        )


def _check_results(plan: Plan, command: _Command, *, in_place: bool) -> None:
    """See that what is asked for can be had where the results go.

    Raises:
        UsageError: it cannot.
    """
    to_stdout = plan.jobs[0].target_file is None
    if command.shown.json and to_stdout:
        raise UsageError("the result and --json cannot both go to stdout", do="Give -o a file.")
    if to_stdout:
        check_stdout_takes_bytes("a photograph", "Add -o FILE, or > FILE.")
    named_already = in_place or plan.output is None
    if command.template != TEMPLATE and named_already:
        raise UsageError("--name is for results in a folder of their own", do="Use -o FOLDER.")
    if command.page and named_already:
        raise UsageError(
            "--report shows originals beside results in a folder of their own", do="Use -o FOLDER."
        )
    if command.engine is Engine.RAY:
        check_for_cluster(plan)
    if command.page:
        from brushctl.runs.report import check_page

        check_page(command.page, plan, overwrite=command.settings.overwrite)
