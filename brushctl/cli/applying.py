"""How `brushctl apply` runs; what it says while and after."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from brushctl.app.apply import ApplyOutcome, carry_out, edit_here
from brushctl.app.apply_plan import ApplySettings
from brushctl.cli._output import print_fields, print_line, reporting, say
from brushctl.cli._signals import stopping_gently
from brushctl.cli._status import exit_with_failed, say_failed
from brushctl.errors import Interrupted
from brushctl.files import STREAM, remove_unfinished
from brushctl.runs.plan import Plan

if TYPE_CHECKING:
    from brushctl.events import Event, Reporter
    from brushctl.runs.journal import Journal
    from brushctl.runs.records import Record
    from brushctl.runs.resume import Selection
    from brushctl.runs.steps import Editor

    Edit = Callable[[Plan, Selection, Journal, Callable[[], bool], Reporter], list[Record]]


@dataclass(frozen=True, slots=True)
class Command:
    """The command line of one `apply`, apart from which photographs."""

    settings: ApplySettings
    json: bool
    quiet: bool
    report: Path | None
    open_editor: Callable[[], "AbstractContextManager[Editor]"]

    def mention(self, line: str) -> None:
        """Say what is no error, unless nothing else shall be said."""
        if not self.quiet:
            say(line)


def run_once(command: Command, plan: Plan, edit: "Edit | None" = None) -> None:
    """Carry a plan out; exits with 3 or 4 when photographs failed, 130 when stopped.

    Args:
        command: the command line.
        plan: what to do.
        edit: does the work in place of an editor of this process.
    """
    # A cluster's processes are to be told of the end: only one's own may end at once.
    ending = None if edit else remove_unfinished
    with (
        stopping_gently(ending) as stop,
        reporting_files(json=command.json, quiet=command.quiet) as report,
    ):

        def chosen(plan: Plan, selection: "Selection", journal: "Journal | None") -> "list[Record]":
            if edit:
                assert journal is not None
                return edit(plan, selection, journal, stop, report)
            with command.open_editor() as editor:
                settings = command.settings
                return edit_here(
                    plan, selection, settings, editor, journal, stop=stop, report=report
                )

        outcome = carry_out(plan, command.settings, chosen, page=command.report, report=report)
    conclude(command, outcome)


def conclude(command: Command, outcome: ApplyOutcome) -> None:
    """Sum a run up, and exit as it went: 3 or 4 if photographs failed, 130 if some are left."""
    failed = [*outcome.failed_before, *(r for r in outcome.records if r.error)]
    done = [record for record in outcome.records if not record.error]
    _summarise(command, outcome, done, failed)
    if outcome.left:
        raise Interrupted(
            f"stopped with {outcome.left} photographs left",
            do="Run the same command again to go on.",
        )
    exit_with_failed(len(failed), len(done) + outcome.unchanged)


def show_plan(command: Command, plan: Plan) -> None:
    """Print what a run would do, and touch nothing."""
    from brushctl.runs.journal import journal_in

    records = journal_in(plan.state) if plan.state else {}
    selection = command.settings.select(plan, records)
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
    command: Command, outcome: ApplyOutcome, done: "Sequence[Record]", failed: "Sequence[Record]"
) -> None:
    megapixels = sum((record.megapixels for record in done), 0.0)
    if command.json:
        print_line(
            {
                "event": "summary",
                "done": len(done),
                "unchanged": outcome.unchanged,
                "failed": len(failed),
                "megapixels": round(megapixels, 3),
                "seconds": round(outcome.seconds, 3),
            }
        )
    command.mention(
        f"{len(done)} done, {outcome.unchanged} unchanged, {len(failed)} failed"
        f" ({megapixels:.1f} MP in {outcome.seconds:.1f} s)"
    )
    say_failed((record.photograph, record) for record in failed)
