"""The engine against diffusers' own InstructPix2Pix pipeline and against eq. 3 by hand."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from diffusers import (
    EulerAncestralDiscreteScheduler,
    StableDiffusionInstructPix2PixPipeline,
    UNet2DConditionModel,
)

from brushctl.engine.brush.attention import brushed
from brushctl.engine.brush.guidance import Guidance
from brushctl.engine.brush.instruction import from_text, initial
from brushctl.engine.brush.scales import Scales
from brushctl.engine.model.base import open_base
from brushctl.engine.pixels import from_model, to_model
from brushctl.engine.sampler import Editor
from brushctl.errors import DeviceMemoryError, PhotoError, UsageError

PHRASE = "turn daylight into night"
TOLERANCE = 2e-4
"""Largest difference in [0, 1] after all steps: rounding of float32 sums taken in another order."""


def pipeline(base) -> StableDiffusionInstructPix2PixPipeline:
    """Diffusers' pipeline on the same parts."""
    pipe = StableDiffusionInstructPix2PixPipeline(
        vae=base.vae,
        text_encoder=base.family.text_encoder,
        tokenizer=base.tokenizer,
        unet=base.unet,
        scheduler=EulerAncestralDiscreteScheduler.from_config(base.scheduler_config),
        safety_checker=None,
        feature_extractor=None,
        image_encoder=None,
        requires_safety_checker=False,
    )
    pipe.set_progress_bar_config(disable=True)
    return pipe


# At (1, 1) diffusers runs the conditioned branch alone, as the engine does.
@pytest.mark.parametrize("scales", [Scales(7.5, 1.5), Scales(2.0, 1.2), Scales(1.0, 1.0)])
def test_untouched_projections_edit_as_diffusers_own_pipeline_does(base, pictures, scales):
    picture = pictures[0]
    with Editor(base, initial(base, PHRASE, 5), scales=scales, steps=8, seed=3) as editor:
        ours = editor.edit([picture])[0].after
        source = editor.noise_source(picture)
    theirs = pipeline(base)(
        prompt=PHRASE,
        image=to_model([picture]),
        guidance_scale=scales.s_T,
        image_guidance_scale=scales.s_I,
        num_inference_steps=8,
        generator=source,
        output_type="np",
    ).images[0]
    assert np.abs(ours - theirs).max() <= TOLERANCE


@pytest.mark.parametrize("least_m", [0, 16])
def test_a_written_instruction_is_its_untouched_projections(base, pictures, least_m):
    def edited(instruction):
        with Editor(base, instruction, scales=Scales(3.0, 1.5), steps=4, seed=0) as editor:
            return editor.edit([pictures[0]])[0].after

    untouched = initial(base, PHRASE, 5, least_m=least_m)
    difference = edited(from_text(base, PHRASE)) - edited(untouched)
    assert np.abs(difference).max() <= TOLERANCE


@pytest.mark.parametrize("scales", [Scales(7.5, 1.5), Scales(1.0, 1.5), Scales(2.0, 2.0)])
def test_the_guided_prediction_is_equation_3(base, pictures, scales):
    g = torch.Generator().manual_seed(0)
    condition = base.encode(to_model(pictures))  # (4, c, h, w)
    z_t = torch.randn(condition.shape, generator=g)
    t = torch.tensor([10, 300, 650, 999])
    c_T, null = (base.read(words).prompt_embeds.expand(4, -1, -1) for words in (PHRASE, ""))

    def e(c_I, text):
        return base.unet(torch.cat([z_t, c_I], 1), t, text).sample

    with torch.no_grad():
        e_0, e_I, e_IT = (
            e(torch.zeros_like(condition), null),
            e(condition, null),
            e(condition, c_T),
        )
        by_hand = e_0 + scales.s_I * (e_I - e_0) + scales.s_T * (e_IT - e_I)
        with brushed(base.unet, initial(base, PHRASE, 5)) as state:
            guidance = Guidance(base, state, scales)
            predicted = guidance.predict(z_t, t, condition)
            in_learning = guidance.brushed_term(z_t, t, condition)
            in_learning = in_learning + guidance.frozen_terms(z_t, t, condition)
    torch.testing.assert_close(predicted, by_hand, atol=1e-4, rtol=1e-4)
    torch.testing.assert_close(in_learning, by_hand, atol=1e-4, rtol=1e-4)


def test_a_picture_is_edited_the_same_alone_and_among_others(base, pictures):
    with Editor(base, from_text(base, PHRASE), scales=Scales(1, 1), steps=4, seed=0) as editor:
        together = [edited.after for edited in editor.edit(list(pictures))]
        turned = [edited.after for edited in editor.edit(list(pictures[::-1]))][::-1]
        alone = [editor.edit([picture])[0].after for picture in pictures]
    assert np.abs(np.stack(together) - np.stack(alone)).max() <= TOLERANCE
    assert np.abs(np.stack(together) - np.stack(turned)).max() <= TOLERANCE


def test_the_seed_changes_the_noise(base, pictures):
    def edited(seed):
        with Editor(
            base, from_text(base, PHRASE), scales=Scales(1, 1), steps=2, seed=seed
        ) as editor:
            return editor.edit([pictures[0]])[0].after

    assert np.array_equal(edited(0), edited(0))
    assert not np.array_equal(edited(0), edited(1))


def test_before_is_the_autoencoders_own_picture(base, pictures):
    with Editor(base, from_text(base, ""), scales=Scales(1, 1), steps=1, seed=0) as editor:
        before = editor.edit([pictures[0]])[0].before
    latents = base.encode(to_model([pictures[0]])) * base.vae.config.scaling_factor
    assert np.abs(before - from_model(base.decode(latents))[0]).max() <= TOLERANCE


@pytest.mark.parametrize("scale", [float("nan"), float("inf")])
def test_a_scale_that_is_no_number_is_refused(scale):
    with pytest.raises(UsageError):
        Scales(scale, 1.0)


def test_numbers_out_of_range_are_an_error_and_no_black_picture(base, pictures):
    instruction = from_text(base, PHRASE)
    broken = replace(instruction, text=instruction.text * float("nan"))
    with (
        Editor(base, broken, scales=Scales(1, 1), steps=2, seed=0) as editor,
        pytest.raises(PhotoError, match="out of range"),
    ):
        editor.edit([pictures[0]])


def test_pictures_of_any_number_and_size_are_edited_in_their_order(base, pictures):
    wide = [np.ascontiguousarray(picture[:32]) for picture in pictures[:3]]
    mixed = [pictures[0], wide[0], pictures[1], wide[1], wide[2]]
    with Editor(base, from_text(base, PHRASE), scales=Scales(1, 1), steps=2, seed=0) as editor:
        together = editor.edit(mixed)
        alone = [editor.edit([picture])[0] for picture in mixed]
    for one, other in zip(together, alone, strict=True):
        assert one.after.shape == other.after.shape
        assert np.abs(one.after - other.after).max() <= TOLERANCE
        assert np.abs(one.before - other.before).max() <= TOLERANCE


def test_bfloat16_moves_no_pixel_by_four_levels_of_255_at_the_base_s_own_settings(base, pictures):
    how = {"scales": base.defaults.scales, "steps": base.defaults.steps, "seed": 0}
    made = []
    for model in (base, open_base(None, torch.device("cpu"), torch.bfloat16)):
        with Editor(model, from_text(model, PHRASE), **how) as editor:
            made.append(np.stack([edited.after for edited in editor.edit(list(pictures[:2]))]))
    assert 0 < np.abs(made[0] - made[1]).max() < 4 / 255


class Cramped(Editor):
    """Has memory for so many pictures at once."""

    room = 0

    def _pixels(self, images, steps):
        if len(images) > self.room:
            raise torch.OutOfMemoryError
        return super()._pixels(images, steps)


def test_out_of_memory_means_fewer_at_once_and_the_same_pictures(base, pictures):
    plain = {"scales": Scales(1, 1), "steps": 2, "seed": 0}
    with Editor(base, from_text(base, PHRASE), **plain) as editor:
        wanted = [edited.after for edited in editor.edit(list(pictures))]
    with Cramped(base, from_text(base, PHRASE), **plain) as editor:
        assert editor.at_once >= len(pictures)
        editor.room = 1
        edited = [edited.after for edited in editor.edit(list(pictures))]
        assert editor.at_once == 1
        assert np.abs(np.stack(edited) - np.stack(wanted)).max() <= TOLERANCE
        editor.room = 0
        with pytest.raises(DeviceMemoryError):
            editor.edit([pictures[0]])


@pytest.fixture
def a_card_of_64_mib(monkeypatch):
    """What CUDA would say of its memory, 4 MiB of which an edit takes."""
    told = {
        "memory_allocated": lambda _: 0,
        "reset_peak_memory_stats": lambda _: None,
        "max_memory_allocated": lambda _: 4 << 20,
        "empty_cache": lambda: None,
        "mem_get_info": lambda _: (5 << 20, 64 << 20),  # another process has most of it
    }
    for name, answer in told.items():
        monkeypatch.setattr(torch.cuda, name, answer)
    monkeypatch.setattr(Editor, "wants_many", property(lambda _: True))


@pytest.mark.usefixtures("a_card_of_64_mib")
def test_how_many_fit_on_a_card_is_found_by_one_step_of_one_picture(base):
    seen = []
    hook = base.unet.register_forward_pre_hook(lambda _, inputs: seen.append(len(inputs[0])))
    with Editor(base, from_text(base, PHRASE), scales=Scales(1, 1), steps=7, seed=0) as editor:
        assert editor.at_once == 11  # 0.7 of 64 MiB, in pictures of 4
    hook.remove()
    assert seen == [1]


@pytest.mark.usefixtures("a_card_of_64_mib")
def test_no_memory_to_find_out_means_one_at_a_time_and_the_edit_says_what_to_do(base, pictures):
    with Cramped(base, from_text(base, PHRASE), scales=Scales(1, 1), steps=2, seed=0) as editor:
        assert editor.at_once == 1
        with pytest.raises(DeviceMemoryError, match="bfloat16 as the dtype"):
            editor.edit(list(pictures))


def test_a_base_that_does_not_fit_is_an_error_that_says_what_to_do(monkeypatch):
    def full(*_):
        raise torch.OutOfMemoryError

    monkeypatch.setattr(UNet2DConditionModel, "to", full)
    with pytest.raises(DeviceMemoryError, match=r"the base model does not fit.* or the cpu\."):
        open_base(None, torch.device("cpu"), torch.float32)


@pytest.mark.parametrize(("scales", "branches"), [((1, 1), 1), ((3, 1), 2), ((3, 1.5), 3)])
def test_a_branch_that_does_not_count_is_not_computed(base, pictures, scales, branches):
    seen = []
    hook = base.unet.register_forward_pre_hook(lambda _, inputs: seen.append(len(inputs[0])))
    with Editor(base, from_text(base, PHRASE), scales=Scales(*scales), steps=2, seed=0) as editor:
        editor.edit([pictures[0]])
    hook.remove()
    assert seen == [branches] * 2
    assert Scales(*scales).branches == branches
