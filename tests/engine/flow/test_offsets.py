"""Offsets to the keys and values of words, in diffusers' own pipelines."""

from contextlib import ExitStack, contextmanager
from dataclasses import replace

import pytest
import torch

from brushctl.engine.flow.offsets import Offsets, even_edges, in_words, offset, zero

ONE, OTHER = "make it snow", "make it rain"
"""Phrases of as many tokens."""


def latents(model, image, phrase, **more):
    """What the stock pipeline makes, before it is decoded."""
    arguments = model.arguments(image, phrase) | more
    generator = torch.Generator().manual_seed(0)
    return model.pipe(**arguments, generator=generator, output_type="latent").images


def words(model, phrase):
    """Arguments that change the words alone, not Kontext's summary of them."""
    return {"prompt": ONE, "prompt_2": phrase} if model.family.name == "flux-kontext" else {
        "prompt": phrase
    }  # fmt: skip


@contextmanager
def recorded(model):
    """Keys and values of the words at each site, call after call: {(site, kind): [(1, l, d)]}."""
    kept, now = {}, []
    with ExitStack() as stack:

        def begin(_, __, named):
            now[:] = model.family.brushed(named), slice(model.family.words(named))

        hook = model.denoiser.register_forward_pre_hook(begin, with_kwargs=True)
        stack.callback(hook.remove)
        for name, site in model.sites.items():
            for kind, module in (("k", site.key), ("v", site.value)):
                columns = site.columns if kind == "v" else slice(None)

                def keep(_, __, output, key=(name, kind), columns=columns):
                    own = output.flatten(2)[(*now, columns)]
                    kept.setdefault(key, []).append(own.clone())

                stack.callback(module.register_forward_hook(keep).remove)
        yield kept


def replayed(model, kept):
    """Features that put all recorded tokens that a phrase decides in their place, step by step."""
    length = next(iter(kept.values()))[0].shape[1]
    most = model.family.most_tokens(model.pipe, ONE)
    m = length - model.family.first(1) if most is None else most
    first = model.family.first(m)
    start = first if first >= 0 else length + first
    steps = len(next(iter(kept.values())))
    edges = even_edges(model.sigmas, steps)
    assert len(edges) == steps + 1  # a bucket for each step
    features = {
        name: tuple(
            torch.cat([x[:, start : start + m] for x in reversed(kept[name, kind])])
            for kind in "kv"
        )
        for name in model.sites
    }
    return Offsets(ONE, first, features, edges)


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
