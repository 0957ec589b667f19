"""Photographs that are replaced by their results: which of them are results already."""

import os
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from brushctl.runs.journal import Contents, contents_in, hash_file
from brushctl.runs.links import RealPaths
from brushctl.runs.plan import STATE, Job, Plan
from brushctl.runs.records import Record, Result, Stat, name_of


def states_around(plan: Plan) -> set[Path]:
    """Where other runs that edit the same photographs in place have their journals and locks.

    The folder of a run's journal depends on what the run was given: `2024` has one of its own if it
    was edited by itself, and the folder above it must not edit it again.

    Raises:
        OSError: it cannot be told whether there is one.
    """
    real = RealPaths()
    in_place = [job.source_file for job in plan.jobs if job.source_file and job.in_place]
    places = (*in_place, *map(real.of, in_place))
    folders = map(Path, {os.path.dirname(place) for place in places})  # noqa: PTH120  (quick)
    states = {place / STATE for folder in folders for place in (folder, *folder.parents)}
    own = plan.state and real.of(str(plan.state))
    return {state for state in states if real.of(str(state)) != own and _is_there(state)}


def _is_there(state: Path) -> bool:
    """Whether there is a folder of a journal.

    Raises:
        OSError: it cannot be told, as of a share that has just dropped.
    """
    try:
        state.stat()
    except (FileNotFoundError, NotADirectoryError):
        return False
    except PermissionError:  # of the folder around it: no photograph there can be read either
        return False
    return True


@dataclass(slots=True)
class MadeInPlace:
    """The results that a run in place must not edit again.

    Earlier runs made them, with the settings of this one or with others. A result of this one's
    that later runs have edited on top counts as its own: of two brushes, one after the other, each
    edits a photograph once.

    A result is known by its content, whatever its name is now. It is known only to the journals in
    the folder of the photograph and in the folders above it: of one that was moved out of the reach
    of its journal its XMP alone may tell.

    Attributes:
        settings: by the SHA-256 of each result's content, what it was made with.
        left: every result that a journal tells of, whatever its settings, by its path, its length
            and its time of change when the run left it.
        checksum: whether files are read although they are as a run left them.
        renewed: new records of results whose files were touched or copied. Once the journal has
            them, a later run need not read these files.
    """

    settings: dict[str, dict[str, Any]]
    left: dict[tuple[str, int, int | None], Result]
    checksum: bool
    renewed: list[Record] = field(default_factory=list)

    def settings_of(self, job: Job, record: Record | None) -> dict[str, Any] | None:
        """What a photograph was made with, if it is a result already.

        Args:
            job: what would be done to it.
            record: what the run's own journal tells of it.

        Raises:
            OSError: it cannot be told, for the photograph cannot be read.
        """
        assert job.source_file is not None
        try:
            stat = Stat.of(job.source_file)
            left = self.left.get((job.source_file, stat.bytes, stat.mtime_ns))
            if left and left.sha256 and left.is_at(stat) and not self.checksum:
                return self.settings.get(left.sha256)
            sha256 = hash_file(Path(job.source_file))
        except FileNotFoundError:  # reading it will tell
            return None
        made = self.settings.get(sha256)
        if made and record and record.result and record.result.sha256 == sha256:
            self._renew(record, record.result, stat)
        return made

    def _renew(self, record: Record, result: Result, stat: Stat) -> None:
        result = replace(result, mtime_ns=stat.mtime_ns, inode=stat.inode)
        if result != record.result:
            self.renewed.append(replace(record, result=result))


def made_in_place(
    plan: Plan, settings: dict[str, Any], *, on_top: bool = False, checksum: bool = False
) -> MadeInPlace | None:
    """What was made before where a plan would edit in place; None where nothing was.

    Args:
        plan: what a run would do.
        settings: everything that decides its results.
        on_top: only what was made with these settings.
        checksum: read also the files that are as they were left.

    Raises:
        OSError: a journal cannot be read; the error names it. What it tells of would be edited
            again.
    """
    if plan.state is None or not any(job.in_place for job in plan.jobs):
        return None
    own, others = set[str](), dict[str, dict[str, Any]]()
    became: dict[str, set[str]] = {}
    left: dict[tuple[str, int, int | None], Result] = {}
    name = name_of(settings)
    for state in {plan.state, *states_around(plan)}:
        contents = contents_in(state)
        left |= _left(contents, state.parent)
        for one in contents.history():
            if one.settings == name:
                own.add(one.result)
                continue
            others[one.result] = contents.settings[one.settings]
            if one.source:
                became.setdefault(one.source, set()).add(one.result)
    fresh = own
    while fresh:
        fresh = {result for one in fresh for result in became.get(one, ())} - own
        own = own | fresh
    made = ({} if on_top else others) | dict.fromkeys(own, settings)
    return MadeInPlace(made, left, checksum) if made else None


def told_apart(made: dict[str, Any], now: dict[str, Any]) -> str:
    """An edit, for people, by what it has other than another."""
    brush = str(made.get("brush"))
    if brush != now["brush"]:
        return brush
    if made.get("brush_sha256") != now["brush_sha256"]:
        return f"an earlier {brush}"
    other = [f"{key} {value}" for key, value in made.items() if now.get(key) != value]
    return f"{brush} with {', '.join(other) or 'fewer settings'}"


def _left(contents: Contents, folder: Path) -> dict[tuple[str, int, int | None], Result]:
    """The results of a folder's journal by where they are, and what they are like."""
    return {
        (os.path.join(folder, record.file), result.bytes, result.mtime_ns): result  # noqa: PTH118
        for record in contents.records.values()
        if (result := record.result) and result.bytes is not None and result.mtime_ns is not None
    }
