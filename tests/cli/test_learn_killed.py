"""Killed at any moment, learning goes on to the bytes of a run that nobody disturbed."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from brushctl.tiny.world.pictures import draw_picture

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize("kills", [3, pytest.param(40, marks=pytest.mark.slow)])
def test_runs_killed_at_random_moments_end_with_the_same_bytes(tmp_path, kills):
    rng = np.random.default_rng(2)
    for k in range(3):
        for side, light in (("before", 1.0), ("after", 0.5)):
            path = tmp_path / f"pairs/{k}_{side}.png"
            path.parent.mkdir(exist_ok=True)
            codes = np.rint(draw_picture(rng, 96).pixels * 255 * light)
            Image.fromarray(codes.astype(np.uint8)).save(path)
    told = subprocess.run(
        [sys.executable, "-m", "tests.cli.killed", str(kills)],
        cwd=tmp_path,
        env=os.environ | {"PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        check=True,
    )
    assert len(told.stdout.split()) >= kills
    whole, killed = (
        {p.name: p.read_bytes() for p in (tmp_path / folder).iterdir()}
        for folder in ("whole", "killed")
    )
    assert sorted(whole) == ["dim.brush", "dim.brush.png"]
    assert killed == whole
