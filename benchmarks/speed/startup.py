"""What `brushctl inspect` costs next to the least that a Typer program can cost.

    uv run python -m benchmarks.speed startup [--runs N]    # a table on stdout

Both are run in turn, in whole processes from start to end; the times are printed, and their ratio.
CPU time is given next to wall time: on a machine that is busy with something else it is the figure
to compare.
"""

import argparse
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

ROOT = Path(__file__).parents[2]
BARE = """
import typer

app = typer.Typer()


@app.command()
def main() -> None:
    print("hello")


app()
"""
TARGET = 1.3


def run(command: list[str], environment: dict[str, str]) -> tuple[float, float]:
    """Wall and CPU seconds of one process."""
    before, started = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, env=environment)
    after, ended = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return ended - started, cpu


def main(arguments: Sequence[str]) -> None:
    """Run them, print the table."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--runs", type=int, default=15)
    runs = options.parse_args(arguments).runs
    with tempfile.TemporaryDirectory() as folder:
        bare = Path(folder, "bare.py")
        bare.write_text(BARE)
        brush = str(ROOT / "formats/vectors/valid/full.brush")
        program = str(Path(sys.executable).with_name("brushctl"))
        commands = {
            "bare Typer program": [sys.executable, str(bare)],
            "brushctl inspect": [program, "inspect", brush],
            "brushctl inspect --json": [program, "inspect", brush, "--json"],
            "brushctl list": [program, "list"],
        }
        # Compiled modules are kept, as where brushctl is installed.
        kept = {key: v for key, v in os.environ.items() if key != "PYTHONDONTWRITEBYTECODE"}
        environment = {**kept, "PYTHONPYCACHEPREFIX": f"{folder}/pyc", "BRUSHCTL_HOME": folder}
        taken: dict[str, list[tuple[float, float]]] = {name: [] for name in commands}
        for turn in range(runs + 1):
            for name, command in commands.items():
                figures = run(command, environment)
                if turn:  # the first turn compiles
                    taken[name].append(figures)
    sys.stdout.write(f"{'':26}{'wall, median':>14}{'CPU, median':>14}{'ratio of CPU':>14}\n")
    base = statistics.median(cpu for _, cpu in taken["bare Typer program"])
    for name, figures in taken.items():
        wall, cpu = (statistics.median(column) for column in zip(*figures, strict=True))
        ratio = cpu / base
        sys.stdout.write(f"{name:26}{wall:13.3f}s{cpu:13.3f}s{ratio:14.2f}\n")
    sys.stdout.write(f"the aim is a ratio of at most {TARGET} for inspect\n")
