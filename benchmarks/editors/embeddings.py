"""Learned text embeddings: what is compared with a brush's keys and values."""

from collections.abc import Generator, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np
import torch

from brushctl.bench.effects import Effect
from brushctl.engine.flow.editor import FlowEditor
from brushctl.engine.flow.model import FlowModel
from brushctl.engine.flow.objective import FlowObjective, FlowPair
from brushctl.engine.flow.offsets import in_words
from brushctl.engine.installed import Installed
from brushctl.engine.training.recipes import Recipe


class MovedWords(Installed):
    """Embeddings added to those of the first learned tokens, while the context is open."""

    def __init__(self, model: FlowModel, added: torch.Tensor, first: int) -> None:
        super().__init__()
        self._model, self._added, self._first = model, added, first

    def __enter__(self) -> None:
        hook = self._model.denoiser.register_forward_pre_hook(self._move, with_kwargs=True)
        self._installed.callback(hook.remove)

    def _move(self, _: torch.nn.Module, given: Any, named: dict[str, Any]) -> tuple[Any, Any]:  # noqa: ANN401
        length = self._model.family.words(named)
        first = self._first if self._first >= 0 else length + self._first
        states = named["encoder_hidden_states"].clone()
        states[:, first : first + self._added.shape[1]] += self._added.to(states)
        return given, named | {"encoder_hidden_states": states}


def learn_embeddings(
    objective: FlowObjective, pairs: Sequence[FlowPair], recipe: Recipe
) -> MovedWords:
    """As many tokens as a brush has, learned in as many steps at the same relative rate."""
    start = objective.initial()
    m = next(iter(start.features.values()))[0].shape[1]
    states = pairs[0].call.named["encoder_hidden_states"]
    added = torch.zeros(1, m, states.shape[-1], requires_grad=True)
    optimiser = torch.optim.Adam([added])
    moved = MovedWords(objective.model, added, start.first)
    generator = torch.Generator().manual_seed(0)
    with moved:
        for step in range(recipe.steps):
            share = 0.5 * (1 + np.cos(np.pi * step / recipe.steps))
            optimiser.param_groups[0]["lr"] = float(recipe.rate * share * states.std())
            for sample in objective.draw(pairs, recipe.batch, generator).rows(1):
                objective.errors(sample).sum().backward()
            optimiser.step()
            optimiser.zero_grad()
    added.requires_grad_(False)
    return moved


@contextmanager
def learned_words(model: FlowModel, effect: Effect, recipe: Recipe) -> Generator[FlowEditor]:
    """An editor that reads embeddings learned from an effect's pairs."""
    objective = FlowObjective(model, None, recipe)
    moved = learn_embeddings(objective, objective.encode(*effect.train), recipe)
    with moved, FlowEditor(model, in_words(None), seed=0) as editor:
        yield editor
