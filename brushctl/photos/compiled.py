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
from pathlib import Path
from typing import Any, TypeVar, cast

import numba
import numpy as np
from numpy.typing import NDArray

from brushctl.errors import UsageError
from brushctl.files import expanded, unwritable

Array = NDArray[Any]
Kernel = TypeVar("Kernel", bound=Callable[..., Any])

STRIPE = 64
"""Rows that a thread takes at a time: a few megabytes of a 24-megapixel photograph, so that what
one loop writes is still in the cache when the next reads it."""


def has_cache() -> bool:
    """Whether there is a place to keep compiled code; numba would make a folder `~` for one."""
    with contextlib.suppress(UsageError):
        return bool(expanded("~"))
    named = os.environ.get("NUMBA_CACHE_DIR") or os.environ.get("XDG_CACHE_HOME")
    return bool(named) or unwritable(Path(__file__).parent / "__pycache__") is None


def compiling(**how: Any) -> Callable[[Kernel], Kernel]:  # noqa: ANN401  (numba's own)
    """What makes machine code of a loop over a range of rows, with these of numba's options."""

    def compiled_so(function: Kernel) -> Kernel:
        jit = functools.partial(numba.njit, nogil=True, **how)
        try:
            return cast("Kernel", jit(cache=has_cache())(function))
        except RuntimeError:  # neither the program's folder nor the user's can be written
            return cast("Kernel", jit()(function))

    return compiled_so


compiled = compiling(fastmath=True)
"""Of loops whose sums may be taken in any order."""


def usable_cores() -> int:
    """The cores that this process may use."""
    try:
        return len(os.sched_getaffinity(0))
    except AttributeError:  # macOS and Windows hold no process to some of them
        return os.cpu_count() or 1


def in_stripes(
    work: Callable[[int, int], object],
    rows: int,
    threads: int | None = None,
    stripe: int = STRIPE,
) -> None:
    """Call work(first, end) for stripes that cover all rows, on all cores.

    Args:
        work: does the rows from first to end; what it raises is raised once others are done.
        rows: how many there are.
        threads: how many work at a time; by default as many as the process may use cores.
        stripe: rows that a thread takes at a time.
    """
    stripes = [(first, min(first + stripe, rows)) for first in range(0, rows, stripe)]
    threads = min(threads or usable_cores(), len(stripes))
    if threads <= 1:
        for each in stripes:
            work(*each)
        return
    with ThreadPoolExecutor(threads) as pool:
        for done in [pool.submit(work, *each) for each in stripes]:
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
    in_stripes(lambda first, end: kernel(first, end, out, picture, *tables), h)
    return out
