"""What learning looks at (eq. 5): pairs in latent space, draws from them, and their errors."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import torch
from torch.nn import functional as F

from brushctl.engine.brush.guidance import Guidance
from brushctl.engine.devices import enough_memory
from brushctl.engine.model.base import BaseModel
from brushctl.engine.pixels import Pictures, to_model
from brushctl.engine.training.recipes import Recipe


@dataclass(frozen=True, slots=True)
class EncodedPairs:
    """c_I and x in latent space, each (n, c, h, w); x scaled as the diffusion sees it."""

    condition: torch.Tensor
    target: torch.Tensor


@enough_memory("not even one picture fits into the device's memory")
def encode_pairs(base: BaseModel, before: Pictures, after: Pictures) -> EncodedPairs:
    """Encode pictures of one size, (h, w, 3) each, one at a time so that memory stays flat.

    Raises:
        DeviceMemoryError: not even one picture fits into the device's memory.
    """
    condition = torch.cat([base.encode(to_model([x])) for x in before])
    target = torch.cat([base.encode(to_model([y])) for y in after])
    return EncodedPairs(condition, target * base.vae.config.scaling_factor)


def encode_by_size(base: BaseModel, before: Pictures, after: Pictures) -> list[EncodedPairs]:
    """Encode pictures (h, w, 3) of any sizes: the pairs of each, in the order of the first ones.

    Raises:
        DeviceMemoryError: not even one picture fits into the device's memory.
    """
    alike: dict[tuple[int, ...], list[int]] = {}
    for k, picture in enumerate(before):
        alike.setdefault(picture.shape, []).append(k)
    return [
        encode_pairs(base, [before[k] for k in these], [after[k] for k in these])
        for these in alike.values()
    ]


def pairs_of_one_size(pairs: Sequence[EncodedPairs], source: torch.Generator) -> EncodedPairs:
    """Those of a size that is drawn, each as often as it has pairs: a step is one batch."""
    if len(pairs) == 1:
        return pairs[0]
    counts = torch.tensor([float(len(alike.condition)) for alike in pairs])
    return pairs[int(torch.multinomial(counts, 1, generator=source))]


@dataclass(frozen=True, slots=True)
class NoisySamples:
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

    def __len__(self) -> int:
        """How many there are."""
        return len(self.t)

    def rows(self, size: int) -> "list[NoisySamples]":
        """The same samples in parts of `size`, the last of what is left."""
        condition, z_t, t, target = (
            x.split(size) for x in (self.condition, self.z_t, self.t, self.target)
        )
        return [
            NoisySamples(*rows, self.buckets)
            for rows in zip(condition, z_t, t, target, strict=True)
        ]

    def take(self, rows: Sequence[int]) -> "NoisySamples":
        """Some of them, as many in each of the buckets that are left."""
        condition, z_t, t, target = (
            x[list(rows)] for x in (self.condition, self.z_t, self.t, self.target)
        )
        return NoisySamples(condition, z_t, t, target, self.buckets * len(rows) // len(self))


def draw_samples(
    base: BaseModel, pairs: EncodedPairs, recipe: Recipe, generator: torch.Generator
) -> NoisySamples:
    """Draw pairs, timesteps and noise: `batch` samples with t uniform in each bucket."""
    T, n = base.train_steps, recipe.buckets * recipe.batch
    width = T / recipe.buckets
    bucket = torch.arange(recipe.buckets).repeat_interleave(recipe.batch)  # (n,)
    t = ((bucket + torch.rand(n, generator=generator)) * width).long().clamp(max=T - 1)
    index = torch.randint(len(pairs.condition), (n,), generator=generator)
    noise = torch.randn((n, *pairs.target.shape[1:]), generator=generator)
    return add_noise(base, pairs, index, t, noise, recipe.buckets)


def add_noise(
    base: BaseModel,
    pairs: EncodedPairs,
    index: torch.Tensor,
    t: torch.Tensor,
    noise: torch.Tensor,
    buckets: int,
) -> NoisySamples:
    """Samples of the pairs at `index` (n,), at timesteps `t` (n,), under `noise` (n, c, h, w)."""
    x = pairs.target[index].float()
    noise = noise.to(x.device)
    alpha_bar = base.alpha_bar.to(x.device)[t.to(x.device)][:, None, None, None]
    a, b = alpha_bar.sqrt(), (1 - alpha_bar).sqrt()
    return NoisySamples(
        condition=pairs.condition[index],
        z_t=(a * x + b * noise).to(pairs.condition.dtype),
        t=t.to(x.device),
        target=a * noise - b * x if base.predicts_velocity else noise,
        buckets=buckets,
    )


def bucket_losses(guidance: Guidance, sample: NoisySamples) -> torch.Tensor:
    """Mean squared error in each bucket, (j,)."""
    return sample_errors(guidance, sample).view(sample.buckets, -1).mean(1)


def sample_errors(guidance: Guidance, sample: NoisySamples) -> torch.Tensor:
    """Mean squared error of each sample's guided prediction, (n,)."""
    return brush_errors(guidance, without_frozen(guidance, sample))


def without_frozen(guidance: Guidance, sample: NoisySamples) -> NoisySamples:
    """The same samples, what the frozen branches predict already taken from their targets.

    The guided prediction is a sum in which only one term depends on the brush: the error is the
    same, and the other branches never enter its graph.
    """
    frozen = guidance.frozen_terms(sample.z_t, sample.t, sample.condition)
    return replace(sample, target=sample.target - frozen)


def brush_errors(guidance: Guidance, sample: NoisySamples) -> torch.Tensor:
    """Mean squared error of the brush's own term on samples `without_frozen` terms, (n,)."""
    predicted = guidance.brushed_term(sample.z_t, sample.t, sample.condition)
    return F.mse_loss(predicted.float(), sample.target, reduction="none").flatten(1).mean(1)
