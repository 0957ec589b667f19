"""An S3 server on loopback, started once, and the places where a test's photographs may lie."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.runs.places import BucketPlace, FolderPlace, Place


@pytest.fixture(scope="session")
def s3() -> Iterator[str]:
    """The URL of an empty bucket; fsspec finds its server through the environment."""
    s3fs = pytest.importorskip("s3fs")
    server = pytest.importorskip("moto.server").ThreadedMotoServer("127.0.0.1", 0, verbose=False)
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


@pytest.fixture(params=["folder", "bucket"])
def place(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch) -> Place:
    """An empty place for photographs: the test runs in each kind of storage."""
    monkeypatch.setenv("BRUSHCTL_HOME", str(tmp_path / "home"))
    if request.param == "folder":
        return FolderPlace(tmp_path)
    url = f"{request.getfixturevalue('s3')}/{tmp_path.name}"
    return BucketPlace(url)
