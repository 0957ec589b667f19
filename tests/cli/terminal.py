"""A real command on a real terminal of some width, and what it shows there."""

import contextlib
import fcntl
import os
import pty
import struct
import sys
import termios
from pathlib import Path

ROOT = Path(__file__).parents[2]


def seen(
    folder: Path, *arguments: str, columns: int = 80, keys: bytes = b"", program: str = "brushctl"
) -> tuple[str, int]:
    """All that a terminal gets from a command, on both streams, and its exit status.

    Args:
        folder: where it runs; the brushes of the user are in `home` there.
        arguments: its command line.
        columns: of the terminal.
        keys: what the user types.
        program: the module that is run.
    """
    process, terminal = pty.fork()
    if not process:
        os.chdir(folder)
        fcntl.ioctl(0, termios.TIOCSWINSZ, struct.pack("HHHH", 50, columns, 0, 0))
        environment = {
            **{name: value for name, value in os.environ.items() if name != "COLUMNS"},
            "PYTHONPATH": str(ROOT),
            "BRUSHCTL_HOME": str(folder / "home"),
            "TERM": "xterm",
            "NO_COLOR": "1",
        }
        os.execve(sys.executable, [sys.executable, "-m", program, *arguments], environment)
    if keys:
        os.write(terminal, keys)
    told = b""
    with contextlib.suppress(OSError):  # as the terminal's end is told of
        while piece := os.read(terminal, 4096):
            told += piece
    os.close(terminal)
    status = os.waitstatus_to_exitcode(os.waitpid(process, 0)[1])
    return told.replace(b"\r\n", b"\n").decode(), status
