"""The lattice: what it finds exactly, and what it does where pixels disagree or are missing."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.sparse import csr_array, diags_array, random_array

from brushctl.grade.lattice import Lattice, apply_affine
from brushctl.grade.lattice_fit import PRECISION, _conjugate_gradients, fit_lattice

RNG = np.random.default_rng(7)
COLOURS = RNG.random((4000, 3), np.float32)
EVEN = np.ones(len(COLOURS))
WIDE = RNG.uniform(-0.5, 1.5, (500, 3)).astype(np.float32)
"""Colours, a part of them outside sRGB."""


def fitted(results, colours=COLOURS, nodes=17):
    return fit_lattice(colours, results.astype(np.float32), np.ones(len(colours)), nodes)


def test_identity_is_found_exactly():
    assert np.abs(fitted(COLOURS)(WIDE) - WIDE).max() < 1e-6


@settings(max_examples=10, deadline=None)
@given(st.lists(st.floats(-1, 2), min_size=12, max_size=12))
def test_an_affine_edit_is_found_to_a_ten_thousandth_outside_the_cube_too(numbers):
    A = np.array(numbers).reshape(3, 4)
    lattice = fitted(COLOURS @ A[:, :3].T + A[:, 3], nodes=9)
    assert np.abs(lattice(WIDE) - (WIDE @ A[:, :3].T + A[:, 3])).max() < 1e-4


def test_curves_of_channels_are_found_to_a_quarter_of_a_step_of_8_bits():
    def curves(x):
        return np.stack([x[:, 0] ** 0.8, x[:, 1] ** 2, np.sin(x[:, 2] * 1.5)], 1)

    inside = RNG.uniform(0.05, 0.95, (500, 3)).astype(np.float32)
    assert np.abs(fitted(curves(COLOURS), nodes=33)(inside) - curves(inside)).mean() < 0.25 / 255


def test_colours_that_no_pixel_has_go_on_as_their_neighbours_do():
    dark = COLOURS * np.float32(0.5)
    lattice = fitted(1.5 * dark**2, dark)
    bright = np.full((1, 3), 0.7, np.float32)
    along_the_tangent = 1.5 * 0.5**2 + 1.5 * 0.2
    assert lattice(bright) == pytest.approx(along_the_tangent, abs=0.1)
    assert (apply_affine(lattice.affine, bright) < 0.5).all()  # where the affine transform would go


def test_a_region_that_was_healed_does_not_move_the_others():
    colours = RNG.random((60_000, 3), np.float32)
    healed = colours**1.5
    healed[:9000] = RNG.random((9000, 3))  # 15 %
    assert (
        np.abs(fitted(healed, colours)(WIDE.clip(0, 1)) - WIDE.clip(0, 1) ** 1.5).mean() < 1 / 255
    )


def in_its_tetrahedron(nodes, colour):
    """A colour by the definition: from the lowest corner along the edge it is furthest on first."""
    place = colour * (len(nodes) - 1)
    low = np.minimum(place.astype(int), len(nodes) - 2)
    part = place - low
    corner, value = low.copy(), nodes[tuple(low)].astype(float)
    for axis in np.argsort(-part, kind="stable"):
        before = nodes[tuple(corner)].astype(float)
        corner[axis] += 1
        value = value + part[axis] * (nodes[tuple(corner)] - before)
    return value


def test_a_colour_is_read_from_the_four_nodes_of_its_tetrahedron():
    nodes = RNG.random((5, 5, 5, 3)).astype(np.float16)
    ties = np.array([(a, b, c) for a in (0, 0.3, 1) for b in (0, 0.3, 1) for c in (0, 0.3, 0.6, 1)])
    colours = np.concatenate([COLOURS[:300], ties.astype(np.float32)])
    lattice = Lattice(np.zeros((3, 4), np.float32), nodes)
    expected = [in_its_tetrahedron(nodes, colour) for colour in colours]
    assert np.abs(lattice(colours) - expected).max() < 1e-5


def test_greys_are_read_from_the_grey_axis_alone():
    nodes = RNG.normal(0, 0.2, (9, 9, 9, 3))
    diagonal = np.arange(9)
    nodes[diagonal, diagonal, diagonal] = np.linspace(0, 0.3, 9)[:, None]
    lattice = Lattice(np.eye(3, 4, dtype=np.float32), nodes.astype(np.float16))
    graded = lattice(np.repeat(np.linspace(-0.2, 1.2, 300, dtype=np.float32)[:, None], 3, axis=1))
    assert np.ptp(graded, axis=1).max() < 1e-6


def test_reading_meets_the_nodes_and_has_no_jumps():
    lattice = Lattice(
        np.eye(3, 4, dtype=np.float32), RNG.normal(0, 0.2, (5, 5, 5, 3)).astype(np.float16)
    )
    corner = np.indices((5, 5, 5)).reshape(3, -1).T.astype(np.float32) / 4
    assert np.allclose(lattice(corner) - corner, lattice.nodes.reshape(-1, 3), atol=1e-6)
    ends = RNG.random((2, 50, 3), np.float32)
    path = np.linspace(ends[0], ends[1], 5001, dtype=np.float32)
    assert np.abs(np.diff(lattice(path), axis=0)).max() < 0.005


@pytest.mark.parametrize("colour", [0.0, 0.03, 0.5])
def test_pixels_of_one_colour_make_a_lattice_that_meets_them_and_is_finite(colour):
    flat = np.full((500, 3), colour, np.float32)
    lattice = fitted(flat + 0.2, flat)
    assert np.abs(lattice(flat) - flat - 0.2).max() < 1e-3
    assert np.isfinite(lattice(WIDE)).all()


def test_equations_are_solved_to_the_precision_that_is_asked_for():
    generator = np.random.default_rng(0)
    rows = random_array((300, 300), density=0.05, rng=generator, format="csr")
    A = csr_array(rows @ rows.T + diags_array(generator.uniform(0.1, 1, 300)))
    B, start = generator.normal(size=(2, 300, 3))
    X = _conjugate_gradients(A, B, start)
    error, scale = A @ X - B, 1 / A.diagonal()[:, None]
    assert (scale * error**2).sum(0) == pytest.approx(0, abs=PRECISION**2 * (scale * B**2).sum())
    assert np.abs(X - start).max() > 1
