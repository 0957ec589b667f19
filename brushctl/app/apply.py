"""Repeat a brush's edit on photographs: plan, choose what is to be done, edit, keep a journal."""

import time
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from brushctl.app.apply_plan import ApplySettings, check_sampling, plan_photographs
from brushctl.errors import UsageError
from brushctl.events import Reporter, Told, silent
from brushctl.files import STREAM
from brushctl.photos.choices import Detail
from brushctl.runs.inputs import check_named
from brushctl.runs.links import RealPaths
from brushctl.runs.plan import Plan
from brushctl.settings import check_seed

if TYPE_CHECKING:
    from brushctl.brushes.file import Brush
    from brushctl.runs.journal import Journal
    from brushctl.runs.records import Record
    from brushctl.runs.remote_plan import Chosen
    from brushctl.runs.resume import Selection
    from brushctl.runs.steps import Editor

    Edit = Callable[[Plan, Selection, Journal | None], list[Record]]


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
    inputs: Sequence[str | Path],
    brush: "str | Path | Brush",
    output: str | Path | None = None,
    *,
    in_place: bool = False,
    overwrite: bool = False,
    retry_failed: bool = False,
    detail: str = "auto",
    first_frame: bool = False,
    strip: bool = False,
    provenance: bool = True,
    seed: int = 0,
    steps: int | None = None,
    s_T: float | None = None,
    s_I: float | None = None,
    base: str | None = None,
    device: str = "auto",
    dtype: str | None = None,
    report: Reporter = silent,
) -> "list[Record]":
    """Edit photographs at their full size as `brushctl apply` does, with its journal.

    A second call edits only what is missing or has changed.

    Args:
        inputs: files, folders and patterns.
        brush: a name in the cache, a file, or a brush.
        output: a folder, or a file for one photograph; None only with `in_place`.
        in_place: replace each photograph by its result.
        overwrite: edit every photograph again.
        retry_failed: try those again that failed in an earlier run.
        detail: where fine detail comes from: `transfer`, `model` or `auto`.
        first_frame: of a file of several pictures, edit the first.
        strip: drop the photographs' own EXIF, XMP, IPTC and comments.
        provenance: say in XMP which brush made the edit.
        seed: fixes every draw.
        steps: of sampling; None for the brush's own.
        s_T: instruction guidance; None for the brush's own.
        s_I: image guidance; None for the brush's own.
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
        OSError: the disk is full or read-only.
    """
    from brushctl.brushes.cache import open_brush
    from brushctl.brushes.file import Brush
    from brushctl.engine.sampler import open_editor

    check_seed(seed)
    if detail not in list(Detail):
        raise UsageError(
            f"there is no detail {detail!r}", do=f"Choose from {', '.join(map(str, Detail))}."
        )
    opened = brush if isinstance(brush, Brush) else open_brush(brush)
    metadata = opened.metadata
    check_sampling(steps, s_T, s_I, schedule=metadata.instruction_part().buckets.edges[-1])
    sampling: dict[str, Any] = {"seed": seed, "steps": steps, "s_T": s_T, "s_I": s_I}
    sampling |= {"base": base, "dtype": dtype}
    settings = ApplySettings(
        brush=metadata.name,
        sha256=metadata.content_sha256,
        sampling=sampling,
        detail=Detail(detail),
        first_frame=first_frame,
        strip=strip,
        provenance=provenance,
        overwrite=overwrite,
        retry_failed=retry_failed,
    )
    named = tuple(map(str, inputs))
    target = None if output is None else str(output)
    check_named(named if target is None else (*named, target))
    if STREAM in (*named, target):
        raise UsageError("a call edits files, and - is a stream", do="Name files or folders.")
    plan = plan_photographs(settings, named, target, in_place=in_place, report=report)
    if plan is None:
        return []

    def edit(plan: Plan, selection: "Selection", journal: "Journal | None") -> "list[Record]":
        with open_editor(opened, device=device, **sampling) as editor:
            return edit_here(plan, selection, settings, editor, journal, report=report)

    outcome = carry_out(plan, settings, edit, report=report)
    return [*outcome.failed_before, *outcome.records]


def carry_out(
    plan: Plan,
    settings: ApplySettings,
    edit: "Edit",
    *,
    page: Path | None = None,
    report: Reporter = silent,
) -> ApplyOutcome:
    """Do what of a plan is missing or has changed, and keep a journal of it.

    Args:
        plan: what to do.
        settings: how photographs are edited, and which of them again.
        edit: edits what is chosen, if anything is; returns what became of it.
        page: where a page of before and after goes, if anywhere.
        report: called with every event of the work.

    Raises:
        OutputBusyError: another run writes into the same folder.
    """
    from brushctl.runs.in_place import states_around
    from brushctl.runs.journal import Journal, check_idle

    def warn(line: str) -> None:
        report(Told(line))

    started = time.monotonic()
    held: AbstractContextManager[Journal | None]
    held = Journal(plan.state, warn) if plan.state else nullcontext()
    with held as journal:
        # With one's own lock held: of two that begin at one time, one at least sees the other.
        check_idle(states_around(plan))
        sweep_plan(plan)
        selection = settings.select(plan, journal.records if journal else {})
        for line in left_alone(selection):
            warn(line)
        if journal and selection.renewed:
            journal.write(*selection.renewed)
        records = edit(plan, selection, journal) if selection.todo else []
        if page and journal:
            from brushctl.runs.report import write_report

            title = f"{settings.brush}: {journal.path.parent.parent}"
            write_report(page, plan.jobs, journal.records, title=title)
    return ApplyOutcome(
        records=records,
        failed_before=selection.failed,
        unchanged=len(selection.current),
        left=len(selection.todo) - len(records),
        seconds=time.monotonic() - started,
    )


def edit_here(
    plan: Plan,
    selection: "Selection",
    settings: ApplySettings,
    editor: "Editor",
    journal: "Journal | None",
    *,
    stop: Callable[[], bool] = lambda: False,
    report: Reporter = silent,
) -> "list[Record]":
    """Edit in this process; return what became of each photograph."""
    from brushctl.runs.work import edit_photographs

    return edit_photographs(
        plan,
        selection.todo,
        editor,
        settings.treatment(),
        journal=journal,
        stop=stop,
        report=report,
    )


def left_alone(selection: "Selection | Chosen") -> list[str]:
    """Warnings of results that somebody has changed since they were made, it seems."""
    return [
        f"warning: {job.target}: somebody has changed it since it was made, or it cannot be read,"
        " and it is left alone."
        " Pass --overwrite to make it anew."
        for job in selection.retouched
    ]


def sweep_plan(plan: Plan) -> None:
    """Delete what killed runs of a plan have left half-written."""
    from brushctl.runs.results import sweep_results

    real = RealPaths()
    targets = ((job.target_file, job.in_place) for job in plan.jobs if job.target_file)
    files = (real.of(target) if in_place else target for target, in_place in targets)
    sweep_results(files, plan.state.parent if plan.state else None)
