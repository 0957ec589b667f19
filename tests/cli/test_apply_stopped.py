"""A run that is stopped, or that nobody listens to any more."""

import contextlib
import json
import os
import signal
import time

from brushctl.files import remove_unfinished, replacing
from brushctl.photos.journal import read_journal
from tests.cli.test_apply import Shell, shell, summary, wait_for  # noqa: F401
from tests.photos.processes import start


def test_a_second_ctrl_c_stops_at_once(shell):  # noqa: F811
    shell.photographs(2)
    process = start(shell.folder, "dusk.brush", "in", "-o", "out", lingering=True)
    said = shell.folder / "said"
    wait_for(lambda: said.exists() and "lingering" in said.read_text())
    os.kill(process.pid, signal.SIGINT)
    wait_for(lambda: "once more to stop at once" in said.read_text())
    process.join(1)
    assert process.is_alive(), "the first waits for what is in hand"
    started = time.monotonic()
    os.kill(process.pid, signal.SIGINT)
    process.join(30)
    assert process.exitcode == 130
    assert time.monotonic() - started < 20, "no thread was waited for"
    assert "stopped at once" in said.read_text()
    assert shell.files() == []
    assert read_journal(shell.folder / "out/.brushctl/journal.jsonl") == {}
    assert summary(shell.events("dusk.brush", "in", "-o", "out")) == (2, 0, 0)


def test_what_is_half_written_goes_when_a_run_stops_at_once(tmp_path):
    with contextlib.suppress(FileNotFoundError), replacing(tmp_path / "a.jpg") as file:
        file.write(b"half")
        remove_unfinished()
    assert list(tmp_path.iterdir()) == []


def test_a_reader_that_leaves_does_not_stop_the_run(shell):  # noqa: F811
    shell.photographs(6)
    shell.bash("set +o pipefail; brushctl apply dusk.brush in -o out --json | head -n 1 > first")
    (line,) = (shell.folder / "first").read_text().splitlines()
    assert json.loads(line)["event"] == "file"
    assert len(shell.files()) == 6
    assert summary(shell.events("dusk.brush", "in", "-o", "out")) == (0, 6, 0)
