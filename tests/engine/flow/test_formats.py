"""Half precision: which bucket a step is in, and which weights a pipeline has."""

import math
from dataclasses import replace

import numpy as np
import pytest
import torch
from diffusers import FluxKontextPipeline

import brushctl
from brushctl.engine.flow.families.family import T
from brushctl.engine.flow.offsets import even_edges, offset, zero
from brushctl.engine.model.fingerprint import identity
from brushctl.errors import BrushMismatchError
from tests.engine.flow import pipelines
from tests.engine.flow.pipelines import model_of
from tests.engine.flow.replay import ONE, latents
from tests.engine.flow.test_flow_learning import SHORT, made

STEPS = 28


def in_bfloat16(model):
    model.pipe.to(torch.bfloat16)
    return model


def buckets_visited(model, edges, image):
    """The bucket of each step of a run of the pipeline."""
    visited = []
    start = replace(zero(model, ONE, len(edges) - 1, 8), edges=edges)
    with offset(model, start) as seam:

        def note(*_):
            visited.append(int(seam.bucket[0]))

        hook = model.denoiser.register_forward_hook(note)
        latents(model, image, ONE)
        hook.remove()
    return visited


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16, torch.float16])
def test_a_step_is_in_the_bucket_of_its_level_before_rounding(seen, dtype):
    """In a schedule shifted as for large pictures, steps are closer than bfloat16 can tell."""
    pipe = pipelines.kontext()
    pipe.scheduler.register_to_config(base_shift=3.0, max_shift=3.0)
    model = model_of(pipe, steps=STEPS)
    sigmas = [math.exp(3) / (math.exp(3) + 1 / u - 1) for u in np.linspace(1, 1 / STEPS, STEPS)]
    assert sigmas[1] * T == pytest.approx(998.2, abs=0.1)  # bfloat16 has 996 and 1000
    edges = even_edges(torch.tensor(sigmas), STEPS)
    pipe.to(dtype)
    assert buckets_visited(model, edges, seen[0]) == list(reversed(range(STEPS)))


def test_learning_in_bfloat16_reaches_the_bucket_of_the_level_it_draws(model, seen):
    in_bfloat16(model)
    call = model.record(seen[0], ONE)
    edges = (0, 899, T)
    with offset(model, replace(zero(model, ONE, 2, 8), edges=edges)) as seam:
        for sigma, bucket in ((0.8985, 0), (0.8995, 1)):  # 0.8984 in bfloat16, both
            model.predict(call, torch.zeros_like(call.picture), sigma)
            assert seam.bucket.tolist() == [bucket]
    model.pipe.to(torch.float32)


@pytest.fixture(scope="module")
def saved(tmp_path_factory):
    folder = tmp_path_factory.mktemp("bases") / "kontext"
    pipelines.kontext().save_pretrained(folder)
    return folder


@pytest.fixture(scope="module")
def brush(saved, seen):
    model = model_of(FluxKontextPipeline.from_pretrained(saved))
    model = replace(model, model_sha256=identity(saved / "transformer"))
    return made(model, seen, replace(SHORT, steps=1))


def opened(folder, dtype, **parts):
    return FluxKontextPipeline.from_pretrained(folder, torch_dtype=dtype, **parts)


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16, torch.float16])
def test_a_brush_fits_its_pipeline_in_every_format(saved, brush, dtype):
    with brushctl.load(opened(saved, dtype), brush):
        pass


def test_a_rounded_pipeline_from_nowhere_is_told_what_to_do(saved, brush):
    pipe = opened(saved, torch.bfloat16)
    pipe.transformer.register_to_config(_name_or_path="")
    with pytest.raises(BrushMismatchError, match="bfloat16") as told:
        brushctl.load(pipe, brush)
    assert "float32, then the brush, then move the pipeline to bfloat16" in told.value.do
    pipe = opened(saved, torch.float32)
    with brushctl.load(pipe, brush):
        pipe.to(torch.bfloat16)


def test_a_rounded_pipeline_whose_weights_were_changed_is_another(saved, brush):
    pipe = opened(saved, torch.bfloat16)
    with torch.no_grad():
        pipe.transformer.proj_out.weight[0, 0] += 1
    with pytest.raises(BrushMismatchError):
        brushctl.load(pipe, brush)
