"""Run tasks on a Ray cluster; every task comes back as a record."""

import contextlib
import time
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Protocol

from brushctl.errors import PhotoError
from brushctl.events import Advance, Reporter, Stage, silent
from brushctl.runs.executors.ray import Pool, lost, spread
from brushctl.runs.records import Record, Source
from brushctl.runs.remote_plan import Task
from brushctl.runs.results import sweep_results
from brushctl.runs.resume import stat_of
from brushctl.runs.steps import Treatment, report_record
from brushctl.runs.storage.remote import is_url, plain
from brushctl.runs.windows import TOGETHER
from brushctl.runs.worker import EditorOpener, EditWorker

PIECES, LARGEST = 200, 64
"""A run is cut in so many blocks or more, of at most so many photographs: a process that dies
costs the block in its hands, and records arrive a block at a time."""


class AnyJournal(Protocol):
    """A journal, wherever it lies, with the latest line about each photograph."""

    records: dict[str, Record]

    def write(self, *records: Record) -> None:
        """Add lines."""


def edit_on_cluster(
    tasks: Sequence[Task],
    opener: EditorOpener,
    treatment: Treatment,
    *,
    journal: AnyJournal,
    pool: Pool,
    stop: Callable[[], bool] = lambda: False,
    report: Reporter = silent,
) -> list[Record]:
    """Edit photographs on the cluster that is joined; as `edit_photographs` does on one machine.

    Args:
        tasks: the photographs.
        opener: makes each process its editor; it must pickle.
        treatment: how they are edited.
        journal: gets a line for each at the start, so that a run after a killed one knows what
            may lie in the output folder, and another when it is done.
        pool: the processes.
        stop: asked between blocks; true ends the run.
        report: is told how far it has come, and of each photograph.

    Returns:
        what became of each photograph, as far as it got.

    Raises:
        BrushctlError: no process can open the editor.
        OSError: a disk is full or read-only.
    """
    before = {task.key: journal.records.get(task.key) for task in tasks}
    sent = (Record(task.key, "sent", {}, Source()) for task in tasks)
    journal.write(*(record.following(before[record.file]) for record in sent))
    _sweep(tasks)
    report(Stage("editing photographs", len(tasks)))
    records: list[Record] = []
    megapixels, started = 0.0, time.monotonic()
    worker = partial(EditWorker, opener, treatment, pool.cores)
    left = list(tasks)
    for size in (block_size(len(tasks)), 1):  # what a dying process took along, one by one
        seen: set[int] = set()
        for block in spread(left, worker, pool, size=size):
            told = [record.following(before[record.file]) for _, record in block]
            journal.write(*told)
            seen.update(n for n, _ in block)
            for record in told:
                records.append(record)
                report_record(record, report)
                megapixels += record.megapixels
            pace = megapixels / max(time.monotonic() - started, 1e-9)
            report(Advance(len(records), f"{pace:.1f} MP/s"))
            if stop():
                return records
        left = [task for n, task in enumerate(left) if n not in seen]
    for task in left:
        record = _lost(task, treatment).following(before[task.key])
        journal.write(record)
        records.append(record)
        report_record(record, report)
    _sweep(tasks)
    report(Advance(len(records)))
    return records


def block_size(count: int) -> int:
    """How many of `count` photographs are handed out at once, a multiple of `TOGETHER`."""
    return max(1, min(LARGEST, count // PIECES) // TOGETHER) * TOGETHER


def _sweep(tasks: Sequence[Task]) -> None:
    local = [task for task in tasks if not is_url(plain(task.target))]
    if local:  # then all are, below one folder
        sweep_results((Path(plain(task.target)) for task in local), Path(plain(local[0].output)))


def _lost(task: Task, treatment: Treatment) -> Record:
    source = task.mark
    if not is_url(task.source):
        with contextlib.suppress(PhotoError):
            source = source.at(stat_of(Path(task.source)))
    return Record(task.key, "failed", treatment.settings, source, error=lost("to edit it"))
