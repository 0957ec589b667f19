"""The Tab key in a real bash on a real terminal, after `brushctl --install-completion`."""

import os
import pty
import re
import select
import shutil
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from brushctl.brushes.file import write_brush
from tests.brushes.makers import plain

ROOT = Path(__file__).parents[2]
PROGRAM = f"""#!{sys.executable}
import sys
sys.path.insert(0, {str(ROOT)!r})
from brushctl.cli.app import main
main()
"""
PATIENCE = 30.0
"""Seconds that the slowest machine may take to answer a key."""


class Bash:
    """An interactive bash, typed at."""

    def __init__(self, folder: Path, environment: dict[str, str]) -> None:
        self.process, self.terminal = pty.fork()
        if not self.process:
            os.chdir(folder)
            os.execvpe("bash", ["bash", "-i"], environment)

    def type(self, keys: str, until: str) -> str:
        """Press keys; return what the terminal shows, once it shows what is waited for."""
        os.write(self.terminal, keys.encode())
        shown, end = "", time.monotonic() + PATIENCE
        while not re.search(until, shown):
            assert time.monotonic() < end, f"waited for {until!r}, saw {shown!r}"
            if select.select([self.terminal], [], [], 0.2)[0]:
                shown += os.read(self.terminal, 4096).decode(errors="replace")
        return shown

    def close(self) -> None:
        os.close(self.terminal)
        os.waitpid(self.process, 0)


@pytest.fixture
def bash(tmp_path: Path) -> Iterator[Bash]:
    for seed, name in enumerate(("golden-hour", "grain")):
        write_brush(plain(name, seed=seed), tmp_path / f"brushes/{name}.brush")
    work = tmp_path / "work"
    (work / "photographs").mkdir(parents=True)
    (work / "loose.brush").touch()
    program = tmp_path / "bin/brushctl"
    program.parent.mkdir()
    program.write_text(PROGRAM)
    program.chmod(0o755)
    (tmp_path / ".bashrc").write_text("PS1='ready> '; bind 'set enable-bracketed-paste off'\n")
    environment = {
        "HOME": str(tmp_path),
        "BRUSHCTL_HOME": str(tmp_path),
        "PATH": f"{program.parent}:/usr/bin:/bin",
        "TERM": "dumb",
    }
    shell = Bash(work, environment)
    shell.type("", "ready> ")
    shell.type("brushctl --install-completion\n", "(?s)installed in .*ready> ")
    shell.type("exec bash -i\n", "(?s)exec bash -i.*ready> ")
    yield shell
    shell.close()


@pytest.mark.skipif(not shutil.which("bash"), reason="bash is not installed")
def test_bash_completes_commands_brush_names_choices_and_files(bash):
    for typed, completed in [
        ("brushctl init-p", "hrase "),
        ("brushctl apply gol", "den-hour "),
        ("brushctl mix gra", "in "),
        ("brushctl apply golden-hour photographs --detail tr", "ansfer "),
        ("brushctl apply golden-hour ph", "otographs/"),
        ("brushctl inspect lo", "ose.brush "),
    ]:
        bash.type("\x15" + typed, re.escape(typed) + "$")
        bash.type("\t", re.escape(completed))
