"""What the families say of their pipelines: sizes, places and numbers of tokens."""

import sys
from types import SimpleNamespace

import diffusers
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from brushctl.engine.flow.families import FAMILIES, family_called
from brushctl.errors import BaseModelError, PhraseError
from tests.engine.flow.pipelines import OF_FIXED_AREA

LATENTS = SimpleNamespace(vae_scale_factor=8)
"""All that is asked of a pipeline about sizes."""
HONEST = {module: module.calculate_dimensions for module in OF_FIXED_AREA}
"""The pipelines' own rules, which are not yet patched while this is imported."""
SIDES = st.integers(1, 20_000)


@pytest.mark.parametrize("family", FAMILIES.values(), ids=lambda family: family.name)
@given(width=SIDES, height=SIDES, resolution=st.sampled_from([64, 512, 1024]))
def test_every_shape_has_a_working_size_of_whole_tokens(family, width, height, resolution):
    w, h = family.working_size(LATENTS, width, height, resolution)
    assert min(w, h) >= 16
    assert (w % 16, h % 16) == (0, 0)


@pytest.mark.parametrize("name", ["QwenImageEditPipeline", "LongCatImageEditPipeline"])
@given(width=SIDES, height=SIDES, resolution=st.sampled_from([512, 1024]))
def test_a_pipeline_with_a_rule_of_its_own_leaves_a_working_size_as_it_is(
    name, width, height, resolution
):
    module = sys.modules[getattr(diffusers, name).__module__]
    w, h = FAMILIES[name].working_size(LATENTS, width, height, resolution)
    shape = w / h
    assume(1 / 64 < shape < 64)  # of a thinner one the pipeline leaves nothing
    assert tuple(HONEST[module](resolution**2, shape)[:2]) == (w, h)


def test_a_phrase_longer_than_the_pipeline_reads_is_refused(model):
    if "qwen-image" in model.family.name or "dreamlite" in model.family.name:
        pytest.skip("this pipeline does not cut words")
    with pytest.raises(PhraseError, match="the base model reads"):
        model.tokens_learned("snow " * 600, 0)


def test_no_more_tokens_are_learned_than_the_pipeline_reads(model, seen):
    m = model.tokens_learned("snow", 10_000)
    first = model.family.first(m)
    length = model.family.words(model.record(seen[0], "snow").named)
    assert (first if first >= 0 else length + first) + m <= length


def test_of_three_rows_of_dreamlite_the_last_is_brushed_and_of_its_mobile_kind_all():
    rows = {"encoder_hidden_states": [0, 1, 2]}
    assert FAMILIES["DreamLitePipeline"].brushed(rows) == slice(2, 3)
    assert FAMILIES["DreamLiteMobilePipeline"].brushed(rows) == slice(None)


@pytest.mark.parametrize("pipeline", ["QwenImage21Pipeline", "Flux2KleinKVPipeline"])
def test_pipelines_that_keep_keys_and_values_are_refused_by_name(pipeline):
    with pytest.raises(BaseModelError, match=pipeline):
        family_called(pipeline, "a-model")
