"""How much of an edit is made: from the photograph to the brush's edit, and beyond."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from PIL import Image

import brushctl
from brushctl.brushes.file import sealed
from brushctl.engine.flow.editor import FlowEditor
from brushctl.engine.flow.offsets import in_words, offset, zero
from brushctl.engine.flow.strength import at_strength
from brushctl.engine.sampler import editor_on
from brushctl.errors import UsageError
from brushctl.photos.icc import quantise
from tests.engine.flow.pipelines import MADE, SIDE, model_of
from tests.engine.flow.replay import ONE, latents
from tests.engine.flow.test_loaded import called, learned  # noqa: F401  (a fixture)


def brushed(model):
    """Offsets that say something."""
    generator = torch.Generator().manual_seed(0)
    start = zero(model, ONE, 2, 8)
    features = {
        name: tuple(torch.randn(x.shape, generator=generator) for x in KV)
        for name, KV in start.features.items()
    }
    return replace(start, features=features)


def edited(model, image, strength):
    with offset(model, brushed(model)), at_strength(model, strength):
        return latents(model, image, ONE)


def test_the_line_from_a_photograph_to_its_edit_is_straight_and_goes_on(model, seen):
    photograph = model.record(seen[0], ONE).picture
    none, half, whole, more = (edited(model, seen[0], s) for s in (0, 0.5, 1, 1.5))
    assert (whole - none).abs().max() > 1e-2
    assert none.numel() == photograph.numel()
    if none.shape == photograph.shape:  # else the pipeline has unpacked what it gives back
        torch.testing.assert_close(none, photograph, atol=1e-4, rtol=1e-4)
    torch.testing.assert_close(half, (none + whole) / 2, atol=1e-4, rtol=1e-4)
    torch.testing.assert_close(more, none + 1.5 * (whole - none), atol=1e-4, rtol=1e-4)


def test_at_strength_0_a_picture_is_as_the_autoencoder_gives_it_back(model, seen):
    with FlowEditor(model, brushed(model), strength=0) as editor:
        (made,) = editor.edit(seen[:1])
    np.testing.assert_allclose(made.after, made.before, atol=4 / 255)  # it is shown 8 bits
    with FlowEditor(model, in_words(ONE)) as editor:
        (made,) = editor.edit(seen[:1])
    assert np.abs(made.after - made.before).max() > 10 / 255


def test_a_loaded_brush_at_a_strength_is_on_the_same_line(learned, seen):  # noqa: F811
    model, brush = learned

    def at(strength):
        with brushctl.load(model.pipe, brush, strength=strength) as loaded:
            return called(model, seen[0], loaded)

    none, half, whole = at(0), at(0.5), at(1)
    assert (whole - none).abs().max() > 1e-2
    torch.testing.assert_close(half, (none + whole) / 2, atol=1e-4, rtol=1e-4)
    assert torch.equal(at(1), whole)


def test_a_mix_that_has_half_of_the_edit_makes_half_of_it(learned, seen):  # noqa: F811
    model, brush = learned
    how = replace(brush.metadata.apply, s_T=0.5)
    half = sealed(replace(brush, metadata=replace(brush.metadata, apply=how)))
    with brushctl.load(model.pipe, half) as loaded:
        made = called(model, seen[0], loaded)
    with brushctl.load(model.pipe, brush, strength=0.5) as loaded:
        assert torch.equal(made, called(model, seen[0], loaded))
    own, pictures = replace(model, model_sha256=brush.metadata.base.model_sha256), []
    for applied, strength in ((half, 1), (half, 2), (brush, 0.5), (brush, 1)):
        with editor_on(own, applied, strength=strength) as editor:
            pictures.append(editor.edit(seen[:1])[0].after)
    np.testing.assert_array_equal(pictures[:2], pictures[2:])


@pytest.mark.parametrize("strength", [0, 0.5])
def test_hooks_are_gone_when_the_context_closes(model, strength):
    with pytest.raises(KeyError), at_strength(model, strength):
        raise KeyError
    assert not model.denoiser._forward_hooks


def test_after_a_finished_run_no_step_is_the_last(learned, seen):  # noqa: F811
    model, brush = learned
    with brushctl.load(model.pipe, brush, strength=0.5) as loaded:
        called(model, seen[0], loaded)
        assert not model.at_last_step


@pytest.mark.parametrize("count", [2, 3])
@pytest.mark.parametrize("name", ["flux2-klein", "qwen-image-edit-2511"])
def test_several_pictures_are_taken_at_strength_1_and_refused_at_another(name, count, seen):
    """Three pictures and the noise could be taken for one picture and noise twice the size."""
    model = model_of(MADE[name](), steps=2)
    pictures = [Image.fromarray(quantise(image, 8)) for image in seen[:count]]
    with at_strength(model, 1):
        assert latents(model, seen[0], ONE, image=pictures).isfinite().all()
    with at_strength(model, 0.5), pytest.raises(UsageError, match="takes one picture"):
        latents(model, seen[0], ONE, image=pictures)


@pytest.mark.parametrize("name", ["flux-kontext", "flux2-klein", "qwen-image-edit"])
def test_a_result_of_another_size_than_the_picture_is_refused_at_a_strength(name, seen):
    """There is no line between pictures of different sizes."""
    model = model_of(MADE[name](), steps=2)
    with at_strength(model, 0.5), pytest.raises(UsageError, match="of the size of the result"):
        latents(model, seen[0], ONE, width=2 * SIDE)


def test_kontext_edits_two_pictures_at_a_strength_if_each_has_its_words(seen):
    model = model_of(MADE["flux-kontext"](), steps=2)
    photographs = torch.cat([model.record(image, ONE).picture for image in seen[:2]])
    pictures = [Image.fromarray(quantise(image, 8)) for image in seen[:2]]
    with at_strength(model, 0):
        made = latents(model, seen[0], None, prompt=[ONE] * 2, image=pictures)
    torch.testing.assert_close(made, photographs, atol=1e-4, rtol=1e-4)
