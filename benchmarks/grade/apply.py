"""What it costs to apply a grade to photographs of 24 megapixels, beside ffmpeg and ImageMagick.

`python -m benchmarks.grade apply PAIRS` makes twenty JPEGs of the folder's photographs, learns a
grade of colours alone and one with a network, and has `brushctl apply` edit the folder with each;
ffmpeg (`lut3d`, tetrahedral) and ImageMagick (`-hald-clut`) edit the photographs one by one, a
process each for every fourth, with the table of the first grade. All take turns. The least CPU
seconds for a photograph of several rounds are added to docs/results/grade.json: of a folder, and
`cold` of one photograph alone.
"""

import argparse
import json
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image, ImageOps

import brushctl
from benchmarks.grade.fit import OUT, note
from benchmarks.grade.methods import cpu_seconds
from benchmarks.grade.pairs import in_codes, make_own, pairs_in
from brushctl.grade import AnyGrade, apply_grade, grade_of
from brushctl.grade.lut import FINE, Lut, encode_cube

SIZE = (6000, 4000)
"""Of the photographs, in pixels."""
PHOTOGRAPHS = 20
EVERY = 4
"""Photograph is edited by programs that begin anew with each: twenty would cost no less apiece."""
QUALITY = 90
"""Of the photographs, as JPEGs. brushctl and ImageMagick keep their tables."""
FFMPEG_QUALITY = "2"
"""ffmpeg's own scale, which ends there; its results are somewhat smaller."""
GRAIN = 2.0
"""Of 255, the standard deviation of a sensor's noise: enlarged pictures are too smooth for JPEG."""
HALD = 8
"""The level of ImageMagick's table: 64 nodes along each channel, as its manual has it."""
EDITS = ("look-teal-orange", "surroundings-orton")
OWN_EDITS = ("look-warm", "surroundings-glow")

Run = Callable[[Sequence[Path], Path], None]
"""Edits photographs into a folder."""


def make_photographs(sources: Sequence[Path], folder: Path) -> list[Path]:
    """Large JPEGs, of the photographs in turn."""
    grain = np.random.default_rng(0).normal(0, GRAIN, (SIZE[1], SIZE[0], 1)).astype(np.float32)
    made = []
    for n in range(PHOTOGRAPHS):
        with Image.open(sources[n % len(sources)]) as image:
            large = np.asarray(ImageOps.fit(image.convert("RGB"), SIZE), np.float32)
        made.append(folder / f"{n:02}.jpg")
        codes = np.clip(large + np.roll(grain, 97 * n, axis=0), 0, 255).astype(np.uint8)
        Image.fromarray(codes).save(made[-1], quality=QUALITY)
    return made


def brushctl_run(brush: Path) -> Run:
    """`brushctl apply`, once for all photographs."""

    def run(photographs: Sequence[Path], out: Path) -> None:
        _execute(sys.executable, "-m", "brushctl", "apply", brush, *photographs, "-o", out, "-q")

    return run


def ffmpeg_run(table: Path) -> Run:
    """`ffmpeg`, once for each photograph."""

    def run(photographs: Sequence[Path], out: Path) -> None:
        for path in photographs:
            graded = ("-vf", f"lut3d={table}:interp=tetrahedral", "-q:v", FFMPEG_QUALITY)
            _execute(
                "ffmpeg", "-nostdin", "-v", "error", "-y", "-i", path, *graded, out / path.name
            )

    return run


def imagemagick_run(table: Path) -> Run:
    """`convert`, once for each photograph."""

    def run(photographs: Sequence[Path], out: Path) -> None:
        for path in photographs:
            _execute("convert", path, table, "-hald-clut", out / path.name)

    return run


def _execute(*words: object) -> None:
    subprocess.run([str(word) for word in words], check=True)


def cost(run: Run, photographs: Sequence[Path], out: Path) -> float:
    """CPU seconds for a photograph."""
    shutil.rmtree(out, ignore_errors=True)
    out.mkdir()
    start = cpu_seconds()
    run(photographs, out)
    return (cpu_seconds() - start) / len(photographs)


def hald_of(grade: AnyGrade, path: Path) -> Path:
    """A grade of colours alone as ImageMagick's picture of a table."""
    side = HALD**2
    nodes = np.indices((side,) * 3).reshape(3, -1)[::-1].T / (side - 1)  # red varies fastest
    table = apply_grade(grade, nodes.reshape(HALD**3, HALD**3, 3).astype(np.float32))
    Image.fromarray(in_codes(table)).save(path)
    return path


def contenders(folder: Path, edits: Sequence[str], work: Path) -> dict[str, Run]:
    """What edits the photographs, by name."""
    runs: dict[str, Run] = {}
    for edit in edits:
        manifest, brush = work / "pairs.json", work / f"{edit}.brush"
        pairs = pairs_in(folder, edit, "learn")
        rows = [
            {"before": str(p.before.absolute()), "after": str(p.after.absolute())} for p in pairs
        ]
        manifest.write_text(json.dumps(rows))
        learned = brushctl.learn(manifest, name=edit, parts="grade")
        brushctl.write_brush(learned, brush)
        grade = grade_of(learned)
        runs[edit] = brushctl_run(brush)
        if edit == edits[0]:
            table = work / "table.cube"
            table.write_text(encode_cube(Lut.sampled(grade, FINE), edit))
            runs["ffmpeg"] = ffmpeg_run(table)
            runs["imagemagick"] = imagemagick_run(hald_of(grade, work / "hald.png"))
    return runs


def measure(
    runs: dict[str, Run], edits: Sequence[str], photographs: Sequence[Path], out: Path, rounds: int
) -> list[dict[str, Any]]:
    """A row for each contender, of which some are brushes of edits."""
    folder: dict[str, list[float]] = {name: [] for name in runs}
    cold: dict[str, list[float]] = {name: [] for name in runs}
    for _ in range(rounds):
        for name, run in runs.items():
            several = photographs[:: 1 if name in edits else EVERY]
            folder[name].append(cost(run, several, out))
            cold[name].append(cost(run, photographs[:1], out))
            print(name, folder[name][-1], cold[name][-1], flush=True)
    least = {name: min(seconds) for name, seconds in folder.items()}
    return [
        {
            "megapixels": SIZE[0] * SIZE[1] / 1e6,
            "method": name,
            "cpu_seconds": round(least[name], 2),
            "ratio_ffmpeg": round(least[name] / least["ffmpeg"], 2),
            "ratio_imagemagick": round(least[name] / least["imagemagick"], 2),
            "cold_cpu_seconds": round(min(cold[name]), 2),
        }
        for name in runs
    ]


def main(arguments: Sequence[str]) -> None:
    """Learn, make photographs, apply, write."""
    options = argparse.ArgumentParser(prog="apply", description=__doc__)
    options.add_argument("folder", type=Path, nargs="?")
    options.add_argument("--edits", nargs="+", help="the first a look, whose table others take")
    options.add_argument("--rounds", type=int, default=2)
    chosen = options.parse_args(arguments)
    with tempfile.TemporaryDirectory() as name:
        work = Path(name)
        folder = chosen.folder or make_own(work / "own")
        edits = chosen.edits or (EDITS if chosen.folder else OWN_EDITS)
        (work / "photographs").mkdir()
        sources = sorted((folder / "before").rglob("*.png"))
        photographs = make_photographs(sources, work / "photographs")
        runs = contenders(folder, edits, work)
        note(OUT, apply=measure(runs, edits, photographs, work / "out", chosen.rounds))
