"""What the U-Net is shown in training, and asked for: noisy pictures, its own and true ones."""

import torch
from torch import nn

TRAIN_STEPS = 1000
CHANGED = 0.1
"""Mean change of the latents, of deviation 1, above which a position counts as edited."""
FOCUS = 3.0
"""How much more the edited positions of a pair weigh than the others."""


def times(g: torch.Generator, n: int) -> torch.Tensor:
    """Steps of noise, more of them near pure noise, where the edit is decided."""
    u = torch.rand(n, generator=g)
    return ((1 - u * u) * TRAIN_STEPS).long().clamp_max(TRAIN_STEPS - 1)


def own_times(g: torch.Generator, n: int) -> torch.Tensor:
    """Steps at which an estimate shows through the noise, and is not all there is to see."""
    return (TRAIN_STEPS * (0.1 + 0.8 * torch.rand(n, generator=g))).long()


def velocity_to(x: torch.Tensor, x_t: torch.Tensor, alpha_bar: torch.Tensor) -> torch.Tensor:
    """The prediction at `x_t` from which a sampler reads `x`, wherever `x_t` came from."""
    return (alpha_bar.sqrt() * x_t - x) / (1 - alpha_bar).sqrt()


def velocity(
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
    return a.sqrt() * x_t - (1 - a).sqrt() * velocity(unet, x_t, picture, t, words)


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


def focus_on(before: torch.Tensor, after: torch.Tensor) -> torch.Tensor:
    """(n, 1, h, w), of mean 1 in each pair: what a local edit changes weighs more than the rest.

    A thing that fills a tenth of the picture would else be a tenth of its loss. Edits of the whole
    picture weigh 1 everywhere.
    """
    changed = ((after - before).abs().mean(1, keepdim=True) > CHANGED).float()
    weight = 1 + FOCUS * changed
    return weight / weight.mean((2, 3), keepdim=True)
