"""`brushctl apply` and the base a brush is applied on: what does not fit is refused at once."""

import shutil
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

from brushctl.brushes.file import read_brush, write_brush
from brushctl.engine.model.find import EMBEDDED
from brushctl.engine.model.fingerprint import identity
from tests.cli.shell import Shell
from tests.photos.brushes import make_brush


@pytest.fixture
def shell(tmp_path, capfdbinary):
    return Shell(tmp_path, capfdbinary)


@pytest.mark.parametrize(
    ("given", "told"),
    [
        (("--steps", "1000000"), "--steps: must be a number from 1 to 1000"),
        (("--steps", "1001"), "--steps: must be a number from 1 to 1000"),
        (("--steps", "0"), "--steps: must be a number from 1 to 1000"),
        (("--s-t", "nan"), "--s-t: must be a number from 0 to 1000"),
        (("--s-t", "1e308"), "--s-t: must be a number from 0 to 1000"),
        (("--s-t", "0"), "a text guidance scale of 0"),
        (("--s-i", "inf"), "--s-i: must be a number from 0 to 1000"),
        (("--s-i", "-1"), "--s-i: must be a number from 0 to 1000"),
    ],
)
def test_settings_that_no_brush_may_have_are_refused_before_the_base_is_looked_for(
    shell, given, told
):
    make_brush(shell.folder / "dusk.brush")
    Image.fromarray(np.zeros((64, 64, 3), np.uint8)).save(shell.folder / "a.png")
    arguments = ("apply", "dusk.brush", "a.png", "-o", "out.png", "--base", "./nowhere")
    _, err = shell.run(*arguments, *given, status=2)
    assert told in err


@pytest.mark.parametrize(("fits", "status"), [(False, 5), (True, 6)])
def test_a_brush_of_another_base_is_refused_before_anything_is_loaded(shell, fits, status):
    """Nothing but the U-Net of this base can be read, so loading it fails, and with status 6."""
    base = shell.folder / "base"
    shutil.copytree(EMBEDDED, base, ignore=shutil.ignore_patterns("clip"))
    for part in ("vae", "text_encoder"):
        for weights in (base / part).glob("*.safetensors"):
            weights.write_bytes(b"")
    brush = read_brush(make_brush(shell.folder / "dusk.brush"))
    own = replace(brush.metadata.base, model_sha256=identity(base / "unet") if fits else "0" * 64)
    write_brush(
        replace(brush, metadata=replace(brush.metadata, base=own)), shell.folder / "dusk.brush"
    )
    Image.fromarray(np.zeros((64, 64, 3), np.uint8)).save(shell.folder / "a.png")
    arguments = ("apply", "dusk.brush", "a.png", "-o", "out.png", "--base", "base")
    _, err = shell.run(*arguments, status=status)
    assert ("Pass --base tiny-ip2p" in err) is not fits
    assert not (shell.folder / "out.png").exists()


def test_another_base_is_not_advised_for_a_brush_that_would_not_fit_it(shell):
    make_brush(shell.folder / "dusk.brush")
    Image.fromarray(np.zeros((64, 64, 3), np.uint8)).save(shell.folder / "a.png")
    arguments = ("apply", "dusk.brush", "a.png", "-o", "out.png", "--base", "owner/model")
    _, err = shell.run(*arguments, status=6)
    assert "hf download owner/model" in err
    assert "--base tiny-ip2p" not in err
