"""The files in which a base model keeps the weights of its parts."""

import contextlib
import importlib
import json
import re
from collections.abc import Generator, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any

from safetensors import safe_open

from brushctl.engine.model.gguf import GGUF, load_gguf, opened_gguf
from brushctl.errors import BaseModelError, first_line

if TYPE_CHECKING:
    import torch

SUFFIXES = (".safetensors", ".ckpt")
"""Of a whole base in one file."""
PARTS = ("unet", "transformer", "vae", "text_encoder", "text_encoder_2")
SETTINGS = ("scheduler", "tokenizer", "tokenizer_2")
LIBRARIES = ("diffusers", "transformers")
"""Whose classes parts are of."""
COUNTED = re.compile(r"position_ids$")
"""Numbers 0, 1, 2... that old programs saved among the weights of text encoders."""
HALF = "fp16"
VARIANTS = (None, HALF)
"""The published number formats of one model, in the order in which they are preferred."""


def variant_of(part: Path) -> str | None:
    """The variant in which a part's folder holds its weights: None (plain) or "fp16"."""
    return next((v for v in VARIANTS if _files(part, v)), None)


def weights_of(part: Path) -> list[Path]:
    """The weights files of a model's part, in the order of their names; none if there are none."""
    return _files(part, variant_of(part))


def is_complete(folder: Path) -> bool:
    """Whether a base's folder has all the weights of its index; an interrupted download has not."""
    index = json.loads((folder / "model_index.json").read_text())
    return all(weights_of(folder / part) for part in PARTS if part in index)


def _files(part: Path, variant: str | None) -> list[Path]:
    return [part / name for name in weights_among([f.name for f in part.glob("*")], variant)]


def weights_among(names: Sequence[str], variant: str | None) -> list[str]:
    """The weights files of a variant among the files of a part's folder, in order.

    None where some of several shards are missing: an interrupted download leaves such a folder.
    A single GGUF file counts where there are no others.
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
    quantised = [name for name in names if name.endswith(GGUF)]
    return quantised if len(quantised) == 1 and variant is None else []


def load_parts(
    folder: Path, variant: str | None, dtype: "torch.dtype"
) -> "dict[str, torch.nn.Module]":
    """The parts of a base in a folder that have weights, each with all of its own and no others.

    Libraries start what a file lacks from random numbers, with a remark: a text encoder so read
    makes other pictures, and says nothing.

    Raises:
        BaseModelError: a part has not the weights of its kind.
    """
    return {
        part: _load_part(folder / part, library, cls, variant, dtype)
        for part, (library, cls) in _classes(folder, PARTS).items()
    }


def load_settings(folder: Path) -> dict[str, Any]:
    """The parts of a base in a folder that have no weights: the schedule of noise, tokenizers."""
    named = _classes(folder, SETTINGS)
    return {part: cls.from_pretrained(folder / part) for part, (_, cls) in named.items()}


def _classes(folder: Path, parts: Sequence[str]) -> dict[str, tuple[str, Any]]:
    """The library and class of each part that the index of a base names."""
    index = json.loads((folder / "model_index.json").read_text())
    named = {part: index[part] for part in parts if part in index}
    return {
        part: (library, getattr(importlib.import_module(library), kind))
        for part, (library, kind) in named.items()
        if library in LIBRARIES
    }


def _load_part(
    folder: Path,
    library: str,
    cls: Any,  # noqa: ANN401
    variant: str | None,
    dtype: "torch.dtype",
) -> "torch.nn.Module":
    """A part by its class and the library that it is of."""
    how = {"torch_dtype" if library == "diffusers" else "dtype": dtype, "variant": variant}
    files = weights_of(folder)
    if files and files[0].suffix == GGUF:
        return load_gguf(cls, files[0], dtype)
    try:
        part, found = cls.from_pretrained(folder, output_loading_info=True, **how)
    except ImportError as error:  # what it was quantised with is not here
        raise BaseModelError(
            f"its {folder.name} needs a package that is not installed ({first_line(error)})",
            where=str(folder),
            do="Install that package beside brushctl.",
        ) from error
    wrong = {
        "lacks": sorted(found["missing_keys"]),
        "has no place for": sorted(k for k in found["unexpected_keys"] if not COUNTED.search(k)),
    }
    for what, keys in wrong.items():
        if keys:
            more = f" and {len(keys) - 1:,} more" * (len(keys) > 1)
            raise BaseModelError(
                f"its {folder.name} {what} the weight {keys[0]}{more}",
                where=str(folder),
                do="Get the model again whole, in the layout that diffusers saves; or update"
                " transformers and diffusers.",
            )
    module: torch.nn.Module = part
    return module


@contextlib.contextmanager
def opened(files: list[Path]) -> Generator[dict[str, Any]]:
    """How to get each tensor, one at a time and memory-mapped.

    As numpy's arrays where all can be, which needs no torch: it has no bfloat16.
    """
    with ExitStack() as stack:
        tensors: dict[str, Any] = {}
        for file in files:
            if file.suffix == ".safetensors":
                shard = stack.enter_context(safe_open(file, "np"))
                names = shard.keys()
                if any(shard.get_slice(name).get_dtype() == "BF16" for name in names):
                    shard = stack.enter_context(safe_open(file, "pt"))
                tensors |= dict.fromkeys(names, shard.get_tensor)
            elif file.suffix == GGUF:
                tensors |= opened_gguf(file)
            else:
                import torch

                held = torch.load(file, map_location="cpu", mmap=True, weights_only=True)
                held = held.get("state_dict", held)  # where the training program nests it
                tensors |= dict.fromkeys(held, held.__getitem__)
        yield tensors
