"""The autoencoder of tiny-ip2p: f = 4, sixteen latent channels."""

from pathlib import Path

import numpy as np
import torch
from diffusers import AutoencoderKL
from torch import nn
from torch.nn import functional as F

from brushctl.tiny.train.data import PairSet
from brushctl.tiny.train.loop import Run, optimise

BATCH = 12
BOUND = 1e-3
"""Weight of the latents' mean square: it keeps them bounded. The posterior is not sampled: its
mean is all that editing uses, and noise on it would only be learned away."""


def new_vae() -> AutoencoderKL:
    """64 px to 16 x 16 x 16: three input values for each latent value.

    Fewer channels cost photographs their detail. Widths are multiples of 32: others fall back
    to slow convolutions on a CPU.
    """
    return AutoencoderKL(
        in_channels=3,
        out_channels=3,
        down_block_types=("DownEncoderBlock2D",) * 3,
        up_block_types=("UpDecoderBlock2D",) * 3,
        block_out_channels=(32, 32, 64),
        layers_per_block=1,
        latent_channels=16,
        norm_num_groups=8,
        sample_size=64,
        scaling_factor=1.0,
        mid_block_add_attention=False,
    )


def to_model(pixels: np.ndarray, device: torch.device) -> torch.Tensor:
    """(n, h, w, 3) bytes to (n, 3, h, w) in [-1, 1]."""
    x = torch.tensor(pixels, device=device)
    return x.permute(0, 3, 1, 2).float().div_(127.5).sub_(1)


def _differences(x: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    return x[..., 1:] - x[..., :-1], x[..., 1:, :] - x[..., :-1, :]


def reconstruction_loss(y: torch.Tensor, x: torch.Tensor) -> torch.Tensor:
    """L1 + L2 on the pixels and L1 on their differences: sharp edges without a second network."""
    edges = sum(F.l1_loss(a, b) for a, b in zip(_differences(y), _differences(x), strict=True))
    return F.l1_loss(y, x) + 4 * F.mse_loss(y, x) + 0.5 * edges


def psnr(a: torch.Tensor, b: torch.Tensor) -> torch.Tensor:
    """PSNR of each image in dB; values in [-1, 1], clipped as a file would clip them."""
    error = (a.clamp(-1, 1) - b.clamp(-1, 1)).flatten(1).pow(2).mean(1) / 4
    return -10 * torch.log10(error.clamp_min(1e-10))


@torch.no_grad()
def held_out_psnr(vae: nn.Module, pictures: torch.Tensor) -> float:
    """Mean PSNR of decode(encode(x)), in dB."""
    values = [psnr(vae(part).sample, part) for part in pictures.split(100)]
    return float(torch.cat(values).mean())


def train_vae(
    run: Run, train: PairSet, held_out: PairSet, photographs: np.ndarray, out: Path
) -> None:
    """Train, fold the latents' mean and deviation into the 1x1 convolutions, save to `out`."""
    torch.manual_seed(run.seed)
    vae = new_vae().to(run.device)
    sides = (train.before, train.after)
    unseen = to_model(held_out.after[:300], run.device)
    photos = to_model(photographs, run.device)

    def loss(g: torch.Generator) -> torch.Tensor:
        side = sides[int(torch.randint(2, (), generator=g))]
        index = torch.randint(len(side), (BATCH,), generator=g).sort().values.numpy()
        x = to_model(side[index], run.device)
        x = x.flip(3) if torch.rand((), generator=g) < 0.5 else x
        z = vae.encode(x).latent_dist.mean
        y = vae.decode(z).sample
        return reconstruction_loss(y.float(), x) + BOUND * z.float().pow(2).mean()

    def report(model: nn.Module, _: int) -> dict[str, float]:
        return {"world": held_out_psnr(model, unseen), "photos": held_out_psnr(model, photos)}

    average = optimise(vae, loss, run, report)
    assert isinstance(average, AutoencoderKL)
    whiten(average, to_model(train.before[:2000], run.device))
    average.to(torch.float16).save_pretrained(out)


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
