"""A brush in the caller's own pipeline of each family: `brushctl.load`."""

from contextlib import suppress
from dataclasses import replace

import pytest
import torch
from diffusers import FirstBlockCacheConfig

import brushctl
from brushctl.engine.training.recipes import DEFAULT
from brushctl.errors import BrushMismatchError, UsageError
from tests.engine.flow import pipelines
from tests.engine.flow.pipelines import MADE, model_of
from tests.engine.flow.test_flow_learning import made, rehashed

BRIEF = replace(DEFAULT, steps=1, rate=3.0, buckets=2, tied=0.0, validation_batch=1)


VARIANTS = {"flux-kontext-unguided", "dreamlite-mobile"}
"""Of families that are tested already."""


@pytest.fixture(scope="module", params=sorted(MADE.keys() - VARIANTS))
def learned(request, seen):
    """A model and a brush that was learned on it."""
    model = model_of(MADE[request.param](), steps=2)
    with pipelines.small_area():
        brush = made(model, seen, BRIEF)
    return model, replace(brush, metadata=rehashed(brush, model))


def called(model, image, loaded, pictures=1, **more):
    """Latents that the pipeline makes of a picture, each with the same noise."""
    arguments = model.arguments(image, None)
    del arguments["prompt"]
    generators = [torch.Generator().manual_seed(0) for _ in range(pictures)]
    return model.pipe(
        **(arguments | loaded.settings | more),
        num_images_per_prompt=pictures,
        generator=generators,
        output_type="latent",
    ).images


def test_a_loaded_brush_names_the_settings_it_wants(learned):
    model, brush = learned
    with brushctl.load(model.pipe, brush) as loaded:
        assert "prompt='make it snow', num_inference_steps=2" in repr(loaded)
    assert repr(loaded) == "<Loaded brush: unloaded>"


def test_each_of_three_pictures_is_brushed(learned, seen):
    model, brush = learned
    if "plus" in model.family.name or "dreamlite" in model.family.name:
        pytest.skip("this pipeline makes one picture at once")
    with brushctl.load(model.pipe, brush) as loaded:
        alone = called(model, seen[0], loaded)
        together = called(model, seen[0], loaded, pictures=3)
    for picture in together:
        torch.testing.assert_close(picture, alone[0], atol=1e-3, rtol=1e-3)


def test_a_pipeline_is_the_stock_one_after_unloading_twice(learned, seen):
    model, brush = learned
    loaded = brushctl.load(model.pipe, brush)
    brushed = called(model, seen[0], loaded)
    loaded.unload()
    loaded.unload()
    stock = called(model, seen[0], loaded)
    assert (brushed - stock).abs().max() > 1e-3


def test_a_cache_that_leaves_blocks_out_is_refused(learned, seen):
    model, brush = learned
    if "qwen" not in model.family.name:
        pytest.skip("diffusers itself refuses this cache on this pipeline")
    with brushctl.load(model.pipe, brush) as loaded:
        model.denoiser.enable_cache(FirstBlockCacheConfig(threshold=1e9))
        try:
            with pytest.raises(UsageError, match="a cache passes over"):
                called(model, seen[0], loaded)
        finally:
            model.denoiser.disable_cache()


GUIDED = {
    "flux-kontext": {"true_cfg_scale": 3.0, "negative_prompt": "rain"},
    "flux2-klein": {"guidance_scale": 3.0},
    "qwen-image-edit": {"true_cfg_scale": 3.0, "negative_prompt": "rain"},
    "qwen-image-edit-plus": {"true_cfg_scale": 3.0, "negative_prompt": "rain"},
    "longcat-image-edit": {"guidance_scale": 3.0},
}
"""How each pipeline is asked for guidance by two calls."""


def test_after_guidance_was_refused_a_call_without_it_works(learned, seen):
    model, brush = learned
    if model.family.name not in GUIDED:
        pytest.skip("this pipeline calls its model once a step")
    with brushctl.load(model.pipe, brush) as loaded:
        before = called(model, seen[0], loaded)
        for more in (GUIDED[model.family.name], {"num_inference_steps": 1}):
            with pytest.raises(UsageError, match="twice a step"):
                called(model, seen[0], loaded, **(GUIDED[model.family.name] | more))
            assert torch.equal(called(model, seen[0], loaded), before)


def test_a_call_after_one_that_was_stopped_works(learned, seen):
    model, brush = learned

    def stop(*_):
        raise KeyboardInterrupt

    with brushctl.load(model.pipe, brush) as loaded:
        hook = model.denoiser.register_forward_hook(stop)
        with suppress(KeyboardInterrupt):
            called(model, seen[0], loaded)
        hook.remove()
        assert called(model, seen[0], loaded).isfinite().all()


def test_a_brush_of_an_unknown_family_is_refused_by_name(learned):
    model, brush = learned
    base = replace(brush.metadata.base, family="omni")
    other = replace(brush, metadata=replace(brush.metadata, base=base))
    with pytest.raises(BrushMismatchError, match="'omni'"):
        brushctl.load(model.pipe, other)


def test_a_pipeline_of_no_known_family_is_refused_by_name():
    class QwenImage21Pipeline:
        """Its words' keys and values are kept from step to step."""

        transformer = None

    with pytest.raises(UsageError, match="QwenImage21Pipeline"):
        brushctl.load(QwenImage21Pipeline(), "warm.brush")
