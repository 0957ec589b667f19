"""`brushctl learn --batch`: a brush from each of many sets of pairs, here or on a cluster."""

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cache, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from brushctl.brushes.cache import SUFFIX, checked_name
from brushctl.brushes.checkpoint import states_of
from brushctl.cli._options import Machines
from brushctl.cli._output import print_line, say
from brushctl.cli._status import exit_with_failed, say_failed, unless_busy
from brushctl.cli.order import Order
from brushctl.errors import BrushctlError, Interrupted, NameTakenError, UsageError
from brushctl.files import expanded, unwritable, way_to
from brushctl.settings import brush_cache

if TYPE_CHECKING:
    from brushctl.engine.model.base import BaseModel
    from brushctl.runs.journal import Journal
    from brushctl.runs.records import Record, Source


@dataclass(frozen=True, slots=True)
class Assignment:
    """A brush that is to be learned now.

    Attributes:
        name: the brush's.
        order: how.
        settings: everything that decides the brush, its pairs apart.
        source: what its pairs are known by.
        anew: whether nothing that was begun is gone on with.
    """

    name: str
    order: Order
    settings: dict[str, Any]
    source: "Source"
    anew: bool


class School:
    """Learns one brush after another, here or in a process of a cluster; keeps its base model.

    Args:
        device: what it works on.
        dtype: the base's number format; None for the device's own.
        quiet: whether nothing is said.

    Raises:
        DeviceError: the device is not on this machine, or nothing can be learned in the format.
    """

    def __init__(self, device: str, dtype: str | None, *, quiet: bool) -> None:
        from brushctl.engine.devices import learning_dtype, resolve_device

        self._place, self._quiet = resolve_device(device), quiet
        self._dtype = learning_dtype(dtype, self._place)
        self._model: tuple[str | None, BaseModel] | None = None

    def __call__(self, assignments: "Sequence[Assignment]") -> "Iterator[Record]":
        """What became of each.

        Raises:
            Interrupted: the user stopped it; what was learned so far is kept.
            OSError: the disk is full or read-only.
        """
        from brushctl.runs.steps import failed

        for each in assignments:
            try:
                yield self._learn(each)
            except Interrupted:
                raise
            except Exception as error:  # one set that fails never stops the others
                yield failed(each.name, error, each.source, each.settings)

    def _learn(self, each: Assignment) -> "Record":
        from brushctl.brushes.header import read_metadata
        from brushctl.runs.records import Learned, Record, Result

        started = time.monotonic()
        if not self._quiet:
            say(f"{each.name}:")
        # What is there is the list's own: that was seen to, or a process that died has left it.
        ready = each.order.ready(overwrite=True, go_on=True, quiet=self._quiet)
        model = self._base(each.order.base)
        learned = ready.carry_out(model, resume=not each.anew, begin_anew=True, quiet=self._quiet)
        path = learned.path
        result = Result(path.name, content_sha256=read_metadata(path).content_sha256)
        facts = Learned(
            judged=learned.judged.figures() if learned.judged else None,
            seconds=round(time.monotonic() - started, 1),
        )
        return Record(each.name, "done", each.settings, each.source, result, facts)

    def _base(self, name: str | None) -> "BaseModel":
        from brushctl.engine.model.base import open_base

        if self._model is None or self._model[0] != name:
            self._model = None  # two would not fit
            self._model = name, open_base(name, self._place, self._dtype)
        return self._model[1]


@dataclass(frozen=True, slots=True)
class Many:
    """The command line of one `learn --batch`.

    Attributes:
        common: what holds for every set that does not say otherwise; its `pairs` are the list.
        output: the folder of the brushes; None for the cache.
        device: what they are learned on.
        dtype: the base's number format.
        overwrite: learn all anew.
        json: print events as JSON lines.
        quiet: say nothing but errors.
    """

    common: Order
    output: str | None
    device: str
    dtype: str | None
    overwrite: bool
    json: bool
    quiet: bool

    def learn(self, machines: Machines | None) -> None:
        """Learn what is missing or has changed; exits with 3 or 4 when brushes failed.

        Raises:
            UsageError: the list cannot be read, or the output is no folder.
            Interrupted: the user stopped it.
        """
        with unless_busy(json=self.json, quiet=self.quiet):
            self._learn(machines)

    def _learn(self, machines: Machines | None) -> None:
        from brushctl.runs.journal import Journal
        from brushctl.runs.plan import STATE

        orders, started = self._orders(), time.monotonic()
        unet_of = cache(_unet_here)
        with Journal(self._folder() / STATE, warn=self._say) as journal:
            chosen = [self._chosen(name, order, journal, unet_of) for name, order in orders.items()]
            todo = [each for each in chosen if isinstance(each, Assignment)]
            records = [each for each in chosen if each and not isinstance(each, Assignment)]
            for record in records:
                self._tell(record)
            before = dict(journal.records)
            journal.write(*(_sent(each).following(before.get(each.name)) for each in todo))
            try:
                for told in self._learned(todo, machines):
                    record = told.following(before.get(told.file))
                    journal.write(record)
                    self._tell(record)
                    records.append(record)
            except Interrupted:
                raise Interrupted(
                    "stopped while learning", do="Run the same command again to go on."
                ) from None
        failed = [record for record in records if record.error]
        self._summarise(len(records) - len(failed), chosen.count(None), failed, started)
        exit_with_failed(len(failed), len(chosen) - len(failed))

    def _folder(self) -> Path:
        folder = expanded(self.output) if self.output else brush_cache()
        if folder.suffix == SUFFIX or folder.is_file():
            raise UsageError(
                "many brushes go into a folder, or without -o into the cache", where=self.output
            )
        if why := unwritable(folder):
            raise UsageError(why[1], where=str(why[0]), do="Choose another place.")
        return folder.absolute()

    def _orders(self) -> dict[str, Order]:
        """The sets of the list by the names of their brushes."""
        from brushctl.pairs.sets import read_sets

        orders = {}
        for each in read_sets(self.common.pairs):
            own = dict(each.options)
            if "phrase" in own:
                own.setdefault("no_phrase", False)
            elif own.get("no_phrase"):
                own["phrase"] = None
            target = self._folder() / (checked_name(each.name) + SUFFIX)
            orders[each.name] = replace(
                self.common, pairs=each.pairs.absolute(), output=str(target), **own
            )
        return orders

    def _chosen(
        self,
        name: str,
        order: Order,
        journal: "Journal",
        unet_of: Callable[[str | None], str | None],
    ) -> "Assignment | Record | None":
        """What is to be done about a set; how it failed already; None where it is done."""
        from brushctl.brushes.header import read_metadata
        from brushctl.pairs.find import find_pairs
        from brushctl.pairs.load import pair_sha256
        from brushctl.runs.records import Source
        from brushctl.runs.steps import failed

        settings, source = {**order.settings(), "dtype": self.dtype}, Source()
        record, path = journal.records.get(name), Path(order.output)
        try:
            source = Source(way_to(Path(order.pairs), path.parent))
            pairs = tuple(pair_sha256(pair) for pair in find_pairs(order.pairs))
            source = replace(source, pairs=pairs)
            there = path.exists()
            if not self.overwrite and (
                (there and not _is_the_sets(path, record, source))
                or (not record and states_of(path))
            ):
                raise NameTakenError(
                    "there is a brush of that name, or one was begun, that was not learned for it",
                    where=str(path),
                    do="Give the set another `name`, or pass --overwrite.",
                )
        except (BrushctlError, OSError) as error:
            return failed(name, error, source, settings)
        same = record and (record.settings, record.source) == (settings, source)
        if record and same and record.status == "done" and there and not self.overwrite:
            of, now = read_metadata(path).base.unet_sha256, unet_of(order.base)
            if now in (None, of):  # a base that is not here cannot have become another
                return None
        return Assignment(name, order, settings, source, self.overwrite)

    def _learned(
        self, todo: "Sequence[Assignment]", machines: Machines | None
    ) -> "Iterator[Record]":
        if not todo:
            return
        if machines is None:
            yield from School(self.device, self.dtype, quiet=self.quiet)(todo)
            return
        from brushctl.runs.executors.ray import lost, spread
        from brushctl.runs.records import Record

        todo = [
            replace(each, order=replace(each.order, base=machines.base(each.order.base)))
            for each in todo
        ]
        left = {each.name: each for each in todo}
        with machines.joined() as pool:
            dtype = machines.dtype(self.dtype, pool)
            opener = partial(School, self.device, dtype, quiet=True)
            for block in spread(todo, opener, pool):
                for _, record in block:
                    left.pop(record.file)
                    yield record
        for each in left.values():
            told = lost("to learn it")
            yield Record(each.name, "failed", each.settings, each.source, error=told)

    def _tell(self, record: "Record") -> None:
        from brushctl.runs.records import Learned

        if self.json:
            print_line({"event": "brush", **record.to_dict()})
        elif isinstance(record.facts, Learned):
            self._say(f"{record.file}: {_worth(record.facts.judged)}")

    def _say(self, line: str) -> None:
        if not self.quiet:
            say(line)

    def _summarise(
        self, done: int, unchanged: int, failed: "Sequence[Record]", started: float
    ) -> None:
        seconds = time.monotonic() - started
        if self.json:
            counts = {"done": done, "unchanged": unchanged, "failed": len(failed)}
            print_line({"event": "summary", **counts, "seconds": round(seconds, 3)})
        told = f"{done} learned, {unchanged} unchanged, {len(failed)} failed"
        self._say(f"{told} (in {seconds:.0f} s)")
        say_failed((record.file, record) for record in failed)


def _unet_here(base: str | None) -> str | None:
    from brushctl.engine.model.base import unet_here

    return unet_here(base)


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


def _worth(judged: dict[str, Any] | None) -> str:
    """What a brush has come to, for people."""
    if judged is None:
        return "learned, but it could not be judged"
    figures = f"{judged['psnr']:.1f} dB (unedited {judged['psnr_unedited']:.1f})"
    return f"{figures} on {judged['on']}"


def _sent(each: Assignment) -> "Record":
    from brushctl.runs.records import Record

    return Record(each.name, "sent", each.settings, each.source)
