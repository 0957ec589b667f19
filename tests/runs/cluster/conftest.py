"""A Ray cluster on this machine and an S3 server on loopback, started once."""

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
def s3() -> Iterator[str]:
    """The URL of an empty bucket; fsspec finds its server through the environment."""
    import s3fs
    from moto.server import ThreadedMotoServer

    server = ThreadedMotoServer("127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("AWS_ENDPOINT_URL", f"http://{host}:{port}")
        patch.setenv("AWS_ACCESS_KEY_ID", "testing")
        patch.setenv("AWS_SECRET_ACCESS_KEY", "testing")
        patch.setenv("AWS_DEFAULT_REGION", "us-east-1")
        s3fs.S3FileSystem().mkdir("archive")
        yield "s3://archive"
    server.stop()


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
