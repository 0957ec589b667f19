"""Loops over every pixel of a large photograph, compiled by numba, in plain threads.

Compiled code runs without Python's lock, and is cached on disk: only a machine's first run
compiles. Numba's own parallel loops would start threads for the rest of the process, of whichever
library it finds: with Intel's the process may never end.
"""

import contextlib
import functools
import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise
from pathlib import Path
from typing import Any, TypeVar, cast

import numba
import numpy as np
from numpy.typing import NDArray

from brushctl.errors import UsageError
from brushctl.files import expanded, unwritable

Array = NDArray[Any]
Kernel = TypeVar("Kernel", bound=Callable[..., Any])

_WORTH_A_THREAD = 2**16
"""Pixels: they take a millisecond, and starting a thread a tenth of one."""

STRIPE = 64
"""Rows that a thread takes at a time: a few megabytes of a 24-megapixel photograph, so that what
one loop writes is still in the cache when the next reads it."""


def has_cache() -> bool:
    """Whether there is a place to keep compiled code; numba would make a folder `~` for one."""
    with contextlib.suppress(UsageError):
        return bool(expanded("~"))
    named = os.environ.get("NUMBA_CACHE_DIR") or os.environ.get("XDG_CACHE_HOME")
    return bool(named) or unwritable(Path(__file__).parent / "__pycache__") is None


def compiled(function: Kernel) -> Kernel:
    """A loop over a range of rows, as machine code."""
    jit = functools.partial(numba.njit, nogil=True, fastmath=True)
    try:
        return cast("Kernel", jit(cache=has_cache())(function))
    except RuntimeError:  # neither the program's folder nor the user's can be written
        return cast("Kernel", jit()(function))


def usable_cores() -> int:
    """The cores that this process may use."""
    try:
        return len(os.sched_getaffinity(0))
    except AttributeError:  # macOS and Windows hold no process to some of them
        return os.cpu_count() or 1


def in_stripes(work: Callable[[int, int], object], rows: int, threads: int | None = None) -> None:
    """Call work(first, end) for stripes that cover all rows, on all cores.

    Args:
        work: does the rows from first to end; what it raises is raised once others are done.
        rows: how many there are.
        threads: how many work at a time; by default as many as the process may use cores.
    """
    stripes = [(first, min(first + STRIPE, rows)) for first in range(0, rows, STRIPE)]
    threads = min(threads or usable_cores(), len(stripes))
    if threads <= 1:
        for stripe in stripes:
            work(*stripe)
        return
    with ThreadPoolExecutor(threads) as pool:
        for done in [pool.submit(work, *stripe) for stripe in stripes]:
            done.result()


def in_threads(kernel: Callable[..., None], picture: Array, *tables: Array) -> Array:
    """The (h, w, 3) float32 that a kernel makes of a picture, each core taking its share of rows.

    Args:
        kernel: called as kernel(first, end, out, picture, *tables), it writes those rows of `out`.
        picture: (h, w, channels).
        tables: what else it reads.
    """
    h, w = picture.shape[:2]
    out = np.empty((h, w, 3), np.float32)
    parts = max(1, min(usable_cores(), h, h * w // _WORTH_A_THREAD))
    if parts == 1:
        kernel(0, h, out, picture, *tables)
        return out
    edges = [h * k // parts for k in range(parts + 1)]
    with ThreadPoolExecutor(parts) as pool:
        work = [pool.submit(kernel, *rows, out, picture, *tables) for rows in pairwise(edges)]
    for part in work:
        part.result()
    return out
