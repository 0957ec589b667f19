"""Ctrl-C: the first finishes the files in hand, the second stops at once."""

import contextlib
import signal
from collections.abc import Callable, Iterator
from types import FrameType

from brushctl.cli.output import say

SIGNALS = (signal.SIGINT, signal.SIGTERM)


@contextlib.contextmanager
def stopping_gently() -> Iterator[Callable[[], bool]]:
    """Within the block, a first signal only sets what the yielded function tells."""
    asked = False

    def ask(_number: int, _frame: FrameType | None) -> None:
        nonlocal asked
        if asked:
            raise KeyboardInterrupt
        asked = True
        say("finishing the photographs in hand; once more to stop at once")

    before = {number: signal.signal(number, ask) for number in SIGNALS}
    try:
        yield lambda: asked
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
