"""The commands in docs/brushes.md and docs/format.md, run as they stand, print what they show."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from brushctl.brushes.file import write_brush
from tests.brushes.makers import plain

ROOT = Path(__file__).parents[2]
PHRASES = {"warm": "turn it into a warm evening", "grain": None}
BLOCK = re.compile(r"^```console\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def sessions(guide: str) -> list[tuple[str, str]]:
    """Each command of a guide with the output it shows."""
    text = "".join(BLOCK.findall((ROOT / "docs" / f"{guide}.md").read_text()))
    parts = re.split(r"^\$ (.*(?:\n> .*)*)\n", text, flags=re.MULTILINE)
    commands = [command.replace("\n> ", "\n") for command in parts[1::2]]
    return list(zip(commands, parts[2::2], strict=True))


@pytest.fixture
def shell(tmp_path):
    """Runs commands as a person would, in a home of their own; returns what the screen shows."""
    home = tmp_path / "home"
    for seed, (name, phrase) in enumerate(PHRASES.items()):
        write_brush(plain(name, seed=seed, phrase=phrase), home / f"{name}.brush")
    shutil.copytree(ROOT / "formats", home / "formats")
    programs = tmp_path / "bin"
    programs.mkdir()
    for name, command in (("brushctl", "-m brushctl"), ("python", "")):
        program = programs / name
        program.write_text(f'#!/bin/sh\nexec {sys.executable} {command} "$@"\n')
        program.chmod(0o755)
    environment = {
        **{key: v for key, v in os.environ.items() if not key.startswith(("XDG_", "BRUSHCTL_"))},
        "HOME": str(home),
        "XDG_DATA_HOME": str(home / ".local/share"),
        "PATH": f"{programs}:{os.environ['PATH']}",
        "PYTHONPATH": str(ROOT),
        "SOURCE_DATE_EPOCH": "1767312000",  # 2026-01-02
        "COLUMNS": "100",
    }

    def run(command: str) -> str:
        done = subprocess.run(
            ["bash", "-c", command],
            cwd=home,
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
        return done.stdout.replace(str(home), "/home/you")

    return run


@pytest.mark.parametrize("guide", ["brushes", "format"])
def test_the_commands_of_the_guide_print_what_it_shows(guide, shell):
    if guide == "format" and not shutil.which("node"):
        pytest.skip("Node is not installed")
    examples = sessions(guide)
    assert examples
    for command, shown in examples:
        # Three dots stand for anything; where lines are broken depends on the width of paths.
        pattern = r"\s+".join(map(re.escape, shown.split())).replace(r"\.\.\.", ".*")
        printed = shell(command).strip()
        assert re.fullmatch(pattern, printed, re.DOTALL), f"$ {command}\n{printed}"
