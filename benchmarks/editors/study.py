"""Brushes on tiny-dit, on the effects that its training never had: what helps, and how much.

`python -m benchmarks.editors study [--steps N] [VARIANT ...]` learns each held-out effect of
TOP-Bench mini from its ten pairs, edits its five test pictures, and writes the mean PSNR of each
variant into docs/results/editors.json, under `study`. Figures of other variants stay. Under
`tiny_dit` the main ones stand beside the card's.
"""

import argparse
import json
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import replace

import numpy as np
import torch

from benchmarks.editors.embeddings import learned_words
from benchmarks.editors.proof import OUT
from benchmarks.editors.ways import at_sites, in_place
from benchmarks.tiny_dit import CARD
from brushctl.bench.effects import TABLE_3, Effect, draw_effects
from brushctl.bench.metrics import psnr
from brushctl.engine.flow.editor import FlowEditor
from brushctl.engine.flow.model import FlowModel
from brushctl.engine.flow.offsets import Offsets, in_words
from brushctl.engine.model.base import open_base
from brushctl.engine.training.loop import train
from brushctl.engine.training.recipes import DEFAULT, Recipe
from brushctl.settings import TINY_DIT

SEED = 0
TRAINING_HOURS = 1.05
"""Of one core, from the log of the shipped weights' training."""
Learn = Callable[[FlowModel, Effect, Recipe], AbstractContextManager[FlowEditor]]


def main(arguments: Sequence[str]) -> None:
    """Measure variants, one after another."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("variants", nargs="*", default=list(VARIANTS), metavar="VARIANT")
    options.add_argument("--steps", type=int, default=100)
    chosen = options.parse_args(arguments)
    model = open_base(TINY_DIT, torch.device("cpu"), torch.float32)
    assert isinstance(model, FlowModel)
    effects = [e for e in draw_effects(list(TABLE_3), model.resolution, SEED) if e.held_out]
    recipe = replace(DEFAULT, steps=chosen.steps, early_stopping=False)
    for name in chosen.variants:
        figures = {e.name: measured(VARIANTS[name], model, e, recipe) for e in effects}
        write(name, figures, model, chosen.steps)
        print(name, round(float(np.mean(list(figures.values()))), 2), json.dumps(figures))


def measured(learn: Learn, model: FlowModel, effect: Effect, recipe: Recipe) -> float:
    """Mean PSNR of a variant on an effect's test pictures, in dB."""
    before, truth = effect.test
    with learn(model, effect, recipe) as editor:
        edited = [picture.after for picture in editor.edit(list(before))]
    return round(float(np.mean([psnr(x, y) for x, y in zip(edited, truth, strict=True)])), 2)


def write(name: str, figures: Mapping[str, float], model: FlowModel, steps: int) -> None:
    """Add a variant's figures to the file of results."""
    known = json.loads(OUT.read_text())
    study = known.setdefault("study", {})
    if study.get("model_sha256") != model.model_sha256:
        study.clear()
    command = f"uv run python -m benchmarks.editors study --steps {steps}"
    study |= {"command": command, "model_sha256": model.model_sha256, "pairs": 10}
    study.setdefault("psnr", {})[name] = {
        "mean": round(float(np.mean(list(figures.values()))), 2),
        **figures,
    }
    known["tiny_dit"] = summary(study["psnr"])
    OUT.write_text(json.dumps(known, indent=1) + "\n")


def summary(measured: Mapping[str, Mapping[str, float]]) -> dict[str, float | None]:
    """tiny-dit in a few figures: of its card, and means over held-out effects in dB."""
    card = json.loads(CARD.read_text())
    kept = ("text_psnr_global", "text_psnr_local", "null_psnr", "weights_mb")
    means = {
        f"{key}_held_out": measured[name]["mean"] if name in measured else None
        for key, name in (
            ("brush", "brush"),
            ("words", "words"),
            ("text_embeddings", "text embeddings"),
        )
    }
    return {key: card[key] for key in kept} | means | {"training_cpu_hours": TRAINING_HOURS}


def brush(**changes: object) -> Learn:
    """A brush from no phrase, by the default recipe with some changes."""

    def learn(model: FlowModel, effect: Effect, recipe: Recipe) -> FlowEditor:
        own = replace(recipe, **changes)
        offsets = train(model, *effect.train, phrase=None, recipe=own, seed=SEED).instruction
        assert isinstance(offsets, Offsets)
        return FlowEditor(model, offsets, seed=SEED)

    return learn


def words(model: FlowModel, effect: Effect, _: Recipe) -> FlowEditor:
    """The effect's instruction in words."""
    return FlowEditor(model, in_words(effect.instruction), seed=SEED)


def no_words(model: FlowModel, _: Effect, __: Recipe) -> FlowEditor:
    """What the editor makes of no words."""
    return FlowEditor(model, in_words(None), seed=SEED)


VARIANTS: dict[str, Learn] = {
    "no words": no_words,
    "words": words,
    "brush": brush(),
    "text embeddings": learned_words,
    "one bucket": brush(buckets=1),
    "in place of the words": in_place,
    "double-stream sites": at_sites(lambda name: "single" not in name),
    "single-stream sites": at_sites(lambda name: "single" in name),
    "buckets untied": brush(tied=0.0),
    "m 4": brush(least_m=4),
    "m 8": brush(least_m=8),
    "m 32": brush(least_m=32),
}
