"""`brushctl rm`: delete brushes from the cache."""

from brushctl.brushes.cache import find_name, remove
from brushctl.cli._options import CachedNames
from brushctl.cli._output import say


def rm(brushes: CachedNames) -> None:
    """Delete brushes from the cache; none of them if one is not there."""
    for path in [find_name(name) for name in dict.fromkeys(brushes)]:
        remove(path)
        say(f"deleted {path}")
