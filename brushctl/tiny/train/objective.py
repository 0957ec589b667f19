"""What the U-Net is shown in training, and asked for: noisy pictures, its own and true ones."""

from dataclasses import dataclass

import torch
from diffusers import UNet2DConditionModel
from torch import nn
from torch.nn import functional as F
from transformers import CLIPTextModel

from brushctl.tiny.train.encoded import Latents

BATCH = 32
TRAIN_STEPS = 1000
CHANGED = 0.1
"""Mean change of the latents, of deviation 1, above which a position counts as edited."""
FOCUS = 3.0
"""How much more the edited positions of a pair weigh than the others."""
UNCONDITIONAL = 0.05
"""Share of draws without picture and words: the first branch of eq. 3."""
OWN = 12
"""Draws from pure noise; under less noise, what the model sees there is drawn once more.

Trained on the truth alone, it trusts what it sees under the noise, and keeps its own errors.
"""
FLOOR = 0.03
"""Cost of the latents that is as much as what the autoencoder loses of a picture.

Costs count by their logarithm above it, as they do in a PSNR, so that the pictures that are
hardest to make do not drown the others.
"""


class Denoiser(nn.Module):
    """The two parts that learn together."""

    def __init__(self, unet: UNet2DConditionModel, text_encoder: CLIPTextModel) -> None:
        super().__init__()
        self.unet = unet
        self.text_encoder = text_encoder


@dataclass(frozen=True, slots=True)
class Objective:
    """What a step of training makes smaller.

    Attributes:
        model: what learns.
        latents: the pairs it learns from.
        nothing: (1, 32) token ids of no words.
        alpha_bar: (1000,), of the noise schedule.
        worth: (24, 24), what an error of the latents costs in pixels.
    """

    model: Denoiser
    latents: Latents
    nothing: torch.Tensor
    alpha_bar: torch.Tensor
    worth: torch.Tensor

    def loss(self, g: torch.Generator) -> torch.Tensor:
        """What is seen in pure noise, of that again under less noise, and of the truth."""
        before, truth, tokens = self._drawn(g, BATCH - OWN)
        focus = focus_on(before, truth)
        blank = (torch.rand(len(truth), generator=g) < UNCONDITIONAL).to(truth.device)
        picture = before * ~blank[:, None, None, None]
        words = self.model.text_encoder(torch.where(blank[:, None], self.nothing, tokens))[0]
        under = torch.cat([torch.zeros_like(truth[:OWN]), truth[OWN:]])
        last = torch.full((OWN,), TRAIN_STEPS - 1)
        t = torch.cat([last, _times(g, len(truth) - OWN)])
        seen = self._seen(under, picture, words, t, g)
        own = seen[:OWN].detach()
        again = self._seen(own, picture[:OWN], words[:OWN], _own_times(g, OWN), g)
        costs = (
            cost(seen, truth, focus, self.worth),
            cost(again, truth[:OWN], focus[:OWN], self.worth),
        )
        return torch.cat(costs).mean()

    def _drawn(self, g: torch.Generator, n: int) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
        """Pictures before and after, (n, 24, 16, 16), and their words, (n, 32)."""
        index = torch.randint(len(self.latents.tokens), (n,), generator=g)
        kept, device = self.latents, self.worth.device
        before, after = (side[index].float().to(device) for side in (kept.before, kept.after))
        return before, after, kept.tokens[index].to(device)

    def _seen(
        self,
        under: torch.Tensor,
        picture: torch.Tensor,
        words: torch.Tensor,
        t: torch.Tensor,
        g: torch.Generator,
    ) -> torch.Tensor:
        """The edited pictures that one sampling step sees in noise with `under` beneath it."""
        noise, t = (x.to(under.device) for x in (torch.randn(under.shape, generator=g), t))
        a = self.alpha_bar[t][:, None, None, None]
        x_t = a.sqrt() * under + (1 - a).sqrt() * noise
        return estimate(self.model.unet, self.alpha_bar, x_t, picture, t, words)


def _times(g: torch.Generator, n: int) -> torch.Tensor:
    """Steps of noise, more of them near pure noise, where the edit is decided."""
    u = torch.rand(n, generator=g)
    return ((1 - u * u) * TRAIN_STEPS).long().clamp_max(TRAIN_STEPS - 1)


def _own_times(g: torch.Generator, n: int) -> torch.Tensor:
    """Steps at which an estimate shows through the noise, and is not all there is to see.

    More of them near its end, where sampling loses what it has gained.
    """
    u = torch.rand(n, generator=g)
    return (TRAIN_STEPS * (0.1 + 0.8 * u * u)).long()


def estimate(
    unet: nn.Module,
    alpha_bar: torch.Tensor,
    x_t: torch.Tensor,
    picture: torch.Tensor,
    t: torch.Tensor,
    words: torch.Tensor,
) -> torch.Tensor:
    """The edited picture that one sampling step sees under the noise of `x_t`: (n, c, h, w)."""
    inputs = torch.cat([x_t, picture], 1).contiguous(memory_format=torch.channels_last)
    v = unet(inputs, t, words).sample.float()
    a = alpha_bar[t][:, None, None, None]
    seen: torch.Tensor = a.sqrt() * x_t - (1 - a).sqrt() * v
    return seen


def focus_on(before: torch.Tensor, after: torch.Tensor) -> torch.Tensor:
    """(n, 1, h, w), of mean 1 in each pair: what a local edit changes weighs more than the rest.

    A thing that fills a tenth of the picture would else be a tenth of its loss. Edits of the whole
    picture weigh 1 everywhere.
    """
    changed = ((after - before).abs().mean(1, keepdim=True) > CHANGED).float()
    weight = 1 + FOCUS * changed
    return weight / weight.mean((2, 3), keepdim=True)


def cost(
    seen: torch.Tensor, truth: torch.Tensor, focus: torch.Tensor, worth: torch.Tensor
) -> torch.Tensor:
    """(n,): what each picture's errors cost in pixels, as `FLOOR` counts it."""
    in_pixels = F.conv2d(seen - truth, worth[:, :, None, None].to(seen))
    squares = (focus * in_pixels.float().pow(2)).mean((1, 2, 3))
    return FLOOR * torch.log1p(squares / FLOOR)
