"""How the cost of `brushctl apply` grows: with the number of photographs, and with their size.

    uv run python -m benchmarks.speed growth    # docs/results/growth.json, docs/images/growth.png

The command itself, in processes of its own, on tiny-ip2p: its start is part of what a few
photographs cost; what one more of a size costs is the time between results of a run under way.
Photographs are those of scikit-image, brought to size; the brush is learned in few
steps, and runs at guidance 1: one pass of the U-Net for each of five steps. Some ten minutes.
"""

import argparse
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

import matplotlib as mpl
import torch
from matplotlib import pyplot as plt
from PIL import Image
from skimage import data

from benchmarks.results import base_of, report
from brushctl.bench.effects import draw_effects
from brushctl.brushes.header import read_metadata
from brushctl.photos.icc import quantise
from brushctl.runs.windows import TOGETHER

OUT, PICTURE = Path("docs/results/growth.json"), Path("docs/images/growth.png")
COUNTS = (1, 10, 100, 1000)
SMALL = 0.25
"""Megapixels of each of many."""
SIZES = {0.5: 96, 2: 96, 6: 32, 12: 32, 24: 32}
"""Megapixels, and how many photographs of them.

Results come in bursts, a window at a time: of small ones, which go sixteen together, the first and
the last burst are left out.
"""
EFFECT = "midnight"
SOURCES = ("astronaut", "coffee", "chelsea", "rocket")


def photographs(folder: Path, count: int, megapixels: float) -> Path:
    """So many JPEGs of that size, no two alike."""
    folder.mkdir()
    for n in range(count):
        whole = Image.fromarray(getattr(data, SOURCES[n % len(SOURCES)])()[..., :3])
        scale = (megapixels * 1e6 / (whole.width * whole.height)) ** 0.5
        sized = whole.resize((round(whole.width * scale), round(whole.height * scale)))
        sized.putpixel((0, 0), (n % 256, n // 256, 0))
        sized.save(folder / f"{n:04}.jpg", quality=92)
    return folder


def brushctl(*arguments: object) -> float:
    """Seconds of a whole run of the command."""
    started = time.monotonic()
    command = [sys.executable, "-m", "brushctl", *map(str, arguments), "--quiet"]
    subprocess.run(command, check=True)
    return time.monotonic() - started


def seconds_between(brush: Path, photos: Path) -> float:
    """From one result of a run of `apply` to the next, once it is under way."""
    command = ("apply", brush, photos, "-o", f"{photos}-out", "--quiet", "--json")
    with subprocess.Popen(
        [sys.executable, "-m", "brushctl", *map(str, command)], stdout=subprocess.PIPE
    ) as run:
        assert run.stdout
        events = (json.loads(line)["event"] for line in run.stdout)
        times = [time.monotonic() for event in events if event == "file"]
    end = -TOGETHER if len(times) > 4 * TOGETHER else len(times)
    steady = times[TOGETHER - 1 : end]
    return (steady[-1] - steady[0]) / (len(steady) - 1)


def write_pairs(folder: Path) -> Path:
    """Pictures before and after an edit."""
    pairs = folder / "pairs"
    pairs.mkdir()
    (effect,) = draw_effects([EFFECT], 64, 0)
    for n, pair in enumerate(zip(*effect.train, strict=True)):
        for side, picture in zip(("before", "after"), pair, strict=True):
            Image.fromarray(quantise(picture, 8)).save(pairs / f"{n}_{side}.png")
    return pairs


def learned(folder: Path) -> Path:
    """A brush, of whatever quality: an instruction, for a grade needs no model."""
    pairs, brush = write_pairs(folder), folder / "night.brush"
    parts = ("--parts", "instruction")
    brushctl("learn", pairs, "-o", brush, "--steps", 20, "--hold-out", 0, *parts)
    return brush


def drawn(counts: list[dict], sizes: list[dict]) -> plt.Figure:
    """Both curves side by side."""
    mpl.rcParams.update({"font.size": 9, "axes.spines.top": False, "axes.spines.right": False})
    figure, (left, right) = plt.subplots(1, 2, figsize=(8, 3.2), layout="constrained")
    left.plot([r["photographs"] for r in counts], [r["seconds"] for r in counts], "o-")
    left.set(
        xlabel=f"photographs of {SMALL} MP", ylabel="seconds for the whole run", xlim=0, ylim=0
    )
    right.plot([r["megapixels"] for r in sizes], [r["seconds_each"] for r in sizes], "o-")
    right.set(xlabel="megapixels", ylabel="seconds for each photograph", xlim=0, ylim=0)
    for axes in (left, right):
        axes.grid(alpha=0.3)
    return figure


def main(arguments: Sequence[str]) -> None:
    """Measure, write, draw."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--most", type=int, default=COUNTS[-1], help="photographs at most")
    most = options.parse_args(arguments).most
    counts, sizes = [], []
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        brush = learned(folder)
        base = read_metadata(brush).base

        for count in (n for n in COUNTS if n <= most):
            photos = photographs(folder / f"n{count}", count, SMALL)
            took = brushctl("apply", brush, photos, "-o", f"{photos}-out")
            counts.append({"photographs": count, "seconds": round(took, 2)})
            print(counts[-1], flush=True)
        for size, count in SIZES.items():
            took = seconds_between(brush, photographs(folder / f"mp{size}", count, size))
            sizes.append({"megapixels": size, "seconds_each": round(took, 3)})
            print(sizes[-1], flush=True)
    facts = {
        "base": base_of(base),
        "threads": torch.get_num_threads(),
        "small_megapixels": SMALL,
        "counts": counts,
        "sizes": sizes,
    }
    report(OUT, facts)
    drawn(counts, sizes).savefig(PICTURE, dpi=150)
