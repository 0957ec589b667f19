"""Mixing brushes of transformers, which add to the tokens of their own words."""

import numpy as np
import pytest

from brushctl.brushes.file import Brush, sealed
from brushctl.brushes.metadata import Apply, Base, Buckets, Instruction, Metadata, Segment
from brushctl.brushes.mixing import Share, blend, schedule, stack
from brushctl.brushes.provenance import Provenance
from brushctl.errors import BrushMismatchError
from tests.brushes.makers import graded

PROVENANCE = Provenance("mix", "2026-01-02", "test")
SITES = ("transformer_blocks.0.attn", "single_transformer_blocks.0.attn")


def brush(seed, m=3, phrase="make it snow", first=0):
    """Offsets of two buckets at two sites."""
    rng = np.random.default_rng(seed)
    tensors = {
        f"{site}.{kind}": rng.normal(size=(2, m, 4)).astype(np.float16)
        for site in SITES
        for kind in "kv"
    }
    metadata = Metadata(
        name=f"brush-{seed}",
        created="2026-01-02",
        tool="test",
        instruction=Instruction(phrase, m, (Segment(m),), first=first),
        buckets=Buckets(2, (0, 900, 1000)),
        base=Base("a-model", "flux-kontext-2x4", "0" * 64, family="flux-kontext"),
        apply=Apply(1, 1, 28, 1024, "flow-euler", 3.5),
    )
    return sealed(Brush(metadata, tensors))


def test_a_blend_is_the_weighted_mean_of_the_offsets():
    one, other = brush(1), brush(2)
    mix = blend([Share(one, 0.25), Share(other, 0.75)], PROVENANCE)
    for name in one.tensors:
        mean = 0.25 * one.tensors[name].astype(float) + 0.75 * other.tensors[name]
        np.testing.assert_allclose(mix.tensors[name], mean, atol=2e-3)
    assert mix.metadata.apply == one.metadata.apply
    assert mix.metadata.base.family == "flux-kontext"


def test_tokens_that_one_brush_has_not_learned_are_left_as_they_are():
    one, longer = brush(1), brush(2, m=5)
    mix = blend([Share(one, 0.5), Share(longer, 0.5)], PROVENANCE)
    assert mix.metadata.instruction.m == 5
    name = f"{SITES[0]}.k"
    np.testing.assert_allclose(mix.tensors[name][:, 3:], longer.tensors[name][:, 3:] / 2, atol=1e-3)


def test_of_the_last_tokens_of_the_words_more_come_before():
    one, longer = brush(1, first=-3), brush(2, m=5, first=-5)
    mix = blend([Share(one, 0.5), Share(longer, 0.5)], PROVENANCE)
    assert mix.metadata.instruction.first == -5
    name = f"{SITES[1]}.v"
    np.testing.assert_allclose(mix.tensors[name][:, :2], longer.tensors[name][:, :2] / 2, atol=1e-3)


def test_a_schedule_takes_each_bucket_from_its_brush():
    one, other = brush(1), brush(2)
    mix = schedule([one, other], PROVENANCE)
    name = f"{SITES[0]}.v"
    assert np.array_equal(mix.tensors[name][0], one.tensors[name][0])
    assert np.array_equal(mix.tensors[name][1], other.tensors[name][1])


@pytest.mark.parametrize("mixed", [blend, stack])
def test_a_brush_of_weight_one_and_another_of_none_is_that_brush(mixed):
    one = brush(1)
    mix = mixed([Share(one, 1), Share(brush(2), 0)], PROVENANCE)
    assert mix.metadata.content_sha256 == one.metadata.content_sha256


@pytest.mark.parametrize("weights", [(1, 1), (0.5, 1)])
def test_a_stack_of_two_is_refused(weights):
    shares = [Share(brush(k), weight) for k, weight in enumerate(weights)]
    with pytest.raises(BrushMismatchError, match="cannot be stacked"):
        stack(shares, PROVENANCE)


def test_brushes_of_different_words_are_refused():
    shares = [Share(brush(1), 0.5), Share(brush(2, phrase=None), 0.5)]
    with pytest.raises(
        BrushMismatchError, match=r"brushes of a transformer add.* Learn both from the same phrase"
    ):
        blend(shares, PROVENANCE)


def test_brushes_that_count_their_tokens_from_different_ends_are_refused():
    shares = [Share(brush(1), 0.5), Share(brush(2, first=-3), 0.5)]
    with pytest.raises(BrushMismatchError, match="first learned token"):
        blend(shares, PROVENANCE)


@pytest.mark.parametrize("mixed", [blend, stack])
def test_beside_a_brush_without_an_instruction_less_of_the_edit_is_made(mixed):
    """Smaller offsets would leave what the words do by themselves."""
    one = brush(1)
    mix = mixed([Share(one, 0.25), Share(sealed(graded("look")), 0.75)], PROVENANCE)
    for name in one.tensors:
        np.testing.assert_array_equal(mix.tensors[name], one.tensors[name])
    assert (mix.metadata.apply.s_T, mix.metadata.apply.guidance) == (0.25, 3.5)
    assert mix.metadata.instruction == one.metadata.instruction
