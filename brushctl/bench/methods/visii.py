"""Instructions learned as states of the text encoder: what InstructBrush is compared to.

With one text for all of denoising time, a start from a caption and one fixed noise for each
timestep, this is Visii (Nguyen et al. 2023); with a text for each bucket and the brush's own
start, it is the ablation "w/o Attn" (section 6.2).

Visii's loss is 4 times the guided squared error plus 0.1 times the distance of the text from the
pictures' direction in CLIP (`clip_direction`). Without a direction the error alone is minimised;
under Adam its factor then means nothing.
"""

from dataclasses import replace

import numpy as np
import torch

from brushctl.bench.methods.clip_direction import Direction
from brushctl.brushes.metadata import Buckets
from brushctl.engine.brush.attention import brushed
from brushctl.engine.brush.guidance import Guidance
from brushctl.engine.brush.instruction import Instruction, tokens_learned
from brushctl.engine.devices import check_gradients, enough_memory
from brushctl.engine.model.base import BaseModel
from brushctl.engine.training.loop import REPORT_EVERY
from brushctl.engine.training.optimizer import adam, update
from brushctl.engine.training.recipes import Recipe
from brushctl.engine.training.samples import (
    EncodedPairs,
    NoisySamples,
    add_noise,
    bucket_losses,
    draw_samples,
    encode_pairs,
)
from brushctl.events import Advance, Reporter, Stage, silent

ERROR, DIRECTION = 4.0, 0.1
"""The weights of the two terms in Visii's published configuration."""


def invert(
    base: BaseModel,
    before: np.ndarray,
    after: np.ndarray,
    *,
    phrase: str | None,
    recipe: Recipe,
    seed: int,
    fixed_noise: bool = False,
    direction: Direction | None = None,
    report: Reporter = silent,
) -> Instruction:
    """Learn the text encoder's states of an instruction from (n, s, s, 3) before/after pictures.

    The first m tokens are learned, as many as a brush of this phrase and recipe would have.

    Args:
        base: the frozen model.
        before: c_I of the training pairs.
        after: x of the training pairs.
        phrase: the words to start from, None for none; cut where the text encoder stops reading.
        recipe: how to optimise, and how many texts there are for all of denoising time.
        seed: fixes every draw.
        fixed_noise: whether a timestep always has the same noise, as in Visii.
        direction: what texts are pulled towards as well; None for the error alone.
        report: is told how far it has come.

    Raises:
        DeviceError: the base is in float16.
        DeviceMemoryError: a picture, or the samples of a step, do not fit into the device's memory.
    """
    check_gradients(base.dtype)
    report(Stage("encoding pairs"))
    pairs = encode_pairs(base, before, after)
    words = base.read(phrase or "")
    text = words.prompt_embeds.repeat(recipe.buckets, 1, 1)  # (j, l, d_text)
    m = tokens_learned(base, phrase, recipe.least_m)
    head = text[:, :m].float().clone().requires_grad_()
    tail = text[:, m:]
    edges = Buckets.even(recipe.buckets, base.train_steps).edges
    instruction = Instruction(text=text, pooled=words.pooled_prompt_embeds, edges=edges)
    optimiser = adam([head], recipe)
    generator = torch.Generator().manual_seed(seed)
    report(Stage("learning", total=recipe.steps))
    with brushed(base.unet, instruction) as state:
        guidance = Guidance(base, state, recipe.scales or base.defaults.scales)
        for step in range(recipe.steps):
            with enough_memory("the samples of a step do not fit into the device's memory"):
                sample = draw_samples(base, pairs, recipe, generator)
                if fixed_noise:
                    sample = _with_fixed_noise(base, pairs, sample, seed, generator)
                now = torch.cat([head.to(tail.dtype), tail], dim=1)
                state.instruction = replace(instruction, text=now)
                losses = bucket_losses(guidance, sample)
                optimiser.zero_grad(set_to_none=True)
                total_loss(losses, now, direction).backward()
                update(optimiser, recipe, step, range(recipe.buckets))
            if (step + 1) % REPORT_EVERY == 0 or step + 1 == recipe.steps:
                report(Advance(step + 1, f"loss {float(losses.detach().mean()):.3f}"))
    learned = torch.cat([head.detach().to(tail.dtype), tail], dim=1)
    return replace(instruction, text=learned)


def total_loss(
    losses: torch.Tensor, text: torch.Tensor, direction: Direction | None
) -> torch.Tensor:
    """Of the buckets' errors (j,) and their texts (j, l, d_text)."""
    if direction is None:
        return losses.sum()
    return ERROR * losses.sum() + DIRECTION * direction.distance(text).sum()


def _with_fixed_noise(
    base: BaseModel,
    pairs: EncodedPairs,
    sample: NoisySamples,
    seed: int,
    generator: torch.Generator,
) -> NoisySamples:
    """Other pairs at the sample's timesteps, under the noise that belongs to each timestep."""
    shape = pairs.target.shape[1:]
    noise = [
        torch.randn(shape, generator=torch.Generator().manual_seed(seed * base.train_steps + t))
        for t in sample.t.tolist()
    ]
    index = torch.randint(len(pairs.condition), (len(noise),), generator=generator)
    return add_noise(base, pairs, index, sample.t.cpu(), torch.stack(noise), sample.buckets)
