"""What commands load, and what the shell completes: both in processes of their own."""

import os
import subprocess
import sys

import pytest

from tests.cli.shell import shell_with_brushes


@pytest.fixture
def shell(tmp_path, capfdbinary):
    return shell_with_brushes(tmp_path, capfdbinary)


def run_python(program: str, **environment: str) -> str:
    done = subprocess.run(
        [sys.executable, "-c", program],
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, **environment},
    )
    return done.stderr.splitlines()[-1]


@pytest.mark.parametrize(
    ("arguments", "unloaded"),
    [
        (["inspect", "warm"], ("numpy", "torch", "PIL", "rich")),
        (["inspect", "warm", "--json"], ("numpy", "torch", "PIL", "rich")),
        (["inspect", "warm", "--tensors"], ("torch", "PIL")),
        (["list"], ("numpy", "torch", "PIL")),
        (["list", "--json"], ("numpy", "torch", "PIL")),
        (["rm", "grain"], ("numpy", "torch", "PIL")),
        (["mix", "warm", "grain", "-o", "new"], ("torch", "diffusers", "transformers", "PIL")),
    ],
    ids=" ".join,
)
def test_no_command_loads_more_than_it_needs(shell, arguments, unloaded):
    program = f"""
import sys
from brushctl.cli.app import main
sys.argv = ["brushctl", *{arguments!r}]
try:
    main()
except SystemExit as ended:
    print(ended.code or 0, [m for m in {unloaded!r} if m in sys.modules], file=sys.stderr)
"""
    assert run_python(program, BRUSHCTL_HOME=str(shell.folder / "home")) == "0 []"


@pytest.mark.parametrize("command", ["inspect", "mix", "rm", "export", "verify", "apply", "rename"])
def test_the_shell_completes_brush_names(shell, command):
    program = f"""
import os, sys
os.environ.update(
    _BRUSHCTL_COMPLETE="complete_bash", COMP_WORDS="brushctl {command} wa", COMP_CWORD="2"
)
sys.argv = ["brushctl"]
from brushctl.cli.app import main
try:
    main()
except SystemExit:
    pass
"""
    done = subprocess.run(
        [sys.executable, "-c", program],
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, "BRUSHCTL_HOME": str(shell.folder / "home")},
    )
    assert done.stdout.split() == ["warm"]
