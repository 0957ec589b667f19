"""Compiled loops over the rows of a photograph, shared out among plain threads."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any, TypeVar, cast

import numba
import numpy as np
from numpy.typing import NDArray

from brushctl.photos.compiled import has_cache, usable_cores

Array = NDArray[Any]
Kernel = TypeVar("Kernel", bound=Callable[..., Any])

STRIPE = 64
"""Rows that a thread takes at a time: a few megabytes of a 24-megapixel photograph, so that what
one loop writes is still in the cache when the next reads it."""


def compiled(function: Kernel) -> Kernel:
    """A loop that runs without Python's lock; its machine code is kept on disk.

    Products may be added in one rounding, but nothing is added in another order: a pixel's result
    does not depend on its neighbours, nor on how rows are shared out.
    """
    # "contract" lets numba fuse a multiplication and an addition, and no more.
    jit = partial(numba.njit, nogil=True, fastmath={"contract"}, error_model="numpy")
    try:
        return cast("Kernel", jit(cache=has_cache())(function))
    except RuntimeError:  # neither the program's folder nor the user's can be written
        return cast("Kernel", jit()(function))


def in_threads(work: Callable[[int, int], object], rows: int, threads: int | None = None) -> None:
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


def as_pixels(picture: NDArray[np.floating[Any]]) -> NDArray[np.float32]:
    """The picture as the loops take it: float32, contiguous; copied only where it is not."""
    return np.ascontiguousarray(picture, np.float32)
