"""Where the photographs of a test lie: in a folder of this machine, or in a bucket."""

import os
import tempfile
from pathlib import Path
from typing import Any

import numpy as np

from brushctl.photos.photo import decode_photo
from brushctl.runs.plan import STATE
from tests.photos import makers
from tests.photos.driver import tone


class FolderPlace:
    """A folder of this machine."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def name(self, path: str) -> str:
        """What a user calls a file or folder of the place."""
        return str(self.folder / path)

    def write(self, path: str, data: bytes) -> None:
        (self.folder / path).parent.mkdir(parents=True, exist_ok=True)
        (self.folder / path).write_bytes(data)

    def read(self, path: str) -> bytes:
        return (self.folder / path).read_bytes()

    def remove(self, path: str) -> None:
        (self.folder / path).unlink()

    def rename(self, old: str, new: str) -> None:
        (self.folder / old).rename(self.folder / new)

    def touch(self, path: str) -> None:
        """Write the same bytes at another time."""
        os.utime(self.folder / path, ns=(0, 10**18))

    def kill(self) -> None:
        """Leave of the journal what a run has written that was killed before it said "done"."""
        journal = self.folder / "out" / STATE / "journal.jsonl"
        lines = journal.read_bytes().splitlines(keepends=True)
        journal.write_bytes(b"".join(line for line in lines if b'"done"' not in line))

    def files(self, folder: str = "out") -> list[str]:
        """The files below a folder, but for the journal's."""
        found = (path for path in (self.folder / folder).rglob("*") if path.is_file())
        names = (path.relative_to(self.folder / folder).as_posix() for path in found)
        return sorted(name for name in names if not name.startswith(STATE))


class BucketPlace:
    """A folder in a bucket of an S3 server."""

    def __init__(self, url: str) -> None:
        self.url = url

    @property
    def system(self) -> Any:
        import s3fs

        system = s3fs.S3FileSystem()
        system.invalidate_cache()
        return system

    def name(self, path: str) -> str:
        """What a user calls a file or folder of the place."""
        return f"{self.url}/{path}"

    def write(self, path: str, data: bytes) -> None:
        self.system.pipe_file(self.name(path), data)

    def read(self, path: str) -> bytes:
        return self.system.cat_file(self.name(path))

    def remove(self, path: str) -> None:
        self.system.rm_file(self.name(path))

    def rename(self, old: str, new: str) -> None:
        for name in self.files(old):
            self.system.mv(self.name(f"{old}/{name}"), self.name(f"{new}/{name}"))

    def touch(self, path: str) -> None:
        """Write the same bytes, with another tag: that of an upload in several parts."""
        data, system = self.read(path), self.system
        bucket, _, key = self.name(path).removeprefix("s3://").partition("/")
        upload = system.call_s3("create_multipart_upload", Bucket=bucket, Key=key)["UploadId"]
        where = {"Bucket": bucket, "Key": key, "UploadId": upload}
        part = system.call_s3("upload_part", Body=data, PartNumber=1, **where)
        parts = {"Parts": [{"ETag": part["ETag"], "PartNumber": 1}]}
        system.call_s3("complete_multipart_upload", MultipartUpload=parts, **where)

    def kill(self) -> None:
        """Leave of the journal what a run has written that was killed before it said "done"."""
        _, *later = sorted(self.system.find(self.name(f"out/{STATE}")))
        self.system.rm(later)

    def files(self, folder: str = "out") -> list[str]:
        """The files below a folder, but for the journal's."""
        root = self.name(folder).removeprefix("s3://") + "/"
        names = (name.removeprefix(root) for name in self.system.find(root))
        return sorted(name for name in names if not name.startswith(STATE))


Place = FolderPlace | BucketPlace


def jpeg(seed: int = 0) -> bytes:
    """The file of a photograph; another for each seed."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "a.jpg"
        makers.write_jpeg(path, makers.picture(seed=seed))
        return path.read_bytes()


def photographs(place: Place, count: int = 3, folder: str = "in") -> list[str]:
    """Write so many; returns their names in the place."""
    names = [f"{folder}/{n}.jpg" for n in range(count)]
    for n, name in enumerate(names):
        place.write(name, jpeg(n))
    return names


def is_edited(place: Place, source: str, target: str, tolerance: float = 0.03) -> bool:
    """Whether a file is what the tone curve makes of another."""
    before, after = (decode_photo(place.read(name), name).pixels for name in (source, target))
    return float(np.abs(after - tone(before)).mean()) < tolerance
