"""The files of a run's results: each takes its name when it is whole, or never."""

import contextlib
import hashlib
import os
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import BinaryIO

from brushctl.errors import PhotoError
from brushctl.files import replacing, resolved, sweep, way_to


@contextlib.contextmanager
def replacing_result(
    target: Path, output: Path | None, *, overwrite: bool = True
) -> Iterator[BinaryIO]:
    """As `brushctl.files.replacing`, for a result.

    Args:
        target: the file to write.
        output: the folder of the run's journal, for `sweep_results`; None where there is none.
        overwrite: whether it may replace a file that has the name by then.

    Raises:
        PhotoError: it may not, and there is one.
        OSError: the disk does not take all of it.
    """
    try:
        with replacing(target, owner=_owner(target, output), overwrite=overwrite) as file:
            yield file
    except FileExistsError as error:
        raise PhotoError(
            "a file has appeared where the result would go, and is kept",
            where=str(target),
            do="Move it away and pass --retry-failed, or pass --overwrite.",
        ) from error


def sweep_results(targets: Iterable[Path | str], output: Path | None) -> None:
    """Delete what killed runs left half-written: those with this journal, whose lock is held.

    Runs with other journals may be writing to the same folders at this moment (into `out` while
    this one writes into `out/2024`): what they left goes when it is a day old.

    Args:
        targets: files of the run.
        output: the folder of its journal; None where there is none, and one target.
    """
    one_in = {os.path.dirname(target): Path(target) for target in targets}  # noqa: PTH120  (of many)
    for target in one_in.values():
        sweep(target.parent, _owner(target, output))


def _owner(target: Path, output: Path | None) -> str:
    """The same for a folder and a journal wherever they are mounted, another for each journal."""
    if output is None:
        return target.name
    way = way_to(resolved(output), resolved(target.parent))
    return hashlib.sha256(os.fsencode(way)).hexdigest()[:8]
