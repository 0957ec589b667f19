"""`brushctl rm`: delete brushes from the cache, and what was begun of them."""

import sys
from typing import Annotated

import typer

from brushctl.brushes.cache import find_name, path_of, remove
from brushctl.brushes.checkpoint import checkpoints_of, delete_checkpoints
from brushctl.cli._options import CachedNames
from brushctl.cli._output import say
from brushctl.cli._streams import is_watched


def rm(
    brushes: CachedNames,
    *,
    force: Annotated[
        bool, typer.Option("--force", "-f", help="Delete without asking; only a terminal is asked.")
    ] = False,
) -> None:
    """Delete brushes from the cache, finished or not; none of them if one is not there.

    Examples:
        brushctl rm golden-hour
        brushctl rm golden-hour grain --force
    """
    names = list(dict.fromkeys(brushes))
    for name in names:
        if "/" in name or not checkpoints_of(path_of(name)):
            find_name(name)
    if not force and sys.stdin.isatty() and is_watched() and not _agreed(names):
        say("nothing is deleted")
        return
    for name in names:
        path, begun = path_of(name), checkpoints_of(path_of(name))
        delete_checkpoints(path)
        if path.exists():
            remove(path)
        say(f"deleted {path}" if not begun else f"deleted {path}, and what was learned of it")


def _agreed(names: list[str]) -> bool:
    """Whether the user wants them deleted."""
    say(f"delete {', '.join(names)}? [y/N]")
    return sys.stdin.readline().strip().lower() in {"y", "yes"}
