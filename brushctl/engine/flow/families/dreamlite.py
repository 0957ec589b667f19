"""DreamLite."""

from typing import Any

import torch

from brushctl.engine.flow.families.family import Arguments, Pipeline, Sampling, T
from brushctl.engine.flow.families.qwen_image_edit import WordsLast


class DreamLite(WordsLast):
    """DreamLite: a U-Net with cross-attention, picture and noise side by side.

    Its pipeline predicts the three branches of eq. 3 in one batch, the fully conditioned rows last.
    """

    name = "dreamlite"
    pipeline = "DreamLitePipeline"
    part = "unet"

    def settings(self, pipe: Pipeline, sampling: Sampling) -> dict[str, Any]:  # noqa: ARG002
        """See `FlowFamily.settings`: eq. 3 whose other branches cancel out."""
        return {"guidance_scale": 1.0, "image_guidance_scale": 1.0}

    def steps(self, pipe: Pipeline) -> int:  # noqa: ARG002
        """See `FlowFamily.steps`."""
        return 30

    def brushed(self, named: Arguments) -> slice:
        """See `FlowFamily.brushed`: the last of three parts, but where they stand alone."""
        rows = len(named["encoder_hidden_states"])
        return slice(rows * 2 // 3 if rows % 3 == 0 else 0, rows)

    def sigma(self, named: Arguments) -> torch.Tensor:
        """See `FlowFamily.sigma`: this one is given 1000 sigma."""
        return super().sigma(named)[self.brushed(named)] / T

    def words(self, named: Arguments) -> int:
        """See `FlowFamily.words`."""
        return self._length(named, named["encoder_attention_mask"])

    def alone(self, named: Arguments) -> Arguments:
        """See `FlowFamily.alone`: the encoder has padded them to the longest row."""
        own, length = self.brushed(named), self.words(named)
        words = ("encoder_hidden_states", "encoder_attention_mask")
        return (
            named
            | {key: named[key][own] for key in ("sample", "timestep")}
            | {key: named[key][own, :length] for key in words}
            | {"added_cond_kwargs": {k: x[own] for k, x in named["added_cond_kwargs"].items()}}
        )

    def picture(self, named: Arguments) -> torch.Tensor:
        """See `FlowFamily.picture`: (b, c, h, w)."""
        shown: torch.Tensor = named["sample"]
        return shown[..., shown.shape[-1] // 2 :]

    def noise(self, named: Arguments) -> torch.Tensor:
        """See `FlowFamily.noise`."""
        shown: torch.Tensor = named["sample"]
        return shown[..., : shown.shape[-1] // 2]

    def one_picture(self, named: Arguments) -> bool:  # noqa: ARG002
        """See `FlowFamily.one_picture`: only one fits beside the noise."""
        return True

    def at(self, named: Arguments, z: torch.Tensor, sigma: float) -> Arguments:
        """See `FlowFamily.at`."""
        shown = torch.cat([z.to(named["sample"]), self.picture(named)], dim=-1)
        level = torch.full_like(named["timestep"], T * sigma, dtype=torch.float32)
        return named | {"sample": shown, "timestep": level}

    def predicted(self, output: torch.Tensor, named: Arguments) -> torch.Tensor:
        """See `FlowFamily.predicted`."""
        return output[..., : self.noise(named).shape[-1]]


class DreamLiteMobile(DreamLite):
    """DreamLite, distilled to four steps of one branch."""

    name = "dreamlite-mobile"
    pipeline = "DreamLiteMobilePipeline"

    def settings(self, pipe: Pipeline, sampling: Sampling) -> dict[str, Any]:  # noqa: ARG002
        """See `FlowFamily.settings`."""
        return {}

    def steps(self, pipe: Pipeline) -> int:  # noqa: ARG002
        """See `FlowFamily.steps`."""
        return 4

    def brushed(self, named: Arguments) -> slice:  # noqa: ARG002
        """See `FlowFamily.brushed`: there is one branch, however many pictures."""
        return slice(None)
