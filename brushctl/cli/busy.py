"""Another run at work on the same output: nothing is wrong, and nothing is left to do."""

import contextlib
from collections.abc import Iterator

from brushctl.cli.output import say


@contextlib.contextmanager
def unless_busy(*, json: bool, quiet: bool) -> Iterator[None]:
    """A block that ends without its work, and without a failure, where another run does it.

    Args:
        json: leave it to be told as JSON, as whatever ends a run early is.
        quiet: say nothing of it: it is no error.
    """
    from brushctl.photos.locking import OutputBusyError

    try:
        yield
    except OutputBusyError as busy:
        if json:
            raise
        if not quiet:
            say(str(busy))
