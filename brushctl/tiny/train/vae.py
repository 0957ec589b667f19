"""The autoencoder of tiny-ip2p: f = 4, 24 latent channels."""

from pathlib import Path

import torch
from diffusers import AutoencoderKL
from torch import nn
from torch.nn import functional as F

from brushctl.tiny.train.loop import Run, keep_sheet, optimise
from brushctl.tiny.train.pictures import Pictures, to_model
from brushctl.tiny.train.widening import widen

LATENTS = 24
"""Channels."""
BATCH = 12
DETAILED = 4
"""Pictures of a batch that are full of detail."""
BOUND = 1e-3
"""Weight of the latents' mean square: it keeps them bounded. The posterior is not sampled: its
mean is all that editing uses, and noise on it would only be learned away."""
KEPT = 0.02
"""Weight of the distance from the latents of the autoencoder that training began with: a U-Net
that knows those goes on with these."""


def new_vae() -> AutoencoderKL:
    """64 px to 16 x 16 x 24: two input values for each latent value.

    The best linear code of 4 x 4 patches reaches 30 dB with 16 values and 34 dB (photographs 36)
    with 24: fewer cost photographs their detail. Widths are multiples of 32: others fall back
    to slow convolutions on a CPU.
    """
    return AutoencoderKL(
        in_channels=3,
        out_channels=3,
        down_block_types=("DownEncoderBlock2D",) * 3,
        up_block_types=("UpDecoderBlock2D",) * 3,
        block_out_channels=(32, 32, 64),
        layers_per_block=1,
        latent_channels=LATENTS,
        norm_num_groups=8,
        sample_size=64,
        scaling_factor=1.0,
        mid_block_add_attention=False,
    )


def _differences(x: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    return x[..., 1:] - x[..., :-1], x[..., 1:, :] - x[..., :-1, :]


def reconstruction_loss(y: torch.Tensor, x: torch.Tensor) -> torch.Tensor:
    """Each picture's PSNR, and L1 on differences: sharp edges without a second network.

    The logarithm keeps smooth pictures from being left to the busy ones.
    """
    error = (y - x).flatten(1).pow(2).mean(1)
    edges = sum(F.l1_loss(a, b) for a, b in zip(_differences(y), _differences(x), strict=True))
    return torch.log(error + 1e-5).mean() + edges


def train_vae(run: Run, pictures: Pictures, out: Path, start: Path | None = None) -> None:
    """Train, fold the latents' mean and deviation into the 1x1 convolutions, save to `out`.

    Begins with the autoencoder in `start`, which may have fewer latent channels, if one is given.
    """
    torch.manual_seed(run.seed)
    vae = new_vae().to(run.device)
    known = None
    if start:
        known = AutoencoderKL.from_pretrained(start).float().to(run.device).eval()
        widen(vae, known.state_dict(), known.config.latent_channels)
    shown = to_model(pictures.held_out.after[:12], run.device)

    def loss(g: torch.Generator) -> torch.Tensor:
        x = to_model(pictures.drawn(g, BATCH - DETAILED, DETAILED), run.device)
        x = x.flip(3) if torch.rand((), generator=g) < 0.5 else x
        z = vae.encode(x).latent_dist.mean
        y = vae.decode(z).sample
        value = reconstruction_loss(y.float(), x) + BOUND * z.float().pow(2).mean()
        return value + KEPT * _moved(known, x, z) if known else value

    def report(model: nn.Module, step: int) -> dict[str, float]:
        with torch.no_grad():
            keep_sheet(run, step, [shown, model(shown).sample])
        return pictures.fidelity(model, run.device)

    average = optimise(vae, loss, run, report, pictures.contents())
    assert isinstance(average, AutoencoderKL)
    whiten(average, to_model(pictures.train.before[:2000], run.device))
    average.to(torch.float16).save_pretrained(out)


def _moved(known: AutoencoderKL, x: torch.Tensor, z: torch.Tensor) -> torch.Tensor:
    with torch.no_grad():
        before = known.encode(x).latent_dist.mean
    return F.mse_loss(z[:, : before.shape[1]].float(), before.float())


@torch.no_grad()
def whiten(vae: AutoencoderKL, pictures: torch.Tensor) -> None:
    """Give every latent channel zero mean and unit deviation, without changing a reconstruction.

    The 1x1 convolutions on both sides of the latents are linear, so the standardisation folds
    into their weights, and `scaling_factor` is 1 as the IP2P pipeline's unscaled image
    conditioning would like it to be.
    """
    means = torch.cat([vae.encode(part).latent_dist.mean for part in pictures.split(200)])
    mu, sigma = means.mean((0, 2, 3)), means.std((0, 2, 3))
    channels = len(mu)
    quant, post = vae.quant_conv, vae.post_quant_conv
    assert quant is not None
    assert post is not None
    quant.weight[:channels] /= sigma[:, None, None, None]
    quant.bias[:channels] = (quant.bias[:channels] - mu) / sigma
    quant.bias[channels:] -= 2 * sigma.log()
    post.bias += post.weight[..., 0, 0] @ mu
    post.weight *= sigma[None, :, None, None]


def pixel_worth(vae: AutoencoderKL, pictures: torch.Tensor) -> torch.Tensor:
    """A, (c, c): |A d|^2 is the mean square that an error d of the latents costs in pixels.

    A = M^(1/2), where M is the mean of J^T J over positions, J being the decoder's Jacobian: the
    pull-back of white noise through it has M as its covariance. M's mean diagonal is scaled to 1,
    and a tenth of the identity is mixed in, so that no latent is worth nothing.
    """
    noise = torch.Generator().manual_seed(0)
    moments = []
    for part in pictures.split(50):
        with torch.no_grad():
            z = vae.encode(part).latent_dist.mean
        y = vae.decode(z.requires_grad_()).sample
        u = torch.randn(y.shape, generator=noise).to(y)
        (g,) = torch.autograd.grad((y * u).sum(), z)
        moments.append(torch.einsum("ncij,ndij->cd", g, g))
    m = torch.stack(moments).sum(0)
    m = 0.9 * m / m.diagonal().mean() + 0.1 * torch.eye(len(m), device=m.device)
    values, vectors = torch.linalg.eigh(m)
    return vectors @ torch.diag(values.sqrt()) @ vectors.T
