"""What a command costs from cold: CPU time of whole processes, from their start to their end.

    uv run python -m benchmarks.speed startup                  # docs/results/startup.json
    uv run python -m benchmarks.speed startup --against DIR    # another checkout too, by turns

Commands are `inspect` next to the least that a Typer program can cost, `apply` of one photograph of
2 megapixels with brushes of tiny-ip2p, and `init-phrase` on six pairs. Modules are compiled and
loops are cached, as where brushctl is installed: a first turn does that, and does not count. Each
checkout learns brushes of its own, in a few steps. One that knows no grades applies its instruction
where the other applies a grade.
"""

import argparse
import os
import resource
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from PIL import Image
from skimage import data

from benchmarks.results import base_of, checkouts_to_compare, report
from brushctl.bench.effects import draw_effects
from brushctl.engine.model.find import find
from brushctl.photos.icc import quantise

OUT = Path("docs/results/startup.json")
BARE = """
import typer

app = typer.Typer()


@app.command()
def main() -> None:
    print("hello")


app()
"""
PHOTOGRAPH = (1632, 1224)
"""Width and height: 2 megapixels."""
EFFECT, PAIRS, SIDE = "midnight", 6, 64
STEPS = 5
"""Of learning: how good the brushes are does not matter here."""
ROUNDS = 5
INSTEAD = {"apply, grade": "apply, instruction", "init-phrase, no grade": "init-phrase"}
"""What a checkout does that knows no grades."""

Command = Sequence[str]


def run(command: Command, environment: Mapping[str, str], folder: Path) -> float:
    """CPU seconds of one process, in a folder that has no program of that name."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run(
        command,
        check=True,
        cwd=folder,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        env=dict(environment),
    )
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def brushctl(*arguments: object) -> Command:
    """A command line."""
    return [sys.executable, "-m", "brushctl", *map(str, arguments)]


def environment_of(checkout: Path, folder: Path) -> dict[str, str]:
    """What a process of a checkout is run with."""
    own = {key: v for key, v in os.environ.items() if key != "PYTHONDONTWRITEBYTECODE"}
    own.setdefault("PYTHONPYCACHEPREFIX", str(folder.parent / "pyc"))
    return own | {
        "PYTHONPATH": str(checkout),
        "BRUSHCTL_HOME": str(folder / "home"),
        "OMP_NUM_THREADS": "1",
    }


def draw(folder: Path) -> None:
    """The photograph, and the pairs: drawn pictures of the size that the base sees."""
    Image.fromarray(data.coffee()).resize(PHOTOGRAPH).save(folder / "photo.jpg", quality=92)
    (effect,) = draw_effects([EFFECT], SIDE, 0)
    for side, pictures in zip(("before", "after"), effect.train, strict=True):
        (folder / "pairs" / side).mkdir(parents=True)
        for n, picture in enumerate(pictures[:PAIRS]):
            Image.fromarray(quantise(picture, 8)).save(folder / "pairs" / side / f"{n}.png")


def commands_of(checkout: Path, folder: Path, environment: Mapping[str, str]) -> dict[str, Command]:
    """What is measured of a checkout, its brushes learned; they lie in its folder."""
    pairs, photo, out = folder.parent / "pairs", folder.parent / "photo.jpg", folder / "out.jpg"
    brush, grade = folder / "instruction.brush", folder / "grade.brush"
    knows_grades = (checkout / "brushctl/grade").is_dir()
    alone = ["--parts", "instruction"] if knows_grades else []
    run(brushctl("learn", pairs, "-o", brush, "--steps", STEPS, *alone), environment, folder)
    commands = {
        "bare Typer program": [sys.executable, str(folder.parent / "bare.py")],
        "inspect": brushctl("inspect", brush),
        "apply, instruction": brushctl("apply", brush, photo, "-o", out, "--overwrite"),
        "init-phrase": brushctl("init-phrase", pairs),
    }
    if knows_grades:
        run(brushctl("learn", pairs, "-o", grade, "--parts", "grade"), environment, folder)
        commands |= {
            "apply, grade": brushctl("apply", grade, photo, "-o", out, "--overwrite"),
            "init-phrase, no grade": brushctl("init-phrase", pairs, *alone),
        }
    return commands


def measured(
    checkouts: Mapping[str, Path], folder: Path, rounds: int
) -> dict[str, dict[str, float]]:
    """CPU seconds of every command of every checkout, the median of rounds; they take turns."""
    (folder / "bare.py").write_text(BARE)
    draw(folder)
    turns: dict[tuple[str, str], list[float]] = {}
    known = {}
    for name, checkout in checkouts.items():
        (folder / name).mkdir()
        environment = environment_of(checkout, folder / name)
        known[name] = commands_of(checkout, folder / name, environment), environment
    for _ in range(rounds + 1):
        for command in known["now"][0]:
            for name, (commands, environment) in known.items():
                if command in commands:
                    taken = run(commands[command], environment, folder)
                    turns.setdefault((name, command), []).append(taken)
    return {
        name: {command: statistics.median(turns[name, command][1:]) for command in commands}
        for name, (commands, _) in known.items()
    }


def ratios(seconds: Mapping[str, Mapping[str, float]]) -> dict[str, float]:
    """What this checkout takes over what the other takes, and `inspect` over the bare program."""
    now = seconds["now"]
    found = {"inspect_over_bare_ratio": now["inspect"] / now["bare Typer program"]}
    if "before" in seconds:
        for ratio, command in {
            "cold_instruction_ratio": "apply, instruction",
            "cold_grade_ratio": "apply, grade",
            "init_phrase_ratio": "init-phrase",
            "init_phrase_no_grade_ratio": "init-phrase, no grade",
        }.items():
            before = seconds["before"]
            found[ratio] = now[command] / before.get(command, before[INSTEAD.get(command, command)])
    return {name: round(ratio, 3) for name, ratio in found.items()}


def main(arguments: Sequence[str]) -> None:
    """Measure and write."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--against", type=Path)
    options.add_argument("--rounds", type=int, default=ROUNDS)
    chosen = options.parse_args(arguments)
    checkouts = checkouts_to_compare(chosen.against)
    with tempfile.TemporaryDirectory() as folder:
        seconds = measured(checkouts, Path(folder), chosen.rounds)
    facts: dict[str, Any] = {"base": base_of(find(None)), "rounds": chosen.rounds}
    facts["cpu_seconds"] = {
        name: {command: round(taken, 2) for command, taken in own.items()}
        for name, own in seconds.items()
    }
    print(report(OUT, facts | ratios(seconds)))
