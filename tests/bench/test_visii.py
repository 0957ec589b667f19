"""Instructions learned as states of the text encoder."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from brushctl.bench.methods.visii import invert
from brushctl.engine.brush.attention import brushed
from brushctl.engine.brush.guidance import Guidance
from brushctl.engine.brush.instruction import Instruction, from_text
from brushctl.engine.brush.scales import Scales
from brushctl.engine.training.recipes import DEFAULT
from brushctl.engine.training.samples import bucket_losses, draw_samples, encode_pairs
from brushctl.events import Advance

pytestmark = pytest.mark.usefixtures("one_thread")

RECIPE = replace(DEFAULT, steps=5, batch=1)


def run(*arguments, **how):
    events = []
    made = invert(*arguments, report=events.append, **how)
    return made, [event.note for event in events if isinstance(event, Advance)]


def inverted(base, pictures, **more):
    recipe = more.pop("recipe", RECIPE)
    how = {"phrase": "a ball", "recipe": recipe, "seed": 0, **more}
    return run(base, pictures, 1 - pictures, **how)[0]


def test_each_bucket_has_a_text_of_its_own_and_tokens_after_m_stay(base, pictures):
    learned = inverted(base, pictures)
    start = base.read("a ball").prompt_embeds[0]
    assert learned.text.shape == (5, *start.shape)
    assert not torch.equal(learned.text[0], learned.text[4])
    torch.testing.assert_close(learned.text[:, 16:], start[16:].expand(5, -1, -1))
    assert not torch.allclose(learned.text[:, :16], start[:16].expand(5, -1, -1))


def test_tied_buckets_learn_one_text(base, pictures):
    learned = inverted(base, pictures, recipe=replace(RECIPE, tied=1.0))
    assert torch.equal(learned.text, learned.text[:1].expand_as(learned.text))


def test_one_bucket_makes_one_text(base, pictures):
    recipe = replace(RECIPE, buckets=1, batch=5)
    assert len(inverted(base, pictures, recipe=recipe, fixed_noise=True).text) == 1


def test_the_same_seed_learns_the_same_text(base, pictures):
    for fixed in (False, True):
        a, b = (inverted(base, pictures, fixed_noise=fixed) for _ in range(2))
        assert torch.equal(a.text, b.text)


def test_a_row_reads_the_text_of_its_bucket(base):
    texts = [base.read(words).prompt_embeds for words in ("make it snow", "make it nighttime")]
    pooled = base.read("").pooled_prompt_embeds
    both = Instruction(text=torch.cat(texts), pooled=pooled, edges=(0, 500, 1000))
    shape = (2, base.vae.config.latent_channels, *[base.unet.config.sample_size] * 2)
    z = torch.randn(shape, generator=torch.Generator().manual_seed(1))
    t = torch.tensor([100, 900])

    def predicted(instruction):
        with brushed(base.unet, instruction) as state, torch.no_grad():
            return Guidance(base, state, Scales(3.0, 1.5)).predict(z, t, torch.zeros_like(z))

    snow, night = (from_text(base, words) for words in ("make it snow", "make it nighttime"))
    expected = torch.stack([predicted(snow)[0], predicted(night)[1]])
    torch.testing.assert_close(predicted(both), expected, atol=1e-4, rtol=1e-4)


def test_learning_lowers_the_error(base, pictures):
    """On the same draws, before and after."""
    black = np.zeros_like(pictures)
    recipe = replace(DEFAULT, steps=14, rate=0.1)
    pairs = encode_pairs(base, pictures, black)
    sample = draw_samples(base, pairs, replace(recipe, batch=4), torch.Generator().manual_seed(9))

    def error(steps):
        short = replace(recipe, steps=steps)
        text, _ = run(base, pictures, black, phrase=None, recipe=short, seed=0)
        with brushed(base.unet, text) as state, torch.no_grad():
            return float(bucket_losses(Guidance(base, state, Scales(1, 1)), sample).mean())

    assert error(14) < 0.9 * error(0)
