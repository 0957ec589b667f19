"""Run tasks on a Ray cluster: retries, bounded; every task comes back as a record."""

import contextlib
import json
import logging
import os
import time
import warnings
from collections.abc import Callable, Generator, Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Protocol

from brushctl.cluster.planning import Task
from brushctl.cluster.worker import Opener, Painter, unpacked
from brushctl.errors import UsageError
from brushctl.events import Advance, Event, Stage
from brushctl.photos.journal import Record
from brushctl.photos.treating import FileDone, Treatment, tell

PIECES, LARGEST = 200, 64
"""A run is cut in so many blocks or more, of two to so many photographs: a process that dies
costs the block in its hands, and records arrive a block at a time."""
RETRIES = 3
"""How often a block whose process died is handed to another. What kills every process that
touches it ends here; its fellows are then tried one by one, and it alone is given up."""
STORE = 128 * 2**20
"""Bytes of shared memory for a cluster of this machine alone: only names and records travel."""


class Notes(Protocol):
    """A journal, wherever it lies."""

    def write(self, *records: Record) -> None:
        """Add lines."""


@dataclass(frozen=True, slots=True)
class Pool:
    """How many processes edit, and what each is given.

    Attributes:
        most: processes at most; None for as many as the cluster has room for.
        cores: CPU cores for each.
        gpus: the share of a GPU that each has; 0 for none.
    """

    most: int | None = None
    cores: int = 1
    gpus: float = 0


@contextlib.contextmanager
def cluster(address: str | None) -> Iterator[Any]:
    """Ray, joined to the cluster at `address`, or to one on this machine for as long as needed.

    Raises:
        UsageError: Ray is not installed, or nothing answers at the address.
    """
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    # Else Ray would pack the folder that `uv run` was called in, and set every process up anew.
    os.environ.setdefault("RAY_ENABLE_UV_RUN_RUNTIME_ENV", "0")
    try:
        import ray
        import ray.data
    except ImportError as error:
        raise UsageError("Ray is not installed", do="Install `brushctl[ray]`.") from error
    _quieten(ray)
    if ray.is_initialized():
        yield ray
        return
    here: dict[str, Any] = {"include_dashboard": False, "object_store_memory": STORE}
    try:
        ray.init(
            address or "local",
            logging_level=logging.CRITICAL,
            log_to_driver=False,
            **({} if address else here),
        )
    except ConnectionError as error:
        raise UsageError("no Ray cluster answers", where=address, do="Is it up?") from error
    try:
        yield ray
    finally:
        ray.shutdown()


def edit_on_cluster(
    tasks: Sequence[Task],
    opener: Opener,
    treatment: Treatment,
    *,
    journal: Notes,
    pool: Pool,
    stop: Callable[[], bool] = lambda: False,
) -> Generator[Event | FileDone, None, list[Record]]:
    """Edit photographs on the cluster that is joined; as `edit_photographs` does on one machine.

    Args:
        tasks: the photographs.
        opener: makes each process its editor; it must pickle.
        treatment: how they are edited.
        journal: gets a line for each at the start, so that a run after a killed one knows what
            may lie in the output folder, and another when it is done.
        pool: the processes.
        stop: asked between blocks; true ends the run.

    Returns:
        what became of each photograph, as far as it got.

    Raises:
        BrushctlError: no process can open the editor.
        OSError: a disk is full or read-only.
    """
    journal.write(*(Record(task.key, "sent", {}, {}) for task in tasks))
    yield Stage("editing photographs", len(tasks))
    left = {task.key: task for task in tasks}
    records: list[Record] = []
    megapixels, started = 0.0, time.monotonic()
    size = max(2, min(LARGEST, len(tasks) // PIECES))
    for block in (size, 1):  # what a dying process took along is tried again, one by one
        for lines in _blocks(list(left.values()), block, opener, treatment, pool):
            done = [unpacked(line) for line in lines]
            journal.write(*done)
            for record in done:
                left.pop(record.file, None)
                records.append(record)
                yield from tell(record)
                width, height = record.facts.get("size", (0, 0))
                megapixels += width * height / 1e6
            pace = megapixels / max(time.monotonic() - started, 1e-9)
            yield Advance(len(records), f"{pace:.1f} MP/s")
            if stop():
                return records
    for task in left.values():
        record = _lost(task, treatment)
        journal.write(record)
        records.append(record)
        yield from tell(record)
    yield Advance(len(records))
    return records


def _blocks(
    tasks: Sequence[Task], size: int, opener: Opener, treatment: Treatment, pool: Pool
) -> Iterator[list[str]]:
    """The lines of each block of tasks, as blocks are done; a lost block is left out."""
    if not tasks:
        return
    import ray.data

    rows = [{"task": json.dumps(asdict(task))} for task in tasks]
    data = ray.data.from_items(rows, override_num_blocks=-(-len(rows) // size))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of a later Ray, which will name max_task_retries
        outcome = data.map_batches(
            Painter,
            batch_size=size,
            fn_constructor_args=(opener, treatment),
            compute=ray.data.ActorPoolStrategy(
                min_size=1,
                max_size=pool.most,
                # One by one, or a photograph that kills would take those behind it along.
                max_tasks_in_flight_per_actor=1 if size == 1 else None,
            ),
            num_cpus=pool.cores,
            num_gpus=pool.gpus or None,
            max_restarts=-1,
            max_task_retries=RETRIES,
        )
    for batch in outcome.iter_batches(batch_size=None, prefetch_batches=0, batch_format="numpy"):
        yield list(batch["line"])


def _lost(task: Task, treatment: Treatment) -> Record:
    told = {
        "code": "worker-lost",
        "what": "every process that was to edit it died",
        "do": "See the cluster's own log; a damaged file or too little memory are the likeliest.",
    }
    return Record(task.key, "failed", treatment.settings, dict(task.mark), error=told)


def _quieten(ray: Any) -> None:  # noqa: ANN401  (a module)
    context = ray.data.DataContext.get_current()
    context.enable_progress_bars = False
    context.max_errored_blocks = -1  # they are counted, tried again and told of here
    for name in ("ray", "ray.data"):
        logging.getLogger(name).setLevel(logging.CRITICAL)
