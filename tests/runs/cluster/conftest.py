"""A Ray cluster on this machine, started once."""

import importlib.util
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
MISSING = [name for name in ("ray", "moto", "s3fs") if importlib.util.find_spec(name) is None]

if MISSING:
    pytest.skip(f"not installed: {', '.join(MISSING)}", allow_module_level=True)


@pytest.fixture(scope="session")
def ray(s3: str) -> Iterator[Any]:
    """A cluster of two cores whose processes can import the tests and reach the server."""
    from brushctl.runs.executors.ray import cluster

    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PYTHONPATH", str(ROOT))
        patch.setenv("OMP_NUM_THREADS", "1")
        assert s3.startswith("s3://")
        with cluster(None) as running:
            yield running
