"""The embedded base model, opened once, and pictures of the world it was trained on."""

import numpy as np
import pytest
import torch

from brushctl.engine.model.base import BaseModel, open_base
from brushctl.tiny.world.pictures import draw_picture


@pytest.fixture(scope="session")
def base() -> BaseModel:
    return open_base(None, torch.device("cpu"), torch.float32)


@pytest.fixture(scope="session")
def pictures() -> np.ndarray:
    """(4, 64, 64, 3) float32 in [0, 1]."""
    rng = np.random.default_rng(11)
    return np.stack([draw_picture(rng).pixels for _ in range(4)])
