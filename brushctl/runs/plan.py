"""Which photograph becomes which file: decided, and checked, before anything is loaded."""

import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePath

from brushctl.errors import PlanError
from brushctl.files import NOWHERE, leads_nowhere, resolved
from brushctl.photos.formats import SUFFIXES
from brushctl.reading import is_pipe
from brushctl.runs.inputs import Input
from brushctl.runs.links import RealPaths, folded
from brushctl.runs.naming import TEMPLATE, check_formats, result_name
from brushctl.runs.records import Stat
from brushctl.runs.refusals import alike, inside, replacing
from brushctl.runs.rest import Rest
from brushctl.runs.storage.base import is_url, real_names, storage_of

STATE = ".brushctl"
"""The folder, inside an output folder, of its journal and its lock."""


@dataclass(frozen=True, slots=True)
class Job:
    """One photograph to edit; its names are text, for a run may have very many.

    Attributes:
        source_file: the path or URL of the file, None for standard input.
        target_file: that of the file to write, None for standard output.
        key: its name in the journal: the result's below the output folder, which no other has.
        vacant: nothing is to be replaced: there was no such file when the run chose what to do.
        listed: what a listing of its storage says of the photograph, if there was one.
        piped: the file is a pipe, which is read once.
    """

    source_file: str | None
    target_file: str | None
    key: str
    vacant: bool = False
    listed: Stat | None = None
    piped: bool = False

    @property
    def in_place(self) -> bool:
        """Whether the result takes the place of its photograph."""
        return self.source_file is not None and self.source_file == self.target_file

    @property
    def called(self) -> str | None:
        """What the user may call the photograph: in place, `source_file` is the whole path."""
        if self.source_file is None or not self.in_place:
            return self.source_file
        return _from_here(self.source_file)

    @property
    def result_called(self) -> str | None:
        """Likewise, of its result."""
        return self.called if self.in_place else self.target_file

    @property
    def result_file(self) -> str | None:
        """The file that the result becomes: in place, the one that a link leads to."""
        if self.target_file is None or not self.in_place:
            return self.target_file
        return str(resolved(Path(self.target_file)))


def _from_here(name: str) -> str:
    """A path, as one would type it: below the working directory without the way to that."""
    try:
        here = Path.cwd()
    except FileNotFoundError:  # it was deleted meanwhile
        return name
    return os.path.relpath(name, here) if Path(name).is_relative_to(here) else name


@dataclass(frozen=True, slots=True)
class Plan:
    """What a run will do.

    Attributes:
        jobs: the photographs, in order.
        output: the folder of the journal, a path or URL; None where one photograph goes to one
            named file or through the standard streams, which needs no journal.
    """

    jobs: tuple[Job, ...]
    output: str | None

    @property
    def state(self) -> Path | None:
        """The folder of the journal and the lock, if they lie on this machine."""
        return None if self.output is None or is_url(self.output) else Path(self.output) / STATE


def plan_folder(
    inputs: Sequence[Input], output: Path | str, *, template: str = TEMPLATE, brush: str = ""
) -> Plan:
    """Results into a folder, with the tree that their photographs had.

    Args:
        inputs: the photographs.
        output: the folder, a path or canonical URL; it need not exist.
        template: the results' names: `{stem}`, `{ext}` (without its dot), `{brush}`, `{folder}`
            (the name of the photograph's folder), `{n}` (counted from 1; `{n:04}` pads).
        brush: the brush's name.

    Raises:
        PlanError: two results have one name, a result would replace a photograph, or the folder
            lies inside an input folder or cannot be written, or a format cannot.
    """
    output = str(output)
    check_not_empty(inputs)
    check_outside({item.root for item in inputs if item.root}, output)
    above = f"{output}/" if is_url(output) else _before_names(output)
    jobs = tuple(_job(item, n, above, template, brush) for n, item in enumerate(inputs, 1))
    _check_targets(jobs)
    check_formats((job.source_file, job.target_file) for job in jobs)
    storage_of(output).check_writable(output)
    return Plan(jobs, output)


def _before_names(folder: str) -> str:
    return "" if folder == os.curdir else os.path.join(folder, "")  # noqa: PTH118  (as text)


def _job(item: Input, n: int, above: str, template: str, brush: str) -> Job:
    name = result_name(item, n, template, brush)
    key = os.path.join(os.path.dirname(item.relative), name)  # noqa: PTH118, PTH120  (quick)
    return Job(item.file, above + key, key, listed=item.listed)


def plan_in_place(inputs: Sequence[Input]) -> Plan:
    """Each result takes the place of its photograph, once it is whole.

    Of a file and the links to it, all of which would be the one result, the first is taken.

    Raises:
        PlanError: there is nothing to do, or no folder in common, or it cannot be written, or a
            photograph has no path.
    """
    check_not_empty(inputs)
    if url := next((item.file for item in inputs if is_url(item.file)), None):
        raise PlanError(
            "--in-place is for paths, not for URLs", where=url, do="Use -o FOLDER, or -o URL."
        )
    first: dict[str, str] = {}
    real, here = RealPaths(), Path.cwd()
    for item in inputs:
        first.setdefault(real.of(item.file), os.path.join(here, item.file))  # noqa: PTH118  (quick)
    paths = first.values()
    common = _common({os.path.dirname(path) for path in paths})  # noqa: PTH120
    above = len(os.path.join(common, ""))  # noqa: PTH118
    jobs = tuple(Job(path, path, path[above:]) for path in paths)
    do = "The journal goes there, where all of them lie: name fewer at a time."
    storage_of(common).check_writable(common, do)
    return Plan(jobs, common)


def _common(folders: Iterable[str]) -> str:
    try:
        return os.path.commonpath(folders)
    except ValueError as error:
        raise PlanError(
            "the photographs lie on several drives, and the journal needs one folder for all",
            do="Edit those of one drive at a time.",
        ) from error


def plan_single(source: str | None, target: str | None, *, listed: Stat | None = None) -> Plan:
    """One photograph to one named file; None is a standard stream.

    Args:
        source: the photograph's path or URL; the path may lead to a pipe.
        target: the result's.
        listed: as `Job.listed`.

    Raises:
        PlanError: the target is the photograph itself, a folder, or of a format that is unknown
            or cannot be written here.
    """
    if target is not None:
        _check_single(source, target)
    check_formats([(source, target)])
    piped = source is not None and not is_url(source) and is_pipe(Path(source))
    job = Job(source, target, source or "standard input", listed=listed, piped=piped)
    return Plan((job,), None)


def _check_single(source: str | None, target: str) -> None:
    if PurePath(target).suffix.lower() not in SUFFIXES:
        raise PlanError(
            "the suffix names no format that can be written",
            where=target,
            do=f"Use one of {' '.join(SUFFIXES)}.",
        )
    if not is_url(target) and leads_nowhere(Path(target)):
        raise PlanError(NOWHERE, where=target, do="Name another file.")
    if source and _are_one(source, target):
        raise PlanError(
            "the result would replace the photograph",
            where=target,
            do="Pass --in-place if that is what you want.",
        )
    storage_of(target).check_writable(os.path.dirname(target))  # noqa: PTH120  (URLs too)


def _are_one(one: str, other: str) -> bool:
    if is_url(one) or is_url(other):
        return one == other
    return Path(other).exists() and Path(other).samefile(one)


def check_room(jobs: Sequence[Job], folder: str) -> None:
    """See that there is room in a folder for the results of what is still to be edited.

    Raises:
        PlanError: there is not.
    """
    # In place, a result takes the room of its photograph: one more is there at a time.
    in_place = [_size(job) for job in jobs if job.in_place]
    sizes = [_size(job) for job in jobs if not job.in_place]
    storage_of(folder).check_room(sum(sizes) + max(in_place, default=0), folder)


def check_not_empty(
    inputs: Sequence[object], rest: Rest | None = None, where: str | None = None
) -> None:
    """See that there is something to edit.

    Args:
        inputs: what there is.
        rest: what there is beside.
        where: it was looked for.

    Raises:
        PlanError: there is nothing.
    """
    if not inputs:
        told = rest.told() if rest else ""
        raise PlanError(
            "no photographs found" + (f", only {told}" if told else ""),
            where=where,
            do=None
            if rest and rest.has_photographs
            else f"Photographs end in {' '.join(SUFFIXES)}.",
        )


def check_outside(folders: Iterable[str], output: str) -> None:
    """See that results would not be taken for photographs.

    Raises:
        PlanError: the output folder lies inside an input folder.
    """
    out = PurePath(_real_folder(output))
    for root in sorted(map(_real_folder, folders)):
        if out.is_relative_to(root):
            raise inside(output, root, same=str(out) == root)


def _real_folder(name: str) -> str:
    return name if is_url(name) else str(resolved(Path(name)))


def _check_targets(jobs: Sequence[Job]) -> None:
    real = real_names()
    sources = {real(job.source_file) for job in jobs if job.source_file}
    taken: dict[str, Job] = {}
    for job in jobs:
        assert job.target_file is not None
        target = real(job.target_file)
        if target in sources:
            own = job.source_file is not None and target == real(job.source_file)
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
    if job.source_file is None:
        return 0
    try:
        return (job.listed or storage_of(job.source_file).stat(job.source_file)).bytes
    except OSError:
        return 0
