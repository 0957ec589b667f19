"""LongCat-Image-Edit."""

import math
from typing import Any

from brushctl.engine.flow.families.family import Arguments, FlowFamily, Pipeline, Sampling
from brushctl.engine.flow.families.qwen_image_edit import QwenImageEdit

LONGCAT_WORDS = 512
"""Tokens of words in LongCat's sequence, padding counted; all of them are attended to."""


class LongCatImageEdit(QwenImageEdit):
    """LongCat-Image-Edit: the picture's tokens, then 512 of padded words, without an end."""

    name = "longcat-image-edit"
    pipeline = "LongCatImageEditPipeline"

    def tokens(self, pipe: Pipeline, phrase: str) -> int:
        """See `FlowFamily.tokens`: with one of the padding, which is its end."""
        return len(pipe.tokenizer(phrase).input_ids) + 1

    def most_tokens(self, pipe: Pipeline, phrase: str) -> int:  # noqa: ARG002
        """See `FlowFamily.most_tokens`."""
        return LONGCAT_WORDS

    def first(self, m: int) -> int:  # noqa: ARG002
        """See `FlowFamily.first`."""
        return -LONGCAT_WORDS

    def settings(self, pipe: Pipeline, sampling: Sampling) -> dict[str, Any]:  # noqa: ARG002
        """See `FlowFamily.settings`."""
        return {"guidance_scale": 1.0}

    def one_picture(self, named: Arguments) -> bool:
        """See `FlowFamily.one_picture`: told by token, as in FLUX.1."""
        return FlowFamily.one_picture(self, named)

    def _ruled(self, shape: float, resolution: int) -> tuple[int, int]:
        width = (resolution**2 * shape) ** 0.5
        w, h = (math.ceil(side / 16) * 16 for side in (width, width / shape))
        return w, h
