"""What tests of several commands need."""

from dataclasses import replace

import numpy as np
import pytest

from brushctl.engine.training import recipes
from brushctl.tiny.world.pictures import draw_picture
from tests.cli.apply_shell import ApplyShell
from tests.cli.shell import Shell, save


@pytest.fixture
def shell(tmp_path, capfdbinary, monkeypatch):
    """A shell in a folder with three pairs (half the light), where learning takes four steps.

    One pair that it learned from is enough to judge a brush by.
    """
    rng = np.random.default_rng(2)
    for k in range(3):
        pixels = draw_picture(rng, 96).pixels
        save(tmp_path / f"pairs/before/{k}.png", pixels)
        save(tmp_path / f"pairs/after/{k}.png", pixels * 0.5)
    few = {"validations": 2, "validation_batch": 1}
    for name, whole in recipes.RECIPES.items():
        monkeypatch.setitem(recipes.RECIPES, name, replace(whole, **few))
    short = replace(recipes.RECIPES["default"], steps=4, batch=1, steps_for_one=3)
    monkeypatch.setitem(recipes.RECIPES, "default", short)
    monkeypatch.setattr("brushctl.engine.training.validation.PICTURES", 1)
    monkeypatch.setattr("brushctl.app.training_run.SHOWN_PAIRS", 1)
    return Shell(tmp_path, capfdbinary)


@pytest.fixture
def apply_shell(tmp_path, capfdbinary) -> ApplyShell:
    """A shell for `brushctl apply`, with a tone curve for a model."""
    return ApplyShell(tmp_path, capfdbinary)
