"""How a run ends that a signal, a closed pipe or the file system cuts short."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.cli.shell import Shell, shell_with_brushes

# Background jobs of a shell are born deaf to Ctrl-C, and so may this test's own process be.
HEARING = """
import signal
signal.signal(signal.SIGINT, signal.default_int_handler)
from brushctl.cli.app import main
main()
"""


@pytest.fixture
def shell(tmp_path, capsysbinary) -> Shell:
    return shell_with_brushes(tmp_path, capsysbinary)


def started(folder: Path, *arguments: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", HEARING, *arguments],
        cwd=folder,
        env={**os.environ, "BRUSHCTL_HOME": str(folder / "home")},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


@pytest.mark.parametrize("asked", [(), ("--json",)])
def test_ctrl_c_is_told_and_exits_with_130(shell, asked):
    process = started(shell.folder, "import", "-", "--name", "new", *asked)
    assert process.stdin
    process.stdin.write("x" * 200_000)  # more than a pipe holds: once it is written, it is read
    process.stdin.flush()
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=60)
    assert process.returncode == 130
    if asked:
        assert json.loads(out)["error"]["code"] == "interrupted"
    else:
        assert err.startswith("error: interrupted.")
    assert "Traceback" not in err


def test_a_reader_that_has_gone_is_no_failure(shell):
    process = started(shell.folder, "list", "--json")
    assert process.stdout
    process.stdout.close()
    assert process.wait(60) == 0
    assert process.stderr
    assert process.stderr.read() == ""


def test_what_the_system_refuses_is_told_as_such(shell):
    (shell.folder / "home/brushes/odd.brush").mkdir()
    (shell.folder / "file").touch()
    _, err = shell.run("export", "warm", "file/warm.brush", status=1)
    assert "please report" not in err
    assert "not a directory" in err
    assert shell.text("list") == "grain\nwarm\n"


def test_a_brush_that_cannot_be_read_hides_no_other(shell):
    (shell.folder / "home/brushes/lost.brush").symlink_to("/proc/self/mem")
    told = shell.json("verify", status=5)
    assert told["whole"] == ["grain", "warm"]
    assert [broken["brush"] for broken in told["damaged"]] == ["lost"]
    entries = {entry["name"]: entry for entry in shell.json("list")["brushes"]}
    assert "error" in entries["lost"]
    assert "metadata" in entries["warm"]
