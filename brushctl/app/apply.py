"""Repeat a brush's edit on photographs: plan, choose what is to be done, edit, keep a journal."""

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from brushctl.app.apply_plan import ApplySettings, asked_of_model, plan_photographs, sampling_of
from brushctl.app.editors import loaded, open_editor_of, treatment_by
from brushctl.app.machines import Machines
from brushctl.errors import UsageError
from brushctl.events import Message, Reporter, silent
from brushctl.files import STREAM, read_bytes
from brushctl.photos.choices import Detail
from brushctl.runs.inputs import check_named
from brushctl.runs.plan import Job, Plan
from brushctl.runs.storage.base import AnyJournal, storage_of
from brushctl.settings import check_seed

if TYPE_CHECKING:
    from brushctl.brushes.file import Brush
    from brushctl.runs.records import Record
    from brushctl.runs.resume import Selection

Execute = Callable[[Plan, Sequence[Job], AnyJournal | None], "list[Record]"]
"""Edits photographs of a plan, each noted in the journal; returns what became of each."""
Stop = Callable[[], bool]
"""Whether the user wants the run to end when what is in hand is done."""


def go_on() -> bool:
    """Nobody stops the run."""
    return False


@dataclass(frozen=True, slots=True)
class ApplyOutcome:
    """How a run over photographs went.

    Attributes:
        records: what became of each photograph that was edited.
        failed_before: those that failed in an earlier run, and were not tried again.
        unchanged: how many were done already.
        left: how many are left, where the run was stopped.
        seconds: how long it took.
    """

    records: "Sequence[Record]" = ()
    failed_before: "Sequence[Record]" = ()
    unchanged: int = 0
    left: int = 0
    seconds: float = 0.0


def apply(
    inputs: str | Path | Sequence[str | Path],
    brush: "str | Path | Brush",
    output: str | Path | None = None,
    *,
    in_place: bool = False,
    overwrite: bool = False,
    on_top: bool = False,
    retry_failed: bool = False,
    detail: str = "auto",
    first_frame: bool = False,
    strip: bool = False,
    provenance: bool = True,
    seed: int = 0,
    steps: int | None = None,
    s_T: float | None = None,
    s_I: float | None = None,
    strength: float = 1.0,
    base: str | None = None,
    device: str = "auto",
    dtype: str | None = None,
    report: Reporter = silent,
) -> "list[Record]":
    """Edit photographs at their full size as `brushctl apply` does, with its journal.

    A second call edits only what is missing or has changed.

    Args:
        inputs: a file, folder or pattern, by path or URL; or several.
        brush: a name in the cache, a file, or a brush.
        output: a folder, by path or URL, or a file for one photograph; None only with `in_place`.
        in_place: replace each photograph by its result.
        overwrite: edit every photograph again.
        on_top: with `in_place`, edit the results of other edits too.
        retry_failed: try those again that failed in an earlier run.
        detail: where fine detail comes from: `transfer`, `model` or `auto`.
        first_frame: of a file of several pictures, edit the first.
        strip: drop the photographs' own EXIF, XMP, IPTC and comments.
        provenance: say in XMP which brush made the edit.
        seed: fixes every draw.
        steps: of sampling; None for the brush's own.
        s_T: instruction guidance; None for the brush's own.
        s_I: image guidance; None for the brush's own.
        strength: of the edit: 0 is none, 1 the brush's own, 2 twice as much.
        base: the base model; None for the one that the brush names.
        device: `auto`, `cpu`, `cuda`, `mps`.
        dtype: the number format of the model; None for the device's own.
        report: called with every event of the work; what it raises ends the work.

    Returns:
        what became of each photograph that was edited, and of those that failed in an earlier run:
        one bad file is a record with an `error` and stops no other.

    Raises:
        UsageError: the call contradicts itself, or a setting is out of its limits.
        PlanError: photographs cannot be found, or results cannot go where they should.
        OutputBusyError: another run writes into the same folder.
        BrushFormatError: the brush is not valid.
        BrushMismatchError: it is of another base model.
        BaseModelError: the base model is not on this machine.
        DeviceError: the device is not on this machine.
        StorageError: the storage of a URL cannot be reached.
        OSError: the disk is full or read-only.
    """
    from brushctl.brushes.cache import open_brush
    from brushctl.brushes.file import Brush

    check_seed(seed)
    if detail not in list(Detail):
        raise UsageError(
            f"there is no detail {detail!r}", do=f"Choose from {', '.join(map(str, Detail))}."
        )
    opened = brush if isinstance(brush, Brush) else open_brush(brush)
    metadata = opened.metadata
    given: dict[str, Any] = {"steps": steps, "s_T": s_T, "s_I": s_I, "base": base, "dtype": dtype}
    given["asked"] = asked_of_model(device=device, detail=Detail(detail))
    sampling = sampling_of(metadata, seed=seed, strength=strength, report=report, **given)
    settings = ApplySettings(
        brush=metadata.name,
        sha256=metadata.content_sha256,
        sampling=sampling,
        detail=Detail(detail) if metadata.buckets else Detail.AUTO,
        first_frame=first_frame,
        strip=strip,
        provenance=provenance,
        overwrite=overwrite,
        on_top=on_top,
        retry_failed=retry_failed,
    )
    named = tuple(map(str, [inputs] if isinstance(inputs, str | Path) else inputs))
    target = None if output is None else str(output)
    check_named(named if target is None else (*named, target))
    if STREAM in (*named, target):
        raise UsageError("a call edits files, and - is a stream", do="Name files or folders.")
    plan = plan_photographs(settings, named, target, in_place=in_place, report=report)
    if plan is None:
        return []
    execute = in_threads(lambda: opened, settings, device, report=report)
    outcome = carry_out(plan, settings, execute, report=report)
    return [*outcome.failed_before, *outcome.records]


def carry_out(
    plan: Plan,
    settings: ApplySettings,
    execute: Execute,
    *,
    page: Path | None = None,
    report: Reporter = silent,
) -> ApplyOutcome:
    """Do what of a plan is missing or has changed, and keep a journal of it.

    Args:
        plan: what to do.
        settings: how photographs are edited, and which of them again.
        execute: edits what is chosen, if anything is: `in_threads` or `on_cluster`.
        page: where a page of before and after goes, if anywhere.
        report: called with every event of the work.

    Raises:
        OutputBusyError: another run writes into the same folder.
    """
    from brushctl.runs.in_place import states_around
    from brushctl.runs.journal import check_idle
    from brushctl.runs.work import sweep

    def warn(line: str) -> None:
        report(Message(line))

    started = time.monotonic()
    held: AbstractContextManager[AnyJournal | None] = nullcontext()
    if plan.output is not None:
        held = storage_of(plan.output).journal(plan.output, warn)
    with held as journal:
        # With one's own lock held: of two that begin at one time, one at least sees the other.
        check_idle(states_around(plan))
        sweep(plan.jobs, plan.output)
        selection = choose(plan, settings, journal, warn)
        records = execute(plan, selection.todo, journal) if selection.todo else []
        if page and journal:
            from brushctl.runs.report import write_report

            title = f"{settings.brush}: {plan.output}"
            write_report(page, plan.jobs, journal.records, title=title)
    return ApplyOutcome(
        records=records,
        failed_before=selection.failed,
        unchanged=len(selection.current),
        left=len(selection.todo) - len(records),
        seconds=time.monotonic() - started,
    )


def choose(
    plan: Plan, settings: ApplySettings, journal: AnyJournal | None, warn: Callable[[str], None]
) -> "Selection":
    """Choose what of a plan is still to be done; the journal is told what has been looked up.

    Args:
        plan: what to do.
        settings: how photographs are edited, and which of them again.
        journal: of earlier runs, if there is one.
        warn: is told of results that are left alone.
    """
    selection = settings.select(plan, journal.records if journal else {})
    for job in selection.retouched:
        warn(
            f"warning: {job.target_file}: somebody has changed it since it was made,"
            " or it cannot be read, and it is left alone."
            " Pass --overwrite to make it anew."
        )
    if selection.otherwise:
        warn(_results_already(selection.otherwise, settings.treatment().settings))
    if journal and selection.renewed:
        journal.write(*selection.renewed)
    return selection


def _results_already(otherwise: "Sequence[dict[str, Any]]", now: "dict[str, Any]") -> str:
    """A warning of results that another edit has made in place."""
    from brushctl.runs.in_place import told_apart

    edits = ", ".join(sorted({told_apart(made, now) for made in otherwise}))
    return (
        f"warning: {len(otherwise)} of the photographs are results already, of {edits}, and are"
        " left alone. Put the originals back to edit those, or pass --on-top to edit the results."
    )


def planned_actions(plan: Plan, settings: ApplySettings) -> Iterator[tuple[str, Job]]:
    """What a run would do with each photograph: `edit` it, `keep` its result, or `skip` it."""
    records = {} if plan.output is None else storage_of(plan.output).records(plan.output)
    selection = settings.select(plan, records)
    current = {job.key for job in selection.current}
    failed = {record.file for record in selection.failed}
    for job in plan.jobs:
        yield "keep" if job.key in current else "skip" if job.key in failed else "edit", job


def in_threads(
    read: "Callable[[], Brush]",
    settings: ApplySettings,
    device: str,
    *,
    stop: Stop = go_on,
    report: Reporter = silent,
) -> Execute:
    """Edit in this process.

    Args:
        read: gives the brush, once there is something to do.
        settings: how photographs are edited.
        device: what its model works on, if it needs one.
        stop: asked between windows of photographs.
        report: called with every event of the work.
    """

    def execute(plan: Plan, jobs: Sequence[Job], journal: AnyJournal | None) -> "list[Record]":
        from brushctl.runs.executors.threads import edit_photographs

        with loaded(read, settings, device) as (editor, treatment):
            return edit_photographs(
                plan, jobs, editor, treatment, journal=journal, stop=stop, report=report
            )

    return execute


def on_cluster(
    brush: Path,
    settings: ApplySettings,
    machines: Machines,
    *,
    stop: Stop = go_on,
    report: Reporter = silent,
) -> Execute:
    """Edit on a Ray cluster.

    Args:
        brush: its file, which no other machine need have.
        settings: how photographs are edited.
        machines: the cluster.
        stop: asked between blocks of photographs.
        report: called with every event of the work.
    """

    def execute(plan: Plan, jobs: Sequence[Job], journal: AnyJournal | None) -> "list[Record]":
        from brushctl.brushes.file import decode_brush
        from brushctl.runs.executors.ray import edit_on_cluster

        assert journal is not None  # `check_for_cluster`
        with machines.joined(report) as pool:
            data = read_bytes(brush)
            how = {**settings.sampling, "device": machines.device}
            if "base" in how:
                how["base"] = machines.base(how["base"])
                how["dtype"] = machines.dtype(how["dtype"], pool)
            opener = partial(open_editor_of, data, how)
            treatment = treatment_by(decode_brush(data), settings)
            return edit_on_cluster(
                plan,
                jobs,
                opener,
                treatment,
                journal=journal,
                pool=pool,
                stop=stop,
                report=report,
            )

    return execute


def check_for_cluster(plan: Plan) -> None:
    """See that a plan is one that a cluster can carry out.

    Raises:
        UsageError: it is of a kind that one process does.
    """
    if plan.output is None or any(job.in_place for job in plan.jobs):
        raise UsageError(
            "a cluster edits photographs into an output folder",
            do="Use -o FOLDER, or one process.",
        )
