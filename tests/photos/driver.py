"""The real command line with a model that takes no time: a tone curve at working size.

Run as `python -m tests.photos.driver apply ...`. It stands in for the engine alone; everything
else, from the parser to the rename, is the program that users run.
"""

import sys
import time
import types
from dataclasses import dataclass
from typing import Any

import numpy as np

SIDE = 64


@dataclass(frozen=True, slots=True)
class Edited:
    """As the engine's."""

    before: Any
    after: Any


@dataclass(frozen=True, slots=True)
class Lingering:
    """An edit that is not to be had for a minute: whoever writes it has to wait, and says so."""

    after: Any

    @property
    def before(self) -> Any:
        sys.stderr.write("lingering\n")
        sys.stderr.flush()
        time.sleep(60)


class ToneEditor:
    """Darkens and cools; green pictures it cannot bear."""

    def __init__(
        self, *_: object, seconds: float = 0.0, lingering: bool = False, **settings: object
    ) -> None:
        self.settings, self.seconds, self.lingering = settings, seconds, lingering
        self.seen = 0

    def __enter__(self) -> "ToneEditor":
        return self

    def __exit__(self, *_: object) -> None:
        return None

    at_once = 2
    wants_many = False

    def working_size(self, width: int, height: int) -> tuple[int, int]:
        scale = SIDE / (width * height) ** 0.5
        return max(8, round(width * scale)), max(8, round(height * scale))

    def edit(self, images: Any) -> list[Edited]:
        self.seen += len(images)
        time.sleep(self.seconds * len(images))
        if self.lingering:
            return [Lingering(tone(image)) for image in images]
        return [Edited(image, tone(image)) for image in images]


def tone(pixels: Any) -> Any:
    """The edit, exactly, at any size."""
    return (0.7 * pixels * np.float32([0.8, 0.9, 1.0])).astype(np.float32)


def tone_engine(**how: Any) -> types.ModuleType:
    """What stands where the command line looks for `brushctl.engine.sampler`."""
    engine = types.ModuleType("brushctl.engine.sampler")
    engine.open_editor = lambda *a, **k: ToneEditor(*a, **how, **k)  # type: ignore[attr-defined]
    return engine


if __name__ == "__main__":
    sys.modules["brushctl.engine.sampler"] = tone_engine()
    from brushctl.cli.app import main

    main()
