"""Mixing: identities to the bit, what each method makes, and clear refusals."""

import itertools
import math
import re
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from brushctl.brushes.defects import DepthError, NotFiniteError
from brushctl.brushes.file import Brush, decode_brush, encode_brush, sealed
from brushctl.brushes.metadata import Segment
from brushctl.brushes.mixing import Share, blend, schedule, stack
from brushctl.brushes.provenance import Provenance
from brushctl.errors import BrushMismatchError, UsageError
from tests.brushes.makers import plain

PROVENANCE = Provenance("mix", "2026-01-03", "tests")
A = plain("a", seed=1, phrase="turn day into night")
B = plain("b", seed=2, phrase="turn it into gold")
C = plain("c", seed=3)
KEY = "mid.attn2.k"
OTHER = replace(A.metadata, apply=replace(A.metadata.apply, steps=21))


def shares(*parts: tuple[Brush, float]) -> list[Share]:
    return [Share(brush, weight) for brush, weight in parts]


def same(x: Brush, y: Brush) -> bool:
    """Whether two brushes are one edit, to the bit."""
    return x.metadata.content_sha256 == y.metadata.content_sha256 and all(
        x.tensors[key].tobytes() == tensor.tobytes() for key, tensor in y.tensors.items()
    )


@pytest.mark.parametrize("method", [blend, stack])
def test_a_brush_with_nothing_of_another_is_itself(method):
    assert same(method(shares((A, 1), (B, 0)), PROVENANCE), A)
    assert same(method(shares((B, 0), (A, 1)), PROVENANCE), A)


@pytest.mark.parametrize("weights", [(0.5, 0.5), (0.7, 0.3), (0.1, 0.9), (1.5, -0.5)])
def test_a_brush_mixed_with_itself_is_itself(weights):
    pair = shares(*((replace(A), w) for w in weights))
    assert same(blend(pair, PROVENANCE), A)
    assert same(stack(pair, PROVENANCE), A)
    assert same(schedule([A] * 5, PROVENANCE), A)


def test_negative_zeros_survive():
    zeros = {key: np.full_like(tensor, -0.0) for key, tensor in A.tensors.items()}
    brush = sealed(Brush(A.metadata, zeros))
    assert same(blend(shares((brush, 1), (B, 0)), PROVENANCE), brush)


@pytest.mark.parametrize("method", [blend, stack])
def test_the_order_does_not_matter(method):
    parts = [(A, 0.5), (B, 0.25), (C, 0.25)]
    mixes = [method(shares(*order), PROVENANCE) for order in itertools.permutations(parts)]
    assert len({encode_brush(mix) for mix in mixes}) == 1


@settings(deadline=None, max_examples=30)
@given(st.lists(st.floats(-2, 2), min_size=3, max_size=3).filter(lambda w: sum(w) > 0.1))
def test_a_blend_is_the_weighted_mean(weights):
    mixed = blend(shares(*zip((A, B, C), weights, strict=True)), PROVENANCE)
    for key in A.tensors:
        terms = [w * x.tensors[key].astype(float) for w, x in zip(weights, (A, B, C), strict=True)]
        mean = sum(terms) / sum(weights)
        np.testing.assert_allclose(mixed.tensors[key], mean, rtol=2e-3, atol=1e-3)


def test_the_weights_of_a_blend_count_only_against_each_other():
    assert same(
        blend(shares((A, 7), (B, 3)), PROVENANCE), blend(shares((A, 0.7), (B, 0.3)), PROVENANCE)
    )


def test_a_blend_of_different_precisions_keeps_the_finer():
    fine = plain("fine", seed=4, dtype="float32")
    assert blend(shares((A, 1), (fine, 1)), PROVENANCE).tensors[KEY].dtype == np.float32
    assert blend(shares((A, 1), (fine, 0)), PROVENANCE).tensors[KEY].dtype == np.float16


def test_a_stack_has_the_tokens_of_both_with_their_weights():
    long = plain("long", seed=5, m=4)
    mixed = stack(shares((A, 0.75), (long, 0.5)), PROVENANCE)
    first, second = sorted(
        ((A, 0.75), (long, 0.5)), key=lambda part: part[0].metadata.content_sha256
    )
    joined = np.concatenate([first[0].tensors[KEY], second[0].tensors[KEY]], axis=1)
    assert (mixed.tensors[KEY] == joined).all()
    assert mixed.metadata.instruction.m == 7
    assert mixed.metadata.instruction.segments == tuple(
        Segment(brush.metadata.instruction.m, weight) for brush, weight in (first, second)
    )


def test_a_stack_of_a_stack_multiplies_the_weights():
    inner = stack(shares((A, 0.5), (B, 0.25)), PROVENANCE)
    outer = stack(shares((inner, 0.5), (C, 1)), PROVENANCE)
    weights = sorted(s.weight for s in outer.metadata.instruction.segments)
    assert weights == [0.125, 0.25, 1]


def test_a_schedule_takes_each_bucket_from_its_brush():
    mixed = schedule([B, B, A, A, A], PROVENANCE)
    for key in A.tensors:
        assert (mixed.tensors[key][:2] == B.tensors[key][:2]).all()
        assert (mixed.tensors[key][2:] == A.tensors[key][2:]).all()
    taken = {p.name: (p.buckets, p.weight) for p in mixed.metadata.lineage.parents}
    assert taken == {"a": ((2, 3, 4), 0.6), "b": ((0, 1), 0.4)}


def test_an_altered_brush_is_mixed_as_what_it_has_become():
    """Whatever hash it still has: that of what it was, or none."""
    bare, altered = (
        replace(B, metadata=replace(B.metadata, content_sha256=left))
        for left in ("", A.metadata.content_sha256)
    )
    for brush in (bare, altered):
        assert same(
            blend(shares((A, 1), (brush, 1)), PROVENANCE), blend(shares((A, 1), (B, 1)), PROVENANCE)
        )
        assert same(
            stack(shares((A, 1), (brush, 1)), PROVENANCE), stack(shares((A, 1), (B, 1)), PROVENANCE)
        )
        mixed, plainly = (schedule([A, x, x, x, x], PROVENANCE) for x in (brush, B))
        assert mixed.metadata.lineage == plainly.metadata.lineage
        assert same(mixed, plainly)


def test_a_brush_that_is_led_away_from_lends_no_words():
    mixed = blend(shares((A, 1), (B, 1.1), (C, -1.5)), PROVENANCE)
    assert mixed.metadata.instruction == B.metadata.instruction


def test_the_phrase_comes_from_the_heaviest_and_between_equals_from_the_smaller_hash():
    assert (
        blend(shares((A, 0.6), (B, 0.4)), PROVENANCE).metadata.instruction == A.metadata.instruction
    )
    assert (
        blend(shares((A, 0.4), (B, 0.6)), PROVENANCE).metadata.instruction == B.metadata.instruction
    )
    first = min((A, B), key=lambda brush: brush.metadata.content_sha256)
    for pair in (shares((A, 1), (B, 1)), shares((B, 1), (A, 1))):
        assert blend(pair, PROVENANCE).metadata.instruction == first.metadata.instruction
        assert (
            stack(pair, PROVENANCE).metadata.instruction.phrase == first.metadata.instruction.phrase
        )


def test_the_lineage_is_a_tree_of_hashes_and_weights_that_a_file_keeps():
    inner = blend(shares((A, 0.75), (B, 0.25)), Provenance("inner", "2026-01-03", "tests"))
    outer = decode_brush(encode_brush(stack(shares((inner, 0.5), (C, 1)), PROVENANCE)))
    parents = {p.name: p for p in outer.metadata.lineage.parents}
    assert outer.metadata.lineage.method == "stack"
    assert parents["c"].content_sha256 == C.metadata.content_sha256
    assert parents["inner"].weight == 0.5
    assert parents["inner"].lineage.method == "blend"
    grandparents = {p.name: p.weight for p in parents["inner"].lineage.parents}
    assert grandparents == {"a": 0.75, "b": 0.25}


def test_author_and_licence_stay_where_all_parents_agree():
    mine = [
        sealed(replace(x, metadata=replace(x.metadata, author="me", license=text)))
        for x, text in ((A, "MIT"), (B, "CC0"))
    ]
    mixed = blend(shares((mine[0], 1), (mine[1], 1)), PROVENANCE).metadata
    assert (mixed.author, mixed.license) == ("me", None)


@pytest.mark.parametrize("method", [blend, stack])
@pytest.mark.parametrize(
    ("other", "named"),
    [
        (plain("odd", unet="f"), ("base-0", "base-f")),
        (plain("odd", j=4), ("[0, 200, 400", "[0, 250, 500")),
        (plain("odd", d=5), ("d = 4", "d = 5")),
    ],
)
def test_brushes_that_do_not_fit_are_refused_with_both_sides_named(method, other, named):
    for weight in (1, 0):
        with pytest.raises(BrushMismatchError) as refused:
            method(shares((A, 1), (other, weight)), PROVENANCE)
        message = str(refused.value)
        assert all(text in message for text in (*named, "a", "odd"))
        assert refused.value.exit_status == 5


LONGER = plain("longer", seed=7, m=4)


def with_zeros(brush: Brush, m: int) -> Brush:
    """The brush with more tokens, for which its base model would have to be loaded."""
    part = brush.metadata.instruction
    more = m - part.m
    tensors = {key: np.pad(t, ((0, 0), (0, more), (0, 0))) for key, t in brush.tensors.items()}
    longer = replace(part, m=m, segments=(*part.segments, Segment(more)))
    return Brush(replace(brush.metadata, instruction=longer), tensors)


def test_without_the_base_model_a_blend_or_schedule_of_different_m_is_refused():
    for mix in (
        lambda: blend(shares((A, 1), (LONGER, 1)), PROVENANCE),
        lambda: schedule([A, A, LONGER, LONGER, LONGER], PROVENANCE),
    ):
        with pytest.raises(BrushMismatchError, match="a has m = 3, longer has m = 4"):
            mix()


def test_the_shorter_of_two_instructions_is_lengthened_and_stays_itself_in_the_lineage():
    mixed = blend(shares((A, 0.75), (LONGER, 0.25)), PROVENANCE, pad=with_zeros)
    assert mixed.metadata.instruction.m == 4
    assert mixed.metadata.instruction.phrase == A.metadata.instruction.phrase
    padded = with_zeros(A, 4).tensors[KEY].astype(float)
    mean = 0.75 * padded + 0.25 * LONGER.tensors[KEY].astype(float)
    np.testing.assert_allclose(mixed.tensors[KEY], mean, atol=2e-3)
    parents = {p.name: p.content_sha256 for p in mixed.metadata.lineage.parents}
    assert parents["a"] == A.metadata.content_sha256

    split = schedule([A, A, LONGER, LONGER, LONGER], PROVENANCE, pad=with_zeros)
    assert (split.tensors[KEY][:2] == with_zeros(A, 4).tensors[KEY][:2]).all()
    assert (split.tensors[KEY][2:] == LONGER.tensors[KEY][2:]).all()
    assert same(blend(shares((A, 1), (LONGER, 0)), PROVENANCE, pad=with_zeros), A)


def test_a_blend_of_token_weights_is_the_mean_of_what_attention_adds():
    stacked = stack(shares((A, 1), (C, 0.25)), PROVENANCE)
    mixed = blend(shares((stacked, 0.5), (plain("six", m=6), 0.5)), PROVENANCE)
    weights = {s.weight for s in mixed.metadata.instruction.segments}
    assert weights == {1.0, 0.5}
    assert same(blend(shares((stacked, 0.3), (stacked, 0.7)), PROVENANCE), stacked)
    with pytest.raises(BrushMismatchError, match="token weights differ"):
        schedule([stacked] * 2 + [plain("six", m=6)] * 3, PROVENANCE)


@pytest.mark.parametrize(
    ("method", "weights"), [(blend, (1, -1)), (blend, (0, 0)), (stack, (1, -0.5)), (stack, (0, 0))]
)
def test_weights_that_mean_nothing_are_usage_errors(method, weights):
    with pytest.raises(UsageError):
        method(shares((A, weights[0]), (B, weights[1])), PROVENANCE)


def test_a_schedule_needs_a_brush_for_each_bucket():
    with pytest.raises(UsageError):
        schedule([A, B], PROVENANCE)


def test_a_blend_that_leaves_the_range_of_its_numbers_is_refused():
    with pytest.raises(NotFiniteError):
        blend(shares((A, 1e5), (B, -1e5 + 0.1)), PROVENANCE)


@pytest.mark.parametrize("method", [blend, stack])
@pytest.mark.parametrize("weight", [math.nan, math.inf, 1e7, -1e308])
def test_a_weight_that_no_brush_can_hold_is_named_with_its_brush(method, weight):
    with pytest.raises(UsageError, match=f"^a:{re.escape(str(weight))}: must be a number from"):
        method(shares((A, weight), (B, 1)), PROVENANCE)


def test_a_mix_that_would_leave_the_limits_of_the_format_is_not_made():
    faint = stack(shares((A, 1e-4), (B, 1)), PROVENANCE)
    assert decode_brush(encode_brush(faint))
    with pytest.raises(UsageError, match=r"segments\[\d\]\.weight: must be a number from 1e-06 to"):
        stack(shares((faint, 1e-4), (C, 1)), PROVENANCE)
    with pytest.raises(UsageError, match=r"lineage\.parents\[\d\]\.weight: must be a number from"):
        blend(shares((A, 5000), (replace(A, metadata=OTHER), -5000 + 2e-3)), PROVENANCE)
    long = plain("long", m=4095)
    assert (
        stack(shares((long, 1), (plain("one", m=1), 1)), PROVENANCE).metadata.instruction.m == 4096
    )
    with pytest.raises(UsageError, match=r"instruction\.m: must be a number from 1 to 4096"):
        stack(shares((long, 1), (A, 1)), PROVENANCE)


def test_generations_end_where_a_reader_would_refuse_their_lineage():
    def generations(count: int) -> Brush:
        mixed = A
        for seed in range(count):
            mixed = blend(shares((mixed, 0.5), (plain("x", seed=seed), 0.5)), PROVENANCE)
        return mixed

    assert decode_brush(encode_brush(generations(20)))
    with pytest.raises(DepthError):
        generations(22)
