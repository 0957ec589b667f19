"""Attention-based instruction optimisation (section 4.1): a brush from encoded pairs."""

import math
from collections.abc import Callable, Generator
from dataclasses import dataclass, replace

import numpy as np
import torch
from torch.nn import functional as F

from brushctl.engine.attention import brushed
from brushctl.engine.base import BaseModel
from brushctl.engine.guidance import Guidance, Scales
from brushctl.engine.instruction import Instruction, initial
from brushctl.engine.pixels import to_model
from brushctl.engine.recipes import Recipe
from brushctl.events import Advance, Event, Stage

REPORT_EVERY = 10
"""Steps between two progress events."""


@dataclass(frozen=True, slots=True)
class Learned:
    """The outcome of learning.

    Attributes:
        instruction: the phrase's embedding with the learned features.
        scales: the guidance it was trained for.
        first_loss: per-bucket loss averaged over the first tenth of the steps, (j,).
        last_loss: the same over the last tenth.
    """

    instruction: Instruction
    scales: Scales
    first_loss: tuple[float, ...]
    last_loss: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class EncodedPairs:
    """c_I and x in latent space, each (n, c, h, w); x scaled as the diffusion sees it."""

    condition: torch.Tensor
    target: torch.Tensor


def encode_pairs(base: BaseModel, before: np.ndarray, after: np.ndarray) -> EncodedPairs:
    """Encode (n, s, s, 3) pictures, one at a time so that memory stays flat."""
    condition = torch.cat([base.encode_condition(to_model([x])) for x in before])
    target = torch.cat([base.encode_condition(to_model([y])) for y in after])
    return EncodedPairs(condition, target * base.vae.config.scaling_factor)


def learn(
    base: BaseModel,
    before: np.ndarray,
    after: np.ndarray,
    *,
    phrase: str | None,
    recipe: Recipe,
    seed: int,
) -> Generator[Event, None, Learned]:
    """Learn an instruction from (n, s, s, 3) before/after pictures.

    Minimises eq. 5 over the features of all sites and buckets: the squared error of the guided
    prediction (eq. 3) to the base's own target, noise or velocity. Only the features receive
    gradients.
    """
    yield Stage("encoding pairs")
    pairs = encode_pairs(base, before, after)
    instruction = trainable(initial(base, phrase, recipe.buckets, least_m=recipe.least_m))
    scales = recipe.scales or Scales(base.defaults.s_T, base.defaults.s_I)
    leaves = [leaf for KV in instruction.features.values() for leaf in KV]
    optimiser = torch.optim.Adam(leaves, lr=recipe.rate)
    losses = []
    source = torch.Generator().manual_seed(seed)
    yield Stage("learning", total=recipe.steps)
    with brushed(base.unet, instruction) as state:
        guidance = Guidance(base, state, scales)
        for step in range(recipe.steps):
            optimiser.param_groups[0]["lr"] = rate_at(recipe, step)
            loss = bucket_losses(guidance, draw(base, pairs, recipe, source))  # (j,)
            optimiser.zero_grad(set_to_none=True)
            loss.sum().backward()
            optimiser.step()
            losses.append(loss.detach().cpu())
            if (step + 1) % REPORT_EVERY == 0 or step + 1 == recipe.steps:
                recent = float(torch.stack(losses[-REPORT_EVERY:]).mean())
                yield Advance(step + 1, f"loss {recent:.4f}")
    tenth = max(1, recipe.steps // 10)
    return Learned(
        instruction=frozen(instruction),
        scales=scales,
        first_loss=_mean(losses[:tenth]),
        last_loss=_mean(losses[-tenth:]),
    )


def trainable(instruction: Instruction) -> Instruction:
    """A copy whose features are leaves that receive gradients."""
    return _mapped(instruction, lambda x: x.detach().clone().requires_grad_())


def frozen(instruction: Instruction) -> Instruction:
    """A copy whose features are plain tensors, rounded to float16 as a brush file keeps them."""
    return _mapped(instruction, lambda x: x.detach().half().float())


def rate_at(recipe: Recipe, step: int) -> float:
    """The learning rate of a step."""
    if not recipe.decay:
        return recipe.rate
    return recipe.rate * 0.5 * (1 + math.cos(math.pi * step / recipe.steps))


@dataclass(frozen=True, slots=True)
class Draw:
    """One step's samples, bucket by bucket: j * batch rows.

    Attributes:
        condition: (n, c, h, w), E(c_I).
        z_t: (n, c, h, w), the noised E(x).
        t: (n,).
        target: (n, c, h, w), what the model should predict.
        buckets: j.
    """

    condition: torch.Tensor
    z_t: torch.Tensor
    t: torch.Tensor
    target: torch.Tensor
    buckets: int


def draw(base: BaseModel, pairs: EncodedPairs, recipe: Recipe, source: torch.Generator) -> Draw:
    """Draw pairs, timesteps and noise: `batch` samples with t uniform in each bucket."""
    T = int(base.scheduler_config["num_train_timesteps"])
    n = recipe.buckets * recipe.batch
    width = T / recipe.buckets
    bucket = torch.arange(recipe.buckets).repeat_interleave(recipe.batch)  # (n,)
    t = ((bucket + torch.rand(n, generator=source)) * width).long().clamp(max=T - 1)
    index = torch.randint(len(pairs.condition), (n,), generator=source)
    x = pairs.target[index].float()
    noise = torch.randn(x.shape, generator=source).to(x.device)
    alpha_bar = base.scheduler(1).alphas_cumprod.to(x.device)[t.to(x.device)][:, None, None, None]
    a, b = alpha_bar.sqrt(), (1 - alpha_bar).sqrt()
    velocity = base.scheduler_config.get("prediction_type") == "v_prediction"
    return Draw(
        condition=pairs.condition[index],
        z_t=(a * x + b * noise).to(pairs.condition.dtype),
        t=t.to(x.device),
        target=a * noise - b * x if velocity else noise,
        buckets=recipe.buckets,
    )


def bucket_losses(guidance: Guidance, sample: Draw) -> torch.Tensor:
    """Mean squared error in each bucket, (j,)."""
    predicted = guidance.predict_for_learning(sample.z_t, sample.t, sample.condition)
    error = F.mse_loss(predicted.float(), sample.target, reduction="none").flatten(1).mean(1)
    return error.view(sample.buckets, -1).mean(1)


def _mapped(instruction: Instruction, f: Callable[[torch.Tensor], torch.Tensor]) -> Instruction:
    features = {site: (f(K), f(V)) for site, (K, V) in instruction.features.items()}
    return replace(instruction, features=features)


def _mean(losses: list[torch.Tensor]) -> tuple[float, ...]:
    return tuple(float(x) for x in torch.stack(losses).mean(0))
