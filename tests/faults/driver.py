"""Runs of the command line in which one disk operation fails, or the process is killed before it.

Run as `python -m tests.faults.driver FOLDER STRIDE [CASE ...]` with `fault.c`, compiled, in
LD_PRELOAD. Each case runs once undisturbed, which gives the reference and the number of its disk
operations; then once for every STRIDE-th of them and each fault. Each of these runs is looked at,
and repeated undisturbed if it failed, which has to end as the reference did. Prints what was found
as JSON. Without cases, all but the learning of a brush, which takes longest.
"""

import ctypes
import errno
import io
import json
import os
import shutil
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
from PIL import Image

from brushctl.brushes.file import write_brush
from brushctl.cli.app import main
from brushctl.files import PART
from brushctl.runs.journal import journal_in
from brushctl.runs.plan import STATE
from tests.brushes.makers import plain
from tests.photos import makers, warm  # noqa: F401  (imports what a run needs, before the forks)
from tests.photos.brushes import make_brush
from tests.photos.driver import tone_engine

SHORT, KILL = -1, -2
FAULTS = {
    "ENOSPC": errno.ENOSPC,
    "EIO": errno.EIO,
    "EDQUOT": errno.EDQUOT,
    "short write": SHORT,
    "kill": KILL,
}
Files = dict[str, bytes]


@dataclass(frozen=True)
class Case:
    """A command line, and how it is repeated.

    Attributes:
        arguments: of the command.
        again: of its repetition.
        volatile: results that are not the same bytes each time.
    """

    arguments: list[str]
    again: list[str] = field(default_factory=list)
    volatile: tuple[str, ...] = ()


CASES = {
    "folder": Case(
        ["apply", "dusk.brush", "in", "-o", "out", "--report", "page.html"],
        ["--retry-failed"],
        volatile=("page.html",),
    ),
    "in place": Case(["apply", "dusk.brush", "in", "--in-place"], ["--retry-failed"]),
    "one file": Case(["apply", "dusk.brush", "in/a.jpg", "-o", "one.tif"], ["--overwrite"]),
    "mix": Case(["mix", "warm:0.7", "grain:0.3", "-o", "new"]),
    "label": Case(["label", "warm", "--title", "Warm"]),
    "import": Case(["import", "dusk.brush"], ["--overwrite"]),
    "export": Case(["export", "warm", "copy.brush"], ["--overwrite"]),
    "learn": Case(
        [
            "learn",
            "pairs",
            "-o",
            "new.brush",
            "--parts",
            "instruction",
            "--steps",
            "2",
            "--no-phrase",
            "--hold-out",
            "1",
        ],
        ["--resume"],
    ),
    "table": Case(["export", "dusk.brush", "in", "--lut", "dusk.cube", "--force"], ["--overwrite"]),
}


def prepare(folder: Path) -> None:
    """Photographs of every writer, a brush file, and a cache with two brushes."""
    shutil.rmtree(folder, ignore_errors=True)
    (folder / "in").mkdir(parents=True)
    makers.write_jpeg(folder / "in/a.jpg", makers.picture(seed=1))
    makers.write_jpeg(folder / "in/b.jpg", makers.picture(seed=2))
    makers.write_deep_tiff(folder / "in/c.tif", makers.deep_picture())
    Image.fromarray(makers.picture(seed=4)).save(folder / "in/d.png")
    make_brush(folder / "dusk.brush")
    for seed in range(3):
        for side, light in (("before", 1.0), ("after", 0.5)):
            codes = (makers.picture(seed=seed) * light).astype(np.uint8)
            (folder / f"pairs/{side}").mkdir(parents=True, exist_ok=True)
            Image.fromarray(codes).save(folder / f"pairs/{side}/{seed}.png")
    for seed, name in enumerate(("warm", "grain")):
        write_brush(plain(name, seed=seed), folder / f"home/brushes/{name}.brush")


def run(folder: Path, arguments: list[str], fault: int = 0, at: int = -1) -> tuple[int, int]:
    """A command in a child of this process: its exit status, and its number of disk operations."""
    reader, writer = os.pipe()
    child = os.fork()
    if not child:
        os._exit(_command(folder, arguments, fault, at, writer))
    os.close(writer)
    with os.fdopen(reader, "rb") as told:
        count = told.read()
    status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    return status, int(count or b"0")


def _command(folder: Path, arguments: list[str], fault: int, at: int, writer: int) -> int:
    os.chdir(folder)
    os.environ["BRUSHCTL_HOME"] = str(folder / "home")
    if arguments[0] != "learn":
        sys.modules["brushctl.engine.sampler"] = tone_engine()
    sys.stdout, sys.stderr = io.TextIOWrapper(io.BytesIO()), io.TextIOWrapper(io.BytesIO())
    sys.argv = ["brushctl", *arguments]
    shim = ctypes.CDLL(None)
    shim.fault_arm(os.fsencode(folder), fault, at)
    try:
        main()
        status: object = 0
    except SystemExit as ended:
        status = ended.code or 0
    count = shim.fault_count()
    shim.fault_arm(b"", 0, -1)
    os.write(writer, str(count).encode())
    return status if isinstance(status, int) else 1


def files(folder: Path) -> Files:
    """What lies below a folder, but for hidden files and folders."""
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and not any(p.startswith(".") for p in path.relative_to(folder).parts)
    }


def parts(folder: Path) -> list[str]:
    """Temporary files below a folder."""
    return [str(path.relative_to(folder)) for path in folder.rglob(f".*{PART}")]


def wrong(case: Case, folder: Path, status: int, before: Files, wanted: Files) -> Iterator[str]:
    """What a run has left that it must not have."""
    there = files(folder)
    for name in before.keys() - there.keys():
        yield f"{name} is lost"
    for name, data in there.items():
        whole = (before.get(name), wanted.get(name))
        if name in case.volatile:
            if not data.endswith(b"</html>\n"):
                yield f"{name} is not whole"
        elif data not in whole:
            yield f"{name} is neither what it was nor what it is to be ({len(data)} bytes)"
    if status == 0:
        yield from (f"{name} is not there" for name in wanted.keys() - there.keys())
        yield from (
            f"{name} is not done, and the status is 0"
            for name in wanted.keys() & there.keys() - {*case.volatile}
            if there[name] != wanted[name]
        )
    for place in ("out", "in"):
        for record in journal_in(folder / place / STATE).values():
            name = f"{place}/{record.file}"
            if record.status == "done" and there.get(name) != wanted[name]:
                yield f"{name} is said to be done and is not"


def faults_of(case: Case, folder: Path, stride: int) -> Iterator[tuple[str, list[str]]]:
    """Each fault, and what was wrong after it."""
    prepare(folder)
    before = files(folder)
    status, count = run(folder, case.arguments)
    assert status == 0, f"undisturbed, {case.arguments} ends with {status}"
    wanted = files(folder)
    for at in range(0, count, stride):
        for kind, fault in FAULTS.items():
            prepare(folder)
            status, _ = run(folder, case.arguments, fault, at)
            found = list(wrong(case, folder, status, before, wanted))
            # What has ended well is not repeated: a learned brush is not learned again.
            repeated = status and run(folder, [*case.arguments, *case.again])[0]
            if repeated:
                found.append(f"repeated, it ends with {repeated}")
            found += [f"repeated: {told}" for told in wrong(case, folder, 0, before, wanted)]
            found += [f"{part} is left" for part in parts(folder)]
            yield f"{kind} at {at} of {count}, status {status}", found


def _import_what_learns() -> None:
    import torch

    from brushctl.app import training_run  # noqa: F401
    from brushctl.engine.training import recipes

    torch.set_num_threads(1)  # no threads to lose in a fork
    for name, recipe in recipes.RECIPES.items():
        recipes.RECIPES[name] = replace(recipe, checkpoint_every=1)


def found_in(folder: Path, stride: int, names: list[str]) -> dict[str, object]:
    """Every case's faults, counted, and all that was wrong."""
    counts: dict[str, int] = {}
    wrongs: dict[str, list[str]] = {}
    if "learn" in names:
        _import_what_learns()
    for name in names or [name for name in CASES if name != "learn"]:
        for fault, found in faults_of(CASES[name], folder, stride):
            counts[name] = counts.get(name, 0) + 1
            if found:
                wrongs[f"{name}: {fault}"] = found
    return {"faults": counts, "all": sum(counts.values()), "wrong": wrongs}


if __name__ == "__main__":
    place, every, *chosen = sys.argv[1:]
    print(json.dumps(found_in(Path(place), int(every), chosen), indent=1))  # noqa: T201
