"""Perceptual distances between pictures, as networks see them."""

from collections.abc import Callable, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import torch
from torch.nn import functional as F

from brushctl.engine.phrases.clip import Clip
from brushctl.engine.pixels import FloatImage, to_model
from brushctl.engine.quiet import quiet

LPIPS_ALEX = "lpips-alex"
"""LPIPS on AlexNet (Zhang et al. 2018), as the paper measures it."""
ALEXNET_WEIGHTS = "alexnet-owt-7be5be79.pth"
"""The file in torch's hub cache that torchvision's AlexNet is read from."""

Distance = Callable[[Sequence[FloatImage], Sequence[FloatImage]], list[float]]
"""From two equally long lists of (h, w, 3) pictures in [0, 1] to each pair's distance."""


def has_lpips() -> bool:
    """Whether LPIPS and AlexNet's weights are on this machine; nothing is fetched."""
    weights = Path(torch.hub.get_dir()) / "checkpoints" / ALEXNET_WEIGHTS
    return find_spec("lpips") is not None and weights.is_file()


def lpips_distance() -> Distance:
    """LPIPS on AlexNet through its authors' package."""
    import lpips  # type: ignore[import-not-found, unused-ignore]

    with quiet(torch.device("cpu")):
        network: Any = lpips.LPIPS(net="alex", verbose=False).eval()

    @torch.inference_mode()
    def distance(a: Sequence[FloatImage], b: Sequence[FloatImage]) -> list[float]:
        return [float(x) for x in network(to_model(a), to_model(b)).flatten()]

    return distance


def tower_distance(clip: Clip) -> Distance:
    """The offline substitute: LPIPS' own formula on the stages of a CLIP's image tower.

    Features of every stage are brought to length 1 at each place; squared differences are summed
    over channels, averaged over places and stages. There are no learned weights for channels, so
    the figure cannot be compared with LPIPS.
    """
    tower: Any = clip.model.visual

    @torch.inference_mode()
    def distance(a: Sequence[FloatImage], b: Sequence[FloatImage]) -> list[float]:
        stages = [
            tower.forward_intermediates(clip.preprocess(x))["image_intermediates"] for x in (a, b)
        ]
        apart = [
            (F.normalize(p, dim=1) - F.normalize(q, dim=1)).square().sum(1).flatten(1).mean(1)
            for p, q in zip(*stages, strict=True)
        ]
        return [float(x) for x in torch.stack(apart).mean(0)]

    return distance
