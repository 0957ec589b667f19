"""How the scripts learn: as `brushctl learn` does, without telling how far it has come."""

import numpy as np

from brushctl.engine.model.base import BaseModel
from brushctl.engine.phrases.clip import Clip
from brushctl.engine.training.loop import Learned, learn
from brushctl.engine.training.make_brush import find_start
from brushctl.engine.training.recipes import DEFAULT, Recipe


def learnt(
    base: BaseModel, clip: Clip, before: np.ndarray, after: np.ndarray, recipe: Recipe = DEFAULT
) -> Learned:
    """A brush of pairs, each side (n, s, s, 3), from the phrase that CLIP finds for them."""
    start = find_start(clip, list(before), list(after))
    return learn(base, before, after, phrase=start.phrase, recipe=recipe, seed=0)
