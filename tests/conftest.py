"""What tests in several folders need."""

import os
from collections.abc import Iterator
from typing import Any

import pytest

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
