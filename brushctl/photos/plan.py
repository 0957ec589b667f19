"""Which photograph becomes which file: decided, and checked, before anything is loaded."""

import os
import shutil
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from brushctl.errors import PlanError
from brushctl.files import NOWHERE, existing, leads_nowhere, resolved, unwritable
from brushctl.photos.choices import SUFFIXES
from brushctl.photos.inputs import Input
from brushctl.photos.naming import TEMPLATE, check_formats, result_name
from brushctl.photos.refusals import alike, inside, replacing

STATE = ".brushctl"
"""The folder, inside an output folder, of its journal and its lock."""
ROOM = 1.5
"""How many times the size of its inputs a run wants free on the disk."""


@dataclass(frozen=True, slots=True)
class Job:
    """One photograph to edit.

    Attributes:
        source: the file, None for standard input.
        target: the file to write, None for standard output.
        key: its name in the journal: the result's below the output folder, which no other has.
        vacant: nothing is to be replaced: there was no such file when the run chose what to do.
    """

    source: Path | None
    target: Path | None
    key: str
    vacant: bool = False

    @property
    def file(self) -> Path | None:
        """The file that the result becomes: in place, the one that a link leads to."""
        return resolved(self.target) if self.target and self.source == self.target else self.target


@dataclass(frozen=True, slots=True)
class Plan:
    """What a run will do.

    Attributes:
        jobs: the photographs, in order.
        state: the folder of the journal and the lock; None where one photograph goes to one
            named file or through the standard streams, which needs neither.
    """

    jobs: tuple[Job, ...]
    state: Path | None


def plan_folder(
    inputs: Sequence[Input], output: Path, *, template: str = TEMPLATE, brush: str = ""
) -> Plan:
    """Results into a folder, with the tree that their photographs had.

    Args:
        inputs: the photographs.
        output: the folder; it need not exist.
        template: the results' names: `{stem}`, `{ext}` (without its dot), `{brush}`, `{folder}`
            (the name of the photograph's folder), `{n}` (counted from 1; `{n:04}` pads).
        brush: the brush's name.

    Raises:
        PlanError: two results have one name, a result would replace a photograph, or the folder
            lies inside an input folder or cannot be written, or a format cannot.
    """
    check_not_empty(inputs)
    check_outside({item.root for item in inputs if item.root}, output)
    results = [
        i.relative.parent / result_name(i, n, template, brush) for n, i in enumerate(inputs, 1)
    ]
    jobs = tuple(
        Job(item.path, output / result, str(result))
        for item, result in zip(inputs, results, strict=True)
    )
    _check_targets(jobs)
    check_formats((job.source, job.target) for job in jobs)
    check_writable(output)
    return Plan(jobs, output / STATE)


def plan_in_place(inputs: Sequence[Input]) -> Plan:
    """Each result takes the place of its photograph, once it is whole.

    Of a file and the links to it, all of which would be the one result, the first is taken.

    Raises:
        PlanError: there is nothing to do, or no folder in common, or it cannot be written.
    """
    check_not_empty(inputs)
    first: dict[Path, Path] = {}
    for item in inputs:
        first.setdefault(resolved(item.path), item.path.absolute())
    paths = first.values()
    common = _common([path.parent for path in paths])
    jobs = tuple(Job(path, path, str(path.relative_to(common))) for path in paths)
    check_writable(common, "The journal goes there, where all of them lie: name fewer at a time.")
    return Plan(jobs, common / STATE)


def _common(folders: Sequence[Path]) -> Path:
    try:
        return Path(os.path.commonpath(folders))
    except ValueError as error:
        raise PlanError(
            "the photographs lie on several drives, and have no folder in common for the journal",
            do="Edit those of one drive at a time.",
        ) from error


def plan_single(source: Path | None, target: Path | None) -> Plan:
    """One photograph to one named file; None is a standard stream.

    Raises:
        PlanError: the target is the photograph itself, a folder, or of a format that is unknown
            or cannot be written here.
    """
    if target is not None:
        if target.suffix.lower() not in SUFFIXES:
            raise PlanError(
                "the suffix names no format that can be written",
                where=str(target),
                do=f"Use one of {' '.join(SUFFIXES)}.",
            )
        if leads_nowhere(target):
            raise PlanError(NOWHERE, where=str(target), do="Name another file.")
        if source and target.exists() and target.samefile(source):
            raise PlanError(
                "the result would replace the photograph",
                where=str(target),
                do="Pass --in-place if that is what you want.",
            )
        check_writable(target.parent)
    job = Job(source, target, str(source or "standard input"))
    check_formats([(source, target)])
    return Plan((job,), None)


def check_room(jobs: Sequence[Job], folder: Path) -> None:
    """See that a folder's disk has room for the results of what is still to be edited.

    Raises:
        PlanError: it has not.
    """
    # In place, a result takes the room of its photograph: one more is there at a time.
    in_place = [_size(job) for job in jobs if job.source == job.target]
    sizes = [_size(job) for job in jobs if job.source != job.target]
    check_free(sum(sizes) + max(in_place, default=0), folder)


def check_free(size: int, folder: Path) -> None:
    """As `check_room`, for photographs of so many bytes together."""
    need = ROOM * size
    there = existing(folder)
    free = shutil.disk_usage(there).free
    if need > free:
        raise PlanError(
            f"the results may need {need / 1e9:.1f} GB and there are {free / 1e9:.1f} GB free",
            where=str(there),
            do="Free some space or choose another output folder.",
        )


def check_writable(folder: Path, do: str = "Choose another place.") -> None:
    """See that a folder can be written, or made.

    Args:
        folder: it.
        do: what to do if not.

    Raises:
        PlanError: it cannot.
    """
    if why := unwritable(folder):
        raise PlanError(why[1], where=str(why[0]), do=do)


def check_not_empty(inputs: Sequence[object]) -> None:
    """See that there is something to edit.

    Raises:
        PlanError: there is not.
    """
    if not inputs:
        raise PlanError(
            "there are no photographs in what was named",
            do=f"Photographs end in {' '.join(SUFFIXES)}.",
        )


def check_outside(folders: Iterable[Path], output: Path) -> None:
    """See that results would not be taken for photographs.

    Raises:
        PlanError: the output folder lies inside an input folder.
    """
    out = resolved(output)
    for root in sorted(map(resolved, folders)):
        if out.is_relative_to(root):
            raise inside(str(output), str(root))


def _check_targets(jobs: Sequence[Job]) -> None:
    sources = {resolved(job.source) for job in jobs if job.source}
    taken: dict[str, Job] = {}
    for job in jobs:
        assert job.target is not None
        target = resolved(job.target)
        if target in sources:
            own = job.source is not None and target == resolved(job.source)
            other = "pass --in-place" if own else "other names with --name"
            raise replacing(str(job.target), f", or {other}")
        before = taken.setdefault(_folded(target), job)
        if before is not job and not _differ_as_well(before, job):
            raise alike(before.source, job.source, str(job.target))


def _folded(path: Path | None) -> str:
    """What two names have in common that are one file on some disks: those of cameras, say."""
    return unicodedata.normalize("NFC", str(path)).casefold()


def _differ_as_well(one: Job, other: Job) -> bool:
    """Whether two results of one folded name only repeat how their photographs' names differ.

    Where those are two files the results mostly are too; where not, the second one fails.
    """
    return one.target != other.target and _folded(one.source) == _folded(other.source)


def _size(job: Job) -> int:
    try:
        return job.source.stat().st_size if job.source else 0
    except OSError:
        return 0
