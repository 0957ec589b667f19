"""How the grade's loops over the rows of a photograph are compiled, and what they take."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from brushctl.photos.compiled import compiling

compiled = compiling(fastmath={"contract"}, error_model="numpy")
"""Of loops whose products may be added in one rounding, but in no other order: a pixel's result
does not depend on its neighbours, nor on how rows are shared out."""


def as_pixels(picture: NDArray[np.floating[Any]]) -> NDArray[np.float32]:
    """The picture as the loops take it: float32, contiguous; copied only where it is not."""
    return np.ascontiguousarray(picture, np.float32)
