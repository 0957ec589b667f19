"""Attention-based instruction optimisation (section 4.1): a brush from encoded pairs."""

import math
from collections.abc import Callable, Generator
from dataclasses import dataclass, replace

import numpy as np
import torch
from torch.nn import functional as F

from brushctl import settings
from brushctl.engine.attention import brushed
from brushctl.engine.base import BaseModel
from brushctl.engine.device import check_gradients, enough_memory, out_of_memory
from brushctl.engine.editing import Editor
from brushctl.engine.guidance import Guidance, Scales
from brushctl.engine.instruction import Instruction, initial
from brushctl.engine.pixels import to_model
from brushctl.engine.progress import Keeper, Progress, update
from brushctl.engine.recipes import Recipe
from brushctl.errors import DeviceMemoryError
from brushctl.events import Advance, Event, Stage, Warned


@dataclass(frozen=True, slots=True)
class Learned:
    """The outcome of learning.

    Attributes:
        instruction: the phrase's embedding with the learned features.
        scales: the guidance it was trained for.
        first_loss: per-bucket loss averaged over the first tenth of the steps, (j,).
        last_loss: the same over the last tenth.
        steps: how many there were, fewer than the recipe's if learning stopped early.
    """

    instruction: Instruction
    scales: Scales
    first_loss: tuple[float, ...]
    last_loss: tuple[float, ...]
    steps: int


@dataclass(frozen=True, slots=True)
class EncodedPairs:
    """c_I and x in latent space, each (n, c, h, w); x scaled as the diffusion sees it."""

    condition: torch.Tensor
    target: torch.Tensor

    def only(self, k: int) -> "EncodedPairs":
        """One pair of them."""
        return EncodedPairs(self.condition[k : k + 1], self.target[k : k + 1])


@enough_memory("not even one picture fits into the device's memory")
def encode_pairs(base: BaseModel, before: np.ndarray, after: np.ndarray) -> EncodedPairs:
    """Encode (n, s, s, 3) pictures, one at a time so that memory stays flat.

    Raises:
        DeviceMemoryError: not even one picture fits into the device's memory.
    """
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
    held_out: tuple[np.ndarray, np.ndarray] | None = None,
    keeper: Keeper | None = None,
) -> Generator[Event, None, Learned]:
    """Learn an instruction from (n, s, s, 3) before/after pictures.

    Minimises eq. 5 over the features of all sites and buckets: the squared error of the guided
    prediction (eq. 3) to the base's own target, noise or velocity. Only the features receive
    gradients.

    Args:
        base: the frozen model.
        before: c_I of the training pairs.
        after: x of the training pairs.
        phrase: the words to start from, None for none.
        recipe: how to optimise.
        seed: fixes every draw.
        held_out: before/after pictures that nothing is learned from; given them, each bucket's
            features are those of the step at which its error on them was least, and learning stops
            when it falls no more.
        keeper: where the run's state is kept, and from where it goes on.

    Raises:
        DeviceError: the base is in float16.
        DeviceMemoryError: not even one picture or sample fits into the device's memory.
    """
    check_gradients(base.dtype)
    yield Stage("encoding pairs")
    pairs = encode_pairs(base, before, after)
    instruction = trainable(initial(base, phrase, recipe.buckets, least_m=recipe.least_m))
    scales = recipe.scales or Scales(base.defaults.s_T, base.defaults.s_I)
    run = Progress.start(instruction, recipe, seed)
    if keeper and (state := keeper.load()):
        run.restore(state)
    yield Stage("learning", total=recipe.steps)
    with brushed(base.unet, instruction) as reading:
        guidance = Guidance(base, reading, scales)
        unseen = Unseen(guidance, *held_out, recipe, seed) if held_out else None
        look_every = math.ceil(recipe.steps / settings.LOOKS)
        while run.step < recipe.steps and not (recipe.by_held_out and run.settled()):
            with enough_memory("one sample alone does not fit into the device's memory"):
                yield from _step(guidance, pairs, recipe, run)
            if unseen and (run.step % look_every == 0 or run.step == recipe.steps):
                run.look(unseen.losses(run.parts))
                run.psnr = unseen.psnr()
            if run.step % settings.REPORT_EVERY == 0 or run.step == recipe.steps:
                yield Advance(run.step, _told(run))
            if keeper and run.step % settings.KEEP_EVERY == 0:
                keeper.keep(run.state())
        if keeper:
            keeper.keep(run.state())
    if recipe.by_held_out:
        run.return_to_best()
    tenth = max(1, recipe.steps // 10)
    return Learned(
        instruction=frozen(instruction),
        scales=scales,
        first_loss=_mean(run.losses[:tenth]),
        last_loss=_mean(run.losses[-tenth:]),
        steps=run.step,
    )


def _step(
    guidance: Guidance, pairs: EncodedPairs, recipe: Recipe, run: Progress
) -> Generator[Event, None, None]:
    """One step of Adam; where memory does not suffice, the samples go through in parts."""
    sample = draw(guidance.base, pairs, recipe, run.source)
    while True:
        run.optimiser.zero_grad(set_to_none=True)
        try:
            errors = [_backward(guidance, part, recipe.batch) for part in sample.parts(run.parts)]
            break
        except RuntimeError as error:
            if not out_of_memory(error) or run.parts >= len(sample.t):
                raise
            run.parts *= 2
        torch.cuda.empty_cache()
        yield Warned(f"out of memory: going on with the samples of a step in {run.parts} parts")
    update(run.optimiser, recipe, run.step)
    run.losses.append(torch.cat(errors).view(recipe.buckets, -1).mean(1).cpu())
    run.step += 1


def _backward(guidance: Guidance, sample: "Draw", batch: int) -> torch.Tensor:
    """Add to the gradients of the buckets' mean errors; return the samples' own, (n,)."""
    errors = sample_errors(guidance, sample)
    (errors.sum() / batch).backward()
    return errors.detach()


class Unseen:
    """Held-out pairs (n, s, s, 3), and how well the features do on them as they stand.

    The draws are the same at every look, so that the frozen branches see them once.
    """

    def __init__(
        self, guidance: Guidance, before: np.ndarray, after: np.ndarray, recipe: Recipe, seed: int
    ) -> None:
        base, often = guidance.base, replace(recipe, batch=settings.DRAWS)
        pairs, source = encode_pairs(base, before, after), torch.Generator().manual_seed(seed + 1)
        self._guidance, self._buckets = guidance, recipe.buckets
        self._drawn = [draw(base, pairs.only(k), often, source) for k in range(len(before))]
        self._at_once = recipe.buckets * recipe.batch  # no more than in a step
        self._settled: list[Draw] = []
        self._pictures = list(before[: settings.WATCHED]), after[: settings.WATCHED]
        self._editor = Editor(
            base, guidance.state.instruction, scales=guidance.scales,
            steps=base.defaults.steps, seed=seed,
        )  # fmt: skip

    @torch.no_grad()
    def losses(self, parts: int) -> torch.Tensor:
        """Each bucket's error, (j,), where a step's samples go through the model in `parts`."""
        rows = math.ceil(self._at_once / parts)
        if not self._settled:
            drawn = (part for sample in self._drawn for part in sample.rows(rows))
            self._settled = [settled(self._guidance, part) for part in drawn]
        divided = (part for sample in self._settled for part in sample.rows(rows))
        errors = torch.cat([brush_errors(self._guidance, part) for part in divided])
        return errors.view(len(self._drawn), self._buckets, -1).mean((0, 2)).cpu()

    def psnr(self) -> float:
        """In dB, the mean of a few of the pictures as they would be edited now.

        NaN where memory does not suffice: the figure is to be watched, and decides nothing.
        """
        before, truth = self._pictures
        try:
            with self._editor as editor:
                edited = np.stack([picture.after for picture in editor.edit(before)])
        except DeviceMemoryError:
            return math.nan
        return float(-10 * np.log10(((edited - truth) ** 2).mean((1, 2, 3)) + 1e-10).mean())


def _told(run: Progress) -> str:
    """Bucket by bucket, from the noisiest, where layout is settled, to the last."""
    recent = torch.stack(run.losses[-settings.REPORT_EVERY :]).mean(0)
    told = "loss " + " ".join(f"{x:.3f}" for x in recent.flip(0).tolist())
    if not run.looks:
        return told
    told += f", held out {float(run.looks[-1].mean()):.3f}"
    return told if math.isnan(run.psnr) else f"{told} ({run.psnr:.1f} dB)"


def trainable(instruction: Instruction) -> Instruction:
    """A copy whose features are leaves that receive gradients."""
    return _mapped(instruction, lambda x: x.detach().clone().requires_grad_())


def frozen(instruction: Instruction) -> Instruction:
    """A copy whose features are plain tensors, rounded to float16 as a brush file keeps them."""
    return _mapped(instruction, lambda x: x.detach().half().float())


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

    def parts(self, count: int) -> "list[Draw]":
        """The same samples in `count` parts or fewer, whatever their buckets."""
        return self.rows(math.ceil(len(self.t) / count))

    def rows(self, size: int) -> "list[Draw]":
        """The same samples in parts of `size`, the last of what is left."""
        condition, z_t, t, target = (
            x.split(size) for x in (self.condition, self.z_t, self.t, self.target)
        )
        return [Draw(*rows, self.buckets) for rows in zip(condition, z_t, t, target, strict=True)]


def draw(base: BaseModel, pairs: EncodedPairs, recipe: Recipe, source: torch.Generator) -> Draw:
    """Draw pairs, timesteps and noise: `batch` samples with t uniform in each bucket."""
    T = int(base.scheduler_config["num_train_timesteps"])
    n = recipe.buckets * recipe.batch
    width = T / recipe.buckets
    bucket = torch.arange(recipe.buckets).repeat_interleave(recipe.batch)  # (n,)
    t = ((bucket + torch.rand(n, generator=source)) * width).long().clamp(max=T - 1)
    index = torch.randint(len(pairs.condition), (n,), generator=source)
    noise = torch.randn((n, *pairs.target.shape[1:]), generator=source)
    return noised(base, pairs, index, t, noise, recipe.buckets)


def noised(
    base: BaseModel,
    pairs: EncodedPairs,
    index: torch.Tensor,
    t: torch.Tensor,
    noise: torch.Tensor,
    buckets: int,
) -> Draw:
    """Samples of the pairs at `index` (n,), at timesteps `t` (n,), under `noise` (n, c, h, w)."""
    x = pairs.target[index].float()
    noise = noise.to(x.device)
    alpha_bar = base.scheduler(1).alphas_cumprod.to(x.device)[t.to(x.device)][:, None, None, None]
    a, b = alpha_bar.sqrt(), (1 - alpha_bar).sqrt()
    velocity = base.scheduler_config.get("prediction_type") == "v_prediction"
    return Draw(
        condition=pairs.condition[index],
        z_t=(a * x + b * noise).to(pairs.condition.dtype),
        t=t.to(x.device),
        target=a * noise - b * x if velocity else noise,
        buckets=buckets,
    )


def bucket_losses(guidance: Guidance, sample: Draw) -> torch.Tensor:
    """Mean squared error in each bucket, (j,)."""
    return sample_errors(guidance, sample).view(sample.buckets, -1).mean(1)


def sample_errors(guidance: Guidance, sample: Draw) -> torch.Tensor:
    """Mean squared error of each sample's guided prediction, (n,)."""
    return brush_errors(guidance, settled(guidance, sample))


def settled(guidance: Guidance, sample: Draw) -> Draw:
    """The same samples, what the frozen branches predict already taken from their targets.

    The guided prediction is a sum in which only one term depends on the brush: the error is the
    same, and the other branches never enter its graph.
    """
    frozen = guidance.frozen_terms(sample.z_t, sample.t, sample.condition)
    return replace(sample, target=sample.target - frozen)


def brush_errors(guidance: Guidance, sample: Draw) -> torch.Tensor:
    """Mean squared error of the brush's own term on settled samples, (n,)."""
    predicted = guidance.brushed_term(sample.z_t, sample.t, sample.condition)
    return F.mse_loss(predicted.float(), sample.target, reduction="none").flatten(1).mean(1)


def _mapped(instruction: Instruction, f: Callable[[torch.Tensor], torch.Tensor]) -> Instruction:
    features = {site: (f(K), f(V)) for site, (K, V) in instruction.features.items()}
    return replace(instruction, features=features)


def _mean(losses: list[torch.Tensor]) -> tuple[float, ...]:
    return tuple(float(x) for x in torch.stack(losses).mean(0))
