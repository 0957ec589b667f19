"""Whether work grows as its input does: by processor time, whose ratios say it on any machine."""

import time
import tracemalloc
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")
MOST = 9
"""Times longer for four times as much: linear work takes 4, quadratic 16."""
NOISE = 0.02
"""Seconds that tell nothing."""


def grows_linearly(work: Callable[[T], object], make: Callable[[int], T], size: int) -> bool:
    """Whether work on what `make` makes of four times the size takes about four times as long."""
    return _seconds(work, make(4 * size)) < MOST * _seconds(work, make(size)) + NOISE


def memory(work: Callable[[], object]) -> int:
    """Bytes that Python and NumPy had at the height of some work, over what they had before."""
    tracemalloc.start()
    try:
        work()
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def _seconds(work: Callable[[T], object], given: T) -> float:
    """Of the quickest of three times: the others were disturbed."""
    times = []
    for _ in range(3):
        started = time.process_time()
        work(given)
        times.append(time.process_time() - started)
    return min(times)
