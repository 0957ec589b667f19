"""The families of transformer editors: what differs between their pipelines.

A further family is a further class here. What is common to all of them, as diffusers has it: the
pipeline calls `transformer(hidden_states=[noise, picture], timestep=sigma, ...)` with named
arguments, the prediction of a rectified flow is noise less picture, and the tokens of the noise
come first in what is given and in what is returned.
"""

import math
from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Any, ClassVar, TypeAlias

from brushctl.errors import BaseModelError

Pipeline: TypeAlias = Any
"""One of diffusers': their parts are attributes that no type knows."""
AREA = 1024
"""Side of the square of as many pixels as all of these editors were trained at."""
TEMPLATE_END = 5
"""Tokens behind the words in Qwen's template: `<|im_end|>`, a line's end and the assistant's
beginning. They are the end token of these encoders."""
LONGCAT_WORDS = 512
"""Tokens of words in LongCat's sequence, padding counted; all of them are attended to."""


@dataclass(frozen=True, slots=True)
class Sampling:
    """How an editor is run.

    Attributes:
        steps: sampling steps.
        resolution: side in pixels of the square of as many pixels as it sees.
        guidance: the guidance that it is told as a number; None where it is told none.
    """

    steps: int
    resolution: int
    guidance: float | None


class FlowFamily(ABC):
    """One kind of pipeline.

    Attributes:
        name: in brush files.
        pipeline: the name of diffusers' class.
        any_resolution: whether it edits pictures at other areas than its own.
    """

    name: ClassVar[str]
    pipeline: ClassVar[str]
    any_resolution: ClassVar[bool] = True

    @abstractmethod
    def tokens(self, pipe: Pipeline, phrase: str) -> int:
        """Tokens of a phrase, with those of its end."""

    @abstractmethod
    def first(self, m: int) -> int:
        """The place of the first of m learned tokens; below 0, counted from the words' end."""

    @abstractmethod
    def settings(self, pipe: Pipeline, sampling: Sampling) -> dict[str, Any]:
        """The pipeline's arguments besides picture, words and size: no guidance by two calls."""

    def most_tokens(self, pipe: Pipeline, phrase: str) -> int | None:  # noqa: ARG002
        """The most tokens that can be learned with a phrase; None for as many as one likes."""
        return None

    def size(self, width: int, height: int) -> dict[str, Any]:
        """The pipeline's arguments by which a picture of `working_size` stays as it is."""
        return {"width": width, "height": height}

    def steps(self, pipe: Pipeline) -> int:  # noqa: ARG002
        """The pipeline's own number of sampling steps, as its documentation has it."""
        return 50

    def guidance(self, pipe: Pipeline) -> float | None:
        """The pipeline's own guidance, where the transformer is told it."""
        return 3.5 if pipe.transformer.config.get("guidance_embeds") else None

    def working_size(
        self, pipe: Pipeline, width: int, height: int, resolution: int
    ) -> tuple[int, int]:
        """The size at which the pipeline sees a photograph: its area, the photograph's shape."""
        unit = 2 * pipe.vae_scale_factor  # two latents along a side are one token
        scale = resolution / (width * height) ** 0.5
        w, h = (max(1, int(side * scale / unit)) * unit for side in (width, height))
        return w, h


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
        return {"max_sequence_length": min(512, pipe.tokenizer_2.model_max_length)} | told

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


class QwenImageEdit(FlowFamily):
    """Qwen-Image-Edit: the text encoder sees the picture, whose tokens come before the words."""

    name = "qwen-image-edit"
    pipeline = "QwenImageEditPipeline"
    any_resolution = False

    def tokens(self, pipe: Pipeline, phrase: str) -> int:
        """See `FlowFamily.tokens`."""
        return len(pipe.tokenizer(phrase).input_ids) + TEMPLATE_END

    def most_tokens(self, pipe: Pipeline, phrase: str) -> int | None:
        """See `FlowFamily.most_tokens`: what comes before the words is the picture's."""
        return self.tokens(pipe, phrase)

    def first(self, m: int) -> int:
        """See `FlowFamily.first`: the number of the picture's tokens changes with its size."""
        return -m

    def settings(self, pipe: Pipeline, sampling: Sampling) -> dict[str, Any]:  # noqa: ARG002
        """See `FlowFamily.settings`."""
        told = {} if sampling.guidance is None else {"guidance_scale": sampling.guidance}
        return {"true_cfg_scale": 1.0} | told

    def size(self, width: int, height: int) -> dict[str, Any]:  # noqa: ARG002
        """See `FlowFamily.size`: the pipeline works it out from the picture's shape."""
        return {}

    def working_size(
        self,
        pipe: Pipeline,  # noqa: ARG002
        width: int,
        height: int,
        resolution: int,
    ) -> tuple[int, int]:
        """See `FlowFamily.working_size`: by the pipeline's rule, until it changes nothing more."""
        size = width, height
        while (ruled := self._ruled(size[0] / size[1], resolution)) != size:
            size = ruled
        return size

    def _ruled(self, shape: float, resolution: int) -> tuple[int, int]:
        width = (resolution**2 * shape) ** 0.5
        w, h = (round(side / 32) * 32 for side in (width, width / shape))
        return w, h


class QwenImageEditPlus(QwenImageEdit):
    """Qwen-Image-Edit of 2509 and 2511: several pictures, of which it is given one."""

    name = "qwen-image-edit-plus"
    pipeline = "QwenImageEditPlusPipeline"


class LongCatImageEdit(QwenImageEdit):
    """LongCat-Image-Edit: the picture's tokens, then 512 of padded words, without an end."""

    name = "longcat-image-edit"
    pipeline = "LongCatImageEditPipeline"

    def tokens(self, pipe: Pipeline, phrase: str) -> int:
        """See `FlowFamily.tokens`: with one of the padding, which is its end."""
        return len(pipe.tokenizer(phrase).input_ids) + 1

    def most_tokens(self, pipe: Pipeline, phrase: str) -> int | None:  # noqa: ARG002
        """See `FlowFamily.most_tokens`."""
        return LONGCAT_WORDS

    def first(self, m: int) -> int:  # noqa: ARG002
        """See `FlowFamily.first`."""
        return -LONGCAT_WORDS

    def settings(self, pipe: Pipeline, sampling: Sampling) -> dict[str, Any]:  # noqa: ARG002
        """See `FlowFamily.settings`."""
        return {"guidance_scale": 1.0}

    def _ruled(self, shape: float, resolution: int) -> tuple[int, int]:
        width = (resolution**2 * shape) ** 0.5
        w, h = (math.ceil(side / 16) * 16 for side in (width, width / shape))
        return w, h


FAMILIES: dict[str, FlowFamily] = {
    family.pipeline: family
    for family in (
        FluxKontext(),
        Flux2Klein(),
        QwenImageEdit(),
        QwenImageEditPlus(),
        LongCatImageEdit(),
    )
}
"""By the names of their pipelines."""


def family_called(pipeline: str, where: str) -> FlowFamily:
    """The family of a pipeline.

    Raises:
        BaseModelError: it is of none.
    """
    if pipeline not in FAMILIES:
        raise BaseModelError(
            f"brushes do not know the pipeline {pipeline}",
            where=where,
            do=f"Use a model of one of these: {', '.join(FAMILIES)}.",
        )
    return FAMILIES[pipeline]
