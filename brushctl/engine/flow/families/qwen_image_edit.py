"""Qwen-Image-Edit."""

from typing import Any

from brushctl.engine.flow.families.family import Arguments, FlowFamily, Pipeline, Sampling

TEMPLATE_END = 5
"""Tokens behind the words in Qwen's template: `<|im_end|>`, a line's end and the assistant's
beginning. They are the end token of these encoders."""


class WordsLast(FlowFamily):
    """The text encoder sees the picture, whose tokens come before the words."""

    def tokens(self, pipe: Pipeline, phrase: str) -> int:
        """See `FlowFamily.tokens`."""
        return len(pipe.tokenizer(phrase).input_ids) + TEMPLATE_END

    def most_tokens(self, pipe: Pipeline, phrase: str) -> int:
        """See `FlowFamily.most_tokens`: what comes before the words is the picture's."""
        return self.tokens(pipe, phrase)

    def first(self, m: int) -> int:
        """See `FlowFamily.first`: the number of the picture's tokens changes with its size."""
        return -m


class QwenImageEdit(WordsLast):
    """Qwen-Image-Edit: every picture is brought to the pipeline's own area."""

    name = "qwen-image-edit"
    pipeline = "QwenImageEditPipeline"

    def settings(self, pipe: Pipeline, sampling: Sampling) -> dict[str, Any]:  # noqa: ARG002
        """See `FlowFamily.settings`."""
        told = {} if sampling.guidance is None else {"guidance_scale": sampling.guidance}
        return {"true_cfg_scale": 1.0} | told

    def size(self, width: int, height: int) -> dict[str, Any]:  # noqa: ARG002
        """See `FlowFamily.size`: the pipeline works it out from the picture's shape."""
        return {}

    def one_picture(self, named: Arguments) -> bool:
        """See `FlowFamily.one_picture`: the pipeline tells the sizes, that of the noise first."""
        noise, *pictures = named["img_shapes"][0]
        return bool(pictures == [noise])

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
        w, h = (max(1, round(side / 32)) * 32 for side in (width, width / shape))
        return w, h


class QwenImageEditPlus(QwenImageEdit):
    """Qwen-Image-Edit of 2509 and 2511: several pictures, of which it is given one."""

    name = "qwen-image-edit-plus"
    pipeline = "QwenImageEditPlusPipeline"
