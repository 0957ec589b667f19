"""Editors that a cluster's processes open: quick, slow, deadly or missing."""

import os
import time
from pathlib import Path
from typing import Any

from brushctl.errors import BaseModelError
from tests.photos.driver import Edited, ToneEditor


class Signing(ToneEditor):
    """Leaves the number of its process in a folder, so that a test can kill it, and takes time."""

    def __init__(self, folder: Path, seconds: float = 0) -> None:
        super().__init__(seconds=seconds)
        (folder / str(os.getpid())).touch()


class Deadly(ToneEditor):
    """A white picture ends its process, as a decoder's crash or too little memory would."""

    def edit(self, images: Any) -> list[Edited]:
        if min(image.min() for image in images) == 1:
            os._exit(1)
        return super().edit(images)


class Slow(ToneEditor):
    """Takes half a second for each."""

    def edit(self, images: Any) -> list[Edited]:
        time.sleep(0.5)
        return super().edit(images)


def missing() -> ToneEditor:
    """A base model that is not there."""
    raise BaseModelError("there is no such base model", where="nowhere")
