"""The compiled loops: their threads are plain ones, and nobody can tell from a result how many."""

import os
import subprocess
import sys

import numpy as np
import pytest

from brushctl.photos import colour_kernels, rows
from brushctl.transfer.kernels import slice_grid

RNG = np.random.default_rng(0)
PIXELS = RNG.uniform(-0.1, 1.2, (301, 1000, 3)).astype(np.float32)
CODES = RNG.integers(0, 256, (301, 1000, 3), np.uint8)
CURVES = np.stack([np.linspace(0, 1, 256, dtype=np.float32) ** g for g in (1.8, 2.2, 2.4)])
MATRIX = np.array([[1.2, -0.1, -0.1], [0, 1, 0], [0.1, 0, 0.9]], np.float32)
GRID = RNG.random((8, 9, 16, 3, 4), dtype=np.float32)

LOOPS = {
    "codes_to_srgb": lambda: colour_kernels.codes_to_srgb(CODES, CURVES, MATRIX),
    "srgb_to_codes": lambda: colour_kernels.srgb_to_codes(PIXELS, CURVES, MATRIX),
    "slice_grid": lambda: slice_grid(PIXELS, GRID),
}


@pytest.mark.parametrize("loop", LOOPS.values(), ids=LOOPS)
def test_a_result_is_the_same_however_many_cores_make_it(loop, monkeypatch):
    made = []
    for cores in (1, 2, 3, 64):
        monkeypatch.setattr(rows, "usable_cores", lambda cores=cores: cores)
        made.append(loop())
    assert all(np.array_equal(other, made[0]) for other in made)


LOOPING = """
import os
import sys
import numba
import numpy as np
from brushctl.transfer.kernels import slice_grid
if sys.argv[1]:
    os.sched_setaffinity(0, [int(sys.argv[1])])
before = numba.config.THREADING_LAYER, numba.config.NUMBA_NUM_THREADS
slice_grid(np.zeros((600, 400, 3), np.float32), np.zeros((4, 4, 4, 3, 4), np.float32))
assert before == (numba.config.THREADING_LAYER, numba.config.NUMBA_NUM_THREADS)
try:
    print(numba.threading_layer())
except ValueError:
    print("none")
"""


@pytest.mark.parametrize("one_core", [False, True])
def test_no_threading_library_of_numba_is_started(one_core):
    """A process in which TBB was started, from whatever package, may never end."""
    if one_core and not hasattr(os, "sched_setaffinity"):
        pytest.skip("this system holds no process to one core")
    core = str(min(os.sched_getaffinity(0))) if one_core else ""
    done = subprocess.run(
        [sys.executable, "-c", LOOPING, core], capture_output=True, text=True, check=True
    )
    assert done.stdout == "none\n"
