"""CLIP (Radford et al. 2021) through open_clip: pictures and phrases as unit vectors."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image
from torch import nn

from brushctl.engine.devices import enough_memory
from brushctl.engine.lazy_packages import lazy_packages
from brushctl.engine.model.hub import CLIP_FILES, CLIP_REPOSITORY, check_reachable, is_clip_cached
from brushctl.engine.pixels import FloatImage
from brushctl.engine.quiet import quiet
from brushctl.errors import BaseModelError, first_line, lack_of
from brushctl.events import Advance, Reporter, Stage, Warned, silent
from brushctl.extras import program
from brushctl.files import expanded, resolved
from brushctl.photos.icc import quantise
from brushctl.settings import IN_PACKAGE

TINY_CLIP = Path(__file__).parents[2] / "tiny" / "weights" / "clip"
PAPER_CLIP = "ViT-L-14-quickgelu/openai"
"""The CLIP whose text encoder Stable Diffusion 1.5, and so InstructPix2Pix, reads words with.

OpenAI's weights need the activation they were trained with, which the plain ViT-L-14 has not.
"""
VOCABULARY_FILE = "vocabulary.txt"
PICTURES, TEXTS = 16, 128
"""Pictures and phrases encoded at a time: ViT-L-14 stays below 2 GB."""

Features = NDArray[np.float32]
"""(n, d), each row of length 1."""


@dataclass(frozen=True, slots=True)
class Clip:
    """An open_clip model, its preparation of pictures and its tokenizer.

    Attributes:
        id: as `load_clip` was asked for it.
        vocabulary: the phrases it was made to know, if it brings such a list.
        read: features of the phrases that have been encoded, list by list.
    """

    id: str
    model: nn.Module
    prepare: Callable[[Image.Image], torch.Tensor]
    tokenize: Callable[[list[str]], torch.Tensor]
    vocabulary: str | None = None
    read: dict[tuple[str, ...], Features] = field(default_factory=dict, repr=False)

    @property
    def device(self) -> torch.device:
        """Where the model lies."""
        return next(self.model.parameters()).device

    @property
    def side(self) -> int:
        """The side in pixels of the square pictures it sees."""
        size: Any = self.model.visual.image_size  # type: ignore[union-attr]
        return int(size if isinstance(size, int) else size[0])

    def encode_images(self, images: Sequence[FloatImage]) -> Features:
        """Features of (h, w, 3) pictures in [0, 1]."""
        parts = [
            self._unit("encode_image", self.preprocess(images[k : k + PICTURES]))
            for k in range(0, len(images), PICTURES)
        ]
        return np.concatenate(parts)

    def preprocess(self, images: Sequence[FloatImage]) -> torch.Tensor:
        """Pictures as the model takes them: (n, 3, side, side)."""
        return torch.stack([self.prepare(_pil(x)) for x in images]).to(self.device)

    def encode_texts(self, texts: Sequence[str], *, report: Reporter = silent) -> Features:
        """Features of phrases: of several thousand they take minutes on a CPU, once."""
        known = tuple(texts)
        if known not in self.read:
            self.read[known] = self._read(known, report=report)
        return self.read[known]

    def _read(self, texts: Sequence[str], *, report: Reporter = silent) -> Features:
        report(Stage("reading phrases", total=len(texts)))
        parts = []
        for k in range(0, len(texts), TEXTS):
            batch = list(texts[k : k + TEXTS])
            parts.append(self._unit("encode_text", self.tokenize(batch)))
            report(Advance(k + len(batch)))
        return np.concatenate(parts)

    @enough_memory("CLIP does not fit into the device's memory")
    @torch.inference_mode()
    def _unit(self, method: str, batch: torch.Tensor) -> Features:
        features = getattr(self.model, method)(batch.to(self.device), normalize=True)
        return np.asarray(features.float().cpu().numpy(), np.float32)


def default_clip(base: str) -> str:
    """The CLIP that goes with a base model: the project's own, or the paper's."""
    return str(TINY_CLIP) if base in IN_PACKAGE else PAPER_CLIP


def load_clip_for(base: str, device: torch.device, *, report: Reporter = silent) -> Clip:
    """Open the CLIP that goes with a base model; the project's own where that cannot be had."""
    try:
        return load_clip(default_clip(base), device)
    except BaseModelError as error:
        report(
            Warned(
                f"{error.where}: {error.what}; phrases and measures in CLIP are those of tiny-clip "
                f"instead, which knows drawn pictures only. Run `{program('hf')} download "
                f"{CLIP_REPOSITORY} {CLIP_FILES[0]}` where there is a network"
            )
        )
        return load_clip(str(TINY_CLIP), device)


@enough_memory("CLIP does not fit into the device's memory")
def load_clip(name: str, device: torch.device) -> Clip:
    """Open a CLIP model.

    Args:
        name: a folder that open_clip's `local-dir:` opens (open_clip_config.json, weights and
            tokenizer), or an open_clip model and its weights, as in
            "ViT-L-14-quickgelu/openai".
        device: where the model goes.

    Raises:
        BaseModelError: there is no such model, or its weights are not on this machine and
            cannot be fetched.
        DeviceMemoryError: it does not fit into the device's memory.
    """
    with lazy_packages():
        import open_clip

    folder = Path(name)
    model_name, _, tag = name.rpartition("/")
    source = f"local-dir:{resolved(folder)}" if folder.is_dir() else model_name
    try:
        if not folder.is_dir():
            _check_at_hand(model_name, tag)
        with quiet(device):
            model, prepare = open_clip.create_model_from_pretrained(
                source, None if folder.is_dir() else tag, device=device
            )
            tokenize: Any = open_clip.get_tokenizer(source)
    except Exception as error:  # open_clip and the hub's client raise anything at all
        if lack_of(error):
            raise
        raise BaseModelError(
            f"this CLIP model cannot be opened ({first_line(error, 200)})",
            where=name,
            do="Give a name from open_clip's list, as ViT-L-14-quickgelu/openai, or a folder; "
            "weights are fetched once, with the network at hand.",
        ) from error
    own = folder / VOCABULARY_FILE
    vocabulary = own.read_text(encoding="utf-8") if own.is_file() else None
    return Clip(name, model.eval().requires_grad_(False), prepare, tokenize, vocabulary)


def _check_at_hand(model: str, tag: str) -> None:
    """Fail soon where weights would have to be fetched and cannot be: the client retries for long.

    Raises:
        UsageError: open_clip would keep them in the home of a user who has none.
        ConnectionError: they are not on this machine, and the hub does not answer.
    """
    import open_clip

    repository = open_clip.get_pretrained_cfg(model, tag).get("hf_hub", "").rpartition("/")[0]
    if not repository:
        expanded("~")
    elif not is_clip_cached(repository):
        check_reachable()


def _pil(image: FloatImage) -> Image.Image:
    return Image.fromarray(quantise(image, 8))
