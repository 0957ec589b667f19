"""Which U-Net a base model has, told from its weights file and not from what was loaded.

A number format that the model runs in may round the weights (bfloat16 does); the identity is
that of the file, so that a brush fits however its base is loaded.
"""

import contextlib
import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import torch

from brushctl.engine.model.weights import opened, weights_of
from brushctl.errors import BaseModelError, UsageError
from brushctl.files import resolved, write_atomically
from brushctl.settings import home

REMEMBER_FROM = 200_000_000
"""Bytes from which an identity is kept: below, it is computed in a fraction of a second."""


def identity(unet: Path) -> str:
    """SHA-256 over the U-Net's tensors in sorted order: names, and values as float16.

    Half precision is where a base's published variants agree, so that its fp16 and fp32 copies
    have one identity. That of a large file is computed once and remembered next to the brushes.

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
    key = " ".join(f"{resolved(file)}:{s.st_size}:{s.st_mtime_ns}" for file, s in stamps)
    try:
        memory = home() / "base-models.json"
    except UsageError:  # nowhere to remember it costs only time
        return compute()
    known = _recalled(memory)
    if key not in known:
        known[key] = compute()
        with contextlib.suppress(OSError):  # a home that cannot be written costs only time
            write_atomically(memory, json.dumps(known, indent=1).encode())
    return known[key]


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
