"""Validation: how well what is being learned does on held-out pairs."""

import math
from dataclasses import replace

import numpy as np
import torch

from brushctl.engine.brush.guidance import Guidance
from brushctl.engine.pixels import Pictures
from brushctl.engine.sampler import Editor
from brushctl.engine.training.recipes import Recipe
from brushctl.engine.training.samples import (
    NoisySamples,
    brush_errors,
    draw_samples,
    encode_pairs,
    without_frozen,
)
from brushctl.errors import DeviceMemoryError

PICTURES = 2
"""Held-out pictures edited at each evaluation, for a PSNR to watch: an edit is several passes."""


class ValidationSet:
    """Held-out pairs, (h, w, 3) each, and how well the features do on them as they stand.

    The samples are the same at every evaluation, so that the frozen branches see them once.

    Attributes:
        psnr_without: of the pictures that `psnr` edits, as they are before, in dB.
    """

    def __init__(
        self,
        guidance: Guidance,
        before: Pictures,
        after: Pictures,
        recipe: Recipe,
        seed: int,
    ) -> None:
        base, own = guidance.base, replace(recipe, batch=recipe.validation_batch)
        pairs = [encode_pairs(base, [x], [y]) for x, y in zip(before, after, strict=True)]
        generator = torch.Generator().manual_seed(seed + 1)
        self._guidance, self._buckets = guidance, recipe.buckets
        self._samples = [draw_samples(base, pair, own, generator) for pair in pairs]
        self._at_once = recipe.buckets * recipe.batch  # no more than in a step
        self._ready: list[NoisySamples] = []
        self._pictures = list(before[:PICTURES]), after[:PICTURES]
        self.psnr_without = _psnr(*self._pictures)
        self._editor = Editor(base, guidance.state.instruction, scales=guidance.scales, seed=seed)

    @torch.no_grad()
    def evaluate(self, parts: int) -> torch.Tensor:
        """Each bucket's error, (j,), where a step's samples go through the model in `parts`."""
        rows = math.ceil(self._at_once / parts)
        if not self._ready:
            parts_of_all = (part for sample in self._samples for part in sample.rows(rows))
            self._ready = [without_frozen(self._guidance, part) for part in parts_of_all]
        divided = (part for sample in self._ready for part in sample.rows(rows))
        errors = torch.cat([brush_errors(self._guidance, part) for part in divided])
        return errors.view(len(self._samples), self._buckets, -1).mean((0, 2)).cpu()

    def psnr(self) -> float:
        """In dB, the mean of a few of the pictures as they would be edited now.

        NaN where memory does not suffice: the figure is to be watched, and decides nothing.
        """
        before, truth = self._pictures
        try:
            with self._editor as editor:
                edited = [picture.after for picture in editor.edit(before)]
        except DeviceMemoryError:
            return math.nan
        return _psnr(edited, truth)


def _psnr(pictures: Pictures, truth: Pictures) -> float:
    """In dB, the mean over pictures."""
    errors = [np.mean((x - y) ** 2) for x, y in zip(pictures, truth, strict=True)]
    return float(-10 * np.log10(np.add(errors, 1e-10)).mean())
