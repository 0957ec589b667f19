"""Where a base model lies: a folder or file, the hub's cache on this machine, or the hub itself."""

import urllib.error
import urllib.request
from collections.abc import Sequence
from pathlib import Path

from huggingface_hub import HfApi, constants, try_to_load_from_cache

from brushctl.engine.model.weights import HALF, PARTS, SUFFIXES, is_complete, weights_among
from brushctl.errors import BaseModelError, BrushctlError, UsageError, first_line, shortage
from brushctl.files import expanded
from brushctl.settings import IN_PACKAGE, INSTRUCT_PIX2PIX, fetch_command

CONNECT_TIMEOUT = 4.0
"""Seconds to wait for the hub's first answer. Its own client retries for many minutes."""


def is_here(name: str) -> bool:
    """Whether a base is named by its folder or file."""
    return expanded(name).exists()


def with_revision(name: str) -> tuple[str, str | None]:
    """A base's name and the revision in it, if there is one: `id@revision`.

    Raises:
        UsageError: nothing follows the @.
    """
    if "@" not in name or _is_path(name) or is_here(name):
        return name, None
    own, _, revision = name.partition("@")
    if not revision:
        raise UsageError(
            "no revision follows the @", where=name, do=f"Write {own}@main, for example."
        )
    return own, revision


def _is_path(name: str) -> bool:
    """Whether a name can only be a folder's or a file's."""
    return name.startswith((".", "/", "~")) or name.lower().endswith(SUFFIXES)


def at_hand(name: str, revision: str | None) -> Path | None:
    """The folder or file of a base model that lies on this machine whole; the hub is not asked."""
    return expanded(name) if is_here(name) else cached_base(name, revision)


def find_base(name: str, revision: str | None) -> Path:
    """The folder or file of a base model; what is here is used without asking the hub.

    Raises:
        BaseModelError: it is not here, and the hub cannot be reached or does not have it.
    """
    _check_name(name)
    try:
        if here := at_hand(name, revision):
            return here
        check_reachable()
        from diffusers import DiffusionPipeline

        return Path(
            DiffusionPipeline.download(
                name,
                revision=revision,
                variant=lightest(HfApi().list_repo_files(name, revision=revision)),
                safety_checker=None,
                feature_extractor=None,
            )
        )
    except Exception as error:
        # What is missing shows itself in as many exceptions as there are libraries below.
        raise unavailable(name, revision, error) from error


def check_obtainable(name: str) -> None:
    """See that a base model is on this machine, or could be fetched; nothing is.

    Raises:
        BaseModelError: it is not, and the hub does not answer.
        UsageError: a revision is empty.
    """
    name, revision = with_revision(name)
    if name in IN_PACKAGE:
        return
    _check_name(name)
    try:
        if not at_hand(name, revision):
            check_reachable()
    except Exception as error:
        # What is missing shows itself in as many exceptions as there are libraries below.
        raise unavailable(name, revision, error) from error


def _check_name(name: str) -> None:
    """See that a base's name is that of something here, or may be an id of the hub.

    Raises:
        BaseModelError: it is not.
    """
    if is_here(name):
        return
    if _is_path(name):
        raise BaseModelError(
            "there is no such folder or file", where=name, do="Check the path of the base model."
        )
    if "/" not in name:
        raise BaseModelError(
            "there is no such folder or file here, and a hub id has a slash",
            where=name,
            do="Write an id as OWNER/NAME. For a folder or file elsewhere, pass --base with its "
            "whole path.",
        )


def lightest(files: Sequence[str]) -> str | None:
    """The variant to fetch: half precision, if a repository has every part in it.

    It is half the bytes, and a brush fits it as it fits the plain one.
    """
    there = {part: [f for f in files if f.startswith(f"{part}/")] for part in PARTS}
    parts = {part: own for part, own in there.items() if own}  # only XL has a second encoder
    halves = [
        weights_among([f.removeprefix(f"{part}/") for f in own], HALF)
        for part, own in parts.items()
    ]
    return HALF if halves and all(halves) else None


def unavailable(name: str, revision: str | None, error: Exception) -> BrushctlError:
    """The error for a base that cannot be had, with what to do about it."""
    if lacking := shortage(error):
        return lacking
    wanted = name if "/" in name and not _is_path(name) else INSTRUCT_PIX2PIX
    fetch = fetch_command(wanted, revision if wanted == name else None)
    return BaseModelError(
        f"the base model cannot be loaded ({first_line(error)})",
        where=name,
        do=f"Run `{fetch}` where there is a network, then pass --base with that id, or with the "
        "folder it was copied to.",
    )


def check_reachable() -> None:
    """Fail soon where there is no network, or no place to keep what would be fetched.

    Raises:
        UsageError: the hub's cache would be in the home of a user who has none.
        ConnectionError: the hub does not answer, or HF_HUB_OFFLINE forbids to ask it.
    """
    expanded(constants.HF_HUB_CACHE)
    if constants.HF_HUB_OFFLINE:
        raise ConnectionError("it is not on this machine, and HF_HUB_OFFLINE is set")
    try:
        urllib.request.urlopen(constants.ENDPOINT, timeout=CONNECT_TIMEOUT).close()
    except urllib.error.HTTPError:
        return  # whatever it says, it is there
    except OSError as error:
        raise ConnectionError(
            f"it is not on this machine, and {constants.ENDPOINT} does not answer"
        ) from error


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
