"""Pictures as a model takes them: what an autoencoder learns from, and what it loses of others."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import torch
from torch import nn

from brushctl.tiny.train.data import Bytes, PairSet

UNSEEN = 300
"""Held-out pictures of the world that an autoencoder is measured by."""


def to_model(pixels: Bytes, device: torch.device) -> torch.Tensor:
    """(n, h, w, 3) bytes to (n, 3, h, w) in [-1, 1]."""
    x = torch.tensor(pixels, device=device)
    return x.permute(0, 3, 1, 2).float().div_(127.5).sub_(1)


def psnr(a: torch.Tensor, b: torch.Tensor) -> torch.Tensor:
    """PSNR of each image in dB; values in [-1, 1], clipped as a file would clip them."""
    error = (a.clamp(-1, 1) - b.clamp(-1, 1)).flatten(1).pow(2).mean(1) / 4
    return -10 * torch.log10(error.clamp_min(1e-10))


@dataclass(frozen=True, slots=True)
class Pictures:
    """What an autoencoder is trained on and measured by.

    Attributes:
        train: pairs of the world.
        detail: (n, 64, 64, 3), full of detail: the world is smoother than photographs are.
        held_out: pairs of the world that training never sees.
        photographs: (n, 64, 64, 3), which it never sees either.
    """

    train: PairSet
    detail: Bytes
    held_out: PairSet
    photographs: Bytes

    def drawn(self, g: torch.Generator, of_world: int, of_detail: int) -> Bytes:
        """Any of the world, all before or all after their edits, then any full of detail."""
        side = (self.train.before, self.train.after)[int(torch.randint(2, (), generator=g))]
        return np.concatenate([_any_of(side, of_world, g), _any_of(self.detail, of_detail, g)])

    def contents(self) -> Iterator[bytes | memoryview]:
        """All that training sees, piece by piece, to be told from others."""
        yield from self.train.contents()
        yield np.ascontiguousarray(self.detail).data

    @torch.no_grad()
    def fidelity(self, vae: nn.Module, device: torch.device) -> dict[str, float]:
        """Mean PSNR of decode(encode(x)), in dB, on the world and on photographs."""
        kinds = {"world": self.held_out.after[:UNSEEN], "photos": self.photographs}
        return {name: _kept_of(vae, to_model(x, device)) for name, x in kinds.items()}


def _any_of(pictures: Bytes, n: int, g: torch.Generator) -> Bytes:
    index = torch.randint(len(pictures), (n,), generator=g)
    return pictures[index.sort().values.numpy()]


def _kept_of(vae: nn.Module, pictures: torch.Tensor) -> float:
    values = [psnr(vae(part).sample, part) for part in pictures.split(100)]
    return float(torch.cat(values).mean())
