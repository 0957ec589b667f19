"""What a guess about these editors gets wrong, where no other test here is about it."""

from dataclasses import replace

import numpy as np
import pytest
import torch

import brushctl
from brushctl.engine.brush.instruction import bucket_of
from brushctl.engine.flow.families.family import T
from brushctl.engine.flow.offsets import offset, zero
from brushctl.engine.sampler import editor_on
from tests.engine.flow import pipelines
from tests.engine.flow.pipelines import SIDE, model_of
from tests.engine.flow.replay import ONE, latents
from tests.engine.flow.test_flow_learning import SHORT, made, rehashed
from tests.engine.flow.test_formats import buckets_visited


@pytest.mark.parametrize("side", [SIDE, SIDE + 32])
def test_learned_tokens_are_those_of_the_phrase_at_every_size_of_picture(model, side):
    """Template, picture and padding stand before, behind or between them."""
    image = np.random.default_rng(0).random((side, side, 3), np.float32)
    one, other = (model.record(image, phrase).named for phrase in ("snow", "rain"))
    first = model.family.first(model.tokens_learned("snow", 0))
    start = first if first >= 0 else model.family.words(one) + first
    differ = (one["encoder_hidden_states"] != other["encoder_hidden_states"])[0].any(-1)
    assert differ.nonzero()[0] == start


def test_a_step_of_the_same_number_is_in_another_bucket_at_another_size(seen):
    """The shift follows the size: buckets are decided by noise level, never by number."""
    pipe = pipelines.kontext()
    pipe.scheduler.register_to_config(base_image_seq_len=64, max_image_seq_len=1024, base_shift=0.1)
    model = model_of(pipe, steps=12)
    edges = zero(model, ONE, 4, 8).edges
    small = buckets_visited(model, edges, seen[0])
    levels = T * pipe.scheduler.sigmas[:-1]
    assert small == bucket_of(levels, edges).tolist()
    large = buckets_visited(model, edges, np.full((4 * SIDE, 4 * SIDE, 3), 0.5, np.float32))
    assert large == bucket_of(T * pipe.scheduler.sigmas[:-1], edges).tolist()
    assert large != small


def test_four_steps_make_four_buckets_and_each_is_visited(seen):
    model = model_of(pipelines.klein(is_distilled=True), steps=4)
    edges = zero(model, ONE, 5, 8).edges
    assert buckets_visited(model, edges, seen[0]) == [3, 2, 1, 0]


def test_a_transformer_is_told_the_guidance_that_its_brush_was_learned_with(seen):
    model = model_of(pipelines.kontext()).sampled(2, 2.5)
    assert float(model.record(seen[0], ONE).named["guidance"]) == 2.5
    brush = made(model, seen, replace(SHORT, steps=1))
    assert brush.metadata.apply.guidance == 2.5
    told = []

    def note(_, __, named):
        told.append(float(named["guidance"]))

    hook = model.denoiser.register_forward_pre_hook(note, with_kwargs=True)
    with editor_on(model.sampled(2, 3.5), brush) as editor:
        editor.edit(seen[:1])
    hook.remove()
    assert told == [2.5, 2.5]


def test_guidance_without_a_negative_prompt_is_one_call_a_step_and_works(seen):
    model = model_of(pipelines.kontext(), steps=2)
    brush = made(model, seen, replace(SHORT, steps=1))
    own = replace(brush, metadata=rehashed(brush, model))
    with brushctl.load(model.pipe, own):
        plain = latents(model, seen[0], ONE)
        assert torch.equal(latents(model, seen[0], ONE, true_cfg_scale=3.0), plain)


def test_processors_and_attention_backends_stay_the_models(seen):
    model = model_of(pipelines.kontext())
    before = dict(model.denoiser.attn_processors)
    start = zero(model, ONE, 2, 8)
    loud = replace(start, features={n: (K + 1, V + 1) for n, (K, V) in start.features.items()})
    with offset(model, loud):
        assert dict(model.denoiser.attn_processors) == before
        brushed = latents(model, seen[0], ONE)
        model.denoiser.set_attention_backend("_native_math")
        other = latents(model, seen[0], ONE)
    torch.testing.assert_close(other, brushed, atol=1e-3, rtol=1e-3)
    assert (brushed - latents(model, seen[0], ONE)).abs().max() > 1e-2
