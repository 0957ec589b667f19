"""Where things live, and the fine settings of learning, each with its reason."""

import os
from pathlib import Path

import platformdirs

from brushctl.errors import UsageError
from brushctl.files import expanded

TINY = "tiny-ip2p"
"""The base model that ships inside the package."""

INSTRUCT_PIX2PIX = "timbrooks/instruct-pix2pix"
"""The base model for real work, fetched from the hub by diffusers."""


def fetching(base: str = INSTRUCT_PIX2PIX, revision: str | None = None) -> str:
    """The command that fetches a base model from the hub beforehand.

    Beside its parts, which lie in folders, a repository may hold the same weights as checkpoints,
    of gigabytes each.
    """
    at = f" --revision {revision}" if revision else ""
    return f'hf download {base}{at} --include "*/*" --include model_index.json'


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


# How a run of learning is watched. What decides the brush itself is a recipe's
# (`brushctl.engine.training.recipes`).

REPORT_EVERY = 10
"""Steps between two progress events: a second or so on a laptop."""

KEEP_EVERY = 25
"""Steps between two states kept, of which a killed run loses the last one's successors: some
seconds' work on a laptop."""

PAIRS_FOR_ONE_HELD_OUT = 6
"""Of so many pairs one is held out: five are what an edit needs to be told from its scenes."""

LOOKS = 20
"""How often a run looks at its held-out pairs: a twentieth of the steps is the least by which
stopping early is worth it."""

DRAWS = 4
"""Samples for each bucket and held-out pair, the same at every look: their difference from look to
look is then the brush's."""

PATIENCE = 6
"""Looks in a row that may bring nothing before learning stops: nearly a third of the steps, since
the rate of a recipe may only settle things at its end."""

WORTH = 0.005
"""By how much of itself the error on held-out pairs must fall within them."""

WATCHED = 2
"""Held-out pairs edited at each look, for a PSNR to watch: an edit is several passes."""

JUDGED = 4
"""Pairs shown and measured at the end where none was held out."""
