"""What a step of learning costs: brushctl against a plain implementation, side by side.

    uv run python -m benchmarks.speed learn                               # docs/results/learn.json
    uv run python -m benchmarks.speed learn --device cuda --base sd15-random/base --out gpu.json

The plain one is what the equations say, on diffusers' own pieces: the three branches of eq. 3 in
one batch and one graph. Both take the same draws, one for each of the five buckets, at the paper's
guidance (7.5, 1.5), and their gradients are compared before anything is timed. A third row is a
step of the default recipe on as many draws; at tiny-ip2p's own guidance (1, 1) it has one branch.
Every step is taken in float32 and in bfloat16, each next to the plain one in the same format and
next to the plain one in float32. `benchmarks.speed full-size` makes the base of the second command.

Steps alternate, and ratios are medians over pairs of neighbours, but for that of bfloat16 over the
plain step in float32, which is one of medians. `held_mb` is what autograd holds
for the backward pass: unlike a process's peak it is the same at every run. On a GPU `peak_mb` is
the most that was allocated, weights included.

At last the default recipe learns two effects in either format (`--steps`, 0 for none): PSNR on
pictures that it did not learn from.
"""

import argparse
import statistics
import time
from collections.abc import Callable, Generator, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch
from torch.nn import functional as F

from benchmarks.results import base_of, report
from brushctl.bench.effects import draw_effects
from brushctl.bench.metrics import mean_psnr
from brushctl.engine.brush.attention import Brushed, brushed
from brushctl.engine.brush.guidance import Guidance
from brushctl.engine.brush.instruction import Instruction, initial
from brushctl.engine.brush.scales import Scales
from brushctl.engine.model.base import BaseModel, open_base
from brushctl.engine.sampler import Editor
from brushctl.engine.training.loop import train, trainable
from brushctl.engine.training.recipes import DEFAULT, PAPER
from brushctl.engine.training.samples import NoisySamples, bucket_losses, draw_samples, encode_pairs
from brushctl.tiny.world.pictures import draw_picture

OUT = Path("docs/results/learn.json")
PHRASE = "turn daylight into night"
Step = Callable[[NoisySamples], torch.Tensor]


def plain_step(base: BaseModel, state: Brushed, scales: Scales) -> Step:
    """Eq. 3 as it is written, everything in one graph."""
    empty = base.read("").prompt_embeds

    def loss(sample: NoisySamples) -> torch.Tensor:
        n = len(sample.t)
        pictures = torch.cat(
            [sample.condition, sample.condition, torch.zeros_like(sample.condition)]
        )
        text = state.instruction.text
        texts = torch.cat([x.expand(n, -1, -1) for x in (text, empty, empty)])
        state.at(sample.t)
        seen = torch.cat([sample.z_t.repeat(3, 1, 1, 1), pictures], dim=1)
        full, picture, nothing = base.unet(seen, sample.t.repeat(3), texts).sample.chunk(3)
        guided = nothing + scales.s_I * (picture - nothing) + scales.s_T * (full - picture)
        errors = F.mse_loss(guided, sample.target, reduction="none").flatten(1).mean(1)
        return errors.sum()

    return loss


def our_step(base: BaseModel, state: Brushed, scales: Scales) -> Step:
    """A step as `brushctl learn` takes it."""
    guidance = Guidance(base, state, scales)
    return lambda sample: bucket_losses(guidance, sample).sum()


def gradients(step: Step, sample: NoisySamples, instruction: Instruction) -> torch.Tensor:
    """All features' gradients, in one vector."""
    leaves = [leaf for KV in instruction.features.values() for leaf in KV]
    return torch.cat([g.flatten() for g in torch.autograd.grad(step(sample), leaves)])


def held_bytes(step: Step, sample: NoisySamples) -> int:
    """What autograd keeps between forward and backward, weights and inputs not counted twice."""
    seen: dict[int, int] = {}

    def pack(x: torch.Tensor) -> torch.Tensor:
        storage = x.untyped_storage()
        if not isinstance(x, torch.nn.Parameter):
            seen[storage.data_ptr()] = storage.nbytes()
        return x

    with torch.autograd.graph.saved_tensors_hooks(pack, lambda x: x):
        step(sample)
    return sum(seen.values())


def seconds(step: Step, sample: NoisySamples, instruction: Instruction) -> float:
    """Of one forward and backward pass."""
    start = time.perf_counter()
    gradients(step, sample, instruction)
    if sample.t.is_cuda:
        torch.cuda.synchronize()
    return time.perf_counter() - start


def peak_mb(step: Step, sample: NoisySamples, instruction: Instruction) -> float | None:
    """The most that one pass allocates on a GPU, in MB; None elsewhere."""
    if not sample.t.is_cuda:
        return None
    torch.cuda.reset_peak_memory_stats()
    gradients(step, sample, instruction)
    return round(torch.cuda.max_memory_allocated() / 1e6, 1)


def compared(base: BaseModel, rounds: int) -> Generator[dict[str, float | str | None], None, None]:
    """A row for each kind of step, and the difference of gradients in it."""
    rng = np.random.default_rng(0)
    before = np.stack([draw_picture(rng, base.resolution).pixels for _ in range(4)])
    pairs = encode_pairs(base, before, 1 - before)
    sample = draw_samples(base, pairs, PAPER, torch.Generator().manual_seed(0))
    instruction = trainable(initial(base, PHRASE, PAPER.buckets))
    assert PAPER.scales is not None
    with brushed(base.unet, instruction) as state:
        steps = {
            "plain": plain_step(base, state, PAPER.scales),
            "paper": our_step(base, state, PAPER.scales),
            "default": our_step(base, state, base.defaults.scales),
        }
        plain, ours = (gradients(steps[k], sample, instruction) for k in ("plain", "paper"))
        held = {name: held_bytes(step, sample) for name, step in steps.items()}
        peak = {name: peak_mb(step, sample, instruction) for name, step in steps.items()}
        timed = [
            {name: seconds(step, sample, instruction) for name, step in steps.items()}
            for _ in range(rounds)
        ]
    for name in steps:
        yield {
            "step": name,
            "seconds": round(statistics.median(t[name] for t in timed), 4),
            "times_faster": round(statistics.median(t["plain"] / t[name] for t in timed), 2),
            "held_mb": round(held[name] / 1e6, 1),
            "memory_ratio": round(held[name] / held["plain"], 3),
            "peak_mb": peak[name],
            "gradient_difference": float((plain - ours).norm() / plain.norm())
            if name == "paper"
            else None,
        }


def outcomes(bases: list[BaseModel], steps: int) -> dict[str, dict[str, float]]:
    """PSNR in dB, by effect and number format, of brushes learned from ten pairs each."""
    table: dict[str, dict[str, float]] = {}
    for effect in draw_effects(["lava", "charcoal"], bases[0].resolution, 0):
        before, truth = effect.test
        for base in bases:
            learned = train(
                base, *effect.train, phrase=effect.instruction,
                recipe=replace(DEFAULT, steps=steps), seed=0,
            )  # fmt: skip
            with Editor(base, learned.instruction, scales=learned.scales) as editor:
                edited = [e.after for e in editor.edit(list(before))]
            mean = round(mean_psnr(edited, truth), 2)
            table.setdefault(effect.name, {})[str(base.dtype)[6:]] = mean
    return table


def main(arguments: Sequence[str]) -> None:
    """Check, measure, print, write."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--rounds", type=int, default=30)
    options.add_argument("--steps", type=int, default=100)
    options.add_argument("--device", default="cpu")
    options.add_argument("--base")
    options.add_argument("--out", type=Path, default=OUT)
    chosen = options.parse_args(arguments)
    formats = (torch.float32, torch.bfloat16)
    bases = [open_base(chosen.base, torch.device(chosen.device), dtype) for dtype in formats]
    exact, rounded = (list(compared(base, chosen.rounds)) for base in bases)
    for row in rounded:
        row["times_faster_than_plain_float32"] = round(exact[0]["seconds"] / row["seconds"], 2)
    facts = {
        "base": base_of(bases[0]),
        "device": chosen.device,
        "threads": torch.get_num_threads(),
        "rows": exact,
        "rows_bfloat16": rounded,
        "psnr_by_dtype": outcomes(bases, chosen.steps) if chosen.steps else None,
    }
    print(report(chosen.out, facts))
