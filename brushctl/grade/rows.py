"""Compiled loops over the rows of a photograph, whose results depend on no neighbour."""

from collections.abc import Callable
from functools import partial
from typing import Any, TypeVar, cast

import numba
import numpy as np
from numpy.typing import NDArray

from brushctl.photos.compiled import has_cache

Array = NDArray[Any]
Kernel = TypeVar("Kernel", bound=Callable[..., Any])


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


def as_pixels(picture: NDArray[np.floating[Any]]) -> NDArray[np.float32]:
    """The picture as the loops take it: float32, contiguous; copied only where it is not."""
    return np.ascontiguousarray(picture, np.float32)
