"""How the scripts learn: as `brushctl learn` does, without telling how far it has come."""

import numpy as np

from brushctl.engine.model.base import BaseModel
from brushctl.engine.phrases.clip import Clip
from brushctl.engine.training.loop import TrainingResult, train
from brushctl.engine.training.make_brush import find_initial_phrase
from brushctl.engine.training.recipes import DEFAULT, Recipe


def learnt(
    base: BaseModel, clip: Clip, before: np.ndarray, after: np.ndarray, recipe: Recipe = DEFAULT
) -> TrainingResult:
    """A brush of pairs, each side (n, s, s, 3), from the phrase that CLIP finds for them."""
    start = find_initial_phrase(clip, list(before), list(after))
    return train(base, before, after, phrase=start.phrase, recipe=recipe, seed=0)
