"""The real command line, run within the test's own process."""

import io
import json
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from brushctl.brushes.file import Brush, read_brush, write_brush
from brushctl.cli.app import main
from tests.brushes.makers import plain


class Shell:
    """Runs brushctl in a folder of its own, with a brush cache of its own."""

    def __init__(self, folder: Path, capture: pytest.CaptureFixture[bytes]) -> None:
        self.folder, self.capture = folder, capture
        self.home = str(folder / "home")

    def run(self, *arguments: str, data: bytes = b"", status: int = 0) -> tuple[bytes, str]:
        """Run it; return stdout and stderr, once the exit status is the one expected."""
        with pytest.MonkeyPatch.context() as patch:
            patch.chdir(self.folder)
            patch.setenv("BRUSHCTL_HOME", self.home)
            patch.setenv("COLUMNS", "100")
            patch.setattr(sys, "argv", ["brushctl", *arguments])
            patch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(data)))
            self.capture.readouterr()
            with pytest.raises(SystemExit) as ended:
                main()
        out, err = self.capture.readouterr()
        assert (ended.value.code or 0) == status, err.decode()
        return out, err.decode()

    def text(self, *arguments: str, status: int = 0) -> str:
        """Its stdout, as text."""
        return self.run(*arguments, status=status)[0].decode()

    def json(self, *arguments: str, status: int = 0) -> dict:
        """Its stdout with --json, read."""
        return json.loads(self.text(*arguments, "--json", status=status))

    def cached(self) -> list[str]:
        """The files in its cache, whatever they are."""
        return sorted(p.name for p in (self.folder / "home/brushes").glob("*"))

    def brush(self, name: str) -> Brush:
        """A brush of its cache."""
        return read_brush(self.folder / f"home/brushes/{name}.brush")


def shell_with_brushes(folder: Path, capture: pytest.CaptureFixture[bytes]) -> Shell:
    """One whose cache has the brushes warm and grain."""
    for seed, name in enumerate(("warm", "grain")):
        write_brush(plain(name, seed=seed), folder / f"home/brushes/{name}.brush")
    return Shell(folder, capture)


def save(path: Path, pixels: np.ndarray) -> None:
    """Write (h, w, 3) values in [0, 1] as a picture."""
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(np.rint(pixels * 255).astype(np.uint8)).save(path)
