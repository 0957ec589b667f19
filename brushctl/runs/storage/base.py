"""Where photographs and results lie: by path on this machine, or by URL in another storage."""

import functools
from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING, Protocol, Self

from brushctl.errors import UsageError
from brushctl.extras import installing
from brushctl.runs.links import RealPaths
from brushctl.runs.records import Record, Stat

if TYPE_CHECKING:
    from types import TracebackType

    from brushctl.runs.inputs import Input, PassedOver
    from brushctl.runs.rest import Rest

LOCAL = "file://"
"""How the URL of a file on this machine begins: what follows is its path."""
OTHER_PLACE = "Choose another place."
"""What to do about a folder that cannot be written."""

Warn = Callable[[str], object]
"""Is told what the user should know, as a line for people."""


def is_url(name: str) -> bool:
    """Whether a file is named by a URL, and not by a path or by the URL of one."""
    return "://" in name and not name.startswith(LOCAL)


def path_in(name: str) -> str:
    """The path in the URL of a file on this machine; any other name as it is."""
    return name.removeprefix(LOCAL)


class AnyJournal(Protocol):
    """A journal, wherever it lies; a context manager that one run holds at a time.

    Attributes:
        records: the latest record of each photograph.
        appends: whether a record is kept once `write` returns. Otherwise it is some time later, but
            for those that say what is about to be edited.
    """

    records: dict[str, Record]
    appends: bool

    def __enter__(self) -> Self:
        """Hold the journal and read it."""

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: "TracebackType | None",
    ) -> None:
        """Let it go."""

    def write(self, *records: Record) -> None:
        """Add records; threads may call it at one time."""


class Storage(Protocol):
    """What a run needs of the place where files lie. Names are paths, or canonical URLs."""

    def canonical(self, name: str) -> str:
        """A name as `find` gives it: with the user's home for `~`, without a slash at its end.

        Raises:
            UsageError: what the storage needs is not installed, or the user has no home.
            StorageError: the storage cannot be reached.
        """

    def find(self, name: str, passed_over: "PassedOver", rest: "Rest") -> "Iterator[Input]":
        """The photographs behind the name of a file, of a folder or of a pattern, in order.

        Args:
            name: it, as a user gives it.
            passed_over: is told of folders that cannot be searched, and of links to folders.
            rest: is told of the other files in folders.

        Raises:
            PlanError: the name leads nowhere.
            UsageError, StorageError: as `canonical`.
        """

    def stat(self, name: str) -> Stat:
        """What tells a file from what it was.

        Raises:
            OSError: there is none, or it may not be looked at.
        """

    def stats_below(self, folder: str) -> Callable[[str], Stat]:
        """As `stat`, for very many files below a folder: listed once, where asking is dear."""

    def read(self, name: str) -> bytes:
        """The bytes of a photograph.

        Raises:
            PhotoError: they cannot be read.
        """

    def hash(self, name: str) -> str:
        """The SHA-256 of a file's content.

        Raises:
            OSError: it cannot be read.
        """

    def write(
        self,
        name: str,
        data: bytes,
        *,
        output: str | None,
        overwrite: bool,
        naming: Callable[[Stat], object],
    ) -> Stat:
        """Write a result, whole or not at all; its folders are made.

        Args:
            name: the file.
            data: its bytes.
            output: the folder of the run's journal, for `sweep`; None where there is none.
            overwrite: whether it may replace a file that has the name by then.
            naming: called when the bytes are kept under another name and are about to take their
                own, where the storage does it so. What it raises leaves all as it was.

        Raises:
            PhotoError: it may not replace what is there, or the storage does not take it.
            OSError: the disk does not take all of it.
        """

    def sweep(self, names: Iterable[str], output: str | None) -> None:
        """Delete what killed runs with this journal left half-written where results go.

        Args:
            names: files of the run.
            output: the folder of its journal, which is held; None where there is none.
        """

    def check_writable(self, folder: str, do: str = OTHER_PLACE) -> None:
        """See that a folder can be written, or made, as far as that can be told beforehand.

        Args:
            folder: it.
            do: what to do if not.

        Raises:
            PlanError: it cannot.
        """

    def check_room(self, size: int, folder: str) -> None:
        """See that there is room for results of so many bytes, where room is limited.

        Raises:
            PlanError: there is not.
        """

    def journal(self, output: str, warn: Warn) -> AnyJournal:
        """The journal of an output folder, to be entered.

        Args:
            output: the folder.
            warn: is told where it cannot be held by one run alone, and of damaged lines.
        """

    def records(self, output: str) -> dict[str, Record]:
        """The latest record of each photograph in a folder's journal, if there is one."""


def storage_of(name: str) -> Storage:
    """Where a file or folder lies.

    Raises:
        UsageError: it is named by a URL, and what reads those is not installed.
    """
    return _remote() if is_url(name) else _local()


@functools.cache
def _local() -> Storage:
    from brushctl.runs.storage.local import LocalStorage

    return LocalStorage()


@functools.cache
def _remote() -> Storage:
    try:
        from brushctl.runs.storage.remote import RemoteStorage
    except ImportError as error:
        raise UsageError(
            "URLs need fsspec, which is not installed", do=f"Run `{installing('fsspec')}`."
        ) from error
    return RemoteStorage()


def real_names() -> Callable[[str], str]:
    """Tells whether names are one file: a path may lead there by links, a canonical URL does not.

    What it has learned of folders it keeps, so it is for one look at many files.
    """
    paths = RealPaths()
    return lambda name: name if is_url(name) else paths.of(name)
