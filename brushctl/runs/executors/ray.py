"""Work on a Ray cluster: jobs dispatched to its processes, and photographs edited by them."""

import contextlib
import copy
import logging
import os
import pickle
import signal
import threading
import warnings
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

from brushctl.errors import BrushctlError, PhotoError, UsageError, shortage
from brushctl.events import Reporter, Stage, silent
from brushctl.extras import installing
from brushctl.files import expanded
from brushctl.runs.plan import Job, Plan
from brushctl.runs.records import Fault, Record
from brushctl.runs.resume import Sources
from brushctl.runs.steps import Editor, Progress, Treatment
from brushctl.runs.storage.base import AnyJournal, is_url
from brushctl.runs.windows import TOGETHER, Photograph
from brushctl.runs.work import PhotographWorker, sent, stat_of, sweep
from brushctl.settings import bound_spinning

RETRIES = 3
"""How often a block whose process died is handed to another. What kills every process that
touches it ends here."""
ENVIRONMENT = {
    "RAY_USAGE_STATS_ENABLED": "0",
    # Else Ray would pack the folder that `uv run` was called in, and set every process up anew.
    "RAY_ENABLE_UV_RUN_RUNTIME_ENV": "0",
}
STORE = 128 * 2**20
"""Bytes of shared memory for a cluster of this machine alone: only small things travel."""
PIECES, LARGEST = 200, 64
"""A run is cut in so many blocks or more, of at most so many photographs: a process that dies
costs the block in its hands, and records arrive a block at a time."""

Work = Callable[[Sequence[Any]], Iterable[Any]]
"""What becomes of each of some jobs, in their order."""
Opener = Callable[[], Work]
"""Called once in each process; it must pickle."""

EditorOpener = Callable[[], contextlib.AbstractContextManager[Editor | None]]
"""Likewise, for an editor."""


@dataclass(frozen=True, slots=True)
class Pool:
    """How many processes work, and what each is given.

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
        UsageError: Ray is not installed, or nothing answers at the address, or the user has no
            home.
    """
    expanded("~")  # in which Ray looks for its own things
    with contextlib.ExitStack() as stack:
        stack.enter_context(_environment())
        try:
            import ray
            import ray.data
        except ImportError as error:
            how = installing("ray[data]", "fsspec")
            absent = UsageError("Ray is not installed", do=f"Run `{how}`.")
            raise shortage(error) or absent from error
        stack.enter_context(_prepared(ray))
        if not ray.is_initialized():
            stack.callback(_answer_sigterm, signal.getsignal(signal.SIGTERM))
            _join(ray, address)
            stack.callback(ray.shutdown)
        yield ray


def _join(ray: Any, address: str | None) -> None:  # noqa: ANN401  (a module)
    here: dict[str, Any] = {"include_dashboard": False, "object_store_memory": STORE}
    answer = signal.getsignal(signal.SIGTERM)
    try:
        ray.init(
            address or "local",
            logging_level=logging.CRITICAL,
            log_to_driver=False,
            **({} if address else here),
        )
    except ConnectionError as error:
        raise UsageError("no Ray cluster answers", where=address, do="Is it up?") from error
    if answer is not signal.SIG_DFL:  # else Ray's own, an exit, is the better one while it runs
        _answer_sigterm(answer)


def missing(ray: Any, pool: Pool) -> str | None:  # noqa: ANN401  (a module)
    """What one process of the pool needs and no machine of the cluster has; None if one has all."""
    machines = [node["Resources"] for node in ray.nodes() if node["Alive"]]
    if any(
        m.get("CPU", 0) >= pool.cores and m.get("GPU", 0) >= min(pool.gpus, 1) for m in machines
    ):
        return None
    cores = f"{pool.cores} core{'s' * (pool.cores > 1)}"
    return f"{cores} and a GPU" if pool.gpus else cores


def spread(
    jobs: Sequence[Any], opener: Opener, pool: Pool, *, size: int = 1
) -> Iterator[list[tuple[int, Any]]]:
    """Have the cluster do jobs, in blocks of `size`.

    Yields:
        what became of the jobs of a block, each with its place among `jobs`, as blocks are done. A
        block is left out if every process that had it died.

    Raises:
        Exception: what ended the work in a process: it would end it in every other too.
        BrushctlError: the cluster cannot start a process at all.
    """
    if not jobs:
        return
    import ray.data

    numbered = list(enumerate(jobs))
    rows = [{"jobs": pickle.dumps(numbered[n : n + size])} for n in range(0, len(numbered), size)]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of a later Ray, which will name max_task_retries
        done = ray.data.from_items(rows, override_num_blocks=len(rows)).map_batches(
            Worker,
            batch_size=1,
            fn_constructor_args=(opener,),
            compute=ray.data.ActorPoolStrategy(
                min_size=1,
                max_size=pool.most,
                # One by one, or a job that kills would take those behind it along, and a long one
                # keep them waiting while other processes are free.
                max_tasks_in_flight_per_actor=1 if size == 1 else None,
            ),
            num_cpus=pool.cores,
            num_gpus=pool.gpus or None,
            max_restarts=-1,
            max_task_retries=RETRIES,
        )
    try:
        for batch in done.iter_batches(batch_size=None, prefetch_batches=0, batch_format="numpy"):
            for packed in batch["done"]:
                outcomes, refusal = pickle.loads(packed)  # our own processes made it
                yield outcomes
                if refusal:
                    raise refusal
    except ray.exceptions.RayError as error:
        told = str(error).strip().splitlines()
        raise BrushctlError(
            f"the cluster cannot start a process ({told[-1] if told else type(error).__name__})",
            do="Install the same brushctl, with the same Python, on every machine of it.",
        ) from error


def edit_on_cluster(
    plan: Plan,
    jobs: Sequence[Job],
    opener: EditorOpener,
    treatment: Treatment,
    *,
    journal: AnyJournal,
    pool: Pool,
    stop: Callable[[], bool] = lambda: False,
    report: Reporter = silent,
) -> list[Record]:
    """As `brushctl.runs.executors.threads.edit_photographs`, on the cluster that is joined.

    Args:
        plan: as there; every machine sees the same files at its paths.
        jobs: as there.
        opener: makes each process its editor.
        treatment: as there.
        journal: gets a line for each photograph at the start, and another when it is done.
        pool: the processes.
        stop: asked between blocks; true ends the run.
        report: is told how far it has come, and of each photograph.

    Returns:
        what became of each photograph, as far as it got.

    Raises:
        BrushctlError: no process can open the editor.
        OSError: a disk is full or read-only.
    """
    before = {job.key: journal.records.get(job.key) for job in jobs}
    journal.write(*sent(jobs, journal))
    report(Stage("editing photographs", len(jobs)))
    progress, sources = Progress(report, jobs), Sources(plan.output)

    def note(records: Iterable[Record]) -> None:
        following = [record.following(before[record.file]) for record in records]
        journal.write(*following)
        progress.add(*following)

    left = [Photograph(_anywhere(job), sources.of(job)) for job in jobs]
    worker = partial(_edit_worker, opener, treatment, _absolute(plan.output), pool.cores)
    for size in (block_size(len(jobs)), 1):  # what a dying process took along, one by one
        done = set[int]()
        for block in spread(left, worker, pool, size=size):
            done.update(n for n, _ in block)
            note(record for _, record in block)
            if stop():
                return progress.records
        left = [photograph for n, photograph in enumerate(left) if n not in done]
    note(_lost(photograph, treatment) for photograph in left)
    sweep(jobs, plan.output)
    return progress.records


def block_size(count: int) -> int:
    """How many of `count` photographs are handed out at once, a multiple of `TOGETHER`."""
    return max(1, min(LARGEST, count // PIECES) // TOGETHER) * TOGETHER


def _edit_worker(
    opener: EditorOpener, treatment: Treatment, output: str | None, cores: int
) -> PhotographWorker:
    """The work of one process, which has one editor for all blocks.

    As many threads read and as many write as it has cores, two at least.
    """
    editor = opener().__enter__()
    return PhotographWorker(editor, treatment, output=output, threads=max(2, cores))


def _anywhere(job: Job) -> Job:
    """A job for whichever process, some time: one that has died may have written its result."""
    source, target = _absolute(job.source_file), _absolute(job.target_file)
    return replace(job, source_file=source, target_file=target, vacant=False)


def _absolute(name: str | None) -> str | None:
    return name if name is None or is_url(name) else str(Path(name).absolute())


def _lost(photograph: Photograph, treatment: Treatment) -> Record:
    job, source = photograph.job, photograph.source
    if job.source_file is not None and job.listed is None:
        with contextlib.suppress(PhotoError):
            source = source.at(stat_of(job.source_file))
    return Record(job.key, "failed", treatment.settings, source, error=lost("to edit it"))


def lost(doing: str) -> Fault:
    """What is noted as the error of a job that is in no block."""
    return Fault(
        code="worker-lost",
        what=f"every process that was {doing} died",
        do="See the cluster's own log. A damaged file or too little memory is the likeliest cause.",
    )


class Worker:
    """An actor of Ray Data's: opens what it works with once, then does blocks of jobs.

    What would stop the whole run (a base model that is not there, a full disk) is no exception
    here, which Ray would take for a broken process and try again: it travels with what was done.
    """

    def __init__(self, opener: Opener) -> None:
        bound_spinning()
        self._refusal: Exception | None = None
        try:
            self._work = opener()
        except Exception as error:
            self._refusal = explained(error)

    def __call__(self, batch: dict[str, Any]) -> dict[str, Any]:
        """The batch's column `jobs`, one block of them, to a column `done`."""
        import numpy as np

        return {"done": np.array([pickle.dumps(self._done(*batch["jobs"]))], dtype=object)}

    def _done(self, packed: bytes) -> tuple[list[tuple[int, Any]], Exception | None]:
        outcomes: list[tuple[int, Any]] = []
        if self._refusal:
            return outcomes, self._refusal
        numbers, jobs = zip(*pickle.loads(packed), strict=True)
        try:
            outcomes.extend(zip(numbers, self._work(jobs), strict=True))
        except Exception as error:
            return outcomes, explained(error)
        return outcomes, None


def explained(error: Exception) -> Exception:
    """An error that reaches the process that asked: others' own kinds may not."""
    if isinstance(error, BrushctlError | OSError):
        return error
    return shortage(error) or BrushctlError(
        f"unexpected {type(error).__name__} in a process of the cluster: {error}",
        do="Run it with --engine local and `brushctl --debug ...` for the traceback.",
    )


def _answer_sigterm(answer: Any) -> None:  # noqa: ANN401  (what `signal.getsignal` gives)
    """Do again what was done on SIGTERM before Ray put an answer of its own in its place."""
    if answer is not None and threading.current_thread() is threading.main_thread():
        signal.signal(signal.SIGTERM, answer)


@contextlib.contextmanager
def _environment() -> Iterator[None]:
    """Ray's settings, where nobody has made them otherwise."""
    ours = {name: value for name, value in ENVIRONMENT.items() if name not in os.environ}
    os.environ.update(ours)
    try:
        yield
    finally:
        for name in ours:
            os.environ.pop(name, None)


@contextlib.contextmanager
def _prepared(ray: Any) -> Iterator[None]:  # noqa: ANN401  (a module)
    """Ray as it is needed here, without a word of its own."""
    context = copy.deepcopy(ray.data.DataContext.get_current())
    context.enable_progress_bars = False
    context.max_errored_blocks = -1  # they are counted, tried again and told of here
    # One job in hand for each process is reason enough for another process.
    context.autoscaling_config.actor_pool_util_upscaling_threshold = 1.0
    with contextlib.ExitStack() as stack:
        for logger in map(logging.getLogger, ("ray", "ray.data")):
            stack.callback(logger.setLevel, logger.level)
            logger.setLevel(logging.CRITICAL)
        stack.enter_context(ray.data.DataContext.current(context))
        yield
