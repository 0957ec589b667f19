"""Which U-Net a base model has, told from its weights file and not from what was loaded.

A number format that the model runs in may round the weights (bfloat16 does); the identity is
that of the file, so that a brush fits however its base is loaded.
"""

import contextlib
import hashlib
import json
import re
from collections.abc import Callable, Generator, Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import torch
from safetensors import safe_open

from brushctl.errors import BaseModelError
from brushctl.files import write_atomically
from brushctl.settings import home

HALF = "fp16"
VARIANTS = (None, HALF)
"""The published number formats of one model, in the order in which they are preferred."""
REMEMBER_FROM = 200_000_000
"""Bytes from which an identity is kept: below, it is computed in a fraction of a second."""


def variant_of(part: Path) -> str | None:
    """The variant in which a part's folder holds its weights: None (plain) or "fp16"."""
    return next((v for v in VARIANTS if _files(part, v)), None)


def weights_of(part: Path) -> list[Path]:
    """The weights files of a model's part, in the order of their names; none if there are none."""
    return _files(part, variant_of(part))


def identity(unet: Path) -> str:
    """SHA-256 over the U-Net's tensors in sorted order: names, and values as float16.

    Half precision is where a base's published variants agree, so that its fp16 and fp32 copies
    have one identity. That of a large file is computed once and remembered beside the brushes.

    Args:
        unet: the U-Net's folder.

    Raises:
        BaseModelError: the folder has no weights.
    """
    files = weights_of(unet)
    if not files:
        raise BaseModelError("the base model has no U-Net weights", where=str(unet))
    return remembered(files, lambda: _computed(files))


def remembered(files: list[Path], compute: Callable[[], str]) -> str:
    """The identity in some weights files; of large ones it is computed once."""
    stats = [file.stat() for file in files]
    if sum(s.st_size for s in stats) < REMEMBER_FROM:
        return compute()
    stamps = zip(files, stats, strict=True)
    key = " ".join(f"{file.resolve()}:{s.st_size}:{s.st_mtime_ns}" for file, s in stamps)
    memory = home() / "base-models.json"
    known = _recalled(memory)
    if key not in known:
        known[key] = compute()
        with contextlib.suppress(OSError):  # a home that cannot be written costs only time
            write_atomically(memory, json.dumps(known, indent=1).encode())
    return known[key]


def _files(part: Path, variant: str | None) -> list[Path]:
    return [part / name for name in weights_among([f.name for f in part.glob("*")], variant)]


def weights_among(names: Sequence[str], variant: str | None) -> list[str]:
    """The weights files of a variant among the files of a part's folder, in order.

    None where some of several shards are missing: an interrupted download leaves such a folder.
    """
    infix = f"\\.{variant}" if variant else ""
    for suffix in ("safetensors", "bin"):
        # One file, or shards "-00001-of-00002".
        pattern = re.compile(
            rf"(diffusion_pytorch_)?(pytorch_)?model{infix}(-\d+-of-(?P<count>\d+))?\.{suffix}"
        )
        matches = [match for match in map(pattern.fullmatch, sorted(names)) if match]
        if matches and all(int(match["count"] or 1) == len(matches) for match in matches):
            return [match[0] for match in matches]
    return []


def _recalled(memory: Path) -> dict[str, str]:
    """What was remembered; nothing if it cannot be read."""
    try:
        known = json.loads(memory.read_text())
    except (OSError, ValueError):
        return {}
    return known if isinstance(known, dict) else {}


def digest_of(tensors: Mapping[str, Callable[[str], torch.Tensor]]) -> str:
    """The identity of a U-Net whose tensors are got by name, one at a time."""
    digest = hashlib.sha256()
    for name in sorted(tensors):
        digest.update(name.encode())
        values = tensors[name](name).to("cpu", torch.float16)
        digest.update(values.contiguous().numpy().data)
    return digest.hexdigest()


def digest_of_modules(modules: Sequence[torch.nn.Module]) -> str:
    """One digest of several loaded modules, each as `digest_of` sees it."""
    states = [module.state_dict() for module in modules]
    each = [digest_of(dict.fromkeys(state, state.__getitem__)) for state in states]
    return hashlib.sha256("".join(each).encode()).hexdigest()


def _computed(files: list[Path]) -> str:
    with opened(files) as tensors:
        return digest_of(tensors)


@contextlib.contextmanager
def opened(files: list[Path]) -> Generator[dict[str, Any]]:
    """How to get each tensor, one at a time and memory-mapped."""
    with ExitStack() as stack:
        tensors: dict[str, Any] = {}
        for file in files:
            if file.suffix == ".safetensors":
                shard = stack.enter_context(safe_open(file, "pt"))
                tensors |= dict.fromkeys(shard.keys(), shard.get_tensor)
            else:
                held = torch.load(file, map_location="cpu", mmap=True, weights_only=True)
                held = held.get("state_dict", held)  # where the training program nests it
                tensors |= dict.fromkeys(held, held.__getitem__)
        yield tensors
