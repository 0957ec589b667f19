"""FLUX.2 klein."""

from typing import Any

from brushctl.engine.flow.families.family import FlowFamily, Pipeline, Sampling


class Flux2Klein(FlowFamily):
    """FLUX.2 klein: words through Qwen3 in its chat template, padded and attended to."""

    name = "flux2-klein"
    pipeline = "Flux2KleinPipeline"

    def tokens(self, pipe: Pipeline, phrase: str) -> int:
        """See `FlowFamily.tokens`: with the end of the message."""
        return len(pipe.tokenizer(phrase).input_ids) + 1

    def first(self, m: int) -> int:  # noqa: ARG002
        """See `FlowFamily.first`: behind `<|im_start|>`, the speaker's name and a line's end."""
        return 3

    def settings(self, pipe: Pipeline, sampling: Sampling) -> dict[str, Any]:  # noqa: ARG002
        """See `FlowFamily.settings`."""
        return {"guidance_scale": 1.0}

    def steps(self, pipe: Pipeline) -> int:
        """See `FlowFamily.steps`: distilled ones were made for four."""
        return 4 if pipe.config.get("is_distilled") else 50
