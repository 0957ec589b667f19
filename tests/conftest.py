"""What tests in several folders need."""

import os
from collections.abc import Iterator, Sequence

import pytest

if "PYTEST_XDIST_WORKER" in os.environ:  # the cores are shared out among the processes
    os.environ["OMP_NUM_THREADS"] = "1"


def pytest_collection_modifyitems(items: Sequence[pytest.Item]) -> None:
    """A file's tests run in one process, and so do all that need the one cluster."""
    for item in items:
        of_cluster = item.path.parent.name == "cluster"
        item.add_marker(pytest.mark.xdist_group("cluster" if of_cluster else str(item.path)))


@pytest.fixture
def one_thread() -> Iterator[None]:
    """Sums are taken in one order, as in the processes of a cluster."""
    import torch

    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)
