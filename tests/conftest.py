"""What tests in several folders need."""

import os
from collections.abc import Iterator

import pytest

if workers := int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", "0")):
    # Workers share the cores; torch reads this as it is imported, and so do the tests' processes.
    os.environ.setdefault("OMP_NUM_THREADS", str(max(1, (os.cpu_count() or 1) // workers)))


@pytest.fixture
def one_thread() -> Iterator[None]:
    """Sums are taken in one order, as in the processes of a cluster."""
    import torch

    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)
