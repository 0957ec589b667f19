"""What this machine can run models on, and which models lie on it. Loads torch, but no model."""

import json
from dataclasses import dataclass
from pathlib import Path

import torch
from huggingface_hub import constants, try_to_load_from_cache

from brushctl.engine.identity import weights_of
from brushctl.settings import INSTRUCT_PIX2PIX

PARTS = ("unet", "vae", "text_encoder", "text_encoder_2")
CLIP_REPOSITORY = "timm/vit_large_patch14_clip_224.openai"
"""Where open_clip fetches the CLIP for initial phrases on other bases than tiny-ip2p from."""
CLIP_FILES = ("open_clip_model.safetensors", "open_clip_pytorch_model.bin")
"""How repositories of the hub name an open_clip model's weights."""


@dataclass(frozen=True, slots=True)
class Place:
    """A device.

    Attributes:
        name: as `--device` takes it.
        about: what it is, for people.
    """

    name: str
    about: str


def devices() -> list[Place]:
    """Every device that `--device` takes on this machine, the best first."""
    found = []
    for k in range(torch.cuda.device_count() if torch.cuda.is_available() else 0):
        properties = torch.cuda.get_device_properties(k)
        memory = properties.total_memory / 2**30
        found.append(Place(f"cuda:{k}", f"{properties.name}, {memory:.0f} GiB"))
    if torch.backends.mps.is_available():
        found.append(Place("mps", "Apple GPU"))
    count = torch.get_num_threads()
    return [*found, Place("cpu", f"{count} thread{'s' * (count != 1)}")]


def hub_cache() -> Path:
    """The folder in which models from the hub are kept."""
    return Path(constants.HF_HUB_CACHE)


def base_here() -> bool:
    """Whether InstructPix2Pix lies whole in the hub's cache.

    Raises:
        OSError: its index cannot be read.
        ValueError: likewise.
    """
    index = try_to_load_from_cache(INSTRUCT_PIX2PIX, "model_index.json")
    return isinstance(index, str) and is_complete(Path(index).parent)


def clip_here() -> bool:
    """Whether the CLIP for initial phrases lies in the hub's cache."""
    return any(isinstance(try_to_load_from_cache(CLIP_REPOSITORY, f), str) for f in CLIP_FILES)


def is_complete(folder: Path) -> bool:
    """Whether a base's folder has all the weights of its index; an interrupted download has not."""
    index = json.loads((folder / "model_index.json").read_text())
    return all(weights_of(folder / part) for part in PARTS if part in index)
