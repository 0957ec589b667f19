"""A grade in a brush: what is kept grades a photograph to the same bytes, mixes as well."""

from dataclasses import replace

import numpy as np
import pytest

from brushctl.brushes.file import Brush, decode_brush, encode_brush
from brushctl.brushes.graded import COLOUR_COLUMNS, COLUMNS, FEATURES
from brushctl.brushes.graded import OUTPUTS as STORED_OUTPUTS
from brushctl.brushes.metadata import Metadata
from brushctl.errors import BrushMismatchError
from brushctl.grade import Blend, Grade, Kept, Stack, apply_grade, grade_of, to_tensors
from brushctl.grade.features import GROUPS, VERSION, count_features
from brushctl.grade.network import OUTPUTS
from tests.brushes.makers import plain
from tests.grade.pictures import photograph
from tests.grade.test_apply import some_lattice, some_network

PICTURE = photograph("coffee", (40, 60))
LOOK = Grade(some_lattice(), kept=Kept(black=True, greys=True))
GREY = Grade(some_lattice(), kept=Kept(nothing_but_greys=True))
LOCAL = Grade(some_lattice(), some_network(GROUPS), GROUPS, Kept(white=True))


def brush_of(grade, name="look"):
    info, tensors = to_tensors(grade)
    return Brush(Metadata(name=name, created="2026-01-02", tool="tests", grade=info), tensors)


@pytest.mark.parametrize(
    "grade",
    [
        LOOK,
        GREY,
        LOCAL,
        Blend(((0.7, LOOK), (0.3, LOCAL))),
        Stack((LOCAL, Blend(((0.5, LOOK),)), GREY)),
    ],
)
def test_a_grade_comes_back_from_a_file_and_grades_to_the_same_bytes(grade):
    back = grade_of(decode_brush(encode_brush(brush_of(grade))))
    assert apply_grade(back, PICTURE).tobytes() == apply_grade(grade, PICTURE).tobytes()


def test_a_brush_may_have_an_instruction_and_a_grade():
    instructed, (info, tensors) = plain(), to_tensors(LOCAL)
    metadata = replace(instructed.metadata, grade=info)
    back = decode_brush(encode_brush(Brush(metadata, {**instructed.tensors, **tensors})))
    assert back.metadata.parts == ("grade", "instruction")
    assert set(back.instruction_tensors()) == set(instructed.tensors)
    assert apply_grade(grade_of(back), PICTURE).tobytes() == apply_grade(LOCAL, PICTURE).tobytes()
    assert grade_of(instructed) is None


def test_the_content_hash_changes_with_the_grade():
    def hashed(grade):
        return decode_brush(encode_brush(brush_of(grade))).metadata.content_sha256

    other = replace(LOOK, kept=Kept())
    mixes = Blend(((0.5, LOOK),)), Blend(((0.25, LOOK),)), Stack((LOOK,))
    assert len({hashed(grade) for grade in (LOOK, other, GREY, LOCAL, *mixes)}) == 7
    assert hashed(LOOK) == hashed(replace(LOOK))


def test_a_grade_that_changes_nothing_is_not_kept():
    for grade in (Grade(), Stack((LOOK, Grade()))):
        with pytest.raises(ValueError, match="as they are"):
            to_tensors(grade)


def test_a_network_of_a_width_that_is_not_applied_is_refused():
    info, tensors = to_tensors(LOCAL)
    wider = replace(info, network=replace(info.network, width=64))
    brush = replace(brush_of(LOCAL), tensors=tensors)
    metadata = replace(brush.metadata, grade=wider)
    with pytest.raises(BrushMismatchError, match="width 64"):
        grade_of(replace(brush, metadata=metadata))


def test_the_format_has_the_columns_that_the_grade_reads():
    for group in GROUPS:
        tables, maps = count_features((group,))
        assert COLOUR_COLUMNS + COLUMNS[group] == 4 * tables + maps
    assert (FEATURES, STORED_OUTPUTS) == (VERSION, OUTPUTS)


def test_a_blend_of_neutral_results_is_neutral_and_what_both_keep_is_kept():
    also_grey = Grade(some_lattice(), kept=Kept(nothing_but_greys=True))
    graded = apply_grade(Blend(((0.7, GREY), (0.3, also_grey))), PICTURE)
    assert (np.ptp(graded, axis=2) == 0).all()
    greys = np.repeat(np.linspace(0, 1, 50, dtype=np.float32)[None, :, None], 3, axis=2)
    greyed = apply_grade(Blend(((0.7, LOOK), (0.3, LOOK))), greys)
    assert (np.ptp(greyed, axis=2) == 0).all()
    assert (greyed[0, 0] == 0).all()


def test_a_blend_lies_between_its_grades_and_what_its_weights_lack_is_the_picture():
    half = apply_grade(Blend(((0.5, LOCAL),)), PICTURE)
    np.testing.assert_allclose(half, (apply_grade(LOCAL, PICTURE) + PICTURE) / 2, atol=1e-6)
    both = apply_grade(Blend(((0.75, LOOK), (0.25, LOCAL))), PICTURE)
    meant = 0.75 * apply_grade(LOOK, PICTURE) + 0.25 * apply_grade(LOCAL, PICTURE)
    np.testing.assert_allclose(both, meant, atol=1e-6)


def test_a_stack_grades_what_the_grade_before_it_made():
    stacked = apply_grade(Stack((LOOK, LOCAL)), PICTURE)
    assert stacked.tobytes() == apply_grade(LOCAL, apply_grade(LOOK, PICTURE)).tobytes()
