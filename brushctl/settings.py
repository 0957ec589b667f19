"""Where things live, and the environment variables that say so."""

import os
from pathlib import Path

import platformdirs

TINY = "tiny-ip2p"
"""The base model that ships inside the package."""

INSTRUCT_PIX2PIX = "timbrooks/instruct-pix2pix"
"""The base model for real work, fetched from the hub by diffusers."""


def home() -> Path:
    """The folder of the user's brushes: `BRUSHCTL_HOME`, else the platform's data folder."""
    override = os.environ.get("BRUSHCTL_HOME")
    return Path(override).expanduser() if override else platformdirs.user_data_path("brushctl")


def brush_cache() -> Path:
    """The folder in which brushes lie under their names."""
    return home() / "brushes"
