"""Hot folders: photographs are taken once they have stopped changing, and then left in peace."""

import os
import time
from collections.abc import Callable, Iterable, Sequence, Set
from dataclasses import dataclass
from typing import NamedTuple, Self

from brushctl.errors import PlanError, reason
from brushctl.files import expanded
from brushctl.runs.inputs import PassedOver
from brushctl.runs.plan import Plan
from brushctl.runs.rest import Rest
from brushctl.runs.storage.local import photographs_in

SHARE = 1 / 250
"""The part of a core that looking takes where there is nothing to do: a look at each of 20,000
photographs costs some 0.1 s."""
LONGEST = 30.0
"""Seconds between two looks at most, however dear they are."""
STEP = 1.0
"""Seconds after which a wait asks whether it is to end."""
FEW = 200
"""Folders whose own times may be asked at each step: some microseconds each."""


def check_reached(folders: Iterable[str]) -> None:
    """See that hot folders are there: they may lie on a share that comes and goes.

    Raises:
        PlanError: one is not.
    """
    for folder in folders:
        try:
            expanded(folder).stat()
        except OSError as error:
            raise PlanError(
                f"the folder cannot be reached ({reason(error)})", where=folder
            ) from error


class Mark(NamedTuple):
    """What a file was like when it was seen, and since when (by `time.monotonic`)."""

    bytes: int
    mtime_ns: int
    since: float


@dataclass(frozen=True, slots=True)
class _Results:
    """The results in a folder.

    Attributes:
        folder: it.
        names: of all that are to be there.
        there: of those that are.
        changed: when the folder last was, in nanoseconds; 0 where there is none.
    """

    folder: str
    names: Set[str]
    there: Set[str]
    changed: int

    @classmethod
    def of(cls, folder: str, names: Set[str]) -> Self:
        changed = _time_of(folder)
        try:
            there = names & set(os.listdir(folder or os.curdir))  # noqa: PTH208  (of very many)
        except OSError:
            there = set()
        return cls(folder, names, there, changed)

    def now(self) -> Self:
        return self.of(self.folder, self.names)


class HotFolders:
    """What is in folders, look by look: what is still being copied, what is whole, what is done.

    Args:
        folders: they, and all that is below them.
        settle: how many seconds a file must have kept its length and time to count as whole.

    Attributes:
        whole: the files that have.
        settling: whether others have not yet.
    """

    def __init__(self, folders: Sequence[str], settle: float) -> None:
        self._named, self._settle = folders, settle
        self._folders = [expanded(folder) for folder in folders]
        self._seen: dict[str, Mark] = {}
        self.whole: dict[str, Mark] = {}
        self.settling = False
        self._done: tuple[dict[str, Mark], list[_Results]] | None = None
        self._times: dict[str, int] = {}

    def look(self, passed_over: PassedOver, rest: Rest | None = None) -> None:
        """Look at every file.

        Args:
            passed_over: is told of folders that cannot be searched, and of links to folders.
            rest: is told of the other files.

        Raises:
            PlanError: a folder is away.
        """
        check_reached(self._named)
        # By our own clock: a copied file may carry any time at all, of another machine's too.
        now, seen = time.monotonic(), dict[str, Mark]()
        for folder in self._folders:
            for item, entry in photographs_in(folder, passed_over, rest or Rest()):
                try:
                    stat = entry.stat()
                except OSError:  # it has gone, or cannot be looked at: another look will tell
                    continue
                mark = self._seen.get(item.file)
                if mark is None or mark[:2] != (stat.st_size, stat.st_mtime_ns):
                    mark = Mark(stat.st_size, stat.st_mtime_ns, now)
                seen[item.file] = mark
        self._seen = seen
        self._times = _times_of({*map(str, self._folders), *map(os.path.dirname, seen)})
        self.whole = {file: mark for file, mark in seen.items() if now - mark.since >= self._settle}
        self.settling = len(self.whole) < len(seen)

    def has_news(self) -> bool:
        """Whether a file has come or gone since the last look, as far as folders tell.

        One that was changed in place is seen at the next look, as is all where folders are many.
        """
        return len(self._times) <= FEW and _times_of(self._times) != self._times

    def is_done(self) -> bool:
        """Whether all is as it was when it was last compared with the journal.

        Of the results it is looked which are there, and when their folders last changed: what
        replaces a file changes that, but for what is within one tick of the file system's clock.
        """
        if self._done is None:
            return False
        whole, results = self._done
        return whole == self.whole and all(each == each.now() for each in results)

    def note(self, plan: Plan) -> None:
        """Remember the whole files and their results, so that `is_done` can compare them later.

        It is called before the files are edited: it takes them to be done once the edit has ended.

        Args:
            plan: what becomes of the whole files.
        """
        names: dict[str, set[str]] = {}
        for job in plan.jobs:
            folder, name = os.path.split(job.target_file or "")
            names.setdefault(folder, set()).add(name)
        self._done = self.whole, [_Results.of(*each) for each in names.items()]

    def forget(self) -> None:
        """Forget what `note` has remembered: the edit did not end, and `is_done` is false again."""
        self._done = None


def _times_of(folders: Iterable[str]) -> dict[str, int]:
    """When each folder last changed, in nanoseconds; 0 of one that is not there."""
    return {folder: _time_of(folder) for folder in folders}


def _time_of(folder: str) -> int:
    try:
        return os.stat(folder or os.curdir).st_mtime_ns  # noqa: PTH116  (without a `Path`)
    except OSError:
        return 0


def rest_after(seconds: float) -> float:
    """Seconds to wait after a look that found nothing to do.

    Args:
        seconds: of a core that it took.
    """
    return min(LONGEST, seconds / SHARE)


def wait(seconds: float, until: Callable[[], bool]) -> None:
    """Do nothing for so long, or until something is so, which is asked each second."""
    end = time.monotonic() + seconds
    time.sleep(min(STEP, seconds))
    while (left := end - time.monotonic()) > 0 and not until():
        time.sleep(min(STEP, left))
