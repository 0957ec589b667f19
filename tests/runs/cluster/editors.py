"""Editors that a cluster's processes open: quick, slow, deadly or missing."""

import os
import time
from collections.abc import Iterator, Sequence
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
    """Takes half a second for two."""

    def edit(self, images: Any) -> list[Edited]:
        time.sleep(0.5)
        return super().edit(images)


class Sociable(ToneEditor):
    """Makes pictures the brighter, the more go together: as rounding does, but to be seen."""

    at_once = 5

    def edit(self, images: Any) -> list[Edited]:
        return [Edited(image, image * (0.5 + 0.08 * len(images))) for image in images]


def broken() -> ToneEditor:
    """An error that is none of ours, and whose kind other processes need not have."""

    class StrangeError(Exception):
        pass

    raise StrangeError("no driver")


class Mortal:
    """ReaderWriter its process at the first of two tries at a job, or at every try at `fatal`."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def __call__(self, jobs: Sequence[str]) -> Iterator[str]:
        for job in jobs:
            mark = self.folder / job
            if job == "fatal" or not mark.exists():
                mark.touch()
                os._exit(1)
            yield job.upper()


def missing() -> ToneEditor:
    """A base model that is not there."""
    raise BaseModelError("there is no such base model", where="nowhere")
