"""What the studies have in common: tiny-ip2p, brushes learned on it, and cases of the bench."""

from collections.abc import Sequence
from pathlib import Path
from statistics import fmean
from typing import Any

import torch

from brushctl.bench.cases import Case
from brushctl.bench.effects import TRAIN, Effect
from brushctl.bench.methods.registry import Bench
from brushctl.bench.metrics import Pixels
from brushctl.bench.running import BenchPlan, run_bench
from brushctl.cli._progress import reporting
from brushctl.engine.brush.instruction import Instruction
from brushctl.engine.devices import resolve_dtype
from brushctl.engine.model.base import BaseModel, open_base
from brushctl.engine.phrases.clip import Clip, default_clip, load_clip
from brushctl.engine.phrases.unique_phrase import find_phrase, vocabulary_of
from brushctl.engine.sampler import Editor
from brushctl.engine.training.loop import TrainingResult, train
from brushctl.engine.training.recipes import DEFAULT, Recipe

RESULTS, IMAGES = Path("docs/results"), Path("docs/images")
Pairs = tuple[Pixels, Pixels]
"""Before and after, each (n, s, s, 3)."""


def opened(dtype: str | None = None) -> tuple[BaseModel, Clip]:
    """tiny-ip2p and its CLIP, on the CPU."""
    cpu = torch.device("cpu")
    base = open_base(None, cpu, resolve_dtype(dtype, cpu))
    return base, load_clip(default_clip(base.id), cpu)


def learned(base: BaseModel, clip: Clip, pairs: Pairs, recipe: Recipe = DEFAULT) -> TrainingResult:
    """A brush's training on pairs, from the phrase that CLIP finds for them."""
    before, after = pairs
    phrase = find_phrase(clip, list(before), list(after), vocabulary_of(clip)).phrase
    return train(base, before, after, phrase=phrase, recipe=recipe, seed=0)


def edited(
    base: BaseModel,
    instruction: Instruction,
    pictures: Pixels,
    **settings: Any,  # noqa: ANN401  (an editor's)
) -> list[Pixels]:
    """The pictures after an instruction, at the base's own settings unless others are given."""
    with Editor(base, instruction, **settings) as editor:
        return [picture.after for picture in editor.edit(list(pictures))]


def bench_cases(
    bench: Bench, effects: Sequence[Effect], methods: Sequence[str], shots: list[int], work: Path
) -> list[Case]:
    """Every method on every effect, as `brushctl bench` runs them; what `work` lacks is run."""
    with reporting() as progress:
        plan = BenchPlan(effects, methods, shots, None, work)
        return run_bench(bench, plan, report=progress).cases


def best_psnr(
    bench: Bench, effects: Sequence[Effect], methods: Sequence[str], work: Path
) -> dict[str, dict[str, float]]:
    """By effect and method, the mean PSNR in dB under each method's best guidance."""
    found: dict[str, dict[str, float]] = {effect.name: {} for effect in effects}
    for case in bench_cases(bench, effects, methods, [TRAIN], work):
        found[case.effect][case.method] = fmean(case.best.psnr)
    return found


def dtype_of(base: BaseModel) -> str:
    """The number format of a base, as it is written down."""
    return str(base.dtype).removeprefix("torch.")
