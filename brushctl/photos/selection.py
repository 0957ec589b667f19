"""Which photographs of a plan are still to be edited: the plan compared with the journal."""

import contextlib
from collections.abc import Mapping, Set
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from brushctl.errors import PhotoError, reason
from brushctl.files import resolved, way_to
from brushctl.photos.journal import Record, hash_file, history_in
from brushctl.photos.plan import STATE, Job, Plan
from brushctl.photos.refusals import in_the_way, of_another, there_already
from brushctl.photos.treating import Treatment


@dataclass(frozen=True, slots=True)
class Selection:
    """Which photographs of a plan are still to be edited.

    Attributes:
        todo: to be edited now.
        current: edited before, and nothing has changed since; or `retouched`.
        failed: failed before, and nothing has changed since.
        retouched: their results were changed by somebody else, whose work is left alone, or cannot
            be read.
    """

    todo: tuple[Job, ...]
    current: tuple[Job, ...]
    failed: tuple[Record, ...]
    retouched: tuple[Job, ...] = ()


def select(
    plan: Plan,
    records: Mapping[str, Record],
    treatment: Treatment,
    *,
    overwrite: bool = False,
    retry_failed: bool = False,
) -> Selection:
    """Compare a plan with the journal.

    Raises:
        PlanError: where a result would go, there stands a file that no earlier run made, or that
            one made of another photograph.
    """
    todo: list[Job] = []
    current: list[Job] = []
    failed: list[Record] = []
    retouched: list[Job] = []
    planned = {source_path(plan, job) for job in plan.jobs}
    made = set() if overwrite else _made_in_place(plan, treatment.settings)
    for job in plan.jobs:
        record = records.get(job.key)
        if made and _hash(job) in made:
            current.append(job)
            continue
        if not overwrite and record and _still_holds(plan, job, record, treatment.settings):
            if record.status != "failed":
                current.append(job)
                continue
            if not retry_failed:
                failed.append(record)
                continue
        if overwrite or job.target is None or job.target == job.source:
            todo.append(job)
        elif not _exists(job.target):
            todo.append(replace(job, vacant=True))
        else:
            _check_ours(plan, job, record, planned)
            ours = record is None or not _is_retouched(job.target, record)
            (todo if ours else retouched).append(job)
    return Selection(tuple(todo), (*current, *retouched), tuple(failed), tuple(retouched))


def states_around(plan: Plan) -> set[Path]:
    """Where other runs that edit the same photographs in place have their journals and locks.

    The folder of a run's journal depends on what the run was given: `2024` has one of its own if it
    was edited by itself, and the folder above it must not edit it again.
    """
    in_place = [job.target for job in plan.jobs if job.target and _is_in_place(job)]
    places = {*in_place, *map(resolved, in_place)}
    states = {folder / STATE for place in places for folder in place.parents}
    own = plan.state and resolved(plan.state)
    return {state for state in states if resolved(state) != own}


def _made_in_place(plan: Plan, settings: dict[str, Any]) -> set[str]:
    """The hashes of what runs with these settings made where this one would edit in place.

    And of what others have made of that since: two brushes, one after the other, edit once each. By
    its content a result is known wherever it has been moved, and by whichever journal.
    """
    if plan.state is None or not any(map(_is_in_place, plan.jobs)):
        return set()
    made, became = set[str](), dict[str, set[str]]()
    for state in {plan.state, *states_around(plan)}:
        with contextlib.suppress(OSError):  # of a folder that is not ours to look into
            for record in history_in(state):
                source, result = (end.get("sha256") for end in (record.source, record.result))
                if not result or record.status == "failed":
                    continue  # of a result that an earlier line tells of
                if record.settings == settings:
                    made.add(result)
                elif source:
                    became.setdefault(source, set()).add(result)
    fresh = made
    while fresh:
        fresh = {result for one in fresh for result in became.get(one, ())} - made
        made = made | fresh
    return made


def _is_in_place(job: Job) -> bool:
    return job.source is not None and job.source == job.target


def _hash(job: Job) -> str | None:
    assert job.source is not None
    try:
        return hash_file(job.source)
    except OSError:  # reading it will tell
        return None


def stat_of(path: Path) -> dict[str, int]:
    """A photograph's length and time of change, by which a later run knows it.

    Raises:
        PhotoError: there is none, or it may not be looked at.
    """
    try:
        stat = path.stat()
    except OSError as error:
        raise PhotoError(reason(error), where=str(path)) from error
    return {"bytes": stat.st_size, "mtime_ns": stat.st_mtime_ns}


def result_path(plan: Plan, job: Job) -> str:
    """Where a result lies, from the output folder if there is one."""
    assert job.target is not None
    return way_to(job.target, plan.state.parent) if plan.state else str(job.target)


def source_path(plan: Plan, job: Job) -> str | None:
    """Where a photograph lies, from the output folder if there is one; None for a stream."""
    if job.source is None:
        return None
    source = resolved(job.source)
    return way_to(source, resolved(plan.state.parent)) if plan.state else str(source)


def _still_holds(plan: Plan, job: Job, record: Record, settings: dict[str, Any]) -> bool:
    """Whether a line of the journal still describes a photograph and its result."""
    if job.source is None or job.target is None or record.settings != settings:
        return False
    try:
        if record.status == "failed":
            return _unchanged(job.source, record)
        if _is_in_place(job):
            return False  # it would be among the results
        if record.result["path"] != result_path(plan, job) or not _unchanged(job.source, record):
            return False
        if record.status == "writing":
            return hash_file(job.target) == record.result["sha256"]
        return job.target.stat().st_size == int(record.result["bytes"])
    except (OSError, PhotoError, KeyError):
        return False


def _unchanged(source: Path, record: Record) -> bool:
    stat = stat_of(source)
    if all(record.source.get(key) == value for key, value in stat.items()):
        return True
    return stat["bytes"] == record.source.get("bytes") and hash_file(source) == record.source.get(
        "sha256"
    )


def _check_ours(plan: Plan, job: Job, record: Record | None, planned: Set[str | None]) -> None:
    """See that the file where a result would go is the result of the same photograph."""
    if plan.state is None:
        raise there_already(str(job.target))
    if record is None:
        raise in_the_way(str(job.target))
    other = record.source.get("path")
    if other is None or other == source_path(plan, job) or "sha256" not in record.result:
        return
    # Numbered results move on when a photograph is added: then the other's is made anew too.
    if other not in planned and not _is_copy(job, record):
        raise of_another(str(job.source), other, str(job.target))


def _exists(path: Path) -> bool:
    try:
        return path.exists()
    except OSError:
        return False  # writing will tell


def _is_copy(job: Job, record: Record) -> bool:
    try:
        return job.source is not None and _unchanged(job.source, record)
    except (OSError, PhotoError):
        return False


def _is_retouched(target: Path, record: Record) -> bool:
    """Whether a result is no longer the one that the journal tells of, as far as can be told."""
    made = record.standing
    if "sha256" not in made:
        return record.status == "failed"  # no run has put there what is there
    try:
        same_size = target.stat().st_size == made.get("bytes")
        return not same_size or hash_file(target) != made["sha256"]
    except OSError:  # what cannot be read may be somebody's work
        return True
