"""A hot folder: photographs are taken once they have stopped changing."""

import time
from collections.abc import Iterable

from brushctl.errors import PlanError, reason
from brushctl.files import expanded
from brushctl.photos.inputs import Input


def check_reached(folders: Iterable[str]) -> None:
    """See that hot folders are there: they may lie on a share that comes and goes.

    Raises:
        PlanError: one is not.
    """
    for folder in folders:
        try:
            expanded(folder).stat()
        except OSError as error:
            raise PlanError(f"the folder is away ({reason(error)})", where=folder) from error


class Settling:
    """Tells files that are still being copied from whole ones.

    Args:
        seconds: how long a file must have kept its size and time to count as whole.
    """

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._seen: dict[str, tuple[int, int, float]] = {}

    def settled(self, inputs: Iterable[Input]) -> list[Input]:
        """Those of the files that have not changed for long enough."""
        now, inputs = time.monotonic(), list(inputs)
        there = {str(item.path) for item in inputs}
        self._seen = {name: seen for name, seen in self._seen.items() if name in there}
        return [item for item in inputs if self._is_settled(item, now)]

    def _is_settled(self, item: Input, now: float) -> bool:
        # By our own clock: a copied file may carry any time at all, of another machine's too.
        name = str(item.path)
        try:
            stat = item.path.stat()
        except OSError:
            self._seen.pop(name, None)
            return False
        size, mtime, since = self._seen.get(name, (-1, -1, now))
        if (stat.st_size, stat.st_mtime_ns) != (size, mtime):
            self._seen[name] = (stat.st_size, stat.st_mtime_ns, now)
            return self._seconds == 0
        return now - since >= self._seconds
