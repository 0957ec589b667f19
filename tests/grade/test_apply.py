"""Applying: exact where a grade says so, and the same bytes however the work is shared out."""

import subprocess
import sys

import numpy as np
import pytest

from brushctl.grade import Blend, Grade, Kept, Stack, apply_grade
from brushctl.grade.apply import row_grader
from brushctl.grade.features import GROUPS, at_pixels, count_features, describe
from brushctl.grade.lattice import Lattice
from brushctl.grade.network import OUTPUTS, WIDTH, Network, gain_and_offset
from tests.grade.pictures import photograph
from tests.photos.growth import memory

RNG = np.random.default_rng(11)
PICTURE = photograph("coffee", (201, 333))


def some_lattice(scale=0.05):
    A = np.eye(3, 4) + RNG.normal(0, scale, (3, 4))
    nodes = RNG.normal(0, scale, (33, 33, 33, 3))
    return Lattice(A.astype(np.float32), nodes.astype(np.float16))


def some_network(groups, scale=0.1):
    tables, maps = count_features(groups)
    features = 4 * tables + maps
    shapes = ((features + 1, WIDTH), (WIDTH + 1, WIDTH), (WIDTH, OUTPUTS), (features + 1, OUTPUTS))
    return Network(*(RNG.normal(0, scale, shape).astype(np.float32) for shape in shapes))


def places(picture):
    h, w = picture.shape[:2]
    grid = np.meshgrid((np.arange(h) + 0.5) / h, (np.arange(w) + 0.5) / w, indexing="ij")
    return np.stack(grid, 2).reshape(-1, 2)


@pytest.mark.parametrize("groups", [(), ("tones",), ("place",), ("surroundings",), GROUPS])
def test_the_folded_network_is_the_network(groups):
    grade = Grade(some_lattice(), some_network(groups), groups)
    flat = PICTURE.reshape(-1, 3)
    features = at_pixels(describe(PICTURE, groups), flat, places(PICTURE))
    gain, offset = gain_and_offset(grade.network, features)
    meant = np.clip(grade.lattice(flat) * (1 + gain) + offset, 0, 1)
    assert np.abs(apply_grade(grade, PICTURE).reshape(-1, 3) - meant).max() < 1e-4


@pytest.mark.parametrize("groups", [None, ("place",), GROUPS])
def test_the_bytes_do_not_depend_on_threads(groups):
    network = some_network(groups) if groups else None
    grade = Grade(some_lattice(), network, groups or (), Kept(True, True, True))
    one = apply_grade(grade, PICTURE, threads=1)
    for threads in (2, 3, None):
        assert apply_grade(grade, PICTURE, threads).tobytes() == one.tobytes()


class Decoded:
    """A picture that is not in memory: its rows are made when they are asked for."""

    def __init__(self, *shape):
        self.shape = shape
        self.row = RNG.integers(0, 256, shape[1:], np.uint8)

    def __getitem__(self, rows):
        count = len(range(*rows.indices(self.shape[0])))
        return np.repeat(self.row[None], count, axis=0) / np.float32(255)


def mixes():
    """A grade with a network, one without, and mixes of such."""
    network = Grade(some_lattice(), some_network(GROUPS), GROUPS, Kept(True, True, True))
    tones = Grade(some_lattice(), some_network(("tones",)), ("tones",))
    return {
        "network": network,
        "lattice": Grade(some_lattice()),
        "blend": Blend(((0.5, network), (0.2, tones))),
        "stack": Stack((tones, network)),
    }


@pytest.mark.parametrize("kind", ["network", "lattice", "blend", "stack"])
@pytest.mark.parametrize("rows", [1, 7, 64])
def test_rows_are_graded_to_the_same_bytes_however_many_come_together(kind, rows):
    grade = mixes()[kind]
    whole = apply_grade(grade, PICTURE)
    grader = row_grader(grade, PICTURE)
    for first in range(0, len(PICTURE), rows):
        these = slice(first, first + rows)
        assert grader(first, PICTURE[these]).tobytes() == whole[these].tobytes()


def test_a_stack_is_one_grade_after_the_other():
    stack = mixes()["stack"]
    one, other = stack.grades
    after = apply_grade(other, apply_grade(one, PICTURE))
    np.testing.assert_allclose(apply_grade(stack, PICTURE), after, atol=1e-6)


@pytest.mark.parametrize("kind", ["network", "stack"])
def test_memory_does_not_grow_with_the_rows_of_a_picture(kind):
    grade = mixes()[kind]

    def peak(height):
        picture = Decoded(height, 700, 3)

        def work():
            grader = row_grader(grade, picture, threads=1)
            for first in range(0, height, 50):
                grader(first, picture[first : first + 50])

        return memory(work)

    peak(100)  # compiled
    assert peak(8000) < peak(4000) + 2**22  # 34 MB more, if the picture were held


@pytest.mark.parametrize(("rows", "columns"), [(64, 333), (17, 50), (1, 1)])
def test_a_lattice_gives_the_same_bytes_tile_by_tile(rows, columns):
    grade = Grade(some_lattice())
    whole = apply_grade(grade, PICTURE)
    for y in range(0, 201, max(rows, 40)):
        for x in range(0, 333, max(columns, 40)):
            tile = np.s_[y : y + rows, x : x + columns]
            assert apply_grade(grade, PICTURE[tile]).tobytes() == whole[tile].tobytes()


def test_no_lattice_is_a_copy_to_the_bit():
    pixels = RNG.uniform(-0.2, 1.2, (50, 60, 3)).astype(np.float32)
    copy = apply_grade(Grade(), pixels)
    assert copy.tobytes() == pixels.tobytes()
    assert copy is not pixels


def test_what_stays_is_exact():
    pixels = RNG.random((40, 50, 3), np.float32)
    pixels[:10] = np.linspace(0, 1, 500, dtype=np.float32).reshape(10, 50, 1)
    pixels[0, :5], pixels[1, :5] = 0, 1
    grade = Grade(some_lattice(0.02), some_network(GROUPS), GROUPS, Kept(True, True, True))
    graded = apply_grade(grade, pixels)
    assert (graded[0, :5] == 0).all()
    assert (graded[1, :5] == 1).all()
    assert (np.ptp(graded[:10], axis=2) == 0).all()
    assert (np.ptp(graded[10:], axis=2) > 0).any()


def test_nothing_but_greys_is_exact():
    kept = Kept(nothing_but_greys=True)
    graded = apply_grade(Grade(some_lattice(), some_network(GROUPS), GROUPS, kept), PICTURE)
    assert (np.ptp(graded, axis=2) == 0).all()


def test_sixteen_bits_come_through():
    ramp = np.linspace(0.2, 0.8, 60_000, dtype=np.float32)
    pixels = np.repeat(ramp.reshape(200, 300, 1), 3, axis=2)
    graded = apply_grade(
        Grade(Lattice(np.eye(3, 4, dtype=np.float32) * 0.9, some_lattice().nodes * 0)), pixels
    )
    codes = np.round(graded[..., 0] * 65535)
    assert len(np.unique(codes)) > 30_000


def test_half_the_strength_is_half_of_what_is_seen_where_a_lattice_goes_below_black():
    affine = np.eye(3, 4, dtype=np.float32)
    affine[:, 3] = -0.6  # a colour of 0.4 becomes -0.2, which no photograph can show
    grade = Grade(Lattice(affine, np.zeros((2, 2, 2, 3), np.float16)))
    pixels = np.full((1, 1, 3), 0.4, np.float32)
    assert apply_grade(grade, pixels).max() == 0
    np.testing.assert_allclose(apply_grade(Blend(((0.5, grade),)), pixels), 0.2, atol=1e-6)


def test_a_colour_outside_srgb_stays_as_far_outside_as_it_was():
    grade = Grade(Lattice(np.eye(3, 4, dtype=np.float32), np.zeros((2, 2, 2, 3), np.float16)))
    pixels = np.array([[[1.2, 0.5, -0.1]]], np.float32)
    np.testing.assert_allclose(apply_grade(grade, pixels), pixels, atol=1e-6)


@pytest.mark.parametrize("size", [(1, 1), (1, 300), (300, 1), (2, 2)])
def test_tiny_pictures(size):
    pixels = RNG.random((*size, 3), np.float32)
    graded = apply_grade(Grade(some_lattice(), some_network(GROUPS), GROUPS), pixels)
    assert graded.shape == pixels.shape
    assert np.isfinite(graded).all()


def test_applying_loads_no_torch():
    program = """
import sys, numpy as np
from brushctl.grade import Grade, apply_grade
from brushctl.grade.lattice import Lattice
lattice = Lattice(np.eye(3, 4, dtype=np.float32), np.zeros((9, 9, 9, 3), np.float16))
apply_grade(Grade(lattice), np.zeros((9, 9, 3), np.float32))
sys.exit('torch' in sys.modules)
"""
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0
