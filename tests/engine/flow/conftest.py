"""Editors of each family, small and random, and pictures for them."""

import numpy as np
import pytest

from tests.engine.flow import pipelines
from tests.engine.flow.pipelines import MADE, SIDE


@pytest.fixture(autouse=True)
def _small_area():
    with pipelines.small_area():
        yield


@pytest.fixture(scope="module", params=MADE)
def model(request):
    return pipelines.model_of(MADE[request.param]())


@pytest.fixture(scope="session")
def seen():
    """Pictures of the editors' own size."""
    return np.random.default_rng(0).random((4, SIDE, SIDE, 3), np.float32)
