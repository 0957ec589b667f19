"""Learning in processes killed at random moments, each going on where the last one stopped.

Run as `python -m tests.cli.killed KILLS` in a folder with `pairs/`. It learns `whole/dim.brush` in
one go and `killed/dim.brush` between so many kills, and prints a line for each of these: a hash of
the state that it left. Processes are forked from one that has imported the program.
"""

import hashlib
import os
import random
import signal
import sys
import time
from dataclasses import replace
from pathlib import Path

import torch

from brushctl.app import training_run  # noqa: F401  (imports everything that learning needs)
from brushctl.cli.app import main
from brushctl.engine.training import recipes

STEPS = 8
STATE = Path("killed/.dim.brush.checkpoint")
LONGEST = 1.0
"""Seconds from the first state of a run until it is killed, at the most."""


def learning(folder: str) -> int:
    """Start it; return the process's number."""
    if child := os.fork():
        return child
    sys.stderr = Path(os.devnull).open("w")  # noqa: SIM115
    sys.argv = [
        "brushctl", "learn", "pairs", "-o", f"{folder}/dim.brush", "--no-phrase", "--hold-out", "1",
        "--parts", "instruction", "--device", "cpu", "--resume",
    ]  # fmt: skip
    try:
        main()
    except SystemExit as ended:
        os._exit(ended.code if isinstance(ended.code, int) else 0)
    os._exit(0)


def changed() -> float:
    """When a state was last kept."""
    return STATE.stat().st_mtime if STATE.exists() else 0.0


def kill_once(after: float) -> None:
    """Kill a run so many seconds after it has kept its first state, unless it has ended."""
    before, process = changed(), learning("killed")
    deadline = None
    while os.waitpid(process, os.WNOHANG) == (0, 0):
        if deadline is None and changed() != before:
            deadline = time.monotonic() + after
        if deadline is not None and time.monotonic() >= deadline:
            os.kill(process, signal.SIGKILL)
            os.waitpid(process, 0)
            return
        time.sleep(0.002)


if __name__ == "__main__":
    torch.set_num_threads(1)  # no threads to lose in a fork, and sums taken in one order
    few = {"checkpoint_every": 1, "validations": 2, "validation_batch": 1}
    recipes.RECIPES["default"] = replace(
        recipes.DEFAULT, steps=STEPS, batch=1, steps_for_one=None, **few
    )
    dice = random.Random(0)
    os.environ["SOURCE_DATE_EPOCH"] = "0"
    assert os.waitpid(learning("whole"), 0)[1] == 0
    for _ in range(int(sys.argv[1])):
        kill_once(dice.uniform(0, LONGEST))
        print(hashlib.sha256(STATE.read_bytes()).hexdigest() if STATE.exists() else "done")  # noqa: T201
        os.environ["SOURCE_DATE_EPOCH"] = "86400"  # it goes on another day
    if STATE.exists():
        assert os.waitpid(learning("killed"), 0)[1] == 0
