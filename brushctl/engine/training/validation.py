"""Validation: how well what is being learned does on held-out pairs."""

import math
from typing import Any

import numpy as np
import torch

from brushctl.engine.pixels import Pictures
from brushctl.engine.training.objective import Objective, Samples
from brushctl.engine.training.recipes import Recipe
from brushctl.errors import DeviceMemoryError, PhotoError

PICTURES = 1
"""Held-out pictures edited for a PSNR to watch: an edit is several passes."""


class ValidationSet:
    """Held-out pairs, (h, w, 3) each, and how well the features do on them as they stand.

    The samples are the same at every evaluation, so that the frozen branches see them once.

    Attributes:
        psnr_without: of the pictures that `psnr` edits, as they are before, in dB.
    """

    def __init__(
        self,
        objective: Objective[Any, Any],
        before: Pictures,
        after: Pictures,
        recipe: Recipe,
        seed: int,
    ) -> None:
        generator = torch.Generator().manual_seed(seed + 1)
        self._objective, self._batch = objective, recipe.validation_batch
        pairs = [objective.encode([x], [y]) for x, y in zip(before, after, strict=True)]
        self._samples = [objective.draw(pair, self._batch, generator) for pair in pairs]
        self._at_once = objective.rows or recipe.buckets * recipe.batch  # no more than in a step
        self._ready: list[Samples] = []
        self._pictures = list(before[:PICTURES]), after[:PICTURES]
        self._seed = seed
        self.psnr_without = _psnr(*self._pictures)

    @torch.no_grad()
    def evaluate(self, parts: int) -> torch.Tensor:
        """Each bucket's error, (j,), where a step's samples go through the model in `parts`."""
        rows = math.ceil(self._at_once / parts)
        if not self._ready:
            parts_of_all = (part for sample in self._samples for part in sample.rows(rows))
            self._ready = [self._objective.prepared(part) for part in parts_of_all]
        divided = (part for sample in self._ready for part in sample.rows(rows))
        errors = torch.cat([self._objective.errors(part) for part in divided])
        return errors.view(len(self._samples), -1, self._batch).mean((0, 2)).cpu()

    def psnr(self) -> float:
        """In dB, of the validated pictures as they would be edited now, on average.

        NaN where memory does not suffice or the model makes no picture: the figure is to be
        watched, and decides nothing.
        """
        before, truth = self._pictures
        try:
            with self._objective.editing(self._seed) as editor:
                edited = [picture.after for picture in editor.edit(before)]
        except (DeviceMemoryError, PhotoError):
            return math.nan
        return _psnr(edited, truth)


def _psnr(pictures: Pictures, truth: Pictures) -> float:
    """In dB, the mean over pictures."""
    errors = [np.mean((x - y) ** 2) for x, y in zip(pictures, truth, strict=True)]
    return float(-10 * np.log10(np.add(errors, 1e-10)).mean())
