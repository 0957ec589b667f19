"""How `brushctl apply` runs; what it says while and after."""

import os
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from brushctl import __version__
from brushctl.cli._output import counted, print_fields, print_line, reporting, say
from brushctl.cli._signals import stopping_gently
from brushctl.cli._status import exit_with_failed, say_failed
from brushctl.errors import Interrupted
from brushctl.files import STREAM, remove_unfinished
from brushctl.photos.choices import Detail
from brushctl.runs.inputs import Input
from brushctl.runs.links import RealPaths
from brushctl.runs.plan import Plan, check_room

if TYPE_CHECKING:
    from brushctl.events import Event, Reporter
    from brushctl.runs.journal import Journal
    from brushctl.runs.records import Record
    from brushctl.runs.remote_plan import Chosen
    from brushctl.runs.resume import Selection
    from brushctl.runs.steps import Editor, Treatment

    Edit = Callable[[Plan, Selection, Journal, Callable[[], bool]], list[Record]]


@dataclass(frozen=True, slots=True)
class Command:
    """The command line of one `apply`, apart from which photographs."""

    brush: str
    sha256: str
    sampling: dict[str, Any]
    detail: Detail
    first_frame: bool
    strip: bool
    provenance: bool
    overwrite: bool
    retry_failed: bool
    checksum: bool
    json: bool
    quiet: bool
    report: Path | None
    open_editor: Callable[[], "AbstractContextManager[Editor]"]

    def treatment(self) -> "Treatment":
        """How each photograph is treated."""
        from brushctl.photos.metadata.blocks import Provenance
        from brushctl.runs.steps import Treatment

        settings = {
            "brush": self.brush,
            "brush_sha256": self.sha256,
            **self.sampling,
            "detail": str(self.detail),
            "first_frame": self.first_frame,
            "strip": self.strip,
            "provenance": self.provenance,
        }
        told = Provenance(self.brush, self.sha256, f"brushctl {__version__}")
        return Treatment(
            settings=settings,
            detail=self.detail,
            first_frame=self.first_frame,
            strip=self.strip,
            provenance=told if self.provenance else None,
        )

    def mention(self, line: str) -> None:
        """Say what is no error, unless nothing else shall be said."""
        if not self.quiet:
            say(line)

    def select(self, plan: Plan, records: "dict[str, Record]") -> "Selection":
        """What of a plan is still to be done, once there is room for it."""
        from brushctl.runs.resume import select

        selection = select(
            plan,
            records,
            self.treatment(),
            overwrite=self.overwrite,
            retry_failed=self.retry_failed,
            checksum=self.checksum,
        )
        targets = [job.target for job in selection.todo if job.target]
        if targets:
            check_room(selection.todo, plan.state.parent if plan.state else targets[0].parent)
        return selection


def run_once(command: Command, plan: Plan, edit: "Edit | None" = None) -> None:
    """Carry a plan out; exits with 3 or 4 when photographs failed, 130 when stopped.

    Args:
        command: the command line.
        plan: what to do.
        edit: does the work in place of an editor of this process.
    """
    from brushctl.runs.in_place import states_around
    from brushctl.runs.journal import Journal, check_idle

    started = time.monotonic()
    held = Journal(plan.state, command.mention) if plan.state else nullcontext()
    # A cluster's processes are to be told of the end: only one's own may end at once.
    ending = None if edit else remove_unfinished
    with stopping_gently(ending) as stop, held as journal:
        # With one's own lock held: of two that begin at one time, one at least sees the other.
        check_idle(states_around(plan))
        sweep_plan(plan)
        selection = command.select(plan, journal.records if journal else {})
        for line in left_alone(selection):
            command.mention(line)
        if journal and selection.renewed:
            journal.write(*selection.renewed)
        records: list[Record] = []
        if selection.todo:
            if edit:
                assert journal is not None
                records = edit(plan, selection, journal, stop)
            else:
                with command.open_editor() as editor:
                    records = edit_here(command, plan, selection, editor, journal, stop)
        if command.report and journal:
            from brushctl.runs.report import write_report

            title = f"{command.brush}: {journal.path.parent.parent}"
            write_report(command.report, plan.jobs, journal.records, title=title)
    conclude(
        command,
        records,
        selection.failed,
        unchanged=len(selection.current),
        left=len(selection.todo) - len(records),
        seconds=time.monotonic() - started,
    )


def conclude(
    command: Command,
    records: "Sequence[Record]",
    failed_before: "Sequence[Record]",
    *,
    unchanged: int,
    left: int,
    seconds: float,
) -> None:
    """Sum a run up, and exit as it went: 3 or 4 if photographs failed, 130 if some are left."""
    failed = [*failed_before, *(r for r in records if r.error)]
    done = len(records) - sum(r.error is not None for r in records)
    _summarise(command, records, failed, unchanged, seconds)
    if left:
        raise Interrupted(
            f"stopped with {left} photographs left",
            do="Run the same command again to go on.",
        )
    exit_with_failed(len(failed), done + unchanged)


def without_results(command: Command, found: list[Input], state: Path) -> list[Input]:
    """What of the inputs no earlier run has made: beside its results, a pattern finds them too."""
    from brushctl.runs.journal import results_of

    paths = RealPaths()
    above = os.path.join(paths.of_folder(str(state.parent)), "")  # noqa: PTH118  (as text)
    real = [paths.of(item.file) for item in found]
    if not any(path.startswith(above) for path in real):
        return found  # without the journal, which may be long
    results = results_of(state)
    photographs = [item for item, path in zip(found, real, strict=True) if path not in results]
    if count := len(found) - len(photographs):
        command.mention(
            f"passed over: {counted(count, 'result')} of earlier runs into {state.parent}."
            " Choose another output folder to edit them."
        )
    return photographs


def passed_over(folder: str, why: str) -> str:
    """A warning of a folder that is not searched."""
    return f"warning: {folder}: the folder is passed over ({why})"


def left_alone(selection: "Selection | Chosen") -> list[str]:
    """Warnings of results that somebody has changed since they were made, it seems."""
    return [
        f"warning: {job.target}: somebody has changed it since it was made, or it cannot be read,"
        " and it is left alone."
        " Pass --overwrite to make it anew."
        for job in selection.retouched
    ]


def show_plan(command: Command, plan: Plan) -> None:
    """Print what a run would do, and touch nothing."""
    from brushctl.runs.journal import journal_in

    records = journal_in(plan.state) if plan.state else {}
    selection = command.select(plan, records)
    current = {job.key for job in selection.current}
    failed = {record.file for record in selection.failed}
    for job in plan.jobs:
        action = "keep" if job.key in current else "skip" if job.key in failed else "edit"
        show_action(command, action, str(job.source or STREAM), str(job.target or STREAM))


def show_action(command: Command, action: str, source: str, target: str) -> None:
    """Print what a run would do with one photograph."""
    if command.json:
        print_line({"event": "plan", "action": action, "source": source, "target": target})
    else:
        print_fields(f"{action}  {source} -> {target}")


def sweep_plan(plan: Plan) -> None:
    """Delete what killed runs of a plan have left half-written."""
    from brushctl.runs.results import sweep_results

    real = RealPaths()
    targets = ((job.target_file, job.in_place) for job in plan.jobs if job.target_file)
    files = (real.of(target) if in_place else target for target, in_place in targets)
    sweep_results(files, plan.state.parent if plan.state else None)


def edit_here(
    command: Command,
    plan: Plan,
    selection: "Selection",
    editor: "Editor",
    journal: "Journal | None",
    stop: Callable[[], bool],
) -> "list[Record]":
    """Edit in this process; return what became of each photograph."""
    from brushctl.runs.work import edit_photographs

    with reporting_files(json=command.json, quiet=command.quiet) as report:
        return edit_photographs(
            plan,
            selection.todo,
            editor,
            command.treatment(),
            journal=journal,
            stop=stop,
            report=report,
        )


@contextmanager
def reporting_files(*, json: bool, quiet: bool) -> "Iterator[Reporter]":
    """Show what a run reports; each finished photograph becomes a line of JSON if asked for."""
    from brushctl.runs.steps import FileDone

    with reporting(quiet=quiet) as show:

        def report(event: "Event") -> None:
            show(event)
            if json and isinstance(event, FileDone):
                print_line({"event": "file", **event.record.to_dict()})

        yield report


def _summarise(
    command: Command,
    records: "Sequence[Record]",
    failed: "Sequence[Record]",
    unchanged: int,
    seconds: float,
) -> None:
    done = [record for record in records if not record.error]
    megapixels = sum((record.megapixels for record in done), 0.0)
    if command.json:
        print_line(
            {
                "event": "summary",
                "done": len(done),
                "unchanged": unchanged,
                "failed": len(failed),
                "megapixels": round(megapixels, 3),
                "seconds": round(seconds, 3),
            }
        )
    command.mention(
        f"{len(done)} done, {unchanged} unchanged, {len(failed)} failed"
        f" ({megapixels:.1f} MP in {seconds:.1f} s)"
    )
    say_failed((record.photograph, record) for record in failed)
