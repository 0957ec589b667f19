"""`brushctl.load`: a brush inside diffusers' own pipeline edits as the engine does."""

import copy
from dataclasses import replace
from functools import partial

import numpy as np
import pytest
import torch
from diffusers import UNet2DConditionModel
from PIL import Image
from torch._subclasses.fake_tensor import FakeTensorMode

import brushctl
from brushctl.brushes.provenance import Provenance
from brushctl.engine.brush.instruction import Instruction, from_brush, from_text
from brushctl.engine.brush.scales import Scales
from brushctl.engine.brush.sites import sites
from brushctl.engine.loaded import LoadedInUNet
from brushctl.engine.model.base import BaseModel
from brushctl.engine.model.families import Family
from brushctl.engine.pixels import to_model
from brushctl.engine.sampler import Editor, open_editor
from brushctl.engine.training.make_brush import InitialPhrase, make_brush
from brushctl.engine.training.recipes import Recipe
from brushctl.errors import BaseModelError, BrushMismatchError, UsageError
from brushctl.grade import apply_grade, grade_of
from tests.brushes.makers import graded, plain
from tests.engine.test_parity import TOLERANCE, pipeline

PROVENANCE = Provenance("made", "2026-01-02", "brushctl test")


def made(base: BaseModel, pictures: np.ndarray, phrase: str | None, scales: Scales | None):
    recipe = Recipe("toy", steps=3, batch=1, rate=0.5, decay=False, scales=scales, least_m=16)
    return make_brush(
        base, pictures, 1 - pictures, initial_phrase=InitialPhrase(phrase), recipe=recipe, seed=0,
        provenance=PROVENANCE, pair_hashes=["0" * 64],
    )  # fmt: skip


@pytest.fixture(scope="module")
def brush(base, pictures):
    return made(base, pictures, "turn daylight into night", Scales(7.5, 1.5))


def by_engine(base, brush, picture):
    apply = brush.metadata.apply
    scales = Scales(apply.s_T, apply.s_I)
    with Editor(base, from_brush(base, brush), scales=scales, steps=apply.steps, seed=3) as editor:
        return editor.edit([picture])[0].after, editor.noise_source(picture)


def by_pipe(pipe, picture, source, prompt="", **settings):
    return pipe(
        prompt=prompt, image=to_model([picture]), generator=source, output_type="np", **settings
    ).images[0]


@pytest.mark.parametrize("scales", [Scales(1.0, 1.5), Scales(0.8, 1.0), Scales(7.5, 0.5)])
def test_guidance_that_the_pipeline_would_leave_out_is_refused(base, pictures, scales):
    brush = made(base, pictures, None, scales)
    with pytest.raises(BrushMismatchError, match="leaves guidance out"):
        brushctl.load(pipeline(base), brush)


def test_a_brush_stays_where_attention_is_sliced_after_loading(base, pictures, brush):
    pipe = pipeline(copy.deepcopy(base))
    with brushctl.load(pipe, brush) as loaded:

        def edited():
            return by_pipe(pipe, pictures[0], torch.Generator().manual_seed(0), **loaded.settings)

        whole = edited()
        pipe.enable_attention_slicing()
        # Slices are added up in another order; without the brush whole levels would change.
        assert np.abs(edited() - whole).max() < 0.5 / 255


def test_projections_that_are_fused_after_loading_are_refused(base, pictures, brush):
    pipe = pipeline(copy.deepcopy(base))
    with brushctl.load(pipe, brush) as loaded:
        pipe.unet.fuse_qkv_projections()
        with pytest.raises(UsageError, match="projections are fused"):
            by_pipe(pipe, pictures[0], torch.Generator().manual_seed(0), **loaded.settings)


def test_slicing_that_takes_the_weights_of_tokens_out_is_refused(base, pictures, brush):
    other = made(base, pictures, "make it snow", Scales(7.5, 1.5))
    shares = [brushctl.Share(brush, 1.0), brushctl.Share(other, 0.5)]
    pipe = pipeline(copy.deepcopy(base))
    with brushctl.load(pipe, brushctl.stack(shares, PROVENANCE)) as loaded:
        pipe.enable_attention_slicing()
        with pytest.raises(UsageError, match="took the weights of its tokens out"):
            by_pipe(pipe, pictures[0], torch.Generator().manual_seed(0), **loaded.settings)


@pytest.mark.parametrize("scales", [Scales(7.5, 1.5), Scales(1.0, 1.0)])
def test_a_loaded_brush_edits_as_the_engine_does_whatever_the_prompt(base, pictures, scales):
    brush = made(base, pictures, "turn daylight into night", scales)
    ours, source = by_engine(base, brush, pictures[0])
    pipe = pipeline(base)
    with brushctl.load(pipe, brush) as loaded:
        theirs = by_pipe(pipe, pictures[0], source, "something else", **loaded.settings)
    assert np.abs(ours - theirs).max() <= TOLERANCE


def test_unloading_leaves_the_pipeline_as_it_was(base, pictures, brush):
    pipe = pipeline(base)
    settings = {"guidance_scale": 3.0, "image_guidance_scale": 1.5, "num_inference_steps": 2}

    def plain_edit():
        return by_pipe(pipe, pictures[0], torch.Generator().manual_seed(0), "snow", **settings)

    processors, before = dict(pipe.unet.attn_processors), plain_edit()
    loaded = brushctl.load(pipe, brush)
    assert not np.array_equal(plain_edit(), before)
    loaded.unload()
    loaded.unload()
    assert np.array_equal(plain_edit(), before)
    assert pipe.unet.attn_processors == processors


def test_several_brushes_are_loaded_as_their_blend(base, pictures, brush):
    other = made(base, pictures, "make it snow", Scales(7.5, 1.5))
    shares = [brushctl.Share(brush, 0.25), brushctl.Share(other, 0.75)]
    blended = brushctl.blend(shares, PROVENANCE)
    assert len({b.metadata.content_sha256 for b in (brush, other, blended)}) == 3
    ours, source = by_engine(base, blended, pictures[0])
    pipe = pipeline(base)
    with brushctl.load(pipe, [brush, other], weights=[0.25, 0.75]) as loaded:
        theirs = by_pipe(pipe, pictures[0], source, **loaded.settings)
    assert np.abs(ours - theirs).max() <= TOLERANCE


def test_a_brush_of_another_sampler_is_refused(base, brush):
    apply = replace(brush.metadata.apply, sampler="ddim")
    strange = replace(brush, metadata=replace(brush.metadata, apply=apply))
    with pytest.raises(BrushMismatchError, match="ddim"):
        brushctl.load(pipeline(base), strange)


def test_strength_leads_from_the_empty_instruction_to_the_brush(base, pictures, brush):
    pipe = pipeline(base)
    _, source = by_engine(base, brush, pictures[0])
    state = source.get_state()

    def edited(strength):
        source.set_state(state)
        with brushctl.load(pipe, brush, strength=strength) as loaded:
            return by_pipe(pipe, pictures[0], source, **loaded.settings)

    source.set_state(state)
    none = by_pipe(
        pipe, pictures[0], source,
        guidance_scale=7.5, image_guidance_scale=1.5, num_inference_steps=base.defaults.steps,
    )  # fmt: skip
    assert np.abs(edited(0.0) - none).max() <= TOLERANCE
    assert not np.allclose(edited(0.5), none, atol=0.01)
    assert not np.allclose(edited(0.5), edited(1.0), atol=0.01)


def test_a_picture_is_graded_before_the_pipeline_sees_it(base, brush):
    both = graded("both", seed=1, instruction=brush)
    pixels = np.random.default_rng(0).integers(0, 256, (24, 32, 3), np.uint8)
    picture = Image.fromarray(pixels)
    whole = apply_grade(grade_of(both), pixels.astype(np.float32) / 255)
    pipe = pipeline(base)
    for strength in (1.0, 0.5):
        meant = strength * whole + (1 - strength) * pixels / 255
        with brushctl.load(pipe, both, strength=strength) as loaded:
            made = np.asarray(loaded.graded(picture))
        assert np.abs(made - np.clip(meant, 0, 1) * 255).max() <= 0.51
    with brushctl.load(pipe, brush) as loaded:
        assert loaded.graded(picture) is picture
    with pytest.raises(BrushMismatchError, match="the brush is a grade alone"):
        brushctl.load(pipe, graded("alone"))


def test_a_brush_is_found_by_file(base, brush, tmp_path):
    brushctl.write_brush(brush, tmp_path / "warm.brush")
    with brushctl.load(pipeline(base), tmp_path / "warm.brush") as loaded:
        assert loaded.settings["num_inference_steps"] == base.defaults.steps


def test_what_does_not_fit_is_refused_and_leaves_the_pipeline_alone(base, brush):
    pipe = pipeline(base)
    processors = dict(pipe.unet.attn_processors)
    with pytest.raises(BrushMismatchError, match=r"Use .*, or learn the brush again on") as caught:
        brushctl.load(pipe, plain("elsewhere"))
    assert "--base" not in str(caught.value)
    with pytest.raises(UsageError, match="weights"):
        brushctl.load(pipe, [brush, brush], weights=[1.0])
    assert pipe.unet.attn_processors == processors
    with brushctl.load(pipe, brush), pytest.raises(UsageError, match="already"):
        brushctl.load(pipe, brush)


@pytest.mark.parametrize(
    ("asked", "told"),
    [
        ({"steps": 10**9}, "steps: must be a number from 1 to 1000"),
        ({"s_T": float("nan")}, "s_T: must be a number from 0 to 1000"),
        ({"s_I": 1001.0}, "s_I: must be a number from 0 to 1000"),
    ],
)
def test_a_brush_made_in_python_asks_for_no_more_than_one_that_was_read(base, brush, asked, told):
    apply = replace(brush.metadata.apply, **asked)
    greedy = replace(brush, metadata=replace(brush.metadata, apply=apply))
    for opened in (lambda: brushctl.load(pipeline(base), greedy), lambda: open_editor(greedy)):
        with pytest.raises(UsageError, match=told):
            opened()


@pytest.mark.parametrize("strength", [float("nan"), float("-inf")])
def test_a_strength_is_a_number(base, brush, strength):
    with pytest.raises(UsageError, match="strength: must be finite"):
        brushctl.load(pipeline(base), brush, strength=strength)


@pytest.mark.parametrize("steps", [0, -1, 1001, 10**9, 2.5, True])
def test_an_editor_takes_each_timestep_of_the_schedule_once_at_most(base, brush, steps):
    for opened in (partial(open_editor, brush), partial(Editor, base, from_text(base, "x"))):
        with pytest.raises(UsageError, match="steps: must be"):
            opened(steps=steps)


def test_numbers_of_numpy_are_numbers(base):
    scales = Scales(np.float32(2), np.float64(1))
    with Editor(base, from_text(base, "x"), scales=scales, steps=np.int64(1)) as editor:
        assert editor.edit([np.full((64, 64, 3), 0.5, np.float32)])


def test_a_rounded_u_net_is_not_guessed_at(base, brush):
    pipe = pipeline(base)
    pipe.unet = copy.deepcopy(base.unet).to(torch.bfloat16)
    with pytest.raises(BaseModelError, match="bfloat16"):
        brushctl.load(pipe, brush)


def test_a_pipeline_moved_to_another_number_format_edits_as_before_but_for_rounding(base, brush):
    picture = np.full((64, 64, 3), 0.5, np.float32)
    pipe = copy.deepcopy(pipeline(base))
    settings = {"guidance_scale": 1.0, "image_guidance_scale": 1.0, "num_inference_steps": 2}

    def edited():
        return by_pipe(pipe, picture, torch.Generator().manual_seed(0), **settings)

    unbrushed = edited()
    with brushctl.load(pipe, brush):
        exact = edited()
        pipe.to(torch.bfloat16)
        rounded = edited()
    assert np.abs(rounded - exact).mean() < 0.1 * np.abs(unbrushed - exact).mean()


@pytest.mark.parametrize("words", [1, 5], ids=["one text", "each bucket its own text"])
def test_a_brush_follows_the_u_net_to_the_device_it_is_moved_to(words):
    """Without that device: fake tensors compute nothing, and mixing devices fails as in earnest."""
    with FakeTensorMode():
        with torch.device("cuda"):
            unet = UNet2DConditionModel(
                sample_size=8, in_channels=8, block_out_channels=(32,), layers_per_block=1,
                down_block_types=("CrossAttnDownBlock2D",), up_block_types=("UpBlock2D",),
                cross_attention_dim=16, norm_num_groups=8,
            )  # fmt: skip
        features = {name: (torch.ones(5, 3, site.width),) * 2 for name, site in sites(unet).items()}
        instruction = Instruction(
            torch.ones(words, 7, 16), torch.ones(words, 0), features,
            edges=(0, 200, 400, 600, 800, 1000), weights=torch.ones(1, 3),
        )  # fmt: skip
        with LoadedInUNet(unet, Family(None, None), instruction, {}):
            noise, text = (torch.ones(shape, device="cuda") for shape in ((1, 8, 8, 8), (1, 7, 16)))
            predicted = unet(noise, 500, encoder_hidden_states=text).sample
            assert predicted.device.type == "cuda"
