"""What is measured of a grade, and the words for it."""

from dataclasses import replace

import numpy as np
import pytest

from brushctl.brushes.graded import COLOUR_COLUMNS, Look, Place, Zone
from brushctl.brushes.words import grade_in_words
from brushctl.grade import Blend, Grade, Kept, Stack
from brushctl.grade.fit import fit_grade
from brushctl.grade.lattice import Lattice
from brushctl.grade.look import chart_of, look_of
from tests.brushes.makers import graded
from tests.grade.pictures import LUMA, pairs_of
from tests.grade.test_apply import some_lattice, some_network

NOTHING = Grade(Lattice(np.eye(3, 4, dtype=np.float32), np.zeros((2, 2, 2, 3), np.float16)))
FLAT = Zone(0, 0, 0)
STILL = Look(FLAT, FLAT, FLAT, contrast=1, saturation=1)


def scaled(*factors):
    affine = np.zeros((3, 4), np.float32)
    affine[:, :3] = np.diag(factors)
    return replace(NOTHING, lattice=replace(NOTHING.lattice, affine=affine))


def test_an_edit_that_changes_nothing_measures_as_nothing():
    assert look_of(NOTHING) == STILL
    chart = chart_of(NOTHING)
    assert chart.grey == chart.red == chart.green == chart.blue


def test_a_warm_edit_is_warm_and_a_dark_one_dark():
    warm = look_of(scaled(1, 0.95, 0.8))
    assert warm.midtones.warmth > 5
    assert warm.highlights.warmth > warm.shadows.warmth > 0
    dark = look_of(scaled(0.5, 0.5, 0.5))
    assert dark.midtones.lightness < -10
    assert dark.contrast < 0.7
    assert dark.midtones.warmth == dark.midtones.tint == 0


def test_black_and_white_has_no_saturation_even_if_it_is_toned():
    grey = fit_grade(pairs_of(lambda x: np.repeat((x @ LUMA)[..., None], 3, 2))).grade
    assert look_of(grey).saturation == 0
    toned = look_of(Stack((grey, scaled(1, 0.9, 0.7))))
    assert toned.saturation < 0.02
    assert toned.midtones.warmth > 5


def test_a_mix_is_measured_as_what_it_does():
    half = look_of(Blend(((0.5, scaled(1, 0.9, 0.7)),)))
    whole = look_of(scaled(1, 0.9, 0.7))
    assert 0 < half.midtones.warmth < whole.midtones.warmth


def falling_off(column):
    """A network of place alone, whose gain is -0.4 of one column of the features of place."""
    network = some_network(("place",), scale=0)
    network.straight[COLOUR_COLUMNS + column, :3] = -0.4
    return Grade(NOTHING.lattice, network, ("place",))


def test_what_a_network_makes_of_colours_is_measured_over_a_chart_and_by_place():
    vignette = falling_off(column=5)  # the square of the radius
    for each in (vignette, Stack((NOTHING, vignette)), Blend(((1.0, vignette),))):
        look = look_of(each)
        assert look.place.edges < -10
        assert abs(look.place.top) < 1
        assert abs(look.place.left) < 1
        assert look.midtones.lightness < -2
        assert abs(look.midtones.warmth) < 0.5
        assert chart_of(each) is None
    graduated = look_of(falling_off(column=1))  # v, from -1 above to 1 below
    assert graduated.place.top > 10
    assert abs(graduated.place.edges) < 2


def test_where_no_network_reads_the_place_no_place_is_measured():
    grade = Grade(some_lattice(), some_network(("tones",)), ("tones",))
    assert look_of(grade).place is None


def test_what_is_measured_over_a_chart_becomes_words():
    look = replace(STILL, midtones=Zone(5.2, 3, 0), place=Place(edges=-14.6, top=0.5, left=3.1))
    metadata = replace(graded(groups=("place",)).metadata, look=look)
    assert grade_in_words(metadata) == (
        "depends on the place in the frame",
        "edges darker than the centre by 15",
        "left lighter than the right by 3",
        "on average midtones lighter by 5, warmer midtones by 3",
    )


@pytest.mark.parametrize(
    ("look", "words"),
    [
        (replace(STILL, saturation=0.01), ("black and white", "greys stay neutral")),
        (replace(STILL, saturation=1.2), ("20% more saturation", "greys stay neutral")),
        (replace(STILL, contrast=0.9), ("10% less contrast", "greys stay neutral")),
        (replace(STILL, shadows=Zone(6.3, 0, 0)), ("shadows lifted by 6", "greys stay neutral")),
        (
            replace(STILL, shadows=Zone(0, -8, 0), highlights=Zone(0, 6, 0)),
            ("warmer highlights by 6", "cooler shadows by 8"),
        ),
        (
            Look(Zone(0, 5, 0), Zone(0, 8, 3), Zone(0, 7, 0), contrast=1, saturation=1),
            ("warmer by 8", "more magenta midtones by 3"),
        ),
        (STILL, ("greys stay neutral",)),
        (replace(STILL, midtones=Zone(0, 0, 1.5)), ("changes colours",)),
    ],
)
def test_measurements_become_words(look, words):
    metadata = replace(graded().metadata, look=look)
    assert grade_in_words(metadata) == words


def test_words_of_what_is_kept_and_of_no_grade():
    kept = graded(kept=Kept(True, True, True, True)).metadata
    assert grade_in_words(kept) == (
        "black and white", "greys stay neutral", "black stays black", "white stays white",
    )  # fmt: skip
    assert grade_in_words(replace(kept, grade=None)) == ()
