"""Where a base model lies: a folder, the hub's cache on this machine, or the hub itself."""

import urllib.error
import urllib.request
from pathlib import Path

from diffusers import StableDiffusionInstructPix2PixPipeline
from huggingface_hub import constants, try_to_load_from_cache

from brushctl.engine.diagnosis import is_complete
from brushctl.errors import BaseModelError
from brushctl.settings import INSTRUCT_PIX2PIX, TINY

PATIENCE = 4.0
"""Seconds to wait for the hub's first answer. Its own client retries for many minutes."""


def is_folder(name: str) -> bool:
    """Whether a base is named by its folder."""
    return Path(name).expanduser().is_dir()


def _is_path(name: str) -> bool:
    """Whether a name can only be a folder's."""
    return name.startswith((".", "/", "~"))


def find_base(name: str, revision: str | None) -> Path:
    """The folder of a base model; what is on this machine is used without asking the hub.

    Raises:
        BaseModelError: it is not here, and the hub cannot be reached or does not have it.
    """
    if is_folder(name):
        return Path(name).expanduser()
    if _is_path(name):
        raise BaseModelError(
            "there is no such folder", where=name, do="Check the path of the base model."
        )
    try:
        cached = try_to_load_from_cache(name, "model_index.json", revision=revision)
        if isinstance(cached, str) and is_complete(Path(cached).parent):
            return Path(cached).parent
        check_reachable()
        return Path(
            StableDiffusionInstructPix2PixPipeline.download(
                name, revision=revision, safety_checker=None, feature_extractor=None
            )
        )
    except Exception as error:
        # What is missing shows itself in as many exceptions as there are libraries below.
        raise unavailable(name, error) from error


def unavailable(name: str, error: Exception) -> BaseModelError:
    """The error for a base that cannot be had, with what to do about it."""
    wanted = name if "/" in name and not _is_path(name) else INSTRUCT_PIX2PIX
    lines = str(error).strip().splitlines() or [type(error).__name__]
    return BaseModelError(
        f"the base model cannot be loaded ({lines[0].rstrip('.')[:160]})",
        where=name,
        do=f"Run `hf download {wanted}` where there is a network, then pass --base with that id, "
        f"or with the folder it was copied to. Meanwhile --base {TINY} runs anywhere.",
    )


def check_reachable() -> None:
    """Fail soon where there is no network.

    Raises:
        ConnectionError: the hub does not answer, or HF_HUB_OFFLINE forbids to ask it.
    """
    if constants.HF_HUB_OFFLINE:
        raise ConnectionError("it is not on this machine, and HF_HUB_OFFLINE is set")
    try:
        urllib.request.urlopen(constants.ENDPOINT, timeout=PATIENCE).close()
    except urllib.error.HTTPError:
        return  # whatever it says, it is there
    except OSError as error:
        raise ConnectionError(
            f"it is not on this machine, and {constants.ENDPOINT} does not answer"
        ) from error
