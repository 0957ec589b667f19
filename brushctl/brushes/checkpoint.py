"""Checkpoints: the state of a brush that is still being learned, next to where it will be."""

import hashlib
import re
from glob import escape
from pathlib import Path

from brushctl.errors import UsageError
from brushctl.files import sweep, write_atomically

FILE = re.compile(r"\.(?P<name>.+?)(\.fold-[^.]+)?\.brush\.checkpoint")
"""The name of a checkpoint's file, of a fold's too."""


def fold_path(target: Path, k: int | str) -> Path:
    """Where the brush of a fold of cross-validation would be, were it kept."""
    return target.with_name(f"{target.stem}.fold-{k}{target.suffix}")


def checkpoints_of(target: Path) -> list[Path]:
    """The checkpoints that learning a brush has left, its folds' included."""
    folds = target.parent.glob(_checkpoint_path(fold_path(_literal(target), "*")).name)
    return [path for path in (_checkpoint_path(target), *sorted(folds)) if path.exists()]


def begun_in(folder: Path) -> list[str]:
    """The names of the brushes in a folder whose learning has left checkpoints, sorted.

    Raises:
        OSError: the folder cannot be read.
    """
    try:
        found = [FILE.fullmatch(path.name) for path in folder.iterdir()]
    except FileNotFoundError:
        return []
    return sorted({match["name"] for match in found if match})


def delete_checkpoints(target: Path) -> None:
    """Delete those checkpoints, and what killed runs have left half-written."""
    for checkpoint in checkpoints_of(target):
        checkpoint.unlink()
        sweep(target.parent, checkpoint.name)
    for name in (target.name, _checkpoint_path(target).name):
        sweep(target.parent, name)


def _literal(target: Path) -> Path:
    """A file as a pattern that matches its own name alone."""
    return target.with_name(escape(target.name))


def _checkpoint_path(target: Path) -> Path:
    return target.with_name(f".{target.name}.checkpoint")


class Checkpoint:
    """A file that outlives a killed run, and says which run it belongs to.

    Args:
        target: where the brush will be.
        run: everything that decides what is learned, as text; other settings cannot go on.
        today: the day on which the run begins, unless it began before.
    """

    def __init__(self, target: Path, run: str, today: str) -> None:
        self.path = _checkpoint_path(target)
        self._run = hashlib.sha256(run.encode()).digest()
        self._today = today

    def started_on(self) -> str:
        """The day on which the run began: a brush says when, and is the same bytes on any other."""
        saved = self.path.read_bytes() if self.path.is_file() else b""
        day = saved[len(self._run) :][: len(self._today)]
        return day.decode() if saved.startswith(self._run) else self._today

    def load(self) -> bytes | None:
        """The state saved last, or None.

        Raises:
            UsageError: it belongs to a run of other pairs or settings.
        """
        if not self.path.is_file():
            return None
        if not self.matches():
            raise UsageError(
                "the unfinished run has other pairs or settings",
                where="--resume",
                do="Repeat its command, or pass --overwrite in place of --resume to start again.",
            )
        return self.path.read_bytes()[len(self._run) + len(self._today) :]

    def matches(self) -> bool:
        """Whether the state saved, if there is one, is of this run."""
        if not self.path.is_file():
            return True
        with self.path.open("rb") as file:
            return file.read(len(self._run)) == self._run

    def save(self, state: bytes) -> None:
        """Save a state in place of the last, whole or not at all."""
        write_atomically(self.path, self._run + self.started_on().encode() + state)

    def delete(self) -> None:
        """Delete the file: the brush is done, or is begun anew."""
        self.path.unlink(missing_ok=True)
