"""Where there is no room for a result, the photograph stays, and nobody calls it done."""

import resource
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from brushctl.runs.plan import STATE
from tests.cli.apply_shell import summary

ROOM = 20 * 1024


@contextmanager
def room(size: int) -> Iterator[None]:
    """No file may have more bytes, as under `ulimit -f`: what comes first is still written."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def photographs(folder: Path, suffix: str) -> dict[Path, bytes]:
    """Some whose results have more bytes than there is room for."""
    folder.mkdir()
    rng = np.random.default_rng(0)
    for n in range(3):
        path = folder / f"{n}.{suffix}"
        Image.fromarray(rng.integers(0, 256, (240, 320, 3), dtype=np.uint8)).save(path)
        assert path.stat().st_size > 2 * ROOM
    return {path: path.read_bytes() for path in folder.iterdir()}


@pytest.mark.parametrize("suffix", ["jpg", "png", "tif", "webp", "avif"])
def test_in_place_a_result_that_does_not_fit_replaces_nothing(shell, suffix):
    before = photographs(shell.folder / "in", suffix)
    with room(ROOM):
        _, err = shell.run("dusk.brush", "in", "--in-place", status=4)
        assert err.count("the result cannot be written (file too large)") >= 3
        assert summary(shell.events("dusk.brush", "in", "--in-place", status=4)) == (0, 0, 3)
    assert {path: path.read_bytes() for path in before} == before
    there = {path.name for path in (shell.folder / "in").iterdir()}
    assert there == {STATE, *(path.name for path in before)}
    arguments = ("dusk.brush", "in", "--in-place", "--retry-failed")
    assert summary(shell.events(*arguments)) == (3, 0, 0)
