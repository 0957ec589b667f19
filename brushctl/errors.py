"""The error tree. Only `brushctl.cli` catches it.

    BrushctlError            exit  code
    ├── UsageError            2    usage
    │   ├── PairsError        2    pairs
    │   ├── PlanError         2    plan
    │   ├── PhraseError       2    phrase
    │   ├── NameInvalidError  2    brush-name
    │   ├── NameTakenError    2    brush-exists
    │   └── DeviceError       2    device
    ├── PhotoError            3    photo            (one file; 4 when every file failed)
    ├── BrushError            5    brush
    │   ├── BrushNotFoundError   5    brush-not-found
    │   ├── BrushFormatError     5    (one subclass per defect, in brushctl.brushes.defects)
    │   └── BrushMismatchError   5    brush-mismatch
    ├── BaseModelError        6    base-model
    ├── DiskError             1    disk
    ├── StorageError          1    storage
    ├── DeviceMemoryError     1    memory
    └── Interrupted         130    interrupted

A message says what is wrong, where, and what to do about it.
"""

import errno
from collections.abc import Iterator
from typing import ClassVar, Literal

NO_MEMORY = ("out of memory", "allocate memory", "failed to map segment", "bad_alloc")
NO_THREADS = ("can't start new thread", "resource temporarily unavailable")
"""What libraries say, in small letters, where the system has refused them either."""


def first_line(error: Exception, most: int = 160) -> str:
    """What an error of a library says first, cut to be part of a message."""
    return (str(error).strip().splitlines() or [type(error).__name__])[0][:most].rstrip(".")


def reason(error: OSError) -> str:
    """What the system says is wrong, as part of a message."""
    return (error.strerror or str(error)).lower()


class BrushctlError(Exception):
    """Any failure that brushctl explains to its user.

    Args:
        what: what is wrong, a clause without a full stop.
        where: the file, field or option it is about.
        do: what the user can do, an imperative sentence.
    """

    code: ClassVar[str] = "unexpected"
    exit_status: ClassVar[int] = 1

    def __init__(self, what: str, *, where: str | None = None, do: str | None = None) -> None:
        self.what = what
        self.where = where
        self.do = do
        super().__init__(str(self))

    def __str__(self) -> str:
        head = f"{self.where}: {self.what}" if self.where else self.what
        return f"{head}. {self.do}" if self.do else head

    def __reduce__(self) -> tuple[object, ...]:
        # Keyword-only arguments do not survive the default pickling between worker processes.
        return (_rebuild, (type(self), self.what, self.where, self.do))

    def to_dict(self) -> dict[str, str | int | None]:
        """The error as it appears under `error` in the --json envelope."""
        return {
            "code": self.code,
            "exit_status": self.exit_status,
            "what": self.what,
            "where": self.where,
            "do": self.do,
        }


def _rebuild(
    kind: type[BrushctlError], what: str, where: str | None, do: str | None
) -> BrushctlError:
    return kind(what, where=where, do=do)


class UsageError(BrushctlError):
    """The command line asks for something that cannot be done."""

    code = "usage"
    exit_status = 2


class PairsError(UsageError):
    """The before/after pairs cannot be found, told apart or read."""

    code = "pairs"


class PlanError(UsageError):
    """The inputs and outputs of a run contradict each other."""

    code = "plan"


class PhraseError(UsageError):
    """A phrase cannot be used as an instruction (too long, say)."""

    code = "phrase"


class NameInvalidError(UsageError):
    """A brush name that could not be a file name everywhere."""

    code = "brush-name"


class NameTakenError(UsageError):
    """The brush cache has a brush of that name already."""

    code = "brush-exists"


class DeviceError(UsageError):
    """The device asked for is not on this machine."""

    code = "device"


class PhotoError(BrushctlError):
    """One photograph cannot be read, edited or written."""

    code = "photo"
    exit_status = 3


class BrushError(BrushctlError):
    """A brush is invalid or does not fit."""

    code = "brush"
    exit_status = 5


class BrushNotFoundError(BrushError):
    """Neither a file nor a brush of the cache has that name."""

    code = "brush-not-found"


class BrushFormatError(BrushError):
    """A file is not a valid `.brush` file; each defect is a subclass."""

    code = "brush-format"


class BrushMismatchError(BrushError):
    """A brush does not fit the base model, or two brushes do not fit each other."""

    code = "brush-mismatch"


class BaseModelError(BrushctlError):
    """The base model is not on this machine or is not an InstructPix2Pix model."""

    code = "base-model"
    exit_status = 6


class DiskError(BrushctlError):
    """A file cannot be read or written (no space, no permission, a damaged disk)."""

    code = "disk"


REMEDIES = {
    errno.ENOSPC: "Free some space on that disk, or choose a place on another",
    errno.EDQUOT: "Delete files of yours there, ask for a larger quota, or choose another place",
    errno.EROFS: "That disk is read-only: choose another place, or mount it for writing",
}
"""What helps where a disk takes nothing more, by what the system says."""


def disk_error(error: OSError) -> DiskError:
    """What the system says of a file, for people."""
    remedy = REMEDIES.get(error.errno or 0, "Check the path, its permissions and the disk")
    return DiskError(
        reason(error),
        where=str(error.filename) if error.filename else None,
        do=f"{remedy}, then run the command again.",
    )


class StorageError(BrushctlError):
    """Object storage cannot be reached, or refuses what a whole run needs of it."""

    code = "storage"


class DeviceMemoryError(BrushctlError):
    """The device's memory does not suffice, however the work is divided, or this machine's."""

    code = "memory"


class Interrupted(BrushctlError):  # noqa: N818  (the field's word, as in KeyboardInterrupt)
    """The user stopped the run."""

    code = "interrupted"
    exit_status = 130


def lack_of(error: BaseException) -> Literal["memory", "threads"] | None:
    """What the system has refused, if an error of a library comes of that."""
    for cause in _causes(error):
        told = str(cause).lower()
        if isinstance(cause, MemoryError) or any(words in told for words in NO_MEMORY):
            return "memory"
        # A stream that is full for now is an OSError, and says the same.
        if not isinstance(cause, OSError) and any(words in told for words in NO_THREADS):
            return "threads"
    return None


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    while error:
        yield error
        error = error.__cause__ or (None if error.__suppress_context__ else error.__context__)


def shortage(error: BaseException) -> DeviceMemoryError | None:
    """The error that tells of what the system has refused; None if it has not."""
    match lack_of(error):
        case "memory":
            left, limit = "too little memory", "ulimit -v"
        case "threads":
            left, limit = "too few threads", "ulimit -u"
        case None:
            return None
    return DeviceMemoryError(
        f"this machine, or a limit on this process, leaves {left}",
        do=f"End other programs, or raise the limit ({limit}, or the container's).",
    )
