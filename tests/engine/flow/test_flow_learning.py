"""Learning on transformers: what is drawn, what falls, and what a brush file keeps of it."""

from dataclasses import replace

import numpy as np
import pytest
import torch

import brushctl
from brushctl.brushes.file import decode_brush, encode_brush
from brushctl.brushes.provenance import Provenance
from brushctl.engine.flow.families import FAMILIES
from brushctl.engine.flow.families.family import T
from brushctl.engine.flow.objective import FlowObjective
from brushctl.engine.flow.offsets import even_edges
from brushctl.engine.sampler import editor_on
from brushctl.engine.training.make_brush import InitialPhrase, make_brush
from brushctl.engine.training.recipes import DEFAULT
from brushctl.errors import BaseModelError, BrushMismatchError, UsageError
from tests.engine.flow import pipelines
from tests.engine.flow.pipelines import STEPS, model_of

SHORT = replace(DEFAULT, steps=40, rate=0.3, buckets=2, tied=0.0, validation_batch=1)
PHRASE = "make it snow"


def made(model, seen, recipe=SHORT):
    return make_brush(
        model,
        seen[:2],
        seen[2:],
        initial_phrase=InitialPhrase(PHRASE),
        recipe=recipe,
        seed=0,
        provenance=Provenance("snow", "2026-01-02", "brushctl test"),
        pair_hashes=("0" * 64, "1" * 64),
    )


@pytest.fixture(scope="module")
def kontext():
    return model_of(pipelines.kontext())


@pytest.fixture(scope="module")
def brush(kontext, seen):
    return made(kontext, seen)


def test_each_step_of_the_schedule_is_in_a_bucket_and_each_bucket_has_as_many():
    sigmas = torch.tensor([1.0, 0.97, 0.93, 0.87, 0.78, 0.65, 0.46, 0.2])
    edges = even_edges(sigmas, 4)
    assert edges == (0, 555, 825, 950, 1000)
    assert even_edges(sigmas, 20) == (0, 330, 555, 715, 825, 900, 950, 985, 1000)


def test_steps_closer_than_a_unit_share_a_bucket():
    assert even_edges(torch.tensor([1.0, 0.9999, 0.5]), 3) == (0, 750, 1000)


def test_samples_are_of_the_steps_that_the_pipeline_takes(kontext, seen):
    objective = FlowObjective(kontext, PHRASE, replace(DEFAULT, buckets=3))
    pairs = objective.encode(seen[:2], seen[2:])
    drawn = objective.draw(pairs, 4, torch.Generator().manual_seed(0))
    levels = [sample.sigma for sample in drawn.samples]
    assert set(levels) <= {float(s) for s in kontext.sigmas}
    edges = even_edges(kontext.sigmas, 3)
    for k in range(3):
        assert all(edges[k] <= T * s <= edges[k + 1] for s in levels[4 * k : 4 * k + 4])


def test_the_error_is_that_of_the_flow_noise_less_picture(kontext, seen):
    """Of a transformer that predicts what it should, the error is zero."""
    objective = FlowObjective(kontext, PHRASE, SHORT)
    pairs = objective.encode(seen[:1], seen[1:2])
    samples = objective.draw(pairs, 1, torch.Generator().manual_seed(0))
    (first, _) = samples.samples
    n = first.pair.target.shape[1]

    def oracle(_, __, named):
        z, sigma = named["hidden_states"][:, :n], float(named["timestep"])
        flow = (z - first.pair.target) / sigma  # z = x + sigma (noise - x)
        return ((torch.cat([flow, flow], dim=1)),)

    hook = kontext.denoiser.register_forward_hook(
        lambda module, args, named, _: oracle(module, args, named), with_kwargs=True
    )
    try:
        errors = objective.errors(objective.prepared(samples))
    finally:
        hook.remove()
    assert errors.max() < 1e-8


def test_learning_lowers_the_loss(brush):
    told = brush.metadata.training.instruction
    assert np.mean(told.loss_last) < 0.8 * np.mean(told.loss_first)


def test_learning_is_repeatable(kontext, seen, brush):
    assert made(kontext, seen).metadata.content_sha256 == brush.metadata.content_sha256


def test_a_brush_says_what_its_offsets_need(kontext, brush):
    meta = brush.metadata
    assert (meta.base.family, meta.base.architecture) == ("flux-kontext", "flux-kontext-4x32")
    assert (meta.apply.sampler, meta.apply.guidance, meta.apply.steps) == ("flow-euler", 3.5, STEPS)
    assert (meta.apply.s_T, meta.apply.s_I) == (1, 1)
    assert meta.buckets.edges == even_edges(kontext.sigmas, 2)


def test_a_brush_from_a_file_edits_as_the_learned_one(kontext, seen, brush):
    kept = decode_brush(encode_brush(brush))
    with editor_on(kontext, brush) as learned:
        one = learned.edit(seen[:1])[0]
    with editor_on(kontext, kept) as loaded:
        other = loaded.edit(seen[:1])[0]
    assert np.array_equal(one.after, other.after)


def test_a_loaded_brush_edits_as_the_engine_does(kontext, seen, brush):
    own = replace(brush, metadata=rehashed(brush, kontext))
    with editor_on(kontext, brush) as editor:
        ours = editor.edit(seen[:1])[0].after
    arguments = kontext.arguments(seen[0], PHRASE)
    with brushctl.load(kontext.pipe, own) as loaded:
        from brushctl.engine.pixels import noise_source

        theirs = kontext.pipe(
            image=arguments["image"],
            generator=noise_source(seen[0], 0),
            output_type="np",
            **kontext.family.size(*arguments["image"].size),
            **loaded.settings,
        ).images[0]
    assert np.array_equal(ours, theirs)


def rehashed(brush, model):
    """The brush's document with the hash of the transformer that it was learned on."""
    from brushctl.engine.model.fingerprint import digest_of_module

    digest = digest_of_module(model.denoiser)
    return replace(brush.metadata, base=replace(brush.metadata.base, model_sha256=digest))


def test_guidance_by_two_calls_is_refused_with_a_brush(kontext, seen, brush):
    own = replace(brush, metadata=rehashed(brush, kontext))
    arguments = kontext.arguments(seen[0], PHRASE)
    with brushctl.load(kontext.pipe, own), pytest.raises(UsageError, match="twice a step"):
        kontext.pipe(**arguments, true_cfg_scale=3.0, negative_prompt="rain")


def test_projections_that_are_fused_are_refused(seen):
    model = model_of(pipelines.kontext())
    brush = made(model, seen, replace(SHORT, steps=1))
    model.denoiser.fuse_qkv_projections()
    with editor_on(model, brush) as editor, pytest.raises(UsageError, match="fused"):
        editor.edit(seen[:1])


def test_a_brush_of_another_transformer_is_refused(kontext, brush):
    other = replace(kontext, model_sha256="f" * 64)
    with pytest.raises(BrushMismatchError):
        editor_on(other, brush)


def test_an_unknown_pipeline_is_refused_by_name():
    from brushctl.engine.flow.families import family_called

    with pytest.raises(BaseModelError, match="OmniPipeline"):
        family_called("OmniPipeline", "a-model")
    assert all(family.name for family in FAMILIES.values())
