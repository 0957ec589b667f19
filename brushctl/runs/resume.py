"""Which photographs of a plan are still to be edited: the plan compared with the journal."""

import os
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from brushctl.errors import PhotoError, reason
from brushctl.files import way_to
from brushctl.runs.in_place import made_in_place
from brushctl.runs.links import RealPaths
from brushctl.runs.plan import Job, Plan
from brushctl.runs.records import Record, Source, Stat
from brushctl.runs.refusals import in_the_way, of_another, there_already
from brushctl.runs.storage.base import LOCAL, is_url, real_names, storage_of

if TYPE_CHECKING:
    from brushctl.runs.steps import Treatment


@dataclass(frozen=True, slots=True)
class Selection:
    """Which photographs of a plan are still to be edited.

    Attributes:
        todo: to be edited now.
        current: edited before, and nothing has changed since; or `retouched`, or a result of
            another edit.
        failed: failed before, and nothing has changed since; or, in place, cannot be read now, so
            that nobody can tell whether they are results.
        accepted: likewise, but the user has said that he knows of them.
        retouched: their results were changed by somebody else, whose work is left alone, or cannot
            be read.
        renewed: new records of photographs whose files were touched or copied, but not changed.
            Once the journal has them, a later run need not read these files.
        otherwise: in place, the settings of each result of another edit, which is left alone.
    """

    todo: tuple[Job, ...]
    current: tuple[Job, ...]
    failed: tuple[Record, ...]
    accepted: tuple[Record, ...] = ()
    retouched: tuple[Job, ...] = ()
    renewed: tuple[Record, ...] = ()
    otherwise: tuple[dict[str, Any], ...] = ()


def select(
    plan: Plan,
    records: Mapping[str, Record],
    treatment: "Treatment",
    *,
    overwrite: bool = False,
    on_top: bool = False,
    retry_failed: bool = False,
    checksum: bool = False,
) -> Selection:
    """Compare a plan with the journal.

    Args:
        plan: what a run would do.
        records: the journal's latest record of each photograph.
        treatment: how it would.
        overwrite: do all anew.
        on_top: in place, edit the results of other edits too.
        retry_failed: do those again that failed.
        checksum: compare the files' content even where all else that their storage tells of them
            is as it was.

    Raises:
        PlanError: where a result would go, there stands a file that no earlier run made, or that
            one made of another photograph.
    """
    todo: list[Job] = []
    current: list[Job] = []
    failed: list[Record] = []
    accepted: list[Record] = []
    retouched: list[Job] = []
    compare = _Comparison(plan, treatment.settings, checksum=checksum)
    otherwise: list[dict[str, Any]] = []
    made = (
        None
        if overwrite
        else made_in_place(plan, treatment.settings, on_top=on_top, checksum=checksum)
    )
    for job in plan.jobs:
        record = records.get(job.key)
        try:
            if made and (made_with := made.settings_of(job, record)):
                current.append(job)
                if made_with != treatment.settings:
                    otherwise.append(made_with)
                continue
        except OSError as error:  # what may be a result is not edited, though it be readable soon
            failed.append(compare.unreadable(job, error))
            continue
        if not overwrite and record and compare.still_holds(job, record):
            if not record.has_failed:
                current.append(job)
                continue
            if not retry_failed:
                (accepted if record.status == "accepted" else failed).append(record)
                continue
        if overwrite or job.target_file is None or job.in_place:
            todo.append(job)
        elif not compare.is_there(job.target_file):
            todo.append(replace(job, vacant=True))
        else:
            compare.check_ours(job, record)
            ours = record is None or not compare.is_retouched(job.target_file, record)
            (todo if ours else retouched).append(job)
    return Selection(
        tuple(todo),
        (*current, *retouched),
        tuple(failed),
        tuple(accepted),
        tuple(retouched),
        (*compare.renewed, *(made.renewed if made else ())),
        tuple(otherwise),
    )


def results_among(names: Iterable[str], output: str) -> set[str]:
    """Those of some files that earlier runs into a folder have made of others.

    The journal, which may be long, is read only if one of them lies in the folder.

    Args:
        names: the files, as `real_names` gives them.
        output: the folder, which need not exist.
    """
    real, folder = real_names(), _real_folder(output)
    above = os.path.join(folder, "")  # noqa: PTH118  (URLs too)
    inside = {name for name in names if name.startswith(above)}
    if not inside:
        return inside

    def place(name: str) -> str:
        name = name if is_url(name) else os.path.join(folder, name)  # noqa: PTH118  (URLs too)
        return name if is_url(name) else real(os.path.normpath(name))

    made = set[str]()
    for record in storage_of(output).records(output).values():
        source, result = record.source.path, record.result
        if result and (source is None or place(source) != place(result.path)):
            made.add(place(result.path))
    return inside & made


class Sources:
    """What the journal of an output folder says of photographs before they are read.

    Args:
        output: the folder; None where there is none.
    """

    def __init__(self, output: str | None) -> None:
        self._real = RealPaths()
        self._output = None if output is None or is_url(output) else self._real.of_folder(output)
        self._before = LOCAL if output is not None and is_url(output) else ""

    def path(self, job: Job) -> str | None:
        """Where a photograph lies: a URL, or a path from the output folder; None for a stream."""
        name = job.source_file
        if name is None or is_url(name):
            return name
        if job.piped:
            return None
        source = self._real.of(name)
        if self._output is not None:
            return way_to(Path(source), Path(self._output))
        return self._before + source

    def of(self, job: Job) -> Source:
        """Where it lies, and what a listing says of it, if there was one."""
        source = Source(self.path(job))
        return source.at(job.listed) if job.listed else source


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
        self._sources = Sources(plan.output)
        self._result_stat = _result_stats(plan)
        self.renewed: list[Record] = []

    @cached_property
    def _planned(self) -> set[str | None]:
        return set(map(self._sources.path, self._plan.jobs))

    def still_holds(self, job: Job, record: Record) -> bool:
        """Whether a record still describes a photograph and its result."""
        source, target, result = job.source_file, job.target_file, record.result
        if source is None or target is None or record.settings != self._settings:
            return False
        failed = record.has_failed
        if not failed and (job.in_place or result is None or result.path != job.key):
            return False  # in place, it would be among the results
        try:
            stat = job.listed or storage_of(source).stat(source)
            holds = self._is_unchanged(source, stat, record) and (
                failed or self._still_has(target, record)
            )
        except OSError:
            return False
        if holds and not record.source.is_at(stat):
            self.renewed.append(replace(record, source=record.source.at(stat)))
        return holds

    def _is_unchanged(self, source: str, stat: Stat, record: Record) -> bool:
        known = record.source
        if stat.bytes != known.bytes:
            return False
        same = known.is_at(stat) and not self._checksum
        return same or storage_of(source).hash(source) == known.sha256

    def _still_has(self, target: str, record: Record) -> bool:
        """Whether a record's result is there."""
        assert record.result is not None
        if record.status == "writing" or self._checksum:
            return storage_of(target).hash(target) == record.result.sha256
        return self._result_stat(target).bytes == record.result.bytes

    def is_there(self, target: str) -> bool:
        """Whether a file is; of one that may not be looked at, writing will tell."""
        try:
            self._result_stat(target)
        except (OSError, ValueError):  # ValueError: of a name that no file can have
            return False
        return True

    def is_retouched(self, target: str, record: Record) -> bool:
        """Whether a result is no longer the one that the journal tells of.

        It is compared by its length and its mark, where its storage gives it one, or else read.
        """
        made = record.standing
        if made is None or made.sha256 is None:
            return record.has_failed  # no run has put there what is there
        try:
            stat = self._result_stat(target)
            if stat.bytes != made.bytes:
                return True
            if stat.mark and made.mark:
                return stat.mark != made.mark
            return storage_of(target).hash(target) != made.sha256
        except OSError:  # what cannot be read may be somebody's work
            return True

    def unreadable(self, job: Job, error: OSError) -> Record:
        """The failure of a photograph that cannot be read."""
        from brushctl.runs.steps import failed

        told = PhotoError(reason(error), where=job.source_file)
        return failed(job.key, told, Source(self._sources.path(job)), self._settings)

    def check_ours(self, job: Job, record: Record | None) -> None:
        """See that the file where a result would go is the result of the same photograph.

        Raises:
            PlanError: it is not.
        """
        if self._plan.output is None:
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
            if source is None:
                return False
            stat = job.listed or storage_of(source).stat(source)
            return self._is_unchanged(source, stat, record)
        except OSError:
            return False


def _result_stats(plan: Plan) -> Callable[[str], Stat]:
    """Tells what the results of a plan are like now."""
    if plan.output is None:
        return lambda name: storage_of(name).stat(name)
    return storage_of(plan.output).stats_below(plan.output)


def _real_folder(name: str) -> str:
    return name if is_url(name) else RealPaths().of_folder(name)
