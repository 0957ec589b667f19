"""Visii's second term: the text's place in CLIP, where the base's text encoder is that CLIP's."""

import copy
from dataclasses import replace

import numpy as np
import pytest
import torch

from brushctl.bench.effects import draw_effects
from brushctl.bench.methods.clip_direction import Direction, direction_of, reads_with
from brushctl.bench.methods.registry import METHODS, Bench
from brushctl.bench.methods.visii import DIRECTION, ERROR, invert, total_loss
from brushctl.engine.model.base import open_base
from brushctl.engine.phrases.clip import TINY_CLIP, load_clip
from brushctl.engine.training.recipes import DEFAULT
from brushctl.events import silent
from tests.engine.random_clip import write_random_clip
from tests.engine.random_xl import write_random_xl

pytestmark = pytest.mark.usefixtures("one_thread")

CPU = torch.device("cpu")


@pytest.fixture(scope="module")
def clip():
    return load_clip(str(TINY_CLIP), CPU)


@pytest.fixture(scope="module")
def reader(base, clip):
    """tiny-ip2p, if it read words with the small CLIP."""
    return reading_with(base, clip)


def reading_with(base, clip, dtype=torch.float32):
    encoder = copy.deepcopy(base.family.text_encoder)
    rows = clip.model.token_embedding.weight.detach().to(dtype)
    encoder.set_input_embeddings(torch.nn.Embedding.from_pretrained(rows))
    return replace(base, family=replace(base.family, text_encoder=encoder))


def inverted(base, pictures, direction, steps=12):
    recipe = replace(DEFAULT, steps=steps, buckets=1)
    work = invert(
        base, pictures, 1 - pictures, phrase="a ball", recipe=recipe, seed=0, direction=direction
    )
    return work.text


def test_the_distance_is_that_of_the_mean_states_projection_and_stops_at_half():
    projection = torch.tensor([[1.0, 0.0], [0.0, 3.0]])
    text = torch.tensor([[[1.0, 0.0], [3.0, 2.0]], [[0.0, -8.0], [0.0, 2.0]]])
    # The means are (2, 1) and (0, -3), so that the projections are (2, 3) and (0, -9).
    ahead, aside = (Direction(torch.tensor(to), projection) for to in ([6.0, 9.0], [1.0, 0.0]))
    torch.testing.assert_close(ahead.distance(text), torch.tensor([0.5, 1 + 3 / 13**0.5]))
    torch.testing.assert_close(aside.distance(text), torch.tensor([1 - 0.5, 1.0]))


def test_the_loss_weighs_error_and_distance_as_published():
    away = Direction(torch.tensor([-1.0, 0.0]), torch.eye(2))
    text, errors = torch.tensor([[[3.0, 4.0]]]), torch.tensor([0.25])
    assert (ERROR, DIRECTION) == (4, 0.1)
    assert float(total_loss(errors, text, away)) == pytest.approx(4 * 0.25 + 0.1 * (1 + 3 / 5))
    assert float(total_loss(errors, text, None)) == 0.25


def test_a_text_within_half_is_pulled_no_further():
    towards = Direction(torch.tensor([1.0, 0.0]), torch.eye(2))
    text = torch.tensor([[[3.0, 4.0]], [[1.0, 4.0]]], requires_grad=True)
    towards.distance(text).sum().backward()
    near, far = text.grad
    assert float(near.abs().max()) == 0
    assert float(far[0, 0]) < 0  # the step is against the gradient: towards it


def test_the_direction_leads_from_the_pictures_before_to_those_after(reader, clip, pictures):
    led = direction_of(reader, clip, pictures, 1 - pictures)
    x, y = (clip.encode_images(list(side)) for side in (pictures, 1 - pictures))
    np.testing.assert_allclose(led.meant.numpy(), y.mean(0) - x.mean(0), atol=1e-6)
    assert torch.equal(led.projection, clip.model.text_projection)


def test_learning_brings_the_text_nearer(reader, clip, pictures):
    led = direction_of(reader, clip, pictures, 1 - pictures)
    start, pulled, free = (
        float(led.distance(text))
        for text in (
            reader.read("a ball").prompt_embeds,
            inverted(reader, pictures, led),
            inverted(reader, pictures, None),
        )
    )
    assert pulled < min(start, free)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float16, torch.bfloat16])
def test_an_encoder_is_known_in_every_number_format(base, clip, dtype):
    assert reads_with(reading_with(base, clip, dtype), clip)


def test_another_encoder_has_no_direction_though_it_has_the_same_shape(base, clip, pictures):
    own = base.family.text_encoder.get_input_embeddings().weight
    assert own.shape == clip.model.token_embedding.weight.shape
    assert direction_of(base, clip, pictures, 1 - pictures) is None


def test_an_encoder_of_another_width_has_no_direction(base, pictures, tmp_path):
    other = load_clip(str(write_random_clip(tmp_path)), CPU)
    assert direction_of(base, other, pictures, 1 - pictures) is None


def test_a_second_encoder_beside_it_leaves_no_direction(pictures, tmp_path):
    clip = load_clip(str(write_random_clip(tmp_path)), CPU)
    xl = open_base(str(write_random_xl(tmp_path / "xl")), CPU, torch.float32)
    assert direction_of(reading_with(xl, clip), clip, pictures, 1 - pictures) is None


def test_the_bench_pulls_visiis_text_and_no_ablations(reader, clip):
    (whole,) = draw_effects(["midnight"], reader.resolution, 0)
    effect, bench = whole.limited(2, 1), Bench(reader, clip, 2, 0)
    led = direction_of(reader, clip, *effect.train)
    for method, fixed, buckets, own in (("visii", True, 1, led), ("wo-attn", False, 5, None)):
        learned = METHODS[method](bench, effect, silent)
        recipe = bench.recipe(DEFAULT, 2, buckets=buckets)
        work = invert(
            reader, *effect.train, phrase=learned.phrase, recipe=recipe, seed=0,
            fixed_noise=fixed, direction=own,
        )  # fmt: skip
        assert torch.equal(work.text, learned.instruction.text), method
