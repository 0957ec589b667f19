"""Ctrl-C: the first finishes the files in hand, the second stops at once."""

import contextlib
import math
import os
import shutil
import signal
import textwrap
import time
from collections.abc import Callable, Iterator
from types import FrameType
from typing import NoReturn

from brushctl.cli._streams import is_watched, stamp
from brushctl.errors import Interrupted

SIGNALS = (signal.SIGINT, signal.SIGTERM)
TOGETHER = 0.25
"""Seconds in which signals are one: `timeout` sends its own to a process, then to its group."""

Handler = Callable[[int, FrameType | None], None]


@contextlib.contextmanager
def ending_on_signals() -> Iterator[None]:
    """Within the block, SIGTERM is as Ctrl-C: what is shown is put in order, and advice given."""
    with _answering(signal.default_int_handler):
        yield


@contextlib.contextmanager
def stopping_gently(
    end: Callable[[], None] | None = None, in_hand: Callable[[], bool] = lambda: True
) -> Iterator[Callable[[], bool]]:
    """Within the block, a first signal only sets what the yielded function tells.

    Args:
        end: does at a second signal what little has to be done before the process is gone; without
            it, the block ends as by KeyboardInterrupt, once its threads have.
        in_hand: whether there are photographs to finish first.
    """
    asked = False

    def ask(_number: int, _frame: FrameType | None) -> None:
        nonlocal asked
        if asked:
            if end:
                _end_now(end)
            raise KeyboardInterrupt
        asked = True
        what = "finishing the photographs in hand" if in_hand() else "stopping"
        _say_at_once(f"{what}; press Ctrl-C again to stop at once")

    with _answering(ask):
        yield lambda: asked


@contextlib.contextmanager
def _answering(handler: Handler) -> Iterator[None]:
    """Within the block, signals are answered, of those that come together the first.

    What whoever started the program has it ignore stays so: a script's `brushctl ... &` is to go on
    when its terminal is told to interrupt what runs in the foreground.
    """
    answered = -math.inf

    def heard(number: int, frame: FrameType | None) -> None:
        nonlocal answered
        now = time.monotonic()
        if now - answered > TOGETHER:
            answered = now
            handler(number, frame)

    minded = [number for number in SIGNALS if signal.getsignal(number) != signal.SIG_IGN]
    before = {number: signal.signal(number, heard) for number in minded}
    try:
        yield
    finally:
        for number, former in before.items():
            signal.signal(number, former)


def _say_at_once(line: str) -> None:
    """From a signal's handler, which may have come while stderr was being written to."""
    told = textwrap.fill(line, shutil.get_terminal_size().columns) if is_watched() else line
    with contextlib.suppress(OSError):
        os.write(2, f"{stamp()}{told}\n".encode())


def _end_now(end: Callable[[], None]) -> NoReturn:
    # Threads cannot be stopped, and one may be reading from a share that has gone.
    end()
    if is_watched():
        os.write(2, b"\x1b[?25h")  # the cursor, which the bar hides
    _say_at_once("stopped at once; run the same command again to go on")
    os._exit(Interrupted.exit_status)
