"""Which photograph becomes which file, for runs whose files may lie anywhere."""

from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass, field
from pathlib import PurePosixPath
from typing import Any

from brushctl.runs.inputs import Input
from brushctl.runs.naming import check_formats, result_name
from brushctl.runs.plan import STATE, Job, Plan, check_not_empty
from brushctl.runs.records import Record, Result, Source
from brushctl.runs.refusals import alike, in_the_way, inside, of_another, replacing
from brushctl.runs.resume import source_path
from brushctl.runs.storage.remote import Found, canonical, is_url, real


@dataclass(frozen=True, slots=True)
class Task:
    """One photograph to edit, on whichever machine.

    Attributes:
        source: a path or URL.
        target: likewise.
        key: its name in the journal and in messages.
        result: the target's name in the journal.
        mark: what is known of the source beforehand, kept in the journal.
    """

    source: str
    target: str
    key: str
    result: str
    mark: Source = field(default_factory=Source)

    @property
    def output(self) -> str:
        """The folder whose journal tells of the photograph."""
        return self.target.removesuffix(self.result)


@dataclass(frozen=True, slots=True)
class Chosen:
    """What of a plan is still to be done; as `brushctl.runs.resume.Selection`."""

    todo: tuple[Task, ...]
    current: int
    failed: tuple[Record, ...]
    retouched: tuple[Task, ...] = ()


def plan_urls(found: Sequence[Found], output: str, *, template: str, brush: str) -> list[Task]:
    """Results below the URL of a folder, with the tree that their photographs had.

    Raises:
        PlanError: there are no photographs, two results have one name, a result would replace
            a photograph, the folder lies inside an input folder, or a format cannot be written.
    """
    check_not_empty(found)
    folder = canonical(output)
    _check_outside(found, folder)
    tasks, taken = list[Task](), dict[str, str]()
    sources = {real(item.url) for item in found}
    for n, item in enumerate(found, 1):
        like = Input(item.url.partition("://")[2], str(item.relative))
        result = PurePosixPath(item.relative).parent / result_name(like, n, template, brush)
        target = f"{folder}/{result}"
        if real(target) in sources:
            raise replacing(target)
        other = taken.setdefault(target, item.url)
        if other != item.url:
            raise alike(other, item.url, target)
        mark = Source(item.url, **item.mark)
        tasks.append(Task(item.url, target, str(result), str(result), mark))
    check_formats((task.source, task.target) for task in tasks)
    return tasks


def select_urls(
    tasks: Sequence[Task],
    records: Mapping[str, Record],
    settings: dict[str, Any],
    there: Mapping[str, int],
    *,
    overwrite: bool,
    retry_failed: bool,
) -> Chosen:
    """Compare a plan with its journal and with what lies in the output folder.

    Args:
        tasks: the plan.
        records: the journal's latest line about each photograph.
        settings: everything that decides a result.
        there: the URLs and sizes of the files in the output folder.
        overwrite: do all anew.
        retry_failed: do those again that failed.

    Raises:
        PlanError: where a result would go, there stands a file that no earlier run made, or that
            one made of another photograph.
    """
    todo, failed, retouched, current = list[Task](), list[Record](), list[Task](), 0
    planned = {task.source for task in tasks}
    for task in tasks:
        record = None if overwrite else records.get(task.key)
        same = record is not None and record.settings == settings and _unchanged(task, record)
        size = there.get(task.target)
        if record and same and record.status == "failed" and not retry_failed:
            failed.append(record)
            continue
        if record and same and record.status == "done" and size == _bytes(record.result):
            current += 1
            continue
        if size is not None and not overwrite:
            _check_ours(task, record, planned)
            if record and _is_retouched(size, record):
                retouched.append(task)
                continue
        todo.append(task)
    return Chosen(tuple(todo), current + len(retouched), tuple(failed), tuple(retouched))


def tasks_of(plan: Plan, todo: Sequence[Job]) -> tuple[Task, ...]:
    """A local plan's photographs, their paths made absolute for whichever process edits them."""
    assert plan.state is not None
    assert plan.state.name == STATE
    return tuple(_task_of(plan, job) for job in todo)


def _task_of(plan: Plan, job: Job) -> Task:
    assert plan.state is not None
    assert job.source is not None
    assert job.target is not None
    target = job.target.absolute()
    result = target.relative_to(plan.state.parent.absolute())
    mark = Source(source_path(plan, job))
    return Task(str(job.source.absolute()), str(target), job.key, str(result), mark)


def _bytes(result: Result | None) -> int | None:
    return result.bytes if result else None


def _is_retouched(size: int, record: Record) -> bool:
    """As for paths, as far as sizes tell."""
    made = _bytes(record.standing)
    return record.status == "failed" if made is None else size != made


def _check_ours(task: Task, record: Record | None, planned: Set[str]) -> None:
    """As for paths: see that the file in the way is the result of the same photograph."""
    if record is None:
        raise in_the_way(task.target)
    other = record.source.path or ""  # a path, if this run names its files otherwise
    if is_url(other) and other not in planned:
        raise of_another(task.source, other, task.target)


def _check_outside(found: Sequence[Found], output: str) -> None:
    below = real(output) + "/"
    for folder in sorted({item.folder for item in found if item.folder}):
        if below.startswith(real(folder) + "/"):
            raise inside(output, folder)


def _unchanged(task: Task, record: Record) -> bool:
    then, now = record.source, task.mark
    return (then.path, then.bytes, then.mark) == (now.path, now.bytes, now.mark)
