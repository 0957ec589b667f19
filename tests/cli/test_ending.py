"""How a run ends that a signal, a closed pipe or the file system cuts short."""

import errno
import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from PIL import Image

from brushctl.cli import list as list_
from tests.cli.shell import Shell, shell_with_brushes

# Background jobs of a shell are born deaf to Ctrl-C, and so may this test's own process be.
HEARING = """
import signal
signal.signal(signal.SIGINT, signal.default_int_handler)
from brushctl.cli.app import main
main()
"""
OPENING = """
import os
from brushctl.cli._streams import open_closed_streams
open_closed_streams()
print(os.open("new", os.O_CREAT | os.O_WRONLY))
"""
ROOT = Path(__file__).parents[2]


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


@pytest.mark.parametrize(
    ("command", "status"),
    [
        ("list --json", 0),
        ("export warm -", 0),
        ("learn pairs --check-only -q", 0),
        ("inspect --help", 0),
        ("inspect warm nosuch", 5),
        ("inspect warm nosuch --json", 5),
        ("inspect warm nosuch 2>&1", 5),
    ],
)
def test_a_reader_that_has_gone_changes_no_exit_status(shell, command, status):
    for side in ("before", "after"):
        (shell.folder / "pairs" / side).mkdir(parents=True)
        Image.effect_noise((64, 64), ord(side[0])).save(shell.folder / f"pairs/{side}/a.png")
    reader, writer = os.pipe()
    os.close(reader)
    done = subprocess.run(
        ["bash", "-c", f"{sys.executable} -m brushctl {command}"],
        cwd=shell.folder,
        env={**os.environ, "BRUSHCTL_HOME": str(shell.folder / "home"), "PYTHONPATH": str(ROOT)},
        stdout=writer,
        stderr=subprocess.PIPE,
        text=True,
        check=False,
    )
    os.close(writer)
    assert done.returncode == status, done.stderr
    assert "Broken" not in done.stderr


@pytest.mark.parametrize(
    ("command", "status"),
    [
        ("list >&-", 0),
        ("list --json >&- 2>&-", 0),
        ("list 2>&-", 0),
        ("inspect warm nosuch 2>&-", 5),
        ("import - --name new <&-", 5),
        ("list > /dev/full", 1),
        ("--help > /dev/full", 1),
        ("inspect warm > /dev/full", 1),
        ("list --json > /dev/full", 1),
        ("apply nosuch in 2> /dev/full", 5),
        ("apply nosuch in --json > /dev/full", 5),
    ],
)
def test_a_stream_that_is_closed_or_full_is_no_traceback(shell, command, status):
    done = subprocess.run(
        ["bash", "-c", f"{sys.executable} -m brushctl {command}"],
        cwd=shell.folder,
        env={**os.environ, "BRUSHCTL_HOME": str(shell.folder / "home"), "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == status, done.stderr
    assert "Traceback" not in done.stderr
    assert "Exception" not in done.stderr
    if status == 1 and "--json" not in command:
        assert "error: no space left on device" in done.stderr


def test_no_file_of_a_run_takes_the_number_of_a_closed_stream(shell):
    done = subprocess.run(
        ["bash", "-c", f"exec {sys.executable} -c '{OPENING}' 2>&-"],
        cwd=shell.folder,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    assert int(done.stdout) > 2


def test_a_pipe_that_breaks_elsewhere_is_told_and_is_a_failure(shell, monkeypatch):
    def broken(*_):
        raise BrokenPipeError(errno.EPIPE, "Broken pipe")

    monkeypatch.setattr(list_, "names", broken)
    _, err = shell.run("list", status=1)
    assert "error: broken pipe" in err


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("apply", "warm", "--nonsense"), "--nonsense"),
        (("learn", "--seed", "-1"), "--seed"),
        (("inspect",), "missing argument"),
        (("no-such-command",), "no-such-command"),
        (("apply", "warm", "missing", "-o", "out"), "no such file"),
    ],
)
def test_what_is_wrong_with_the_command_line_is_a_line_of_json_if_asked_for(shell, arguments, told):
    out, err = shell.run(*arguments, "--json", status=2)
    (line,) = out.splitlines()
    event = json.loads(line)
    assert (event["event"], event["error"]["code"]) in {("error", "usage"), ("error", "plan")}
    assert told in event["error"]["what"]
    assert err == ""


def test_what_is_wrong_with_the_command_line_is_told_to_people_in_a_line(shell):
    out, err = shell.run("apply", "warm", "--nonsense", status=2)
    assert out == b""
    assert err.startswith("error: no such option: --nonsense")
    assert err.count("\n") == 1


def test_what_the_system_refuses_is_told_as_such(shell):
    (shell.folder / "home/brushes/odd.brush").mkdir()
    (shell.folder / "file").touch()
    _, err = shell.run("demo", "file/shown", status=1)
    assert "please report" not in err
    assert "not a directory" in err
    assert shell.text("list") == "grain\nwarm\n"


def test_a_brush_that_cannot_be_read_hides_no_other(shell):
    (shell.folder / "home/brushes/lost.brush").symlink_to("/proc/self/mem")
    told = shell.json("verify", status=5)
    assert told["whole"] == ["grain", "warm"]
    assert [broken["brush"] for broken in told["unreadable"]] == ["lost"]
    entries = {entry["name"]: entry for entry in shell.json("list")["brushes"]}
    assert "error" in entries["lost"]
    assert "metadata" in entries["warm"]
