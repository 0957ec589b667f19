"""What a large photograph costs `brushctl apply` beyond the model: core seconds, and memory.

    uv run python -m benchmarks.speed bulk                  # docs/results/bulk.json, ten minutes
    uv run python -m benchmarks.speed bulk --against DIR    # another checkout too, by turns

A folder of 24-megapixel JPEGs, and one of as many photographs of the model's own size, with an
instruction on tiny-ip2p and `--detail transfer`: the command itself, in a process of its own, of
which the core seconds are those of all threads. What the first takes more than the second is spent
on the pixels, for starts and models are the same. Photographs are those of scikit-image, enlarged,
with a camera's noise, so that a JPEG of them is as large as one of a camera. Each checkout learns
the brush itself; of each kind of run the best turn counts.
"""

import argparse
import os
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image
from skimage import data

from benchmarks.results import base_of, checkouts_to_compare, report
from benchmarks.speed.growth import SOURCES, write_pairs
from brushctl.brushes.header import read_metadata

OUT = Path("docs/results/bulk.json")
PHOTOGRAPHS, TURNS = 20, 3
LARGE, SMALL = 24.0, 64**2 / 1e6
"""Megapixels of the photographs; of what the model itself sees of one."""
NOISE = 5.0
"""Of 255, its standard deviation: a camera's at some ISO 1600."""


def photographs(folder: Path, count: int, megapixels: float) -> Path:
    """So many JPEGs of that size, no two alike."""
    folder.mkdir()
    for n in range(count):
        whole = Image.fromarray(getattr(data, SOURCES[n % len(SOURCES)])()[..., :3])
        scale = (megapixels * 1e6 / (whole.width * whole.height)) ** 0.5
        pixels = np.array(whole.resize((round(whole.width * scale), round(whole.height * scale))))
        rng = np.random.default_rng(n)
        for row in pixels:
            row[:] = (row + rng.normal(0, NOISE, row.shape)).clip(0, 255)
        Image.fromarray(pixels).save(folder / f"{n:04}.jpg", quality=92)
    return folder


def run(checkout: Path, *arguments: object) -> tuple[float, float]:
    """Core seconds and the highest resident megabytes of a command with the code of a checkout."""
    command = [sys.executable, "-m", "brushctl", *map(str, arguments), "--quiet"]
    env = os.environ | {"PYTHONPATH": str(checkout)}
    process = subprocess.Popen(command, cwd=checkout, env=env)
    _, status, usage = os.wait4(process.pid, 0)
    if os.waitstatus_to_exitcode(status) != 0:
        raise SystemExit(f"{checkout}: brushctl {' '.join(command[3:])} failed")
    return usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024


def learned(checkout: Path, pairs: Path, brush: Path) -> Path:
    """An instruction, of whatever quality."""
    parts = ["--parts", "instruction"] if (checkout / "brushctl/grade").is_dir() else []
    run(checkout, "learn", pairs, "-o", brush, "--steps", 20, "--hold-out", 0, *parts)
    return brush


def measured(checkouts: dict[str, Path], folder: Path, turns: int) -> dict[str, Any]:
    """The figures of every checkout; they take turns."""
    pairs = write_pairs(folder)
    kinds = {
        kind: photographs(folder / kind, PHOTOGRAPHS, megapixels)
        for kind, megapixels in (("small", SMALL), ("large", LARGE))
    }
    brushes = {
        name: learned(checkout, pairs, folder / f"{name}.brush")
        for name, checkout in checkouts.items()
    }
    best: dict[str, dict[str, list[float]]] = {name: {} for name in checkouts}
    for turn in range(turns):
        for kind, photos in kinds.items():
            for name, checkout in checkouts.items():
                out = folder / f"{name}-{kind}-{turn}"
                how = ("--detail", "transfer", "-o", out)
                figures = run(checkout, "apply", brushes[name], photos, *how)
                before = best[name].get(kind, figures)
                best[name][kind] = [min(a, b) for a, b in zip(before, figures, strict=True)]
                print(name, kind, [round(figure, 1) for figure in figures], flush=True)
                for result in out.rglob("*.jpg"):
                    result.unlink()
    facts: dict[str, Any] = {"base": base_of(read_metadata(brushes["now"]).base)}
    for name, figures in best.items():
        (large, most), (small, _) = figures["large"], figures["small"]
        each = (large - small) / PHOTOGRAPHS
        facts[name] = {"core_seconds_each": round(each, 3), "peak_mb": round(most)}
    return facts


def main(arguments: Sequence[str]) -> None:
    """Measure and write."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--against", type=Path)
    options.add_argument("--turns", type=int, default=TURNS)
    chosen = options.parse_args(arguments)
    checkouts = checkouts_to_compare(chosen.against)
    with tempfile.TemporaryDirectory() as folder:
        facts = measured(checkouts, Path(folder), chosen.turns)
    if "before" in facts:
        each = [facts[name]["core_seconds_each"] for name in ("now", "before")]
        facts["bulk_24mp_ratio"] = round(each[0] / each[1], 3)
    how = {"photographs": PHOTOGRAPHS, "megapixels": LARGE, "turns": chosen.turns}
    print(report(OUT, how | facts))
