"""What decoding and encoding a photograph costs, in each format, beside another version.

`python -m benchmarks.codecs --against CHECKOUT [--runs N]` makes one photograph of each format and
depth, of 4 megapixels and with the metadata of a camera, and has both versions decode it and encode
what they have read, in turns. The least CPU time of each is printed and written to
`docs/results/codecs.json`.
"""

import argparse
import io
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import imagecodecs
import numpy as np
import tifffile
from PIL import Image

from benchmarks.results import report

ROOT = Path(__file__).parents[1]
OUT = ROOT / "docs/results/codecs.json"
WIDTH, HEIGHT = 2448, 1632
WORKER = """
import sys, time
from pathlib import Path
from brushctl.photos.encode import encode_photo
from brushctl.photos.photo import decode_photo

for line in sys.stdin:
    data = Path(line.strip()).read_bytes()
    started = time.process_time()
    photo = decode_photo(data, "")
    read = time.process_time()
    encode_photo(photo.pixels, photo, kind=photo.format)
    print(read - started, time.process_time() - read, flush=True)
"""


def photographs() -> Iterator[tuple[str, bytes]]:
    """Names and contents."""
    from tests.photos import makers

    levels = makers.picture(WIDTH, HEIGHT)
    grain = np.random.default_rng(0).normal(0, 3, levels.shape)
    levels = np.clip(levels + grain, 0, 255).astype(np.uint8)
    deep = levels.astype(np.uint16) * 257
    carried = {"exif": makers.exif(), "icc_profile": makers.profile(makers.DISPLAY_P3, 2.2)}
    kinds: dict[str, dict[str, Any]] = {
        "JPEG": {"quality": 90, "xmp": makers.XMP},
        "PNG": {},
        "TIFF": {},
        "WEBP": {"quality": 90, "xmp": makers.XMP},
        "AVIF": {"quality": 90, "xmp": makers.XMP},
        "HEIF": {"quality": 90, "xmp": makers.XMP},
    }
    for kind, how in kinds.items():
        stream = io.BytesIO()
        Image.fromarray(levels).save(stream, kind, **how, **carried)
        yield kind, stream.getvalue()
    yield "PNG of 16 bits", bytes(imagecodecs.png_encode(deep))
    stream = io.BytesIO()
    how = {"compression": "lzw", "predictor": True, "iccprofile": carried["icc_profile"]}
    tifffile.imwrite(stream, deep, photometric="rgb", metadata=None, **how)
    yield "TIFF of 16 bits", stream.getvalue()


def start(checkout: Path) -> subprocess.Popen[str]:
    """A process that decodes and encodes with a version, a file for each line that it is given."""
    return subprocess.Popen(
        [sys.executable, "-c", WORKER],
        env=os.environ | {"PYTHONPATH": str(checkout.absolute()), "OMP_NUM_THREADS": "1"},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )


def cost(worker: subprocess.Popen[str], file: Path) -> tuple[float, float]:
    """CPU seconds of decoding and of encoding a file."""
    assert worker.stdin
    assert worker.stdout
    worker.stdin.write(f"{file}\n")
    worker.stdin.flush()
    decoding, encoding = map(float, worker.stdout.readline().split())
    return decoding, encoding


def compare(workers: dict[str, subprocess.Popen[str]], file: Path, runs: int) -> dict[str, Any]:
    """The least CPU seconds of each version, and how many times the other's ours are."""
    costs: dict[str, list[tuple[float, float]]] = {version: [] for version in workers}
    for turn in range(runs + 1):
        for version, worker in workers.items():
            taken = cost(worker, file)
            if turn:  # in the first, libraries are imported
                costs[version].append(taken)
    figures: dict[str, Any] = {}
    for place, work in enumerate(("decode", "encode")):
        least = {name: min(times[place] for times in costs[name]) for name in workers}
        figures[work] = {name: round(seconds, 4) for name, seconds in least.items()}
        figures[work]["ratio"] = round(least["this"] / least["other"], 3)
    return figures


def main() -> None:
    """See above."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--against", type=Path, required=True, help="a checkout of the other")
    options.add_argument("--runs", type=int, default=9)
    given = options.parse_args()
    workers = {"other": start(given.against), "this": start(ROOT)}
    figures = {}
    with tempfile.TemporaryDirectory() as folder:
        for name, data in photographs():
            file = Path(folder, name)
            file.write_bytes(data)
            figures[name] = compare(workers, file, given.runs)
    for worker in workers.values():
        worker.communicate()
    facts = {"megapixels": WIDTH * HEIGHT / 1e6, "runs": given.runs, "cpu_seconds": figures}
    sys.stdout.write(report(OUT, facts) + "\n")


if __name__ == "__main__":
    main()
