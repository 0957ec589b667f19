"""Photographs by path or URL, in whatever storage fsspec reaches."""

import contextlib
import functools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import Any

import fsspec

from brushctl.errors import (
    BrushctlError,
    PhotoError,
    PlanError,
    StorageError,
    UsageError,
    first_line,
)
from brushctl.files import expanded, resolved
from brushctl.photos.limits import BYTES
from brushctl.photos.source import read_photo
from brushctl.reading import read_stream
from brushctl.runs.inputs import MAGIC, is_photograph
from brushctl.runs.results import replacing_result

LOCAL = "file://"
BLOCK = 64 * 2**20
"""Bytes that are asked for at once: most photographs."""
MARKS = ("ETag", "etag", "LastModified", "last_modified", "updated", "mtime")
"""What listings tell by which a changed file is known, surest first."""


@dataclass(frozen=True, slots=True)
class Found:
    """A photograph in storage.

    Attributes:
        url: its own.
        relative: where it lies below what was named.
        mark: what its listing says by which a change is noticed: `bytes`, and a tag or time.
        folder: the URL of the folder that was named; None for a file or a pattern.
    """

    url: str
    relative: PurePosixPath
    mark: dict[str, Any] = field(default_factory=dict)
    folder: str | None = None


def is_url(name: str) -> bool:
    """Whether a name is a URL rather than a path."""
    return "://" in name


def plain(name: str) -> str:
    """A local file's URL as its path; the URL of anything else as it is."""
    name = name.removeprefix(LOCAL)
    return name if is_url(name) else str(expanded(name))


def url_of(name: str) -> str:
    """A path as its URL; a URL as it is."""
    name = plain(name)
    return name if is_url(name) else LOCAL + str(Path(name).absolute())


def canonical(name: str) -> str:
    """A path or URL as listings spell URLs: `s3a://x/y` is `s3://x/y`.

    Raises:
        UsageError: what its protocol needs is not installed.
        StorageError: the storage cannot be reached.
    """
    system, path = storage(url_of(name))
    return str(system.unstrip_protocol(path)).rstrip("/")


def real(url: str) -> str:
    """What tells whether two canonical URLs are one file: a local one may be reached by links."""
    name = plain(url)
    return name if is_url(name) else str(resolved(Path(name)))


def find_photographs(named: Sequence[str]) -> list[Found]:
    """The photographs behind URLs of files, folders (with all below them) and patterns.

    Raises:
        PlanError: a URL leads nowhere.
        UsageError: what its protocol needs is not installed.
        StorageError: the storage cannot be listed.
    """
    found: dict[str, Found] = {}
    for name in named:
        with answering(name):
            found.update((item.url, item) for item in _behind(url_of(name)))
    return list(found.values())


@contextlib.contextmanager
def answering(url: str) -> Iterator[None]:
    """A storage's own errors, each library's of its own kind, as one of ours.

    Raises:
        StorageError: it could not be reached, or refused.
    """
    try:
        yield
    except BrushctlError:
        raise
    except Exception as error:
        raise StorageError(
            _told(error),
            where=url,
            do="Check the URL, its credentials and its endpoint, and run the command again.",
        ) from error


def sizes_below(folder: str) -> dict[str, int]:
    """The URL and size in bytes of every file below a folder; empty where there is none.

    Raises:
        StorageError: the storage cannot be listed.
    """
    system, path = storage(folder)
    system.invalidate_cache()
    with answering(folder):
        files = below(system, path)
    return {system.unstrip_protocol(name): int(info["size"]) for name, info in files.items()}


def below(system: Any, path: str) -> dict[str, dict[str, Any]]:  # noqa: ANN401  (fsspec's)
    """The listing of every file below a path; empty where there is none."""
    with contextlib.suppress(FileNotFoundError):  # of a bucket, say
        return _files(system, system.find(path, detail=True))
    return {}


def _files(system: Any, listed: dict[str, dict[str, Any]]) -> dict[str, dict[str, Any]]:  # noqa: ANN401
    """What of a listing is a file, or a link that leads to one."""
    files = {}
    for name, info in listed.items():
        followed = info
        if info.get("islink"):
            with contextlib.suppress(FileNotFoundError):
                followed = system.info(name)
        # A folder that comes into being at this moment is listed as its own content by s3fs.
        if followed.get("type") == "file":
            files[name] = followed
    return files


def read(name: str) -> bytes:
    """A photograph's bytes.

    Raises:
        PhotoError: they cannot be read.
    """
    name = plain(name)
    if not is_url(name):
        return read_photo(Path(name))
    system, path = storage(name)
    try:
        with system.open(path, "rb", block_size=BLOCK) as file:
            return read_stream(file, BYTES)
    except Exception as error:  # each storage has errors of its own
        raise PhotoError(_told(error), where=name) from error


def write(name: str, data: bytes, output: str) -> None:
    """Write a result, whole or not at all where that is the file system's to say.

    Args:
        name: the path or URL of the place.
        data: the file.
        output: likewise, the folder of the run's journal, for `sweep_results`.

    Raises:
        PhotoError: the storage does not take it.
        OSError: the disk does not take it.
    """
    name = plain(name)
    if not is_url(name):
        target = Path(name)
        target.parent.mkdir(parents=True, exist_ok=True)
        with replacing_result(target, Path(plain(output))) as file:
            file.write(data)
        return
    system, path = storage(name)
    try:
        _make_folder(system, system._parent(path))
        system.pipe_file(path, data)
    except Exception as error:
        raise PhotoError(_told(error), where=name) from error


def storage(url: str) -> tuple[Any, str]:
    """The file system of a URL, and its path there.

    Raises:
        UsageError: the protocol is unknown, or needs a package that is not installed.
        StorageError: the storage cannot be reached.
    """
    with answering(url):
        try:
            system, path = fsspec.core.url_to_fs(url)
        except (ValueError, ImportError) as error:
            raise UsageError(str(error), where=url) from error
    return system, str(path)


@functools.lru_cache(maxsize=10_000)
def _make_folder(system: Any, path: str) -> None:  # noqa: ANN401  (fsspec's)
    """Once in each process: where there are no folders, each time would cost a request."""
    system.makedirs(path, exist_ok=True)


def _behind(url: str) -> Iterator[Found]:
    system, path = storage(url)
    folder = None
    if system.isfile(path):
        root, files = path.rpartition("/")[0], {path: system.info(path)}
    elif files := below(system, path):
        root = path.rstrip("/")
        folder = system.unstrip_protocol(root)
    elif magic := MAGIC.search(path):  # last: a folder's name may look like a pattern
        root = path[: magic.start()].rpartition("/")[0]
        files = _files(system, system.glob(path, detail=True))
        if not files:
            raise PlanError("nothing matches this pattern", where=url)
    else:
        raise PlanError("there is no such file or folder, or it is empty", where=url)
    for name in sorted(files):
        relative = PurePosixPath(name[len(root) :].lstrip("/"))
        if is_photograph(relative):
            yield Found(system.unstrip_protocol(name), relative, _mark(files[name]), folder)


def _mark(info: dict[str, Any]) -> dict[str, Any]:
    tag = next((str(info[key]) for key in MARKS if info.get(key) is not None), None)
    return {"bytes": int(info["size"]), "mark": tag}


def _told(error: Exception) -> str:
    if isinstance(error, FileNotFoundError):
        return "there is no such file"
    return f"the storage refuses ({first_line(error)})"
