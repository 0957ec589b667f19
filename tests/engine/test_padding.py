"""A brush lengthened with its phrase's own tokens draws what it drew, so that any two are mixed."""

from dataclasses import replace

import numpy as np
import pytest

import brushctl
from brushctl.brushes.file import Brush, sealed
from brushctl.brushes.mixing import Share
from brushctl.brushes.provenance import Provenance
from brushctl.engine.brush.instruction import padded
from brushctl.engine.brush.scales import Scales
from brushctl.engine.training.make_brush import InitialPhrase, make_brush
from brushctl.engine.training.recipes import Recipe
from brushctl.errors import BrushMismatchError, UsageError
from tests.brushes.makers import graded
from tests.engine.test_parity import TOLERANCE, pipeline

PROVENANCE = Provenance("mix", "2026-01-02", "tests")
STEP = 1 / 255


def made(base, pictures, phrase, least_m):
    recipe = Recipe("toy", steps=2, batch=1, rate=0.3, decay=False, scales=None, least_m=least_m)
    return make_brush(
        base,
        pictures[:2],
        1 - pictures[:2],
        initial_phrase=InitialPhrase(phrase),
        recipe=recipe,
        seed=0,
        provenance=PROVENANCE,
        pair_hashes=["0" * 64],
    )


@pytest.fixture(scope="module")
def short(base, pictures):
    return made(base, pictures, "turn daylight into night", 8)


@pytest.fixture(scope="module")
def long(base, pictures):
    return made(base, pictures, None, 17)


def edited(base, brush, picture):
    from brushctl.engine.sampler import editor_on

    with editor_on(base, brush, steps=6, scales=Scales(7.5, 1.5)) as editor:
        return editor.edit([picture])[0].after


def in_float32(brush):
    tensors = {name: tensor.astype(np.float32) for name, tensor in brush.tensors.items()}
    return sealed(Brush(brush.metadata, tensors))


@pytest.mark.parametrize("m", [10, 17, 32])
def test_a_lengthened_brush_draws_what_it_drew(base, pictures, short, m):
    """To within rounding in float32; tokens in half precision are rounded as all in a brush are."""
    exact = in_float32(short)
    alone = edited(base, exact, pictures[2])
    longer = padded(base, exact, m)
    assert longer.metadata.instruction.m == m
    assert np.abs(edited(base, longer, pictures[2]) - alone).max() <= TOLERANCE
    rounded = edited(base, padded(base, short, m), pictures[2])
    assert np.abs(rounded - edited(base, short, pictures[2])).max() <= STEP


def test_more_tokens_than_the_base_reads_are_refused(base, short):
    with pytest.raises(BrushMismatchError, match="33 tokens, the base model reads 32"):
        padded(base, short, 33)


def test_brushes_of_different_numbers_of_tokens_are_blended_and_scheduled(
    base, pictures, short, long
):
    shares = [Share(short, 0.5), Share(long, 0.5)]
    mixed = brushctl.blend(shares, PROVENANCE)
    assert mixed.metadata.instruction.m == 17
    edited(base, mixed, pictures[2])  # it can be applied
    nearly = brushctl.blend([Share(in_float32(short), 1.0), Share(long, 1e-6)], PROVENANCE)
    drawn = edited(base, nearly, pictures[2])
    assert np.abs(drawn - edited(base, short, pictures[2])).max() <= STEP
    split = brushctl.schedule([short, short, long, long, long], PROVENANCE)
    name = next(iter(long.tensors))
    assert (split.tensors[name][2:] == long.tensors[name][2:]).all()
    assert (split.tensors[name][:2, :9] == short.tensors[name][:2]).all()
    edited(base, split, pictures[2])


def test_a_pipeline_takes_brushes_of_different_numbers_of_tokens(base, short, long):
    pipe = pipeline(base)
    with brushctl.load(pipe, [short, long]) as loaded:
        assert loaded.settings["num_inference_steps"] == short.metadata.apply.steps


def test_a_stack_that_the_base_could_not_read_is_not_made(short, long):
    fits = brushctl.stack([Share(short, 1), Share(long, 1)], PROVENANCE)
    assert fits.metadata.instruction.m == 26
    with pytest.raises(UsageError, match="43 tokens, and tiny-ip2p reads 32"):
        brushctl.stack([Share(fits, 1), Share(long, 1)], PROVENANCE)
    named = replace(long.metadata.base, id="someone/model")
    other = sealed(replace(long, metadata=replace(long.metadata, base=named)))
    elsewhere = brushctl.stack([Share(fits, 1), Share(other, 1.5)], PROVENANCE)
    assert elsewhere.metadata.instruction.m == 43  # CLIP reads 77


def test_a_grade_is_left_alone_when_tokens_are_added(base, short):
    both = graded("both", instruction=short)
    longer = padded(base, both, 17)
    assert longer.grade_tensors().keys() == both.grade_tensors().keys()
    assert longer.metadata.grade == both.metadata.grade
