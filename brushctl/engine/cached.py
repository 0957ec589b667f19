"""Which models lie in the hub's cache on this machine. Loads none, nor a library of models."""

from pathlib import Path

from huggingface_hub import constants, try_to_load_from_cache

from brushctl.engine.weights import is_complete

CLIP_REPOSITORY = "timm/vit_large_patch14_clip_224.openai"
"""Where open_clip fetches the CLIP for initial phrases on other bases than tiny-ip2p from."""
CLIP_FILES = ("open_clip_model.safetensors", "open_clip_pytorch_model.bin")
"""How repositories of the hub name an open_clip model's weights."""


def hub_cache() -> Path:
    """The folder in which models from the hub are kept."""
    return Path(constants.HF_HUB_CACHE)


def cached_base(name: str, revision: str | None = None) -> Path | None:
    """The folder of a base model that lies in the cache whole.

    Raises:
        OSError: its index cannot be read.
        ValueError: likewise.
    """
    index = try_to_load_from_cache(name, "model_index.json", revision=revision)
    folder = Path(index).parent if isinstance(index, str) else None
    return folder if folder and is_complete(folder) else None


def is_clip_cached(repository: str = CLIP_REPOSITORY) -> bool:
    """Whether a CLIP's weights lie in the cache."""
    cached = (try_to_load_from_cache(repository, file) for file in CLIP_FILES)
    return any(isinstance(file, str) for file in cached)
