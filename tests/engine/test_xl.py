"""Bases of Stable Diffusion XL's architecture: the engine against diffusers' own pipeline."""

import numpy as np
import pytest
import torch
from diffusers import StableDiffusionXLInstructPix2PixPipeline

import brushctl
from brushctl.brushes.provenance import Provenance
from brushctl.engine.brush.instruction import from_brush, from_text, scaled
from brushctl.engine.brush.scales import Scales
from brushctl.engine.brush.sites import sites
from brushctl.engine.model.base import open_base
from brushctl.engine.pixels import to_model
from brushctl.engine.sampler import Editor
from brushctl.engine.training.make_brush import InitialPhrase, make_brush
from brushctl.engine.training.recipes import Recipe
from brushctl.errors import BaseModelError
from tests.engine.random_xl import write_random_xl

PHRASE = "turn daylight into night"
TOLERANCE = 1e-3
"""Largest difference in [0, 1] after all steps."""


@pytest.fixture(scope="module", params=[True, False], ids=["zeros", "empty phrase"])
def folder(request, tmp_path_factory):
    return write_random_xl(tmp_path_factory.mktemp("xl"), zeros=request.param)


@pytest.fixture(scope="module")
def xl(folder):
    return open_base(str(folder), torch.device("cpu"), torch.float32)


@pytest.fixture
def pipe(folder):
    pipe = StableDiffusionXLInstructPix2PixPipeline.from_pretrained(folder, add_watermarker=False)
    pipe.set_progress_bar_config(disable=True)
    return pipe


@pytest.fixture(scope="module")
def brush(xl, pictures):
    recipe = Recipe("toy", steps=2, batch=1, rate=0.5, decay=False, scales=None, least_m=16)
    return make_brush(
        xl, pictures[:2], 1 - pictures[:2],
        initial_phrase=InitialPhrase(PHRASE), recipe=recipe, seed=0,
        provenance=Provenance("made", "2026-01-02", "brushctl test"),
        pair_hashes=["0" * 64, "1" * 64],
    )  # fmt: skip


def by_pipe(pipe, picture, source, prompt="", **settings):
    """In diffusers the size is an argument, the side of the U-Net's own picture if not given."""
    height, width, _ = picture.shape
    return pipe(
        prompt=prompt, image=to_model([picture]), height=height, width=width, generator=source,
        output_type="np", **settings,
    ).images[0]  # fmt: skip


def by_engine(base, instruction, picture, scales=None, steps=3):
    scales = scales or Scales(5.0, 1.5)
    with Editor(base, instruction, scales=scales, steps=steps, seed=3) as editor:
        return editor.edit([picture])[0].after, editor.noise_source(picture)


# At (1, 1) diffusers runs the conditioned branch alone, as the engine does.
@pytest.mark.parametrize("scales", [Scales(5.0, 1.5), Scales(1.0, 1.0)])
def test_words_edit_as_in_diffusers_own_pipeline(xl, pipe, pictures, scales):
    wide = np.ascontiguousarray(pictures[0][:48])
    ours, source = by_engine(xl, from_text(xl, PHRASE), wide, scales)
    theirs = by_pipe(
        pipe, wide, source, PHRASE, num_inference_steps=3,
        guidance_scale=scales.s_T, image_guidance_scale=scales.s_I,
    )  # fmt: skip
    assert np.abs(ours - theirs).max() <= TOLERANCE
    others, _ = by_engine(xl, from_text(xl, "snow"), wide, scales)
    assert np.abs(ours - others).max() > 10 * TOLERANCE  # words count for something here


def test_a_brush_has_the_widths_of_the_u_net(xl, brush):
    widths = {name: site.width for name, site in sites(xl.unet).items()}
    assert set(widths.values()) == {64}
    assert {name: array.shape for name, array in brush.tensors.items()} == {
        f"{site}.{kind}": (5, 16, width) for site, width in widths.items() for kind in "kv"
    }
    assert brush.metadata.base.architecture == "unet-32-64-text80"


def test_a_brush_is_applied_and_loaded_alike(folder, pipe, pictures, brush, tmp_path):
    brushctl.write_brush(brush, tmp_path / "made.brush")
    wide = np.ascontiguousarray(pictures[0][:48])
    again = brushctl.open_brush(tmp_path / "made.brush")
    how = {"base": str(folder), "device": "cpu", "dtype": "float32", "seed": 3}
    with brushctl.open_editor(again, **how) as editor:
        ours = editor.edit([wide])[0].after
        source = editor.noise_source(wide)
    state = source.get_state()
    with brushctl.load(pipe, tmp_path / "made.brush") as loaded:
        theirs = by_pipe(pipe, wide, source, "something else", **loaded.settings)
    assert np.abs(ours - theirs).max() <= TOLERANCE
    source.set_state(state)
    without = by_pipe(pipe, wide, source, PHRASE, **loaded.settings)
    assert np.abs(ours - without).max() > 10 * TOLERANCE


def test_at_strength_0_the_text_guidance_has_nothing_to_follow(xl, pictures, brush):
    nothing = scaled(xl, from_brush(xl, brush), 0.0)
    gentle, _ = by_engine(xl, nothing, pictures[0], Scales(1.5, 1.5))
    strong, _ = by_engine(xl, nothing, pictures[0], Scales(9.0, 1.5))
    assert np.abs(gentle - strong).max() <= TOLERANCE


def test_the_autoencoder_stays_in_float32_where_float16_would_overflow(folder, pictures):
    half = open_base(str(folder), torch.device("cpu"), torch.float16)
    assert (half.dtype, half.vae.dtype) == (torch.float16, torch.float32)
    condition = half.encode(to_model(pictures[:1]))
    assert condition.dtype == torch.float16
    assert half.decode(condition).isfinite().all()


def test_a_schedule_of_another_kind_is_refused(pipe, brush):
    pipe.is_cosxl_edit = True
    with pytest.raises(BaseModelError, match="CosXL"):
        brushctl.load(pipe, brush)
