"""Instructions scaled, or switched off after the first stretches of denoising (figure 3)."""

from dataclasses import replace

import torch

from brushctl.engine.brush.attention import brushed
from brushctl.engine.brush.guidance import Guidance
from brushctl.engine.brush.instruction import from_noisiest, from_text, initial, scaled
from brushctl.engine.brush.scales import Scales


def predicted(base, instruction, t):
    shape = (1, base.vae.config.latent_channels, *[base.unet.config.sample_size] * 2)
    z = torch.randn(shape, generator=torch.Generator().manual_seed(1))
    with brushed(base.unet, instruction) as state, torch.no_grad():
        return Guidance(base, state, Scales(2.0, 1.5)).predict(z, torch.tensor([t]), z)


def weighed(instruction):
    """The same, its tokens weighing from 0.2 to 2."""
    m = next(iter(instruction.features.values()))[0].shape[1]
    return replace(instruction, weights=torch.linspace(0.2, 2, m)[None])


def test_noisy_steps_read_what_was_learned_and_later_ones_the_empty_instruction(base):
    start = initial(base, "turn it into snow", 5, least_m=12)
    learned = replace(start, features={s: (K + 1, V - 1) for s, (K, V) in start.features.items()})
    two = from_noisiest(base, learned, 2)
    for t, expected in ((999, learned), (600, learned), (599, None), (0, None)):
        same = predicted(base, expected or from_text(base, ""), t)
        torch.testing.assert_close(predicted(base, two, t), same, atol=1e-4, rtol=1e-4)


def test_all_or_none_of_the_buckets(base):
    learned = initial(base, "turn it into snow", 5)
    all_on = from_noisiest(base, learned, 5)
    torch.testing.assert_close(all_on.text, learned.text.expand(5, -1, -1))
    assert torch.equal(from_noisiest(base, learned, 0).text[0], base.read("").prompt_embeds[0])


def test_strength_0_is_the_empty_instruction_whatever_its_tokens_weigh(base):
    stacked = weighed(initial(base, "turn it into snow", 5))
    same = predicted(base, from_text(base, ""), 500)
    torch.testing.assert_close(predicted(base, scaled(base, stacked, 0), 500), same)
    assert predicted(base, scaled(base, stacked, 3), 500).isfinite().all()


def test_where_an_instruction_is_switched_off_its_tokens_weigh_as_those_of_no_words(base):
    stacked = weighed(initial(base, "turn it into snow", 5))
    two = from_noisiest(base, stacked, 2)
    for t, expected in ((700, stacked), (300, from_text(base, ""))):
        same = predicted(base, expected, t)
        torch.testing.assert_close(predicted(base, two, t), same, atol=1e-4, rtol=1e-4)
