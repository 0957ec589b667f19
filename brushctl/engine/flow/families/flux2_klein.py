"""FLUX.2 klein."""

from typing import Any

from brushctl.engine.flow.families.family import FlowFamily, Pipeline, Sampling

KLEIN_WORDS = 512
"""Tokens in klein's sequence, template and padding counted: the pipeline's own default."""
TEMPLATE_START = 3
"""Tokens before the words in klein's template: `<|im_start|>`, the speaker's name, a line's end."""


class Flux2Klein(FlowFamily):
    """FLUX.2 klein: words through Qwen3 in its chat template, padded and attended to."""

    name = "flux2-klein"
    pipeline = "Flux2KleinPipeline"

    def tokens(self, pipe: Pipeline, phrase: str) -> int:
        """See `FlowFamily.tokens`: with the end of the message."""
        return len(pipe.tokenizer(phrase).input_ids) + 1

    def first(self, m: int) -> int:  # noqa: ARG002
        """See `FlowFamily.first`: behind the template's beginning."""
        return TEMPLATE_START

    def most_tokens(self, pipe: Pipeline, phrase: str) -> int:  # noqa: ARG002
        """See `FlowFamily.most_tokens`."""
        return KLEIN_WORDS - TEMPLATE_START

    def settings(self, pipe: Pipeline, sampling: Sampling) -> dict[str, Any]:  # noqa: ARG002
        """See `FlowFamily.settings`."""
        return {"guidance_scale": 1.0}

    def steps(self, pipe: Pipeline) -> int:
        """See `FlowFamily.steps`: distilled ones were made for four."""
        return 4 if pipe.config.get("is_distilled") else 50
