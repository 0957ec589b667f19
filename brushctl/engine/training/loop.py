"""Attention-based instruction optimisation (section 4.1): a brush from encoded pairs."""

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, TypeVar

import torch

from brushctl.brushes.checkpoint import Checkpoint
from brushctl.engine.brush.scales import Scales
from brushctl.engine.devices import check_gradients, enough_memory, out_of_memory
from brushctl.engine.flow.model import FlowModel
from brushctl.engine.flow.objective import FlowObjective
from brushctl.engine.model.base import AnyBase
from brushctl.engine.pixels import Pictures
from brushctl.engine.training.diffusion import DiffusionObjective
from brushctl.engine.training.objective import AnyInstruction, Objective
from brushctl.engine.training.optimizer import update
from brushctl.engine.training.recipes import Recipe
from brushctl.engine.training.state import TrainingState
from brushctl.engine.training.validation import ValidationSet
from brushctl.events import Advance, Reporter, Stage, Warned, silent

InstructionT = TypeVar("InstructionT", bound=AnyInstruction)

REPORT_EVERY = 10
"""Steps between two progress events: a second or so on a laptop."""
EDIT_EVERY = 2
"""Evaluations of held-out pairs for each that edits one of them: an edit costs as much as many."""


@dataclass(frozen=True, slots=True)
class TrainingResult:
    """The outcome of learning.

    Attributes:
        instruction: the phrase's embedding with the learned features.
        scales: the guidance it was trained for.
        first_loss: per-bucket loss averaged over the first tenth of the steps, (j,).
        last_loss: the same over the last tenth.
        steps: how many there were, fewer than the recipe's if learning stopped early.
    """

    instruction: AnyInstruction
    scales: Scales
    first_loss: tuple[float, ...]
    last_loss: tuple[float, ...]
    steps: int


def train(
    base: AnyBase,
    before: Pictures,
    after: Pictures,
    *,
    phrase: str | None,
    recipe: Recipe,
    seed: int,
    held_out: tuple[Pictures, Pictures] | None = None,
    checkpoint: Checkpoint | None = None,
    report: Reporter = silent,
) -> TrainingResult:
    """Learn an instruction from before/after pictures, (h, w, 3) each.

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
        held_out: before/after pictures that nothing is learned from. With a recipe that goes by
            them, each bucket's features are those of the step at which its error on them was
            least, and learning stops when it falls no more; else they only tell how it goes.
        checkpoint: where the run's state is saved, and from where it goes on.
        report: is told how far it has come.

    Raises:
        DeviceError: the base is in float16.
        DeviceMemoryError: not even one picture or sample fits into the device's memory.
        PhraseError: the phrase is longer than the text encoder reads.
    """
    check_gradients(base.dtype)
    objective = objective_on(base, phrase, recipe)
    report(Stage("encoding pairs"))
    pairs = objective.encode(before, after)
    start = objective.initial()
    units = objective.units(start, pairs) if recipe.relative else None
    instruction = trainable(start)
    run = TrainingState.start(instruction, recipe, seed, units)
    if checkpoint and (state := checkpoint.load()):
        run.restore(state)
    report(Stage("learning", total=recipe.steps))
    with objective.installed(instruction):
        validation = ValidationSet(objective, *held_out, recipe, seed) if held_out else None
        while run.step < recipe.steps and not (recipe.early_stopping and run.converged()):
            with enough_memory("one sample alone does not fit into the device's memory"):
                _step(objective, pairs, recipe, run, report=report)
            if validation and (run.step % recipe.validate_every == 0 or run.step == recipe.steps):
                run.record_validation(validation.evaluate(run.parts))
                if len(run.validation_losses) % EDIT_EVERY == 1:
                    run.psnr = validation.psnr()
            if run.step % REPORT_EVERY == 0 or run.step == recipe.steps:
                report(Advance(run.step, _held_out(run, validation), _losses(run)))
            if checkpoint and run.step % recipe.checkpoint_every == 0 and run.step < recipe.steps:
                checkpoint.save(run.state())
        if checkpoint:
            checkpoint.save(run.state())
    if recipe.early_stopping:
        run.return_to_best()
    tenth = max(1, recipe.steps // 10)
    return TrainingResult(
        instruction=frozen(instruction),
        scales=objective.scales,
        first_loss=tuple(_mean(run.losses[:tenth]).tolist()),
        last_loss=tuple(_mean(run.losses[-tenth:]).tolist()),
        steps=run.step,
    )


def objective_on(base: AnyBase, phrase: str | None, recipe: Recipe) -> Objective[Any, Any]:
    """What is minimised on a base model."""
    if isinstance(base, FlowModel):
        return FlowObjective(base, phrase, recipe)
    return DiffusionObjective(base, phrase, recipe)


def _step(
    objective: Objective[Any, Any],
    pairs: object,
    recipe: Recipe,
    run: TrainingState,
    *,
    report: Reporter = silent,
) -> None:
    """One step of Adam; where memory does not suffice, the samples go through in parts."""
    sample = objective.draw(pairs, recipe.batch, run.generator)
    buckets = len(sample) // recipe.batch
    drawn = recipe.buckets_at(run.step, buckets)
    if len(drawn) < buckets:
        sample = sample.take([k * recipe.batch + n for k in drawn for n in range(recipe.batch)])
    while True:
        run.optimiser.zero_grad(set_to_none=True)
        rows = objective.rows or math.ceil(len(sample) / run.parts)
        try:
            errors = [_backward(objective, part, recipe.batch) for part in sample.rows(rows)]
            break
        except RuntimeError as error:
            if not out_of_memory(error) or rows == 1:
                raise
            run.parts *= 2
        torch.cuda.empty_cache()
        report(Warned(f"out of memory: going on with the samples of a step in {run.parts} parts"))
    update(run.optimiser, recipe, run.step, drawn)
    losses = torch.full((buckets,), math.nan)
    losses[drawn] = torch.cat(errors).view(-1, recipe.batch).mean(1).cpu()
    run.losses.append(losses)
    run.step += 1


def _backward(objective: Objective[Any, Any], sample: object, batch: int) -> torch.Tensor:
    """Add to the gradients of the buckets' mean errors; return the samples' own, (n,)."""
    errors = objective.errors(objective.prepared(sample))
    (errors.sum() / batch).backward()
    return errors.detach()


def _held_out(run: TrainingState, validation: ValidationSet | None) -> str:
    """How near held-out pictures come, and how near they are without the instruction."""
    if validation is None or math.isnan(run.psnr):
        return ""
    return f"{run.psnr:.1f} dB held out ({validation.psnr_without:.1f} without it)"


def _losses(run: TrainingState) -> str:
    """Bucket by bucket, from the noisiest, where layout is settled, to the last."""
    recent = _mean(run.losses[-REPORT_EVERY:])
    losses = "loss " + " ".join(f"{x:.3f}" for x in recent.flip(0).tolist())
    if not run.validation_losses:
        return losses
    return f"{losses}, held out {float(run.validation_losses[-1].mean()):.3f}"


def trainable(instruction: InstructionT) -> InstructionT:
    """A copy whose features are leaves that receive gradients."""
    return _mapped(instruction, lambda x: x.detach().clone().requires_grad_())


def frozen(instruction: InstructionT) -> InstructionT:
    """A copy whose features are plain tensors, rounded to float16 as a brush file keeps them."""
    return _mapped(instruction, lambda x: x.detach().half().float())


def _mapped(instruction: InstructionT, f: Callable[[torch.Tensor], torch.Tensor]) -> InstructionT:
    features = {site: (f(K), f(V)) for site, (K, V) in instruction.features.items()}
    return replace(instruction, features=features)


def _mean(losses: list[torch.Tensor]) -> torch.Tensor:
    """Each bucket's mean over the steps that drew from it, (j,); over all, where none did."""
    means = torch.stack(losses).nanmean(0)
    return torch.where(means.isnan(), means.nanmean(), means)
