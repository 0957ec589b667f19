"""The file systems that fsspec reaches: opened by URL, listed, and their errors told as ours."""

import contextlib
import re
from collections.abc import Iterator
from typing import Any

import fsspec

from brushctl.errors import BrushctlError, StorageError, UsageError, first_line
from brushctl.extras import installing

EXAMPLE = "Name a path, or an address such as s3://bucket/folder."
INSTALL = re.compile(r"[Ii]nstall (\w+) to ")


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
            refusal(error),
            where=url,
            do="Check the URL, its credentials and its endpoint, and run the command again.",
        ) from error


def refusal(error: Exception) -> str:
    """What a storage says, as part of a message."""
    if isinstance(error, FileNotFoundError):
        return "there is no such file"
    return f"the storage refuses ({first_line(error)})"


def storage(url: str) -> tuple[Any, str]:
    """The file system of a URL, and its path there.

    Raises:
        UsageError: the protocol is unknown, or needs a package that is not installed.
        StorageError: the storage cannot be reached.
    """
    with answering(url):
        try:
            system, path = fsspec.core.url_to_fs(url)
        except ValueError as error:
            told = "no storage has such addresses"
            raise UsageError(told, where=url, do=EXAMPLE) from error
        except ImportError as error:
            told = "what reads such an address is not installed"
            raise UsageError(told, where=url, do=_remedy(url, error)) from error
    return system, str(path)


def _remedy(url: str, error: ImportError) -> str:
    """How to get what fsspec lacks for a URL; it says so as `Install s3fs to access S3`."""
    if url.startswith("http"):
        return "Download the file, then name it."
    named = INSTALL.search(str(error))
    return f"Run `{installing(named[1])}`." if named else first_line(error) + "."


def below(system: Any, path: str) -> dict[str, dict[str, Any]]:  # noqa: ANN401  (fsspec's)
    """The listing of every file below a path; empty where there is none."""
    with contextlib.suppress(FileNotFoundError):  # of a bucket, say
        return files_in(system, system.find(path, detail=True))
    return {}


def files_in(system: Any, listed: dict[str, dict[str, Any]]) -> dict[str, dict[str, Any]]:  # noqa: ANN401
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
