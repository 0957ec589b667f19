"""The rules of the house, tested so that nobody has to remember them."""

import ast
import os
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
import typer
from importlinter.cli import lint_imports

import brushctl
from brushctl.cli.app import app

ROOT = Path(__file__).parents[1]
LONGEST = 350
HEAVY = ("torch", "numpy", "PIL", "diffusers", "transformers", "open_clip")
COMMANDS = sorted(getattr(typer.main.get_command(app), "commands", {}))
LIGHT = [["--help"], ["--version"], *([command, "--help"] for command in COMMANDS)]


def test_each_room_imports_only_what_it_may():
    assert lint_imports(config_filename=str(ROOT / "pyproject.toml"), no_cache=True) == 0


def test_no_file_is_longer_than_a_reader_can_hold():
    files = [*ROOT.glob("brushctl/**/*.py"), *ROOT.glob("tests/**/*.py")]
    lengths = {str(f.relative_to(ROOT)): len(f.read_text().splitlines()) for f in files}
    assert {name: n for name, n in lengths.items() if n > LONGEST} == {}


def test_links_are_followed_by_the_function_that_bears_one_into_itself():
    """`Path.resolve` raises there what nobody expects; `brushctl.files.resolved` does not."""
    files = [
        f for part in ("brushctl", "benchmarks", "tests") for f in ROOT.glob(f"{part}/**/*.py")
    ]
    found = [
        f"{file.relative_to(ROOT)}:{node.lineno}"
        for file in files
        for node in ast.walk(ast.parse(file.read_text()))
        if isinstance(node, ast.Attribute) and node.attr == "resolve"
    ]
    assert found == []


@pytest.mark.parametrize("arguments", LIGHT, ids=" ".join)
def test_help_and_version_load_nothing_heavy(arguments):
    assert heavy_modules(arguments) == []


def test_list_loads_nothing_heavy(tmp_path):
    assert heavy_modules(["list"], BRUSHCTL_HOME=str(tmp_path)) == []


def heavy_modules(arguments: list[str], **environment: str) -> list[str]:
    """Which heavy modules a run of brushctl with these arguments has loaded at its end."""
    program = f"""
import sys
from brushctl.cli._status import run_and_exit
from brushctl.cli.app import app
try:
    status = run_and_exit(app)
except SystemExit as stop:
    status = stop.code or 0
print(status, *(m for m in {HEAVY!r} if m in sys.modules), file=sys.stderr)
"""
    done = subprocess.run(
        [sys.executable, "-c", program, *arguments],
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, **environment},
    )
    status, *loaded = done.stderr.splitlines()[-1].split()
    assert status == "0", done.stderr
    return loaded


def test_version_is_the_same_everywhere():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    newest = re.search(r"^## \[(\d[^\]]*)\]", (ROOT / "CHANGELOG.md").read_text(), re.MULTILINE)
    assert newest is not None
    assert brushctl.__version__ == project["version"] == newest[1]


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_is_documented(command):
    pages = (page.read_text() for page in (ROOT / "docs").glob("**/*.md"))
    assert any(f"brushctl {command}" in page for page in pages)
