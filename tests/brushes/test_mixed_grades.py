"""Mixing brushes with grades: identities to the bit, and each method does what it says."""

import itertools
from dataclasses import replace

import numpy as np
import pytest

from brushctl.brushes.file import Brush, decode_brush, encode_brush, sealed
from brushctl.brushes.graded import GradeBlend, GradeStack
from brushctl.brushes.mixing import blend, schedule, stack
from brushctl.errors import BrushMismatchError, UsageError
from brushctl.grade import Kept, apply_grade, grade_of
from tests.brushes.makers import graded, plain
from tests.brushes.test_mixing import PROVENANCE, same, shares
from tests.grade.pictures import photograph

PICTURE = photograph("coffee", (24, 32))
WARM = graded("warm", seed=1)
COLD = graded("cold", seed=2, groups=("place",))
GREY = graded("grey", seed=3, kept=Kept(nothing_but_greys=True))
SNOW = plain("snow", seed=4, phrase="make it snow")
BOTH = graded("both", seed=5, instruction=plain("both", seed=5, phrase="turn it into gold"))


def edited(brush: Brush) -> np.ndarray:
    """The picture under the brush's grade, read again from its file."""
    grade = grade_of(decode_brush(encode_brush(brush)))
    return PICTURE if grade is None else apply_grade(grade, PICTURE)


@pytest.mark.parametrize("brush", [WARM, COLD, BOTH])
@pytest.mark.parametrize("method", [blend, stack])
def test_a_brush_with_nothing_of_another_or_with_itself_is_itself(brush, method):
    assert same(method(shares((brush, 1), (GREY, 0)), PROVENANCE), brush)
    assert same(method(shares((brush, 0.25), (replace(brush), 0.75)), PROVENANCE), brush)


def test_a_blend_of_grades_is_the_weighted_mean_of_what_they_make():
    mixed = blend(shares((WARM, 7), (COLD, 3)), PROVENANCE)
    meant = 0.7 * edited(WARM) + 0.3 * edited(COLD)
    np.testing.assert_allclose(edited(mixed), meant, atol=1e-6)
    away = blend(shares((WARM, 1.5), (COLD, -0.5)), PROVENANCE)
    np.testing.assert_allclose(edited(away), 1.5 * edited(WARM) - 0.5 * edited(COLD), atol=1e-6)


def test_the_order_of_a_blend_does_not_matter():
    parts = [(WARM, 0.5), (COLD, 0.25), (BOTH, 0.25)]
    orders = itertools.permutations(parts)
    assert len({encode_brush(blend(shares(*order), PROVENANCE)) for order in orders}) == 1


def test_a_brush_without_a_grade_leaves_colours_alone_and_takes_its_share():
    mixed = blend(shares((WARM, 0.75), (SNOW, 0.25)), PROVENANCE)
    np.testing.assert_allclose(edited(mixed), 0.75 * edited(WARM) + 0.25 * PICTURE, atol=1e-6)


def test_a_brush_without_an_instruction_weakens_the_guidance_of_the_others():
    mixed = blend(shares((WARM, 0.75), (SNOW, 0.25)), PROVENANCE).metadata
    assert mixed.apply.s_T == SNOW.metadata.apply.s_T * 0.25
    assert mixed.instruction == SNOW.metadata.instruction
    with pytest.raises(UsageError, match="weights sum to"):
        blend(shares((WARM, 1), (SNOW, 0.5), (BOTH, -0.5)), PROVENANCE)


def test_a_stack_grades_in_the_order_given():
    mixed = stack(shares((WARM, 1), (COLD, 1), (BOTH, 1)), PROVENANCE)
    meant = PICTURE
    for brush in (WARM, COLD, BOTH):
        meant = apply_grade(grade_of(brush), meant)
    assert edited(mixed).tobytes() == meant.tobytes()
    assert [p.name for p in mixed.metadata.lineage.parents] == ["warm", "cold", "both"]
    turned = stack(shares((COLD, 1), (WARM, 1), (BOTH, 1)), PROVENANCE)
    assert edited(turned).tobytes() != meant.tobytes()
    assert mixed.metadata.instruction == BOTH.metadata.instruction
    assert mixed.metadata.apply == BOTH.metadata.apply


def test_a_stack_takes_a_grade_at_its_weight():
    mixed = stack(shares((WARM, 0.5), (SNOW, 1)), PROVENANCE)
    np.testing.assert_allclose(edited(mixed), (edited(WARM) + PICTURE) / 2, atol=1e-6)


def test_mixes_of_mixes_of_one_method_are_one_list():
    inner = blend(shares((WARM, 0.5), (COLD, 0.5)), PROVENANCE)
    outer = blend(shares((inner, 0.5), (GREY, 0.5)), PROVENANCE)
    assert isinstance(outer.metadata.grade, GradeBlend)
    assert sorted(term.weight for term in outer.metadata.grade.blend) == [0.25, 0.25, 0.5]
    meant = (edited(WARM) + edited(COLD)) / 4 + edited(GREY) / 2
    np.testing.assert_allclose(edited(outer), meant, atol=1e-6)
    below = stack(
        shares((stack(shares((WARM, 1), (COLD, 1)), PROVENANCE), 1), (GREY, 1)), PROVENANCE
    )
    assert isinstance(below.metadata.grade, GradeStack)
    assert len(below.metadata.grade.stack) == 3
    both = stack(shares((outer, 1), (inner, 0.5)), PROVENANCE)
    meant = apply_grade(grade_of(inner), edited(outer)) / 2 + edited(outer) / 2
    np.testing.assert_allclose(edited(both), meant, atol=1e-5)


def test_a_blend_of_black_and_white_is_black_and_white():
    other = graded("other", seed=9, kept=Kept(nothing_but_greys=True))
    mixed = edited(blend(shares((GREY, 0.7), (other, 0.3)), PROVENANCE))
    assert (np.ptp(mixed, axis=2) == 0).all()


def test_a_schedule_has_the_grade_of_the_bucket_of_most_noise():
    assert edited(schedule([SNOW] * 2 + [BOTH] * 3, PROVENANCE)).tobytes() == edited(BOTH).tobytes()
    assert schedule([BOTH] * 2 + [SNOW] * 3, PROVENANCE).metadata.grade is None
    with pytest.raises(BrushMismatchError, match="blend or stack"):
        schedule([SNOW] * 2 + [WARM] * 3, PROVENANCE)


def test_brushes_of_different_bases_are_mixed_where_one_of_them_has_a_grade_alone():
    other = plain("other", unet="f", seed=8)
    assert stack(shares((WARM, 1), (other, 1)), PROVENANCE).metadata.base == other.metadata.base
    with pytest.raises(BrushMismatchError, match="base models differ"):
        stack(shares((BOTH, 1), (other, 1)), PROVENANCE)


def test_a_mix_of_more_grades_than_a_brush_may_have_is_not_made():
    many = [graded(f"g{k}", seed=20 + k, nodes=2) for k in range(17)]
    assert sealed(stack(shares(*((b, 1) for b in many[:16])), PROVENANCE))
    with pytest.raises(UsageError, match="17 grades; at most 16"):
        stack(shares(*((b, 1) for b in many)), PROVENANCE)
