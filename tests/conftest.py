"""What tests in several folders need."""

import os
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    import numpy as np

    from brushctl.engine.model.base import BaseModel

if "PYTEST_XDIST_WORKER" in os.environ:  # the cores are shared out among the processes
    os.environ["OMP_NUM_THREADS"] = "1"


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    """A file's tests run in one process, and so do all that need the one cluster."""
    from xdist.scheduler import LoadFileScheduling

    class ByFile(LoadFileScheduling):
        def _split_scope(self, nodeid: str) -> str:
            cluster = "tests/runs/cluster/"
            return cluster if nodeid.startswith(cluster) else super()._split_scope(nodeid)

    return ByFile(config, log)


@pytest.fixture
def one_thread() -> Iterator[None]:
    """Sums are taken in one order, as in the processes of a cluster."""
    import torch

    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(scope="session")
def base() -> "BaseModel":
    """The embedded base model, opened once."""
    import torch

    from brushctl.engine.model.base import open_base

    return open_base(None, torch.device("cpu"), torch.float32)


@pytest.fixture(scope="session")
def pictures() -> "np.ndarray":
    """(4, 64, 64, 3) float32 in [0, 1], of the world that the base model was trained on."""
    import numpy as np

    from brushctl.tiny.world.pictures import draw_picture

    rng = np.random.default_rng(11)
    return np.stack([draw_picture(rng).pixels for _ in range(4)])
