"""Learning in processes killed at random moments, each going on where the last one stopped.

Run as `python -m tests.cli.killed KILLS` in a folder with `pairs/`. It learns `whole/dim.brush` in
one go and `killed/dim.brush` between so many kills or more, until they have hit it at two points at
least. It prints a line for each kill: a hash of the state that it left. A brush that is done before
its time is compared with the whole one, and learned anew. Processes are forked from one that has
imported the program.
"""

import hashlib
import math
import os
import random
import shutil
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
LONGEST = 0.5
"""From the first state of a run until it is killed, at the most: as a part of what a run that
nobody disturbs takes from there to its end."""


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


def state_of(folder: str) -> Path:
    """The state that learning keeps."""
    return Path(folder, ".dim.brush.checkpoint")


def changed(folder: str) -> float:
    """When a state was last kept, 0 if there is none."""
    try:
        return state_of(folder).stat().st_mtime
    except FileNotFoundError:
        return 0.0


def learn_whole() -> float:
    """Learn without a kill; return the seconds from the first state to the end."""
    began, process = 0.0, learning("whole")
    while (ended := os.waitpid(process, os.WNOHANG)) == (0, 0):
        if not began and changed("whole"):
            began = time.monotonic()
        time.sleep(0.002)
    assert began
    assert ended[1] == 0
    return time.monotonic() - began


def kill_once(after: float) -> None:
    """Kill a run so many seconds after it has kept its first state, unless it has ended."""
    before, process = changed("killed"), learning("killed")
    deadline = math.inf
    while (ended := os.waitpid(process, os.WNOHANG)) == (0, 0):
        if deadline == math.inf and changed("killed") != before:
            deadline = time.monotonic() + after
        if time.monotonic() >= deadline:
            os.kill(process, signal.SIGKILL)
            ended = os.waitpid(process, 0)
            break
        time.sleep(0.002)
    assert os.waitstatus_to_exitcode(ended[1]) in (0, -signal.SIGKILL)


def files_in(folder: str) -> dict[str, bytes]:
    """What lies in a folder."""
    return {path.name: path.read_bytes() for path in Path(folder).iterdir()}


def kill(times: int, longest: float) -> None:
    """Kill so many runs, each after at most so many seconds, and tell what each has left."""
    dice, left = random.Random(0), list[str]()
    while len(left) < times or len(set(left)) < 2:
        kill_once(dice.uniform(0, longest))
        if state_of("killed").exists():
            left.append(hashlib.sha256(state_of("killed").read_bytes()).hexdigest())
            os.environ["SOURCE_DATE_EPOCH"] = "86400"  # it goes on another day
        else:
            assert files_in("killed") == files_in("whole")
            shutil.rmtree("killed")
            os.environ["SOURCE_DATE_EPOCH"] = "0"
    print("\n".join(left))  # noqa: T201


if __name__ == "__main__":
    torch.set_num_threads(1)  # no threads to lose in a fork, and sums taken in one order
    few = {"checkpoint_every": 1, "validations": 2, "validation_batch": 1}
    recipes.RECIPES["default"] = replace(
        recipes.DEFAULT, steps=STEPS, batch=1, steps_for_one=None, **few
    )
    os.environ["SOURCE_DATE_EPOCH"] = "0"
    kill(int(sys.argv[1]), LONGEST * learn_whole())
    assert os.waitpid(learning("killed"), 0)[1] == 0
