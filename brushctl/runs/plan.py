"""Which photograph becomes which file: decided, and checked, before anything is loaded."""

import os
import shutil
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from brushctl.errors import PlanError
from brushctl.files import NOWHERE, existing, leads_nowhere, resolved, unwritable
from brushctl.photos.formats import SUFFIXES
from brushctl.runs.inputs import Input
from brushctl.runs.links import RealPaths, folded
from brushctl.runs.naming import TEMPLATE, check_formats, result_name
from brushctl.runs.refusals import alike, inside, replacing

STATE = ".brushctl"
"""The folder, inside an output folder, of its journal and its lock."""
ROOM = 1.5
"""How many times the size of its inputs a run wants free on the disk."""


@dataclass(frozen=True, slots=True)
class Job:
    """One photograph to edit; its paths are text, for a run may have very many.

    Attributes:
        source_file: the path of the file, None for standard input.
        target_file: that of the file to write, None for standard output.
        key: its name in the journal: the result's below the output folder, which no other has.
        vacant: nothing is to be replaced: there was no such file when the run chose what to do.
    """

    source_file: str | None
    target_file: str | None
    key: str
    vacant: bool = False

    @property
    def source(self) -> Path | None:
        """The file, None for standard input."""
        return None if self.source_file is None else Path(self.source_file)

    @property
    def target(self) -> Path | None:
        """The file to write, None for standard output."""
        return None if self.target_file is None else Path(self.target_file)

    @property
    def in_place(self) -> bool:
        """Whether the result takes the place of its photograph."""
        return self.source_file is not None and self.source_file == self.target_file

    @property
    def file(self) -> Path | None:
        """The file that the result becomes: in place, the one that a link leads to."""
        return resolved(self.target) if self.target and self.in_place else self.target


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
    above = os.path.join("" if output == Path() else output, "")  # noqa: PTH118  (as text)
    jobs = tuple(_job(item, n, above, template, brush) for n, item in enumerate(inputs, 1))
    _check_targets(jobs)
    check_formats((job.source_file, job.target_file) for job in jobs)
    check_writable(output)
    return Plan(jobs, output / STATE)


def _job(item: Input, n: int, above: str, template: str, brush: str) -> Job:
    name = result_name(item, n, template, brush)
    key = os.path.join(os.path.dirname(item.relative), name)  # noqa: PTH118, PTH120  (quick)
    return Job(item.file, above + key, key)


def plan_in_place(inputs: Sequence[Input]) -> Plan:
    """Each result takes the place of its photograph, once it is whole.

    Of a file and the links to it, all of which would be the one result, the first is taken.

    Raises:
        PlanError: there is nothing to do, or no folder in common, or it cannot be written.
    """
    check_not_empty(inputs)
    first: dict[str, str] = {}
    real, here = RealPaths(), Path.cwd()
    for item in inputs:
        first.setdefault(real.of(item.file), os.path.join(here, item.file))  # noqa: PTH118  (quick)
    paths = first.values()
    common = _common({os.path.dirname(path) for path in paths})  # noqa: PTH120
    above = len(os.path.join(common, ""))  # noqa: PTH118
    jobs = tuple(Job(path, path, path[above:]) for path in paths)
    check_writable(common, "The journal goes there, where all of them lie: name fewer at a time.")
    return Plan(jobs, common / STATE)


def _common(folders: Iterable[str]) -> Path:
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
    read, written = (None if path is None else str(path) for path in (source, target))
    job = Job(read, written, read or "standard input")
    check_formats([(read, written)])
    return Plan((job,), None)


def check_room(jobs: Sequence[Job], folder: Path) -> None:
    """See that a folder's disk has room for the results of what is still to be edited.

    Raises:
        PlanError: it has not.
    """
    # In place, a result takes the room of its photograph: one more is there at a time.
    in_place = [_size(job) for job in jobs if job.in_place]
    sizes = [_size(job) for job in jobs if not job.in_place]
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
    real = RealPaths()
    sources = {real.of(job.source_file) for job in jobs if job.source_file}
    taken: dict[str, Job] = {}
    for job in jobs:
        assert job.target_file is not None
        target = real.of(job.target_file)
        if target in sources:
            own = job.source_file is not None and target == real.of(job.source_file)
            other = "pass --in-place" if own else "other names with --name"
            raise replacing(job.target_file, f", or {other}")
        before = taken.setdefault(folded(target), job)
        if before is not job and not _differ_as_well(before, job):
            raise alike(before.source_file, job.source_file, job.target_file)


def _differ_as_well(one: Job, other: Job) -> bool:
    """Whether two results of one folded name only repeat how their photographs' names differ.

    Where those are two files the results mostly are too; where not, the second one fails.
    """
    one_file, other_file = (folded(str(job.source_file)) for job in (one, other))
    return one.target_file != other.target_file and one_file == other_file


def _size(job: Job) -> int:
    try:
        return job.source.stat().st_size if job.source else 0
    except OSError:
        return 0
