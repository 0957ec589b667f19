"""The real `brushctl apply`, run within the test's own process, with a tone curve for a model."""

import io
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from brushctl.cli.app import main
from brushctl.photos.photo import open_photo
from tests.photos import makers
from tests.photos.brushes import make_brush
from tests.photos.driver import tone, tone_engine

ROOT = Path(__file__).parents[2]


class ApplyShell:
    """Runs `brushctl apply` in a folder of its own, which has a brush."""

    def __init__(self, folder: Path, capture: pytest.CaptureFixture[bytes]) -> None:
        self.folder, self.capture = folder, capture
        self.brush = make_brush(folder / "dusk.brush")

    def run(self, *arguments: str, data: bytes = b"", status: int = 0) -> tuple[bytes, str]:
        """Within this process, which has everything loaded already."""
        with pytest.MonkeyPatch.context() as patch:
            patch.chdir(self.folder)
            patch.setenv("BRUSHCTL_HOME", str(self.folder / "home"))
            patch.setattr(sys, "argv", ["brushctl", "apply", *arguments])
            patch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(data)))
            patch.setitem(sys.modules, "brushctl.engine.sampler", tone_engine())
            self.capture.readouterr()
            with pytest.raises(SystemExit) as ended:
                main()
        out, err = self.capture.readouterr()
        assert (ended.value.code or 0) == status, err.decode()
        return out, err.decode()

    def bash(self, command: str) -> None:
        """As a person types it: `brushctl` is the driver."""
        program = self.folder / "bin/brushctl"
        program.parent.mkdir(exist_ok=True)
        program.write_text(f'#!/bin/sh\nexec {sys.executable} -m tests.photos.driver "$@"\n')
        program.chmod(0o755)
        environment = {
            **os.environ,
            "PATH": f"{program.parent}:{os.environ['PATH']}",
            "PYTHONPATH": str(ROOT),
            "BRUSHCTL_HOME": str(self.folder / "home"),
        }
        shell = ["bash", "-euo", "pipefail", "-c", command]
        subprocess.run(shell, cwd=self.folder, env=environment, check=True, timeout=120)

    def events(self, *arguments: str, status: int = 0) -> list[dict]:
        out, _ = self.run(*arguments, "--json", status=status)
        return [json.loads(line) for line in out.splitlines()]

    def photographs(self, count: int = 3, folder: str = "in") -> list[Path]:
        paths = [self.folder / folder / f"{n}.jpg" for n in range(count)]
        for n, path in enumerate(paths):
            path.parent.mkdir(parents=True, exist_ok=True)
            makers.write_jpeg(path, makers.picture(seed=n))
        return paths

    def files(self, folder: str = "out") -> list[str]:
        found = (p.relative_to(self.folder / folder) for p in (self.folder / folder).rglob("*"))
        return sorted(str(p) for p in found if p.parts[0] != ".brushctl" and "." in p.name)


def edited(source: Path, target: Path, tolerance: float = 0.03) -> bool:
    wanted = tone(open_photo(source).pixels)
    return float(np.abs(open_photo(target).pixels - wanted).mean()) < tolerance


def summary(events: list[dict]) -> tuple[int, int, int]:
    last = events[-1]
    assert last["event"] == "summary"
    return last["done"], last["unchanged"], last["failed"]


def wait_for(condition: Callable[[], bool], seconds: float = 60) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it did not happen in time"
        time.sleep(0.02)
