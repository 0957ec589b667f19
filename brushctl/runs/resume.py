"""Which photographs of a plan are still to be edited: the plan compared with the journal."""

import os
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

from brushctl.errors import PhotoError, reason
from brushctl.files import way_to
from brushctl.runs.in_place import made_in_place
from brushctl.runs.journal import hash_file
from brushctl.runs.links import RealPaths
from brushctl.runs.plan import Job, Plan
from brushctl.runs.records import Record, Source, Stat
from brushctl.runs.refusals import in_the_way, of_another, there_already
from brushctl.runs.steps import Treatment
from brushctl.runs.steps import failed as failed_record


@dataclass(frozen=True, slots=True)
class Selection:
    """Which photographs of a plan are still to be edited.

    Attributes:
        todo: to be edited now.
        current: edited before, and nothing has changed since; or `retouched`.
        failed: failed before, and nothing has changed since; or, in place, cannot be read now, so
            that nobody can tell whether they are results.
        retouched: their results were changed by somebody else, whose work is left alone, or cannot
            be read.
        renewed: new records of photographs whose files were touched or copied, but not changed.
            Once the journal has them, a later run need not read these files.
    """

    todo: tuple[Job, ...]
    current: tuple[Job, ...]
    failed: tuple[Record, ...]
    retouched: tuple[Job, ...] = ()
    renewed: tuple[Record, ...] = ()


def select(
    plan: Plan,
    records: Mapping[str, Record],
    treatment: Treatment,
    *,
    overwrite: bool = False,
    retry_failed: bool = False,
    checksum: bool = False,
) -> Selection:
    """Compare a plan with the journal.

    Args:
        plan: what a run would do.
        records: the journal's latest record of each photograph.
        treatment: how it would.
        overwrite: do all anew.
        retry_failed: do those again that failed.
        checksum: compare the files' content even where their length, time and inode are as they
            were.

    Raises:
        PlanError: where a result would go, there stands a file that no earlier run made, or that
            one made of another photograph.
    """
    todo: list[Job] = []
    current: list[Job] = []
    failed: list[Record] = []
    retouched: list[Job] = []
    compare = _Comparison(plan, treatment.settings, checksum=checksum)
    made = None if overwrite else made_in_place(plan, treatment.settings, checksum=checksum)
    for job in plan.jobs:
        record = records.get(job.key)
        try:
            if made and made.holds(job, record):
                current.append(job)
                continue
        except OSError as error:  # what may be a result is not edited, though it be readable soon
            failed.append(compare.unreadable(job, error))
            continue
        if not overwrite and record and compare.still_holds(job, record):
            if record.status != "failed":
                current.append(job)
                continue
            if not retry_failed:
                failed.append(record)
                continue
        if overwrite or job.target_file is None or job.in_place:
            todo.append(job)
        elif not os.path.exists(job.target_file):  # noqa: PTH110  (where it may not look: writing will tell)
            todo.append(replace(job, vacant=True))
        else:
            compare.check_ours(job, record)
            ours = record is None or not _is_retouched(Path(job.target_file), record)
            (todo if ours else retouched).append(job)
    return Selection(
        tuple(todo),
        (*current, *retouched),
        tuple(failed),
        tuple(retouched),
        (*compare.renewed, *(made.renewed if made else ())),
    )


def stat_of(path: Path) -> Stat:
    """What a later run knows a photograph by without reading it.

    Raises:
        PhotoError: there is none, or it may not be looked at.
    """
    try:
        return Stat.of(path)
    except OSError as error:
        raise PhotoError(reason(error), where=str(path)) from error


def result_path(plan: Plan, job: Job) -> str:
    """Where a result lies, from the output folder if there is one."""
    assert job.target is not None
    return way_to(job.target, plan.state.parent) if plan.state else str(job.target)


def source_path(plan: Plan, job: Job) -> str | None:
    """Where a photograph lies, from the output folder if there is one; None for a stream."""
    return _Sources(plan).path(job)


class _Sources:
    """Where the photographs of a plan lie, as its journal has it."""

    def __init__(self, plan: Plan) -> None:
        self._real = RealPaths()
        self._folder = Path(self._real.of_folder(str(plan.state.parent))) if plan.state else None

    def path(self, job: Job) -> str | None:
        """From the output folder if there is one; None for a stream."""
        if job.source_file is None:
            return None
        source = self._real.of(job.source_file)
        return way_to(Path(source), self._folder) if self._folder else source


class _Comparison:
    """Photographs and their results as they are now, with what the journal says of them.

    Args:
        plan: what a run would do.
        settings: everything that decides its results.
        checksum: whether contents are compared where lengths and times are the same.

    Attributes:
        renewed: as `Selection.renewed`.
    """

    def __init__(self, plan: Plan, settings: dict[str, Any], *, checksum: bool) -> None:
        self._plan, self._settings, self._checksum = plan, settings, checksum
        self._sources = _Sources(plan)
        self.renewed: list[Record] = []

    @cached_property
    def _planned(self) -> set[str | None]:
        return set(map(self._sources.path, self._plan.jobs))

    def still_holds(self, job: Job, record: Record) -> bool:
        """Whether a record still describes a photograph and its result."""
        source, target, result = job.source_file, job.target_file, record.result
        if source is None or target is None or record.settings != self._settings:
            return False
        failed = record.status == "failed"
        if not failed and (job.in_place or result is None or result.path != job.key):
            return False  # in place, it would be among the results
        try:
            stat = Stat.of(source)
            holds = self._is_unchanged(source, stat, record) and (
                failed or self._is_there(target, record)
            )
        except OSError:
            return False
        if holds and stat.mtime_ns != record.source.mtime_ns:
            self.renewed.append(replace(record, source=record.source.at(stat)))
        return holds

    def _is_unchanged(self, source: str, stat: Stat, record: Record) -> bool:
        known = record.source
        if stat.bytes != known.bytes:
            return False
        same = stat.mtime_ns == known.mtime_ns and not self._checksum
        return same or hash_file(Path(source)) == known.sha256

    def _is_there(self, target: str, record: Record) -> bool:
        """Whether a record's result is."""
        assert record.result is not None
        if record.status == "writing" or self._checksum:
            return hash_file(Path(target)) == record.result.sha256
        return Stat.of(target).bytes == record.result.bytes

    def unreadable(self, job: Job, error: OSError) -> Record:
        """The failure of a photograph that cannot be read."""
        told = PhotoError(reason(error), where=job.source_file)
        return failed_record(job.key, told, Source(self._sources.path(job)), self._settings)

    def check_ours(self, job: Job, record: Record | None) -> None:
        """See that the file where a result would go is the result of the same photograph.

        Raises:
            PlanError: it is not.
        """
        if self._plan.state is None:
            raise there_already(str(job.target_file))
        if record is None:
            raise in_the_way(str(job.target_file))
        other, made = record.source.path, record.result and record.result.sha256
        if other is None or made is None or other == self._sources.path(job):
            return
        # Numbered results move on when a photograph is added: then the other's is made anew too.
        if other not in self._planned and not self._is_copy(job, record):
            raise of_another(str(job.source_file), other, str(job.target_file))

    def _is_copy(self, job: Job, record: Record) -> bool:
        try:
            source = job.source_file
            return source is not None and self._is_unchanged(source, Stat.of(source), record)
        except OSError:
            return False


def _is_retouched(target: Path, record: Record) -> bool:
    """Whether a result is no longer the one that the journal tells of, as far as can be told."""
    made = record.standing
    if made is None or made.sha256 is None:
        return record.status == "failed"  # no run has put there what is there
    try:
        return Stat.of(target).bytes != made.bytes or hash_file(target) != made.sha256
    except OSError:  # what cannot be read may be somebody's work
        return True
