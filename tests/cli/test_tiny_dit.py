"""The transformer that comes with the package, by the commands that everybody uses."""

import numpy as np
import pytest
from PIL import Image

from brushctl.bench.effects import draw_effects
from tests.cli.shell import Shell

SIDE = 64


@pytest.fixture
def shell(tmp_path, capfdbinary):
    return Shell(tmp_path, capfdbinary)


def pixels(folder):
    return np.stack([np.asarray(Image.open(f), np.float32) for f in sorted(folder.glob("*.png"))])


def test_a_brush_is_learned_and_applied_at_every_strength(shell):
    (effect,) = draw_effects(["lava"], SIDE, 0)
    for side, pictures in zip(("before", "after"), effect.train, strict=True):
        (shell.folder / "pairs" / side).mkdir(parents=True)
        for k in range(2):
            picture = Image.fromarray(np.rint(pictures[k] * 255).astype(np.uint8))
            picture.save(shell.folder / "pairs" / side / f"{k}.png")
    how = ("--parts", "instruction", "--no-phrase", "--steps", "8")
    shell.run("learn", "pairs", "-o", "lava", "--base", "tiny-dit", "--device", "cpu", *how)
    before = pixels(shell.folder / "pairs/before")
    change = {}
    for strength in ("0", "0.01", "0.5", "1"):
        out = ("-o", f"out-{strength}", "--strength", strength)
        shell.run("apply", "lava", "pairs/before", *out, "--device", "cpu")
        change[strength] = pixels(shell.folder / f"out-{strength}") - before
    far = {strength: np.abs(x).mean() for strength, x in change.items()}
    assert far["0"] == 0
    assert far["0.01"] < 1 < 0.3 * far["1"]  # of 255: what no words do is not left
    assert far["0.5"] == pytest.approx(far["1"] / 2, rel=0.25)
