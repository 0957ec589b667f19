"""Whether two versions of the program make the same bytes of the same inputs.

Run as `python -m tests.compare_versions BEFORE AFTER`, with the checkouts of both versions. The
commands that photographs and brushes go through are run by each, with tiny-ip2p, in a folder of its
own. What they write and print is compared, apart from times. Takes some minutes.
"""

import hashlib
import json
import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from PIL import Image

COMMANDS = {
    "learn": "learn pairs -o warm.brush --steps 20 --seed 3 --json",
    "learn another": "learn pairs -o grain.brush --no-phrase --steps 10 --hold-out 1 --json",
    "init-phrase": "init-phrase pairs --json",
    "inspect": "inspect warm.brush --json",
    "apply": "apply warm.brush photos -o edited --seed 1 --json",
    "apply again": "apply warm.brush photos -o edited --seed 1 --json",
    "apply in place": "apply warm.brush copies --in-place --json",
    "apply one": "apply warm.brush photos/a.jpg -o one.png",
    "apply draft": "apply warm.brush photos -o draft --steps 2 --detail model --strip",
    "mix blend": "mix warm.brush:0.7 warm.brush:0.3 -o blend.brush --json",
    "mix stack": "mix warm.brush warm.brush:0.5 --method stack -o stack.brush --json",
    "mix schedule": "mix warm.brush@0-2 warm.brush@3-4 -o schedule.brush --json",
    "apply mix": "apply blend.brush photos/b.png -o mixed.tif",
    "label": "label grain.brush --title Grain --author Somebody --json",
    "export lut": "export warm.brush photos --lut warm.cube --force",
    "import": "import warm.brush --name kept --json",
    "list": "list --json",
    "verify": "verify kept --json",
    "check": "learn pairs --check-only --json",
}
TIMES = re.compile(rb'"(seconds|mtime_ns|inode)": [0-9.]+|[0-9.]+ MP in [0-9.]+ s|[0-9a-f]{7,} s')


def draw(folder: Path) -> None:
    """Pairs to learn from, and photographs of five formats, always the same."""
    from brushctl.tiny.world.pictures import draw_picture

    rng = np.random.default_rng(7)
    for n in range(6):
        pixels = draw_picture(rng, 128).pixels
        for side, light in (("before", 1.0), ("after", np.array((0.9, 0.7, 0.5)))):
            _save(pixels * light, folder / f"pairs/{side}/{n}.png")
    for name in ("a.jpg", "b.png", "sub/c.tif", "sub/d.webp", "e.avif"):
        pixels = draw_picture(rng, 200).pixels
        for place in ("photos", "copies"):
            _save(pixels, folder / place / name)


def _save(pixels: np.ndarray, path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(np.rint(pixels * 255).astype(np.uint8)).save(path)


def outcomes(checkout: Path, folder: Path) -> Iterator[tuple[str, str]]:
    """What each command prints, and what lies there at the end, as hashes."""
    draw(folder)
    environment = os.environ | {
        "PYTHONPATH": str(checkout),
        "BRUSHCTL_HOME": str(folder / "home"),
        "SOURCE_DATE_EPOCH": "0",
        "OMP_NUM_THREADS": "1",
    }
    # Versions that learn grades are compared by what both learn, an instruction.
    has_parts = (checkout / "brushctl/app/learning_settings.py").is_file()
    for name, command in COMMANDS.items():
        parts = ["--parts", "instruction"] if has_parts and command.startswith("learn ") else []
        told = subprocess.run(
            [sys.executable, "-m", "brushctl", *command.split(), *parts],
            cwd=folder,
            env=environment,
            capture_output=True,
            check=False,
        )
        own = told.stdout.replace(bytes(folder), b"").replace(bytes(checkout), b"")
        out = TIMES.sub(b"", own)
        yield f"{name}: status", str(told.returncode)
        yield f"{name}: stdout", out.decode(errors="replace")
    for path in sorted(folder.rglob("*")):
        name = path.relative_to(folder)
        if path.is_file() and not any(part.startswith(".") for part in name.parts):
            yield str(name), hashlib.sha256(path.read_bytes()).hexdigest()


def main() -> None:
    """Run both, and print what differs; status 1 if anything does."""
    with tempfile.TemporaryDirectory() as scratch:
        sides = [
            dict(outcomes(Path(checkout).absolute(), Path(scratch) / side))
            for side, checkout in zip(("before", "after"), sys.argv[1:], strict=True)
        ]
    before, after = sides
    names = {**before, **after}
    differing = {n: (before.get(n), after.get(n)) for n in names if before.get(n) != after.get(n)}
    print(json.dumps({"compared": len(names), "differing": differing}, indent=1))  # noqa: T201
    sys.exit(bool(differing))


if __name__ == "__main__":
    main()
