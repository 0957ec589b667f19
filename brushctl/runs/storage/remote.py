"""Photographs and results by URL, in whatever storage fsspec reaches."""

import contextlib
import errno
import functools
import hashlib
from collections.abc import Callable, Iterable, Iterator
from pathlib import PurePosixPath
from typing import Any

from brushctl.errors import PhotoError, PlanError
from brushctl.photos.formats import readable_suffixes
from brushctl.photos.limits import BYTES
from brushctl.reading import read_stream
from brushctl.runs.inputs import MAGIC, Input, PassedOver, is_passed_over
from brushctl.runs.plan import STATE
from brushctl.runs.records import Record, Stat
from brushctl.runs.refusals import appeared
from brushctl.runs.rest import Rest
from brushctl.runs.storage.base import OTHER_PLACE, Warn
from brushctl.runs.storage.segments import SegmentedJournal, read_segments
from brushctl.runs.storage.systems import answering, below, files_in, refusal, storage

BLOCK = 64 * 2**20
"""Bytes that are asked for at once: most photographs."""
ADDRESS = (
    "Check the address, and that this machine reaches it; a file of a web page is downloaded first."
)
MARKS = ("ETag", "etag", "LastModified", "last_modified", "updated", "mtime")
"""What listings tell by which a changed file is known, surest first."""


class RemoteStorage:
    """As `brushctl.runs.storage.base.Storage`."""

    def canonical(self, name: str) -> str:
        """A URL as listings spell it: `s3a://x/y` is `s3://x/y`."""
        system, path = storage(name)
        return str(system.unstrip_protocol(path)).rstrip("/")

    def find(
        self,
        name: str,
        passed_over: PassedOver,  # noqa: ARG002
        rest: Rest,
    ) -> Iterator[Input]:
        """The photographs behind the URL of a file, of a folder or of a pattern."""
        with answering(name):
            yield from _behind(name, rest)

    def stat(self, name: str) -> Stat:
        """The length and mark of a file."""
        system, path = storage(name)
        with answering(name), contextlib.suppress(FileNotFoundError):
            return _stat(system.info(path))
        raise _no_file(name)

    def stats_below(self, folder: str) -> Callable[[str], Stat]:
        """The same, of a listing of all that is below the folder."""
        system, path = storage(folder)
        system.invalidate_cache()
        with answering(folder):
            files = below(system, path)
        stats = {str(system.unstrip_protocol(name)): _stat(info) for name, info in files.items()}

        def stat(name: str) -> Stat:
            try:
                return stats[name]
            except KeyError:
                raise _no_file(name) from None

        return stat

    def read(self, name: str) -> bytes:
        """The bytes of a photograph."""
        system, path = storage(name)
        try:
            with system.open(path, "rb", block_size=BLOCK) as file:
                return read_stream(file, BYTES)
        except Exception as error:  # each storage has errors of its own
            raise PhotoError(refusal(error), where=name) from error

    def hash(self, name: str) -> str:
        """The SHA-256 of a file's content."""
        try:
            return hashlib.sha256(self.read(name)).hexdigest()
        except PhotoError as error:
            raise OSError(errno.EIO, error.what, name) from error

    def write(
        self,
        name: str,
        data: bytes,
        *,
        output: str | None,  # noqa: ARG002
        overwrite: bool,
        naming: Callable[[Stat], object],  # noqa: ARG002
    ) -> Stat:
        """Write a result, which has its name at once and whole where the storage does it so."""
        system, path = storage(name)
        try:
            _make_folder(system, system._parent(path))
            system.pipe_file(path, data, mode="overwrite" if overwrite else "create")
        except FileExistsError as error:
            raise appeared(name) from error
        except Exception as error:
            raise PhotoError(refusal(error), where=name) from error
        # Without a mark the next run compares contents: no reason to call a written result failed.
        with contextlib.suppress(Exception):
            return _stat(system.info(path))
        return Stat(len(data))

    def sweep(self, names: Iterable[str], output: str | None) -> None:
        """Nothing is half-written there."""

    def check_writable(self, folder: str, do: str = OTHER_PLACE) -> None:
        """What cannot be written the storage tells when the journal is written."""

    def check_room(self, size: int, folder: str) -> None:
        """There is always room."""

    def journal(self, output: str, warn: Warn) -> SegmentedJournal:
        """The journal, a folder of segments in the folder that it tells of."""
        return SegmentedJournal(output, warn)

    def records(self, output: str) -> dict[str, Record]:
        """The latest record of each photograph in the folder's journal."""
        return read_segments(output).records


@functools.lru_cache(maxsize=10_000)
def _make_folder(system: Any, path: str) -> None:  # noqa: ANN401  (fsspec's)
    """Once in each process: where there are no folders, each time would cost a request."""
    system.makedirs(path, exist_ok=True)


def _behind(url: str, rest: Rest) -> Iterator[Input]:
    system, path = storage(url)
    folder = None
    if system.isfile(path):
        root, files = path.rpartition("/")[0], {path: system.info(path)}
    elif files := below(system, path):
        root = path.rstrip("/")
        folder = str(system.unstrip_protocol(root))
    elif magic := MAGIC.search(path):  # last: a folder's name may look like a pattern
        root = path[: magic.start()].rpartition("/")[0]
        files = files_in(system, system.glob(path, detail=True))
        if not files:
            raise PlanError("nothing matches this pattern", where=url, do=ADDRESS)
    else:
        raise PlanError("there is no such file or folder, or it is empty", where=url, do=ADDRESS)
    suffixes, journals = readable_suffixes(), set[str]()
    for name in sorted(files):
        relative = PurePosixPath(name[len(root) :].lstrip("/"))
        suffix, file = relative.suffix.lower(), str(system.unstrip_protocol(name))
        if STATE in relative.parts:
            journals.add(file.partition(f"/{STATE}/")[0])
        elif is_passed_over(relative):
            continue
        elif suffix not in suffixes:
            rest.suffixes[suffix] += 1
        else:
            yield Input(file, str(relative), folder, _stat(files[name]))
    rest.journals += sorted(journals)


def _stat(info: dict[str, Any]) -> Stat:
    mark = next((str(info[key]) for key in MARKS if info.get(key) is not None), None)
    return Stat(int(info["size"]), mark=mark)


def _no_file(name: str) -> FileNotFoundError:
    return FileNotFoundError(errno.ENOENT, "there is no such file", name)
