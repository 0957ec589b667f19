"""Where things live, the base models' names, and what seeds there are."""

import os
from pathlib import Path

import platformdirs

from brushctl.errors import UsageError
from brushctl.extras import program
from brushctl.files import expanded

TINY = "tiny-ip2p"
"""The base model that is used unless another is named."""
TINY_DIT = "tiny-dit"
IN_PACKAGE = (TINY, TINY_DIT)
"""The base models that ship inside the package."""

INSTRUCT_PIX2PIX = "timbrooks/instruct-pix2pix"
"""The full-size base model that docs and messages name; diffusers fetches it from the hub."""


def fetch_command(base: str = INSTRUCT_PIX2PIX, revision: str | None = None) -> str:
    """The command that fetches a base model from the hub beforehand.

    Beside its parts, which lie in folders, a repository may hold the same weights as checkpoints,
    of gigabytes each.
    """
    at = f" --revision {revision}" if revision else ""
    return f'{program("hf")} download {base}{at} --include "*/*" --include model_index.json'


def home() -> Path:
    """The folder of the user's brushes: `BRUSHCTL_HOME`, else the platform's data folder.

    Raises:
        UsageError: nobody knows where the user's home is, in which it would lie.
    """
    try:
        return expanded(os.environ.get("BRUSHCTL_HOME") or platformdirs.user_data_path("brushctl"))
    except (UsageError, RuntimeError) as error:  # platformdirs returns what has a ~, or raises
        raise UsageError(
            "brushes have no place: HOME is not set, and the system knows no home of this user",
            do="Set HOME, or set BRUSHCTL_HOME to a folder for them.",
        ) from error


def brush_cache() -> Path:
    """The folder in which brushes lie under their names."""
    return home() / "brushes"


def bound_spinning() -> None:
    """Keep OpenMP's threads, in a process of our own, from waiting for each other too busily.

    They wait by spinning. When a core is shared with another program the wait can be for a thread
    that is not running, and a small model becomes ten times slower; this bounds the spinning
    (iterations), at some cost on an idle machine. It is read when torch is loaded.
    """
    os.environ.setdefault("GOMP_SPINCOUNT", "1000")


LARGEST_SEED = 2**53 - 1
"""Brushes keep their seed as a number in JSON, which is exact up to here."""


def check_seed(seed: int) -> None:
    """See that a brush and a journal can hold a seed.

    Raises:
        UsageError: they cannot.
    """
    if not 0 <= seed <= LARGEST_SEED:
        raise UsageError(f"a seed is a whole number from 0 to {LARGEST_SEED}", where=f"seed {seed}")
