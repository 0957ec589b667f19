"""What makes a step of learning quick changes nothing but rounding."""

from dataclasses import replace

import pytest
import torch

from brushctl.engine.brush.attention import brushed
from brushctl.engine.brush.guidance import Guidance
from brushctl.engine.brush.instruction import initial
from brushctl.engine.brush.scales import Scales
from brushctl.engine.model.base import open_base
from brushctl.engine.training.diffusion import DiffusionObjective
from brushctl.engine.training.loop import trainable
from brushctl.engine.training.recipes import PAPER
from brushctl.engine.training.samples import (
    bucket_losses,
    draw_samples,
    encode_pairs,
    sample_errors,
)
from brushctl.engine.training.state import TrainingState
from brushctl.engine.training.validation import ValidationSet


def test_buckets_learn_together_as_they_would_alone(base, pictures):
    """They share no feature: the gradient of a bucket's features is that of its own loss."""
    pairs = encode_pairs(base, pictures[:2], pictures[:2] * 0.5)
    sample = draw_samples(base, pairs, PAPER, torch.Generator().manual_seed(0))

    def gradients(loss_of):
        instruction = trainable(initial(base, "make it darker", 5))
        with brushed(base.unet, instruction) as state:
            loss_of(bucket_losses(Guidance(base, state, Scales(7.5, 1.5)), sample)).backward()
        return [K.grad for K, _ in instruction.features.values()]

    together = gradients(lambda losses: losses.sum())
    for k in range(5):
        alone = gradients(lambda losses, k=k: losses[k])
        for all_of_them, own in zip(together, alone, strict=True):
            scale = float(own[k].abs().max())
            assert scale > 0
            torch.testing.assert_close(all_of_them[k], own[k], atol=1e-3 * scale, rtol=0)
            assert all(not own[other].any() for other in range(5) if other != k)


def test_the_papers_schedule_bucket_after_bucket_ends_where_one_batch_does(base, pictures):
    """Three steps of Adam for each bucket by itself, and for all at once, on the same draws."""
    recipe, source = replace(PAPER, steps=3), torch.Generator().manual_seed(0)
    pairs = encode_pairs(base, pictures[:2], pictures[2:])
    samples = [draw_samples(base, pairs, recipe, source) for _ in range(recipe.steps)]

    def learned(steps_of_samples):
        instruction = trainable(initial(base, "make it darker", 5))
        run = TrainingState.start(instruction, recipe, 0)
        with brushed(base.unet, instruction) as state:
            guidance = Guidance(base, state, PAPER.scales)
            for sample in steps_of_samples:
                run.optimiser.zero_grad()
                sample_errors(guidance, sample).sum().backward()
                run.optimiser.step()
        return [leaf.detach() for leaf in run.leaves]

    start = [leaf for KV in initial(base, "make it darker", 5).features.values() for leaf in KV]
    together = learned(samples)
    for k in range(5):
        alone = learned([sample.rows(1)[k] for sample in samples])
        for begun, one, all_of_them in zip(start, alone, together, strict=True):
            moved = (one[k] - begun[k]).abs().mean()
            assert moved > 0.1 * recipe.rate
            # Adam turns the rounding of a vanishing gradient into a step: single ones may differ.
            assert (one[k] - all_of_them[k]).abs().mean() < 0.02 * moved


def test_what_the_frozen_branches_predict_is_computed_once_for_all_evaluations(
    base, pictures, monkeypatch
):
    honest, seen = Guidance.frozen_terms, []

    def counted(self, z_t, t, condition):
        seen.append(len(t))
        return honest(self, z_t, t, condition)

    recipe = replace(PAPER, steps=1)
    objective = DiffusionObjective(base, "make it darker", recipe)
    with objective.installed(objective.initial()):
        validation = ValidationSet(objective, pictures[:1], pictures[1:2], recipe, seed=0)
        monkeypatch.setattr(Guidance, "frozen_terms", counted)
        first, again = validation.evaluate(1), validation.evaluate(2)
        often = replace(recipe, batch=recipe.validation_batch)
        pairs = encode_pairs(base, pictures[:1], pictures[1:2])
        sample = draw_samples(base, pairs, often, torch.Generator().manual_seed(1))
        with torch.no_grad():
            plain = bucket_losses(objective.guidance, sample)
    torch.testing.assert_close(first, again, rtol=1e-4, atol=1e-5)
    torch.testing.assert_close(first, plain, rtol=1e-4, atol=1e-5)
    assert sum(seen) == 2 * 5 * recipe.validation_batch  # once for both, and once here


@pytest.mark.parametrize("scales", [Scales(1.0, 1.0), Scales(7.5, 1.5)])
def test_gradients_in_bfloat16_point_where_those_in_float32_do(base, pictures, scales):
    """Of an edit that is still to be learned; near its end gradients are noise in either."""
    half = open_base(None, torch.device("cpu"), torch.bfloat16)

    def gradient(model):
        pairs = encode_pairs(model, pictures, 1 - pictures)
        sample = draw_samples(model, pairs, PAPER, torch.Generator().manual_seed(0))
        instruction = trainable(initial(model, "make it darker", 5))
        with brushed(model.unet, instruction) as state:
            sample_errors(Guidance(model, state, scales), sample).sum().backward()
        leaves = (leaf for KV in instruction.features.values() for leaf in KV)
        return torch.cat([leaf.grad.flatten() for leaf in leaves])

    assert torch.cosine_similarity(gradient(base), gradient(half), dim=0) > 0.9
