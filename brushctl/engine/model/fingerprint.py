"""Which U-Net a base model has, told from its weights file and not from what was loaded.

A number format that the model runs in may round the weights (bfloat16 does); the identity is
that of the file, so that a brush fits however its base is loaded.
"""

import contextlib
import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from brushctl.engine.model.gguf import GGUF
from brushctl.engine.model.weights import SUFFIXES, opened, weights_of
from brushctl.errors import BaseModelError, UsageError
from brushctl.files import resolved, write_atomically
from brushctl.settings import INSTRUCT_PIX2PIX, home

if TYPE_CHECKING:
    import torch

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


def identity_of_file(file: Path) -> str:
    """The identity of the U-Net in a file: that of the same U-Net in diffusers' layout.

    Raises:
        BaseModelError: the file holds no InstructPix2Pix of Stable Diffusion 1.5's shape.
    """
    if file.suffix.lower() == GGUF:
        raise BaseModelError(
            "a GGUF file is a transformer alone",
            where=str(file),
            do="Put it into the transformer/ folder of its pipeline in diffusers' layout, in place "
            "of the weights there, and give the pipeline's folder.",
        )
    if file.suffix.lower() not in SUFFIXES:
        raise unfit(file, f"this is not a checkpoint ({' or '.join(SUFFIXES)})")

    def compute() -> str:
        from brushctl.engine.model.checkpoint import compute_identity

        return compute_identity(file)

    return remembered([file], compute)


def unfit(file: Path, what: str) -> BaseModelError:
    """The error for a file that is no base model in one."""
    return BaseModelError(
        what,
        where=str(file),
        do="Use the whole checkpoint of an InstructPix2Pix on Stable Diffusion 1.5, such as "
        f"{INSTRUCT_PIX2PIX}, or a folder in diffusers' layout.",
    )


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


def digest_of(tensors: "Mapping[str, Callable[[str], torch.Tensor | NDArray[Any]]]") -> str:
    """The identity of a U-Net whose tensors are got by name, one at a time."""
    digest = hashlib.sha256()
    for name in sorted(tensors):
        digest.update(name.encode())
        digest.update(_half(tensors[name](name)).data)
    return digest.hexdigest()


def _half(values: "torch.Tensor | NDArray[Any]") -> NDArray[np.float16]:
    """As float16, to the same bits whichever library rounds."""
    if not isinstance(values, np.ndarray):
        values = values.detach().cpu().half().numpy()
    with np.errstate(over="ignore"):
        return np.ascontiguousarray(values, np.float16)


def digest_of_module(module: "torch.nn.Module") -> str:
    """The identity of a loaded module: that of its file, unless a number format has rounded it."""
    state = module.state_dict()
    return digest_of(dict.fromkeys(state, state.__getitem__))


def identity_of_source(module: "torch.nn.Module") -> str | None:
    """The identity of the file that a loaded module's weights were rounded or quantised from.

    None where the folder that it was loaded from is not known, or has other weights: somebody has
    changed the module's. Of a quantised module the folder alone tells.
    """
    config: Any = module.config
    part = Path(str(config.get("_name_or_path")))
    files = weights_of(part)
    if not files:
        return None
    if getattr(module, "is_quantized", False):
        return identity(part)
    state = module.state_dict()
    with opened(files) as stored:
        same = stored.keys() == state.keys() and all(
            _rounds_to(stored[name](name), own) for name, own in state.items()
        )
    return identity(part) if same else None


def _rounds_to(stored: "torch.Tensor | NDArray[Any]", own: "torch.Tensor") -> bool:
    import torch

    return torch.equal(torch.as_tensor(stored).to(own), own)


def digest_of_modules(modules: "Sequence[torch.nn.Module]") -> str:
    """One digest of several loaded modules, each as `digest_of` sees it."""
    each = [digest_of_module(module) for module in modules]
    return hashlib.sha256("".join(each).encode()).hexdigest()


def _computed(files: list[Path]) -> str:
    with opened(files) as tensors:
        return digest_of(tensors)
