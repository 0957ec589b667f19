"""A run that is stopped, or that nobody listens to any more."""

import contextlib
import json
import os
import signal
import sys
import time

import pytest
from numpy.random import default_rng

from brushctl.files import remove_unfinished, replacing
from brushctl.runs.journal import journal_in
from brushctl.runs.plan import STATE
from brushctl.tiny.world.pictures import draw_picture
from tests.cli.apply_shell import summary, wait_for
from tests.cli.shell import save
from tests.photos.processes import start


def test_a_second_ctrl_c_stops_at_once(shell):
    shell.photographs(2)
    process = start(shell.folder, "dusk.brush", "in", "-o", "out", lingering=True)
    said = shell.folder / "said"
    wait_for(lambda: said.exists() and "lingering" in said.read_text())
    os.kill(process.pid, signal.SIGINT)
    wait_for(lambda: "press Ctrl-C again to stop at once" in said.read_text())
    process.join(1)
    assert process.is_alive(), "the first waits for what is in hand"
    started = time.monotonic()
    os.kill(process.pid, signal.SIGINT)
    process.join(30)
    assert process.exitcode == 130
    assert time.monotonic() - started < 20, "no thread was waited for"
    assert "stopped at once" in said.read_text()
    assert shell.files() == []
    assert journal_in(shell.folder / "out" / STATE) == {}
    assert summary(shell.events("dusk.brush", "in", "-o", "out")) == (2, 0, 0)


@pytest.mark.parametrize(("before", "name"), [("", "INT"), ("nohup ", "HUP")])
def test_a_run_in_the_background_of_a_script_goes_on(shell, before, name):
    """A shell without job control has what it puts there ignore Ctrl-C, and nohup a hang-up."""
    shell.photographs(6)
    shell.bash(f"""
        {before}brushctl apply dusk.brush in -o out 2> said & pid=$!
        until grep -q editing said; do sleep 0.1; done
        while kill -{name} $pid 2> /dev/null; do sleep 0.05; done
        wait $pid
    """)
    assert len(shell.files()) == 6
    assert "finishing" not in (shell.folder / "said").read_text()


@pytest.mark.slow
def test_learning_in_the_background_of_a_script_goes_on(shell):
    for side, scale in (("before", 1.0), ("after", 0.5)):
        save(shell.folder / f"pairs/{side}/a.png", draw_picture(default_rng(2), 64).pixels * scale)
    shell.bash(f"""
        how="--parts instruction --no-phrase --steps 2"
        {sys.executable} -m brushctl learn pairs -o new.brush $how 2> said & pid=$!
        until grep -q learning said; do sleep 0.1; done
        while kill -INT $pid 2> /dev/null; do sleep 0.1; done
        wait $pid
    """)
    assert (shell.folder / "new.brush").exists()


def test_what_is_half_written_goes_when_a_run_stops_at_once(tmp_path):
    with contextlib.suppress(FileNotFoundError), replacing(tmp_path / "a.jpg") as file:
        file.write(b"half")
        remove_unfinished()
    assert list(tmp_path.iterdir()) == []


def test_a_reader_that_leaves_does_not_stop_the_run(shell):
    shell.photographs(6)
    shell.bash("set +o pipefail; brushctl apply dusk.brush in -o out --json | head -n 1 > first")
    (line,) = (shell.folder / "first").read_text().splitlines()
    assert json.loads(line)["event"] == "file"
    assert len(shell.files()) == 6
    assert summary(shell.events("dusk.brush", "in", "-o", "out")) == (0, 6, 0)
