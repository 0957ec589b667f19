"""T: a 3D lattice of colours over one affine transform, read tetrahedrally.

Between nodes colours are read in the tetrahedron that holds them (Kasson, Nin, Plouffe and Hafner,
"Performing color space conversions with three-dimensional linear interpolation", 1995): greys then
depend on the nodes of the grey axis alone. Colours outside [0, 1] have the correction of the
nearest colour inside, and follow the affine transform.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from brushctl.grade.rows import compiled

Array = NDArray[Any]


@dataclass(frozen=True, slots=True, eq=False)
class Lattice:
    """T(x) = A (x, 1) + L(x), where L is read from the nodes.

    Attributes:
        affine: A, (3, 4) float32.
        nodes: L at each node, (n, n, n, 3) float16, red varying slowest.
    """

    affine: Array
    nodes: Array

    def __call__(self, colours: Array) -> Array:
        """What becomes of (..., 3) float32 colours."""
        flat = np.ascontiguousarray(colours, np.float32).reshape(1, -1, 3)
        out = np.empty_like(flat)
        read_rows(out, flat, self.affine, self.nodes.astype(np.float32))
        return out.reshape(colours.shape)


def apply_affine(affine: Array, colours: Array) -> Array:
    """Colours under an affine transform alone."""
    return colours @ affine[:, :3].T + affine[:, 3]


@compiled
def corners(r: Any, g: Any, b: Any, side: int) -> Any:  # noqa: ANN401  (numba knows the types)
    """The tetrahedron that holds a colour.

    Returns:
        Its first node; its two middle ones as steps from the first, bit 4 for red, 2 for green and
        1 for blue; the weights of all four.
    """
    top = np.float32(side - 1)
    zero, one = np.float32(0), np.float32(1)
    x, y, z = (
        min(max(r, zero), one) * top,
        min(max(g, zero), one) * top,
        min(max(b, zero), one) * top,
    )
    i, j, k = min(int(x), side - 2), min(int(y), side - 2), min(int(z), side - 2)
    x, y, z = x - np.float32(i), y - np.float32(j), z - np.float32(k)
    # Numbers and not branches: neighbours in a photograph lie in any of the six tetrahedra, and a
    # branch that cannot be foretold costs as much as all the rest.
    xy, yz, xz = np.int64(x >= y), np.int64(y >= z), np.int64(x >= z)
    x_most, y_most, z_least, y_least = xy & xz, (1 - xy) & yz, xz & yz, (1 - yz) & xy
    most, least = max(x, y, z), min(x, y, z)
    middle = max(min(x, y), min(max(x, y), z))
    node = (i * side + j) * side + k
    first, second = 1 + 3 * x_most + y_most, 3 + 3 * z_least + 2 * y_least
    return node, first, second, one - most, most - middle, middle - least, least


@compiled
def read_rows(out: Array, pixels: Array, affine: Array, nodes: Array) -> None:
    """Write T of (h, w, 3) float32 pixels; nodes in float32."""
    side = nodes.shape[0]
    values = nodes.reshape(side * side * side, 3)
    last = side * side + side + 1
    for y in range(pixels.shape[0]):
        for x in range(pixels.shape[1]):
            r, g, b = pixels[y, x, 0], pixels[y, x, 1], pixels[y, x, 2]
            node, s1, s2, w0, w1, w2, w3 = corners(r, g, b, side)
            n1 = node + (s1 >> 2) * side * side + (s1 >> 1 & 1) * side + (s1 & 1)
            n2 = node + (s2 >> 2) * side * side + (s2 >> 1 & 1) * side + (s2 & 1)
            for k in range(3):
                straight = affine[k, 0] * r + affine[k, 1] * g + affine[k, 2] * b + affine[k, 3]
                near = w0 * values[node, k] + w1 * values[n1, k]
                out[y, x, k] = straight + near + w2 * values[n2, k] + w3 * values[node + last, k]
