"""Ways to learn an edit from pairs: ours, and those of other programs."""

import csv
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import brushctl
from benchmarks.grade.pairs import Codes, Pair, Pixels, in_codes, read, read_codes
from brushctl.events import Event, Message
from brushctl.grade import Grade, apply_grade
from brushctl.grade.fit import fit_grade
from brushctl.grade.lattice_fit import fit_lattice
from brushctl.grade.samples import sample_pairs, stacked

SEED = 0


@dataclass(frozen=True, slots=True)
class Learned:
    """An edit that was learned.

    Attributes:
        edit: a photograph's file as edited, as it would be saved.
        fit_cpu_seconds: of learning; None where nothing is learned.
        facts: what else there is to say.
    """

    edit: Callable[[Path], Codes]
    fit_cpu_seconds: float | None = None
    facts: dict[str, object] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Task:
    """An edit to learn.

    Attributes:
        pairs: what to learn it from.
        photographs: what to repeat it on, by files of different names.
        folder: for what comes between, empty.
        peers: an interpreter that has the other programs.
    """

    pairs: Sequence[Pair]
    photographs: Sequence[Path]
    folder: Path
    peers: Path | None = None

    def pictures(self) -> list[tuple[Pixels, Pixels]]:
        """Before and after."""
        return [(read(pair.before), read(pair.after)) for pair in self.pairs]


def graded_by(grade: Grade) -> Callable[[Path], Codes]:
    """A photograph's file under a grade."""
    return lambda path: in_codes(apply_grade(grade, read(path)))


def nothing(_task: Task) -> Learned:
    """Photographs left alone."""
    return Learned(read_codes)


def lut(task: Task) -> Learned:
    """The lattice alone, of 33 nodes, fitted to the pixels that the grade is fitted to.

    It is never passed over for leaving pictures alone.
    """
    pictures = task.pictures()
    start = time.process_time()
    lattice = fit_lattice(*stacked(sample_pairs(pictures, SEED, lambda _: None)))
    return Learned(graded_by(Grade(lattice)), time.process_time() - start)


def grade(task: Task) -> Learned:
    """What `learn` begins with, before it is cross-validated at full size."""
    pictures = task.pictures()
    start = time.process_time()
    fitted = fit_grade(pictures, seed=SEED).grade
    seconds = time.process_time() - start
    return Learned(graded_by(fitted), seconds, {"network": list(fitted.groups)})


def brush(task: Task) -> Learned:
    """What `brushctl learn` keeps, and `brushctl apply` makes of photographs."""
    manifest = task.folder / "pairs.csv"
    with manifest.open("w", newline="") as file:
        rows = csv.writer(file)
        paths = [(p.before.absolute(), p.after.absolute()) for p in task.pairs]
        rows.writerows([("before", "after"), *paths])
    start = cpu_seconds()
    learned = brushctl.learn(manifest, name="learned", seed=SEED, report=_say)
    seconds = cpu_seconds() - start
    out = task.folder / "brush"
    for record in brushctl.apply(task.photographs, learned, out):
        assert record.error is None, record
    metadata = learned.metadata
    has = [part for part in ("grade", "instruction") if getattr(metadata, part)]
    return Learned(lambda path: read_codes(out / path.name), seconds, {"parts": has})


def _say(event: Event) -> None:
    if isinstance(event, Message):
        print(f"  {event.message}", file=sys.stderr)


def by_peer(name: str) -> Callable[[Task], Learned]:
    """What another program learns, in a process of its own."""

    def learn(task: Task) -> Learned:
        assert task.peers, "--peers names the interpreter that has it"
        out = task.folder / name
        out.mkdir()
        request = {
            "pairs": [(str(p.before.absolute()), str(p.after.absolute())) for p in task.pairs],
            "photographs": [str(path.absolute()) for path in task.photographs],
            "out": str(out),
        }
        command = [task.peers.absolute(), Path(__file__).with_name("peers.py"), name]
        answer = subprocess.run(
            command, input=json.dumps(request), stdout=subprocess.PIPE, text=True, check=True
        )
        seconds = json.loads(answer.stdout)["fit_cpu_seconds"]
        return Learned(lambda path: read_codes(out / f"{path.stem}.bmp"), seconds)

    return learn


def cpu_seconds() -> float:
    """Of this process, and of those that it has started and waited for."""
    return sum(os.times()[:4])


METHODS: dict[str, Callable[[Task], Learned]] = {
    "nothing": nothing,
    "lut": lut,
    "grade": grade,
    "brush": brush,
    "lut-estimator": by_peer("lut-estimator"),
    "color-matcher": by_peer("color-matcher"),
    "lutsmith": by_peer("lutsmith"),
}
