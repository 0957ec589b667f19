"""Other ways to put what is learned into a transformer: in place of words, or at fewer sites."""

from collections.abc import Callable, Generator
from contextlib import contextmanager
from dataclasses import replace
from typing import Self
from unittest.mock import patch

import numpy as np

from brushctl.bench.effects import Effect
from brushctl.engine.flow.editor import FlowEditor
from brushctl.engine.flow.model import FlowModel
from brushctl.engine.flow.objective import FlowObjective
from brushctl.engine.flow.offsets import Offsets, offset
from brushctl.engine.training import loop
from brushctl.engine.training.objective import AnyInstruction
from brushctl.engine.training.recipes import Recipe
from tests.engine.flow.replay import recorded, replayed

Learn = Callable[[FlowModel, Effect, Recipe], FlowEditor]
SEED = 0


class InPlace(FlowObjective):
    """What is learned stands in the place of the words' own keys and values, from these on."""

    def initial(self) -> Offsets:
        """The words' own, at each step of an edit of a grey picture."""
        side = self.model.resolution
        grey = np.full((side, side, 3), 0.5, np.float32)
        with recorded(self.model) as kept, FlowEditor(self.model, Offsets(self.phrase, 0, {})) as e:
            e.edit([grey])
        whole = replayed(self.model, kept)
        m = self.model.tokens_learned(self.phrase, self.recipe.least_m)
        features = {
            name: (K[:, :m].float(), V[:, :m].float()) for name, (K, V) in whole.features.items()
        }
        return Offsets(self.phrase, self.model.family.first(m), features, whole.edges)

    @contextmanager
    def installed(self, instruction: AnyInstruction) -> Generator[None]:
        """In place, not added."""
        assert isinstance(instruction, Offsets)
        with offset(self.model, instruction, added=False):
            yield


class InPlaceEditor(FlowEditor):
    """Edits with what was learned in the place of the words'."""

    def __enter__(self) -> Self:
        self._installed.enter_context(offset(self._model, self._offsets, added=False))
        return self


def in_place(model: FlowModel, effect: Effect, recipe: Recipe) -> FlowEditor:
    """Keys and values replaced, as the paper does on a U-Net."""
    return InPlaceEditor(model, _learned(InPlace, model, effect, recipe), seed=SEED)


def at_sites(chosen: Callable[[str], bool]) -> Learn:
    """Offsets at the sites whose names are chosen; none elsewhere."""

    class Fewer(FlowObjective):
        def initial(self) -> Offsets:
            whole = super().initial()
            return replace(whole, features={k: v for k, v in whole.features.items() if chosen(k)})

    def learn(model: FlowModel, effect: Effect, recipe: Recipe) -> FlowEditor:
        return FlowEditor(model, _learned(Fewer, model, effect, recipe), seed=SEED)

    return learn


def _learned(
    objective: type[FlowObjective], model: FlowModel, effect: Effect, recipe: Recipe
) -> Offsets:
    with patch.object(loop, "objective_on", objective):
        learned = loop.train(model, *effect.train, phrase=None, recipe=recipe, seed=SEED)
    assert isinstance(learned.instruction, Offsets)
    return learned.instruction
