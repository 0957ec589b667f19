"""What offsets do to small pipelines with random weights, in diffusers' own classes.

The figures say that the machinery is right and that it learns. They say nothing of how well edits
of trained editors generalise.
"""

import argparse
import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import torch

from benchmarks.editors.embeddings import learn_embeddings
from benchmarks.results import command
from brushctl.engine.flow.model import FlowModel
from brushctl.engine.flow.objective import FlowObjective, FlowSamples
from brushctl.engine.flow.offsets import offset, zero
from brushctl.engine.training.loop import train
from brushctl.engine.training.recipes import DEFAULT
from tests.engine.flow.pipelines import MADE, SIDE, model_of, small_area
from tests.engine.flow.replay import ONE, OTHER, latents, recorded, replayed, words

OUT = Path("docs/results/editors.json")
PAIRS = 4
STEPS = 100
RECIPE = replace(DEFAULT, steps=STEPS, tied=0.0, early_stopping=False, least_m=8)


def main(arguments: Sequence[str]) -> None:
    """Run it for the families that are named, or all; figures of the others stay."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("families", nargs="*", default=list(MADE), metavar="FAMILY")
    chosen = options.parse_args(arguments)
    for name in chosen.families:
        with small_area():
            figures = proved(model_of(MADE[name]()))
        known = json.loads(OUT.read_text()) if OUT.exists() else {}
        known = {"command": command().split(" proof")[0] + " proof"} | known
        known.setdefault("families", {})[name] = figures
        OUT.write_text(json.dumps(known, indent=1) + "\n")
        print(name, json.dumps(figures))


def proved(model: FlowModel) -> dict[str, Any]:
    """The figures of one pipeline."""
    pictures = np.random.default_rng(0).random((2 * PAIRS, SIDE, SIDE, 3), np.float32)
    before, after = pictures[:PAIRS], pictures[PAIRS:]
    objective = FlowObjective(model, ONE, RECIPE)
    pairs = objective.encode(before, after)
    fixed = objective.draw(pairs, 3, torch.Generator().manual_seed(1))
    with torch.no_grad():
        stock = float(objective.errors(fixed).mean())
    learned = train(model, before, after, phrase=ONE, recipe=RECIPE, seed=0).instruction
    with torch.no_grad(), objective.installed(learned):
        brushed = float(objective.errors(fixed).mean())
    numbers = sum(K.numel() + V.numel() for K, V in learned.features.values())
    return {
        "offset_zero_diff": zero_difference(model, pictures[0]),
        "replay_diff": replay_difference(model, pictures[0]),
        "loss_stock": round(stock, 3),
        "loss_learned": round(brushed, 3),
        "loss_text_embeddings": round(by_embeddings(objective, pairs, fixed), 3),
        "sites": len(model.sites),
        "brush_mb": round(2 * numbers / 1e6, 3),
    }


def zero_difference(model: FlowModel, image: np.ndarray) -> float:
    """Between the stock pipeline and one with offsets of zero: the largest of all latents."""
    stock = latents(model, image, ONE)
    with offset(model, zero(model, ONE, 5, 8)):
        return float((latents(model, image, ONE) - stock).abs().max())


def replay_difference(model: FlowModel, image: np.ndarray) -> float:
    """Between an instruction and another in whose place its keys and values were put."""
    with recorded(model) as kept:
        other = latents(model, image, ONE, **words(model, OTHER))
    with offset(model, replayed(model, kept), added=False):
        return float((latents(model, image, ONE) - other).abs().max())


def by_embeddings(objective: FlowObjective, pairs: Sequence[Any], fixed: FlowSamples) -> float:
    """The loss where the same tokens' embeddings are learned, in as many steps."""
    with learn_embeddings(objective, pairs, RECIPE), torch.no_grad():
        return float(objective.errors(fixed).mean())
