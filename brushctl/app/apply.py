"""Repeat a brush's edit on photographs: plan, choose what is to be done, edit, keep a journal."""

import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Unpack, overload

from brushctl.app.apply_image import How, HowFiles, apply_to_image
from brushctl.app.apply_plan import ApplySettings, asked_of_model, plan_photographs, sampling_of
from brushctl.app.choose import choose
from brushctl.app.editors import loaded, open_editor_of, treatment_by
from brushctl.app.machines import Machines
from brushctl.errors import UsageError
from brushctl.events import Loading, Message, Reporter, silent
from brushctl.files import STREAM, read_bytes
from brushctl.photos.choices import Detail, Effort, one_of, quality_of
from brushctl.runs.inputs import check_named
from brushctl.runs.plan import Job, Plan
from brushctl.runs.storage.base import AnyJournal, storage_of
from brushctl.settings import check_seed

if TYPE_CHECKING:
    from PIL.Image import Image

    from brushctl.brushes.file import Brush
    from brushctl.runs.records import Record

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
        named: what the user calls these, by the names of their results.
        accepted: how many of these the user knows of, which are not in `failed_before`.
        unchanged: how many were done already.
        left: how many are left, where the run was stopped.
        seconds: how long it took.
    """

    records: "Sequence[Record]" = ()
    failed_before: "Sequence[Record]" = ()
    named: Mapping[str, str] = field(default_factory=dict)
    accepted: int = 0
    unchanged: int = 0
    left: int = 0
    seconds: float = 0.0


@overload
def apply(inputs: "Image", brush: "str | Path | Brush", **how: Unpack[How]) -> "Image": ...
@overload
def apply(
    inputs: str | Path | Sequence[str | Path],
    brush: "str | Path | Brush",
    output: str | Path | None = None,
    **how: Unpack[HowFiles],
) -> "list[Record]": ...
def apply(
    inputs: "Image | str | Path | Sequence[str | Path]",
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
    quality: int | None = None,
    seed: int = 0,
    steps: int | None = None,
    effort: str = "best",
    s_T: float | None = None,
    s_I: float | None = None,
    strength: float = 1.0,
    base: str | None = None,
    device: str = "auto",
    dtype: str | None = None,
    report: Reporter = silent,
) -> "list[Record] | Image":
    """Edit photographs at their full size as `brushctl apply` does.

    Files are edited with its journal: a second call edits only what is missing or has changed. A
    Pillow image is edited in memory.

    Args:
        inputs: a file, folder or pattern, by path or URL; or several; or a Pillow image of 8 bits.
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
        quality: of the encoder of JPEG, WebP, AVIF and HEIC, 1 to 100; None for the photograph's
            own, or the format's usual one.
        seed: fixes every draw.
        steps: of sampling; None for the brush's own.
        effort: the share of the brush's own steps: `draft`, `standard` or `best`, which is all.
        s_T: instruction guidance; None for the brush's own.
        s_I: image guidance; None for the brush's own.
        strength: of the edit: 0 is none, 1 the brush's own, 2 twice as much.
        base: the base model; None for the one that the brush names.
        device: `auto`, `cpu`, `cuda`, `mps`.
        dtype: the number format of the model; None for the device's own.
        report: called with every event of the work; what it raises ends the work.

    Returns:
        of files, what became of each that was edited, and of those that failed in an earlier run:
        one bad file is a record with an `error` and stops no other. Of an image, a new one of the
        same mode, upright, in the same profile and with the same `info`.

    Raises:
        PhotoError: an image is of a mode that cannot be edited, or too large.
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
    from PIL.Image import Image

    from brushctl.brushes.cache import names_brush, open_brush
    from brushctl.brushes.file import Brush

    check_seed(seed)
    chosen_detail, sampled = one_of(Detail, detail, "detail"), one_of(Effort, effort, "effort")
    several = [inputs] if isinstance(inputs, str | Path | Image) else inputs
    named = tuple(str(each) for each in several if not isinstance(each, Image))
    if not isinstance(brush, Brush):
        if not names_brush(str(brush)) and any(map(names_brush, named)):
            raise UsageError("the photographs come before the brush", do="Exchange the two.")
        brush = open_brush(brush)
    metadata = brush.metadata
    given: dict[str, Any] = {"steps": steps, "s_T": s_T, "s_I": s_I, "base": base, "dtype": dtype}
    given["asked"] = asked_of_model(device=device, detail=chosen_detail)
    sampling = sampling_of(
        metadata, seed=seed, strength=strength, effort=sampled, report=report, **given
    )
    settings = ApplySettings(
        brush=metadata.name,
        sha256=metadata.content_sha256,
        sampling=sampling,
        detail=chosen_detail if metadata.buckets else Detail.AUTO,
        first_frame=first_frame,
        strip=strip,
        provenance=provenance,
        quality=None if quality is None else quality_of(quality),
        overwrite=overwrite,
        on_top=on_top,
        retry_failed=retry_failed,
    )
    if isinstance(inputs, Image):
        if output is not None or in_place:
            raise UsageError(
                "an image in memory has no file", do="Save what this call returns instead."
            )
        return apply_to_image(inputs, brush, settings, device)
    target = None if output is None else str(output)
    check_named(named if target is None else (*named, target))
    if STREAM in (*named, target):
        raise UsageError("a call edits files, and - is a stream", do="Name files or folders.")
    plan = plan_photographs(settings, named, target, in_place=in_place, report=report)
    if plan is None:
        return []
    execute = in_threads(lambda: brush, settings, device, report=report)
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
    report(Loading("loading"))
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
        named={job.key: name for job in plan.jobs if (name := job.called)},
        accepted=len(selection.accepted),
        unchanged=len(selection.current),
        left=len(selection.todo) - len(records),
        seconds=time.monotonic() - started,
    )


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

        with loaded(read, settings, device, jobs=jobs, report=report) as (editor, treatment):
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
