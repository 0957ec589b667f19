"""Which photographs of a plan a run edits, by what the journal tells of earlier ones."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from brushctl.app.apply_plan import ApplySettings
from brushctl.runs.plan import Job, Plan
from brushctl.runs.storage.base import AnyJournal, storage_of

if TYPE_CHECKING:
    from brushctl.runs.records import Record
    from brushctl.runs.resume import Selection


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
    _tell(selection, settings, warn)
    if journal and selection.renewed:
        journal.write(*selection.renewed)
    return _accepting(selection, journal) if journal and settings.accept_failed else selection


def _tell(selection: "Selection", settings: ApplySettings, warn: Callable[[str], None]) -> None:
    """Warn of results that are left alone."""
    for job in selection.retouched:
        warn(
            f"warning: {job.target_file}: this result was changed or cannot be read,"
            " and stays as it is. Pass --overwrite to make it again."
        )
    if selection.otherwise:
        warn(_results_already(selection.otherwise, settings.treatment().settings))


def _results_already(otherwise: "Sequence[dict[str, Any]]", now: "dict[str, Any]") -> str:
    """A warning of results that another edit has made in place."""
    from brushctl.runs.in_place import told_apart

    edits = ", ".join(sorted({told_apart(made, now) for made in otherwise}))
    return (
        f"warning: {len(otherwise)} of the photographs are results of {edits} already, and stay as"
        " they are. Put the originals back to edit those, or pass --on-top to edit the results."
    )


def _accepting(selection: "Selection", journal: AnyJournal) -> "Selection":
    """What is chosen, where the user knows of all that failed before, as the journal now tells."""
    left, accepted = list["Record"](), list["Record"]()
    for record in selection.failed:
        told = journal.records.get(record.file)
        if told and told.error == record.error:
            accepted.append(replace(told, status="accepted"))
        else:  # it could not be read just now
            left.append(record)
    journal.write(*accepted)
    accepted = [*selection.accepted, *accepted]
    return replace(selection, failed=tuple(left), accepted=tuple(accepted))


def planned_actions(
    plan: Plan, settings: ApplySettings, warn: Callable[[str], None]
) -> Iterator[tuple[str, Job]]:
    """What a run would do with each photograph: `edit` it, `keep` its result, or `skip` it.

    Args:
        plan: what to do.
        settings: how photographs are edited, and which of them again.
        warn: is told of results that would be left alone.
    """
    records = {} if plan.output is None else storage_of(plan.output).records(plan.output)
    selection = settings.select(plan, records)
    _tell(selection, settings, warn)
    current = {job.key for job in selection.current}
    failed = {record.file for record in (*selection.failed, *selection.accepted)}
    for job in plan.jobs:
        yield "keep" if job.key in current else "skip" if job.key in failed else "edit", job
