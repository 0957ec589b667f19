"""What an editor's pipeline is asked: where words and noise enter, and how it is run."""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Any, ClassVar, TypeAlias

import torch

from brushctl.errors import UsageError

Arguments: TypeAlias = dict[str, Any]
"""Of a call of the model, by name."""
Pipeline: TypeAlias = Any
"""One of diffusers': their parts are attributes that no type knows."""
T = 1000
"""A noise level sigma of 1, in the units of timesteps and of the edges between buckets."""
AREA = 1024
"""Side of the square of as many pixels as all of these editors were trained at."""


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


def by_name(given: tuple[Any, ...], named: Arguments) -> Arguments:
    """All arguments of a call by name: a U-Net is given its sample without."""
    return dict(zip(("sample",), given, strict=False)) | named


class FlowFamily(ABC):
    """One kind of pipeline.

    Attributes:
        name: in brush files.
        pipeline: the name of diffusers' class.
        part: the name of the pipeline's part that reads words and noise.
    """

    name: ClassVar[str]
    pipeline: ClassVar[str]
    part: ClassVar[str] = "transformer"

    @abstractmethod
    def tokens(self, pipe: Pipeline, phrase: str) -> int:
        """Tokens of a phrase, with those of its end."""

    @abstractmethod
    def most_tokens(self, pipe: Pipeline, phrase: str) -> int:
        """The most tokens that can be learned with a phrase."""

    @abstractmethod
    def first(self, m: int) -> int:
        """The place of the first of m learned tokens; below 0, counted from the words' end."""

    @abstractmethod
    def settings(self, pipe: Pipeline, sampling: Sampling) -> dict[str, Any]:
        """The pipeline's arguments besides picture, words and size: no guidance by two calls."""

    def size(self, width: int, height: int) -> dict[str, Any]:
        """The pipeline's arguments by which a picture of `working_size` stays as it is."""
        return {"width": width, "height": height}

    def steps(self, pipe: Pipeline) -> int:  # noqa: ARG002
        """The pipeline's own number of sampling steps, as its documentation has it."""
        return 50

    def guidance(self, pipe: Pipeline) -> float | None:
        """The pipeline's own guidance, where the transformer is told it."""
        return 3.5 if getattr(pipe, self.part).config.get("guidance_embeds") else None

    def working_size(
        self, pipe: Pipeline, width: int, height: int, resolution: int
    ) -> tuple[int, int]:
        """The size at which the pipeline sees a photograph: its area, the photograph's shape."""
        unit = 2 * pipe.vae_scale_factor  # two latents along a side are one token
        scale = resolution / (width * height) ** 0.5
        w, h = (max(1, int(side * scale / unit)) * unit for side in (width, height))
        return w, h

    def brushed(self, named: Arguments) -> slice:  # noqa: ARG002
        """The rows of a call's batch that a brush is meant for."""
        return slice(None)

    def sigma(self, named: Arguments) -> torch.Tensor:
        """The noise level that each of the brushed rows is told, (n,)."""
        level: torch.Tensor = named["timestep"].float()
        return level

    def words(self, named: Arguments) -> int:
        """How many tokens of words the brushed rows have, less what a mask leaves out at the end.

        Raises:
            UsageError: the rows differ.
        """
        return self._length(named, named.get("encoder_hidden_states_mask"))

    def _length(self, named: Arguments, mask: torch.Tensor | None) -> int:
        if mask is None:
            return int(named["encoder_hidden_states"].shape[1])
        lengths = set(mask[self.brushed(named)].sum(1).tolist())
        if len(lengths) > 1:
            raise UsageError(
                "the pictures of the batch have words of different lengths",
                do="Edit them one after the other.",
            )
        return int(lengths.pop())

    def alone(self, named: Arguments) -> Arguments:
        """The arguments of the brushed rows."""
        return named

    def picture(self, named: Arguments) -> torch.Tensor:
        """The picture in latent space, as the model is shown it: (b, n, c)."""
        shown: torch.Tensor = named["hidden_states"]
        return shown[:, shown.shape[1] // 2 :]

    def noise(self, named: Arguments) -> torch.Tensor:
        """What is denoised, z, in the shape of `picture`."""
        shown: torch.Tensor = named["hidden_states"]
        return shown[:, : shown.shape[1] // 2]

    def one_picture(self, named: Arguments) -> bool:
        """Whether the model is shown one picture, of the size of what is denoised.

        The pipeline tells of each token which picture it belongs to, then its place there.
        """
        tokens: torch.Tensor = named["img_ids"]
        ids = tokens.reshape(-1, *tokens.shape[-2:])[0]
        parts = [ids[ids[:, 0] == part, 1:] for part in ids[:, 0].unique()]
        return len(parts) == 2 and torch.equal(*parts)

    def at(self, named: Arguments, z: torch.Tensor, sigma: float) -> Arguments:
        """The same arguments with `z` for the noise, at a noise level that is not rounded yet."""
        shown = torch.cat([z.to(named["hidden_states"]), self.picture(named)], dim=1)
        level = torch.full_like(named["timestep"], sigma, dtype=torch.float32)
        return named | {"hidden_states": shown, "timestep": level}

    def predicted(self, output: torch.Tensor, named: Arguments) -> torch.Tensor:
        """What is predicted for the noise, in the shape of `picture`: a view of the output."""
        return output[:, : self.noise(named).shape[1]]
