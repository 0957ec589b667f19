"""The real command line, run within the test's own process."""

import io
import json
import sys
from pathlib import Path

import pytest

from brushctl.cli.app import main


class Shell:
    """Runs brushctl in a folder of its own, with a brush cache of its own."""

    def __init__(self, folder: Path, capture: pytest.CaptureFixture[bytes]) -> None:
        self.folder, self.capture = folder, capture

    def run(self, *arguments: str, data: bytes = b"", status: int = 0) -> tuple[bytes, str]:
        """Run it; return stdout and stderr, once the exit status is the one expected."""
        with pytest.MonkeyPatch.context() as patch:
            patch.chdir(self.folder)
            patch.setenv("BRUSHCTL_HOME", str(self.folder / "home"))
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
