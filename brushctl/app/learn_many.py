"""Learn a brush from each of many sets of pairs, here or on a cluster; what is done is kept."""

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cache, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from brushctl.app.learn import check_machine, model_opener, prepare
from brushctl.app.learning_settings import LearningSettings
from brushctl.app.machines import Machines
from brushctl.brushes.cache import SUFFIX, checked_name
from brushctl.brushes.checkpoint import checkpoints_of
from brushctl.errors import BrushctlError, Interrupted, NameTakenError, UsageError
from brushctl.events import Event, Message, Reporter, silent
from brushctl.files import expanded, unwritable, way_to
from brushctl.settings import brush_cache

if TYPE_CHECKING:
    from brushctl.engine.model.base import AnyBase
    from brushctl.runs.journal import Journal
    from brushctl.runs.records import Record, Source


@dataclass(frozen=True, slots=True)
class SetDone(Event):
    """A set of pairs is done with: its brush is learned, or that failed."""

    record: "Record"


@dataclass(frozen=True, slots=True)
class BatchOutcome:
    """How learning many brushes went.

    Attributes:
        learned: how many brushes were learned.
        unchanged: how many were there already.
        failed: what became of the others.
        seconds: how long it took.
    """

    learned: int
    unchanged: int
    failed: "Sequence[Record]"
    seconds: float


@dataclass(frozen=True, slots=True)
class LearningJob:
    """A brush that is to be learned now.

    Attributes:
        name: the brush's.
        pairs: a folder or a manifest.
        target: where the brush will be.
        settings: how it is learned.
        recorded: everything that decides the brush, its pairs apart, as the journal keeps it.
        source: what its pairs are known by.
        anew: whether nothing that was begun is gone on with.
    """

    name: str
    pairs: Path
    target: Path
    settings: LearningSettings
    recorded: dict[str, Any]
    source: "Source"
    anew: bool


class LearningWorker:
    """Learns one brush after another, here or in a process of a cluster; keeps its base model.

    Args:
        device: what it works on.
        dtype: the base's number format; None for the device's own.
        report: called with every event of the work.

    Raises:
        DeviceError: the device is not on this machine, or nothing can be learned in the format.
    """

    def __init__(self, device: str, dtype: str | None, *, report: Reporter = silent) -> None:
        if device != "auto" or dtype:
            check_machine(device, dtype)
        self._device, self._dtype, self._report = device, dtype, report
        self._model: tuple[str | None, AnyBase] | None = None

    def __call__(self, jobs: Sequence[LearningJob]) -> "Iterator[Record]":
        """What became of each.

        Raises:
            Interrupted: the user stopped it; what was learned so far is kept.
            OSError: the disk is full or read-only.
        """
        from brushctl.runs.steps import failed

        for job in jobs:
            try:
                yield self._learn(job)
            except Interrupted:
                raise
            except Exception as error:  # one set that fails never stops the others
                yield failed(job.name, error, job.source, job.recorded)

    def _learn(self, job: LearningJob) -> "Record":
        from brushctl.brushes.header import read_metadata
        from brushctl.runs.records import Learned, Record, Result

        started, report = time.monotonic(), self._report
        report(Message(f"{job.name}:"))
        # What is there is the list's own: that was seen to, or a process that died has left it.
        run = prepare(
            job.pairs, str(job.target), job.settings, overwrite=True, resume=True, report=report
        )
        learned = run.learn(
            lambda: self._base(job.settings.base),
            resume=not job.anew,
            restart_if_changed=True,
            report=report,
        )
        path = learned.path
        result = Result(path.name, content_sha256=read_metadata(path).content_sha256)
        facts = Learned(
            judged=learned.judged.figures() if learned.judged else None,
            seconds=round(time.monotonic() - started, 1),
        )
        return Record(job.name, "done", job.recorded, job.source, result, facts)

    def _base(self, name: str | None) -> "AnyBase":
        if self._model is None or self._model[0] != name:
            self._model = None  # two would not fit
            self._model = name, model_opener(name, self._device, self._dtype)()
        return self._model[1]


@dataclass(frozen=True, slots=True)
class BatchOptions:
    """Where many brushes are learned, and whether they all are.

    Attributes:
        device: what they are learned on.
        dtype: the base's number format; None for the device's own.
        overwrite: learn all anew.
        machines: the cluster; None for this process.
    """

    device: str = "auto"
    dtype: str | None = None
    overwrite: bool = False
    machines: Machines | None = None


def learn_many(
    source: Path,
    output: str | None,
    common: LearningSettings,
    options: BatchOptions,
    *,
    report: Reporter = silent,
) -> BatchOutcome:
    """Learn what is missing or has changed of a list of sets of pairs.

    Args:
        source: the list.
        output: the folder of the brushes; None for the cache.
        common: what holds for every set that does not say otherwise.
        options: where they are learned.
        report: called with every event of the work; each set that is done with is a `SetDone`.

    Raises:
        UsageError: the list cannot be read, or the output is no folder.
        OutputBusyError: another run learns into the same folder.
        Interrupted: the user stopped it.
    """
    from brushctl.runs.journal import Journal
    from brushctl.runs.plan import STATE

    def warn(line: str) -> None:
        report(Message(line))

    started, folder = time.monotonic(), _folder(output)
    sets = _sets(source, folder, common)
    with Journal(folder / STATE, warn) as journal:
        plan = _Plan(journal, options, cache(_model_here))
        chosen = [plan.chosen(name, *each) for name, each in sets.items()]
        jobs = [each for each in chosen if isinstance(each, LearningJob)]
        records = [each for each in chosen if each and not isinstance(each, LearningJob)]
        for record in records:
            report(SetDone(record))
        before = dict(journal.records)
        journal.write(*(_sent(job).following(before.get(job.name)) for job in jobs))
        try:
            for done in _learned(jobs, options, report):
                record = done.following(before.get(done.file))
                journal.write(record)
                report(SetDone(record))
                records.append(record)
        except Interrupted:
            raise Interrupted(
                "stopped while learning", do="Run the same command again to go on."
            ) from None
    failed = [record for record in records if record.error]
    seconds = time.monotonic() - started
    return BatchOutcome(len(records) - len(failed), chosen.count(None), failed, seconds)


def _folder(output: str | None) -> Path:
    folder = expanded(output) if output else brush_cache()
    if folder.suffix == SUFFIX or folder.is_file():
        raise UsageError(
            "--batch writes many brushes, and this is one file",
            where=output,
            do="Name a folder, or leave -o out to keep them in the cache.",
        )
    if why := unwritable(folder):
        raise UsageError(why[1], where=str(why[0]), do="Choose another place.")
    return folder.absolute()


def _sets(
    source: Path, folder: Path, common: LearningSettings
) -> dict[str, tuple[Path, Path, LearningSettings]]:
    """By the names of the brushes: their pairs, their files and how they are learned."""
    from brushctl.pairs.sets import read_sets

    sets = {}
    for each in read_sets(source):
        own = dict(each.options)
        if "phrase" in own:
            own.setdefault("no_phrase", False)
        elif own.get("no_phrase"):
            own["phrase"] = None
        target = folder / (checked_name(each.name) + SUFFIX)
        sets[each.name] = each.pairs.absolute(), target, replace(common, **own)
    return sets


@dataclass(frozen=True, slots=True)
class _Plan:
    """What is to be done, by what the journal says of earlier runs."""

    journal: "Journal"
    options: BatchOptions
    unet_of: Callable[[str | None], str | None]

    def chosen(
        self, name: str, pairs: Path, target: Path, settings: LearningSettings
    ) -> "LearningJob | Record | None":
        """What is to be done about a set; how it failed already; None where it is done."""
        from brushctl.brushes.header import read_metadata
        from brushctl.pairs.find import find_pairs
        from brushctl.pairs.load import pair_sha256
        from brushctl.runs.records import Source
        from brushctl.runs.steps import failed

        overwrite = self.options.overwrite
        recorded, source = {**settings.to_dict(), "dtype": self.options.dtype}, Source()
        record = self.journal.records.get(name)
        try:
            source = Source(way_to(pairs, target.parent))
            hashes = tuple(pair_sha256(pair) for pair in find_pairs(pairs))
            source = replace(source, pairs=hashes)
            there = target.exists()
            if not overwrite and (
                (there and not _is_the_sets(target, record, source))
                or (not record and checkpoints_of(target))
            ):
                raise NameTakenError(
                    "a brush of that name exists or is unfinished, and is not of this set",
                    where=str(target),
                    do="Give the set another `name`, or pass --overwrite.",
                )
        except (BrushctlError, OSError) as error:
            return failed(name, error, source, recorded)
        same = record and (record.settings, record.source) == (recorded, source)
        if record and same and record.status == "done" and there and not overwrite:
            of = read_metadata(target).base
            # A base that is not here cannot have become another.
            if of is None or self.unet_of(settings.base) in (None, of.model_sha256):
                return None
        return LearningJob(name, pairs, target, settings, recorded, source, overwrite)


def _learned(
    jobs: Sequence[LearningJob], options: BatchOptions, report: Reporter
) -> "Iterator[Record]":
    if not jobs:
        return
    if options.machines is None:
        yield from LearningWorker(options.device, options.dtype, report=report)(jobs)
    else:
        yield from _learned_on_cluster(jobs, options, options.machines, report)


def _learned_on_cluster(
    jobs: Sequence[LearningJob], options: BatchOptions, machines: Machines, report: Reporter
) -> "Iterator[Record]":
    from brushctl.runs.executors.ray import lost, spread
    from brushctl.runs.records import Record

    jobs = [
        replace(job, settings=replace(job.settings, base=machines.base(job.settings.base)))
        for job in jobs
    ]
    left = {job.name: job for job in jobs}
    with machines.joined(report) as pool:
        opener = partial(LearningWorker, options.device, machines.dtype(options.dtype, pool))
        for block in spread(jobs, opener, pool):
            for _, record in block:
                left.pop(record.file)
                yield record
    for job in left.values():
        yield Record(job.name, "failed", job.recorded, job.source, error=lost("to learn it"))


def _model_here(base: str | None) -> str | None:
    from brushctl.engine.model.find import model_here

    return model_here(base)


def _is_the_sets(path: Path, record: "Record | None", source: "Source") -> bool:
    """Whether a brush that is there was learned for a set, by its name's last line in the journal.

    Two lists into one folder may have sets of one name.
    """
    from brushctl.brushes.header import read_metadata

    if record is None or not (
        record.source.path == source.path or record.source.pairs == source.pairs
    ):
        return False
    metadata = read_metadata(path)
    made = record.result and record.result.content_sha256
    if made == metadata.content_sha256:  # labels may have changed
        return True
    # A run that died before it could tell of its brush has learned it from the set's pairs.
    training = metadata.training
    pairs = record.source.pairs
    return record.status != "done" and training is not None and {*training.pairs_sha256} <= {*pairs}


def _sent(job: LearningJob) -> "Record":
    from brushctl.runs.records import Record

    return Record(job.name, "sent", job.recorded, job.source)
