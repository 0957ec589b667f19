"""Loops over every pixel of a large photograph, compiled by numba, in plain threads.

Compiled code runs without Python's lock, and is cached on disk: only a machine's first run
compiles. Numba's own parallel loops would start threads for the rest of the process, of whichever
library it finds: with Intel's the process may never end.
"""

import contextlib
import functools
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar, cast

import numba
import numpy as np
from numpy.typing import NDArray

from brushctl.errors import UsageError
from brushctl.files import expanded, unwritable
from brushctl.photos.rows import in_stripes

Array = NDArray[Any]
Kernel = TypeVar("Kernel", bound=Callable[..., Any])


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
