"""FLUX.1 Kontext."""

from typing import Any

from brushctl.engine.flow.families.family import AREA, FlowFamily, Pipeline, Sampling

KONTEXT_WORDS = 512
"""Tokens of words in Kontext's sequence, padding counted: the pipeline's own default."""


class FluxKontext(FlowFamily):
    """FLUX.1 Kontext: words through T5, padded and attended to; CLIP's summary joins the time."""

    name = "flux-kontext"
    pipeline = "FluxKontextPipeline"

    def tokens(self, pipe: Pipeline, phrase: str) -> int:
        """See `FlowFamily.tokens`."""
        return len(pipe.tokenizer_2(phrase).input_ids)

    def first(self, m: int) -> int:  # noqa: ARG002
        """See `FlowFamily.first`."""
        return 0

    def settings(self, pipe: Pipeline, sampling: Sampling) -> dict[str, Any]:
        """See `FlowFamily.settings`."""
        told = {} if sampling.guidance is None else {"guidance_scale": sampling.guidance}
        return {"max_sequence_length": self._length_read(pipe)} | told

    def most_tokens(self, pipe: Pipeline, phrase: str) -> int:  # noqa: ARG002
        """See `FlowFamily.most_tokens`."""
        return self._length_read(pipe)

    def _length_read(self, pipe: Pipeline) -> int:
        return min(KONTEXT_WORDS, int(pipe.tokenizer_2.model_max_length))

    def size(self, width: int, height: int) -> dict[str, Any]:
        """See `FlowFamily.size`."""
        sides = {"width": width, "height": height, "max_area": width * height}
        return sides | {"_auto_resize": False}

    def steps(self, pipe: Pipeline) -> int:  # noqa: ARG002
        """See `FlowFamily.steps`."""
        return 28

    def working_size(
        self, pipe: Pipeline, width: int, height: int, resolution: int
    ) -> tuple[int, int]:
        """See `FlowFamily.working_size`: at full area, the nearest of those it was trained at."""
        if resolution != AREA:
            return super().working_size(pipe, width, height, resolution)
        # A second to import, for this alone.
        from diffusers.pipelines.flux.pipeline_flux_kontext import PREFERRED_KONTEXT_RESOLUTIONS

        shape = width / height
        return min(PREFERRED_KONTEXT_RESOLUTIONS, key=lambda size: abs(shape - size[0] / size[1]))
