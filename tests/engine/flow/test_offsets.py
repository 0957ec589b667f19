"""Offsets to the keys and values of words, in diffusers' own pipelines."""

from dataclasses import replace

import pytest
import torch

from brushctl.engine.flow import objective
from brushctl.engine.flow.objective import FlowObjective
from brushctl.engine.flow.offsets import in_words, offset, zero
from brushctl.engine.training.loop import trainable
from brushctl.engine.training.recipes import DEFAULT
from tests.engine.flow.replay import ONE, OTHER, latents, recorded, replayed, words


def test_offsets_of_zero_leave_the_stock_pipeline_s_picture_as_it_is(model, seen):
    stock = latents(model, seen[0], ONE)
    with offset(model, zero(model, ONE, 5, 8)):
        brushed = latents(model, seen[0], ONE)
    assert torch.equal(brushed, stock)
    assert torch.equal(latents(model, seen[0], ONE), stock)


@pytest.mark.parametrize("phrase", [ONE, OTHER])
def test_the_keys_and_values_of_a_phrase_are_all_that_a_picture_reads_of_it(model, seen, phrase):
    with recorded(model) as kept:
        stock = latents(model, seen[0], ONE, **words(model, phrase))
    if phrase == OTHER:
        assert (stock - latents(model, seen[0], ONE)).abs().max() > 1e-3
    with offset(model, replayed(model, kept), added=False):
        brushed = latents(model, seen[0], ONE)
    assert (brushed - stock).abs().max() == 0


def test_blocks_of_one_stream_are_needed_too(model, seen):
    """Double-stream blocks alone leave a part of the old instruction."""
    double = {name for name in model.sites if not name.startswith("single_")}
    if len(double) == len(model.sites):
        pytest.skip("this family has double-stream blocks alone")
    with recorded(model) as kept:
        stock = latents(model, seen[0], ONE, **words(model, OTHER))
    whole = replayed(model, kept)
    part = replace(whole, features={name: whole.features[name] for name in double})
    with offset(model, part, added=False):
        brushed = latents(model, seen[0], ONE)
    assert (brushed - stock).abs().max() > 1e-4


def test_only_the_bucket_of_a_call_gets_gradients_and_no_weight_does(model, seen):
    start = zero(model, ONE, 3, 8)
    leaves = {n: tuple(x.requires_grad_() for x in KV) for n, KV in start.features.items()}
    call = model.record(seen[0], ONE)
    sigma = float(model.sigmas[0])  # the noisiest step, of the last bucket
    with offset(model, replace(start, features=leaves)):
        model.predict(call, torch.randn_like(call.picture), sigma).square().mean().backward()
    assert all(weight.grad is None for weight in model.denoiser.parameters())
    for KV in leaves.values():
        for x in KV:
            assert x.grad[-1].abs().sum() > 0
            assert x.grad[:-1].abs().sum() == 0


def test_hooks_are_gone_when_the_context_closes(model):
    def hooks():
        modules = list(model.denoiser.modules())
        return [(dict(m._forward_hooks), dict(m._forward_pre_hooks)) for m in modules]

    before = hooks()
    with offset(model, zero(model, ONE, 5, 8)):
        assert hooks() != before
    with pytest.raises(KeyError), offset(model, zero(model, ONE, 5, 8)):
        raise KeyError
    assert hooks() == before


def test_a_phrase_without_a_brush_is_the_stock_pipeline(model, seen):
    stock = latents(model, seen[0], OTHER)
    with offset(model, in_words(OTHER)):
        assert torch.equal(latents(model, seen[0], OTHER), stock)


def test_gradients_are_the_same_where_blocks_are_computed_again(model, seen, monkeypatch):
    call = model.record(seen[0], ONE)
    z = torch.randn(call.picture.shape, generator=torch.Generator().manual_seed(0))
    start = zero(model, ONE, 3, 8)

    def gradients():
        own = trainable(start)
        with FlowObjective(model, ONE, DEFAULT).installed(own):
            model.predict(call, z, float(model.sigmas[0])).square().mean().backward()
        return [x.grad for KV in own.features.values() for x in KV]

    kept = gradients()
    monkeypatch.setattr(objective, "CHECKPOINT_FROM", 0)
    for one, other in zip(kept, gradients(), strict=True):
        torch.testing.assert_close(one, other)
