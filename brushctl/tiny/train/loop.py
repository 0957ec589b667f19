"""One training loop for every part: seeded, checkpointed, resumable, with an averaged model."""

import copy
import hashlib
import json
import math
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path

import torch
from PIL import Image
from torch import nn
from torch.optim import AdamW, Optimizer

from brushctl.engine.devices import resolve_dtype
from brushctl.errors import UsageError
from brushctl.files import write_atomically


@dataclass(frozen=True, slots=True)
class Run:
    """How a part is trained, and where it keeps its state."""

    folder: Path
    steps: int
    rate: float
    device: torch.device
    seed: int = 0
    warmup: int = 100
    ema: float = 0.998
    """Decay of the averaged weights: a window of some 500 steps, a tenth of a short run."""
    checkpoint_every: int = 250
    steady: float = 0.0
    """Share of the steps after the warm-up at the highest rate; in the others it falls."""

    @property
    def falls_from(self) -> int:
        """The step from which on the rate falls: nothing before it depends on the last step."""
        return self.warmup + round(self.steady * max(0, self.steps - self.warmup))

    def fall(self, step: int) -> tuple[int, int] | None:
        """From which step to which the rate falls, if that has decided the state after `step`."""
        return (self.falls_from, self.steps) if step > self.falls_from else None

    def checkpoint(self, step: int) -> Path:
        """Where the state after `step` steps lies.

        From a state before the rate falls, any end can be reached: no later one replaces it.
        """
        return self.folder / ("steady.pt" if step <= self.falls_from else "checkpoint.pt")

    def fingerprint(self, model: nn.Module, inputs: Iterable[bytes | memoryview]) -> str:
        """What decides the run: its settings, the model it begins with, what it learns from.

        Not the device, which makes a difference of rounding only, nor the number of steps.
        """
        settings = (self.rate, self.seed, self.warmup, self.ema)
        known = hashlib.sha256(repr(settings).encode())
        for name, tensor in model.state_dict().items():
            known.update(name.encode())
            known.update(tensor.cpu().contiguous().numpy().data)
        known.update(digest(inputs).encode())
        return known.hexdigest()


def digest(parts: Iterable[bytes | memoryview]) -> str:
    """Of parts in their order, each told from its neighbours."""
    known = hashlib.sha256()
    for part in parts:
        known.update(hashlib.sha256(part).digest())
    return known.hexdigest()


def in_bfloat16(device: torch.device) -> torch.autocast:
    """Products are taken in bfloat16 within it, where the device multiplies in that."""
    able = resolve_dtype(None, device) == torch.bfloat16
    return torch.autocast(device.type, dtype=torch.bfloat16, enabled=able)


def rate_at(run: Run, step: int) -> float:
    """Linear warm-up, then the highest rate, at last a cosine to a hundredth of it."""
    if step < run.warmup:
        return run.rate * (step + 1) / run.warmup
    progress = (step - run.falls_from) / max(1, run.steps - run.falls_from)
    return run.rate * (0.01 + 0.99 * 0.5 * (1 + math.cos(math.pi * min(1.0, max(0.0, progress)))))


def generator(run: Run, step: int) -> torch.Generator:
    """The randomness of one step: a function of (seed, step), so that resuming changes nothing."""
    return torch.Generator().manual_seed(run.seed * 1_000_003 + step)


def adamw(model: nn.Module, rate: float) -> list[Optimizer]:
    """One optimiser for all that learns."""
    weights = [p for p in model.parameters() if p.requires_grad]
    return [AdamW(weights, lr=rate, betas=(0.9, 0.99), weight_decay=1e-3)]


def optimise(
    model: nn.Module,
    loss: Callable[[torch.Generator], torch.Tensor],
    run: Run,
    report: Callable[[nn.Module, int], dict[str, float]],
    inputs: Iterable[bytes | memoryview] = (),
    optimisers_of: Callable[[nn.Module, float], list[Optimizer]] = adamw,
) -> nn.Module:
    """Train `model` on `loss`, or go on from the run's checkpoint; return its averaged copy.

    Args:
        model: trained in place.
        loss: one step's loss, drawing all its randomness from the generator.
        run: the schedule and the folder of the checkpoint.
        report: held-out figures of the averaged model, logged at every checkpoint.
        inputs: all that the loss reads.
        optimisers_of: makes the optimisers of a model, at a rate.

    Raises:
        UsageError: the checkpoint is another run's.
    """
    run.folder.mkdir(parents=True, exist_ok=True)
    average = copy.deepcopy(model).requires_grad_(False).eval()
    weights = [p for p in model.parameters() if p.requires_grad]
    optimisers = optimisers_of(model, run.rate)
    mark = run.fingerprint(model, inputs)
    start = _resume(run, mark, model, average, optimisers)
    began, losses = time.monotonic(), list[float]()
    for step in range(start, run.steps):
        for group in (group for each in optimisers for group in each.param_groups):
            group["lr"] = rate_at(run, step)
        with in_bfloat16(run.device):
            value = loss(generator(run, step))
        model.zero_grad(set_to_none=True)
        value.backward()
        nn.utils.clip_grad_norm_(weights, 1.0)
        for optimiser in optimisers:
            optimiser.step()
        _follow(average, model, min(run.ema, (1 + step) / (10 + step)))
        losses.append(value.item())
        done = step + 1
        if done % run.checkpoint_every == 0 or done == run.steps:
            _save(run, mark, model, average, optimisers, done)
            seconds = (time.monotonic() - began) / (done - start)
            line = {"step": done, "loss": sum(losses) / len(losses), "s/step": seconds}
            _log(run, line | report(average, done))
            losses.clear()
    return average


@torch.no_grad()
def _follow(average: nn.Module, model: nn.Module, decay: float) -> None:
    torch._foreach_lerp_(list(average.parameters()), list(model.parameters()), 1 - decay)
    for kept, seen in zip(average.buffers(), model.buffers(), strict=True):
        kept.copy_(seen)  # batch norm's statistics are averages already


def _save(
    run: Run,
    mark: str,
    model: nn.Module,
    average: nn.Module,
    optimisers: list[Optimizer],
    step: int,
) -> None:
    state = {
        "run": mark,
        "fall": run.fall(step),
        "step": step,
        "model": model.state_dict(),
        "average": average.state_dict(),
        "optimisers": [optimiser.state_dict() for optimiser in optimisers],
    }
    save_whole(state, run.checkpoint(step))


def save_whole(state: Mapping[str, object], path: Path) -> None:
    """Save tensors so that a file of that name is never half of one."""
    stream = BytesIO()
    torch.save(dict(state), stream)
    write_atomically(path, stream.getvalue())


def _resume(
    run: Run, mark: str, model: nn.Module, average: nn.Module, optimisers: list[Optimizer]
) -> int:
    """Go on from the last state of the run: after how many steps that is."""
    kept = next((f for f in (run.checkpoint(run.steps), run.checkpoint(0)) if f.exists()), None)
    if kept is None:
        return 0
    state = torch.load(kept, map_location=run.device, weights_only=True)
    if state.get("run") != mark or state["fall"] != run.fall(state["step"]):
        raise UsageError(
            "the checkpoint is of other settings, weights to begin with, or pairs",
            where=str(kept),
            do="Repeat its command to go on with it; delete it, or give another --work, to begin.",
        )
    model.load_state_dict(state["model"])
    average.load_state_dict(state["average"])
    for optimiser, known in zip(optimisers, state["optimisers"], strict=True):
        optimiser.load_state_dict(known)
    return int(state["step"])


def keep_sheet(run: Run, step: int, rows: Sequence[torch.Tensor], count: int = 12) -> None:
    """A picture to look at: the first of each row's pictures (n, 3, h, w), values in [-1, 1]."""
    sheet = torch.cat([torch.cat(list(row[:count]), dim=2) for row in rows], dim=1)
    codes = ((sheet.float().cpu().clamp(-1, 1) + 1) * 127.5).round().byte()
    Image.fromarray(codes.permute(1, 2, 0).numpy()).save(run.folder / f"sheet-{step:06}.png")


def _log(run: Run, figures: dict[str, float]) -> None:
    line = json.dumps({k: round(v, 5) for k, v in figures.items()})
    print(line, flush=True)  # noqa: T201  (a training log on stdout is this command's output)
    with (run.folder / "log.jsonl").open("a") as log:
        log.write(line + "\n")
