"""What the U-Net is shown in training, and asked for: noisy pictures, its own and true ones."""

from dataclasses import dataclass

import torch
from diffusers import UNet2DConditionModel
from torch import nn
from torch.nn import functional as F
from transformers import CLIPTextModel

BATCH = 32
TRAIN_STEPS = 1000
CHANGED = 0.1
"""Mean change of the latents, of deviation 1, above which a position counts as edited."""
FOCUS = 3.0
"""How much more the edited positions of a pair weigh than the others."""
UNCONDITIONAL = 0.05
"""Share of draws without picture and words: the first branch of eq. 3."""
OWN = 0.5
"""Share of draws that are noised from the model's own estimate: what it meets at inference.

Trained on the truth alone, it trusts what it sees under the noise, and keeps its own errors.
"""


class Denoiser(nn.Module):
    """The two parts that learn together."""

    def __init__(self, unet: UNet2DConditionModel, text_encoder: CLIPTextModel) -> None:
        super().__init__()
        self.unet = unet
        self.text_encoder = text_encoder


@dataclass(frozen=True, slots=True)
class Latents:
    """Encoded pairs: (n, 24, 16, 16) half-precision, and (n, 32) token ids."""

    before: torch.Tensor
    after: torch.Tensor
    tokens: torch.Tensor


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
        """The mean square error, in pixels, of what is seen under the noise of one batch."""
        before, after, tokens = self._drawn(g)
        unet, device, own = self.model.unet, self.worth.device, int(OWN * BATCH)
        focus = _focus_on(before, after).to(device)
        blank = torch.rand(BATCH, generator=g) < UNCONDITIONAL
        picture = (before * ~blank[:, None, None, None]).to(device)
        words = self.model.text_encoder(
            torch.where(blank[:, None], self.nothing, tokens).to(device)
        )[0]
        x = after.to(device)
        t = torch.cat([_own_times(g, own), _times(g, BATCH - own)]).to(device)
        noise = torch.randn(picture.shape, generator=g).to(device)
        own_x = own_estimate(unet, self.alpha_bar, picture[:own], words[:own], t[:own], g)
        a = self.alpha_bar[t][:, None, None, None]
        x_t = a.sqrt() * torch.cat([own_x, x[own:]]) + (1 - a).sqrt() * noise
        error = _velocity(unet, x_t, picture, t, words) - velocity_to(x, x_t, a)
        error = torch.cat([error[:own] * (1 - a[:own]).sqrt(), error[own:]])
        in_pixels = F.conv2d(error, self.worth[:, :, None, None].to(error))
        return (focus * in_pixels.float().pow(2)).mean()

    def _drawn(self, g: torch.Generator) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
        """Pictures before and after, (32, 24, 16, 16), and their words, (32, 32)."""
        index = torch.randint(len(self.latents.tokens), (BATCH,), generator=g)
        before, after = (side[index].float() for side in (self.latents.before, self.latents.after))
        return before, after, self.latents.tokens[index]


def _times(g: torch.Generator, n: int) -> torch.Tensor:
    """Steps of noise, more of them near pure noise, where the edit is decided."""
    u = torch.rand(n, generator=g)
    return ((1 - u * u) * TRAIN_STEPS).long().clamp_max(TRAIN_STEPS - 1)


def _own_times(g: torch.Generator, n: int) -> torch.Tensor:
    """Steps at which an estimate shows through the noise, and is not all there is to see."""
    return (TRAIN_STEPS * (0.1 + 0.8 * torch.rand(n, generator=g))).long()


def velocity_to(x: torch.Tensor, x_t: torch.Tensor, alpha_bar: torch.Tensor) -> torch.Tensor:
    """The prediction at `x_t` from which a sampler reads `x`, wherever `x_t` came from."""
    return (alpha_bar.sqrt() * x_t - x) / (1 - alpha_bar).sqrt()


def _velocity(
    unet: nn.Module, x_t: torch.Tensor, picture: torch.Tensor, t: torch.Tensor, words: torch.Tensor
) -> torch.Tensor:
    """The U-Net's prediction, (n, c, h, w)."""
    seen = torch.cat([x_t, picture], 1).contiguous(memory_format=torch.channels_last)
    predicted: torch.Tensor = unet(seen, t, words).sample
    return predicted.float()


@torch.no_grad()
def estimate(
    unet: nn.Module,
    alpha_bar: torch.Tensor,
    x_t: torch.Tensor,
    picture: torch.Tensor,
    t: torch.Tensor,
    words: torch.Tensor,
) -> torch.Tensor:
    """The edited picture that one sampling step sees under the noise of `x_t`: (n, c, h, w)."""
    a = alpha_bar[t][:, None, None, None]
    return a.sqrt() * x_t - (1 - a).sqrt() * _velocity(unet, x_t, picture, t, words)


def own_estimate(
    unet: nn.Module,
    alpha_bar: torch.Tensor,
    picture: torch.Tensor,
    words: torch.Tensor,
    t: torch.Tensor,
    g: torch.Generator,
) -> torch.Tensor:
    """What sampling from pure noise has made of each picture before it comes to `t`.

    After one step in half of them, after two in the others: the second somewhere on the way.
    """
    noise, again = (torch.randn(picture.shape, generator=g).to(picture.device) for _ in range(2))
    last = torch.full_like(t, TRAIN_STEPS - 1)
    first = estimate(unet, alpha_bar, noise, picture, last, words)
    n = len(t) // 2
    between = t[:n] + ((last - t)[:n] * torch.rand(n, generator=g).to(t.device)).long()
    a = alpha_bar[between][:, None, None, None]
    x_t = a.sqrt() * first[:n] + (1 - a).sqrt() * again[:n]
    return torch.cat([estimate(unet, alpha_bar, x_t, picture[:n], between, words[:n]), first[n:]])


def _focus_on(before: torch.Tensor, after: torch.Tensor) -> torch.Tensor:
    """(n, 1, h, w), of mean 1 in each pair: what a local edit changes weighs more than the rest.

    A thing that fills a tenth of the picture would else be a tenth of its loss. Edits of the whole
    picture weigh 1 everywhere.
    """
    changed = ((after - before).abs().mean(1, keepdim=True) > CHANGED).float()
    weight = 1 + FOCUS * changed
    return weight / weight.mean((2, 3), keepdim=True)
