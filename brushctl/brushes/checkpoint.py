"""The state of a brush that is still being learned, beside where the brush will be."""

import hashlib
from glob import escape
from pathlib import Path

from brushctl.errors import UsageError
from brushctl.files import sweep, write_atomically


def fold_of(target: Path, k: int | str) -> Path:
    """Where the brush of a fold of cross-validation would be, were it kept."""
    return target.with_name(f"{target.stem}.fold-{k}{target.suffix}")


def states_of(target: Path) -> list[Path]:
    """The states that learning a brush has left, its folds' included."""
    folds = target.parent.glob(_state_of(fold_of(_literal(target), "*")).name)
    return [path for path in (_state_of(target), *sorted(folds)) if path.exists()]


def forget(target: Path) -> None:
    """Delete those states, and what killed runs have left half-written."""
    for state in states_of(target):
        state.unlink()
        sweep(target.parent, state.name)
    for name in (target.name, _state_of(target).name):
        sweep(target.parent, name)


def _literal(target: Path) -> Path:
    """A file as a pattern that matches its own name alone."""
    return target.with_name(escape(target.name))


def _state_of(target: Path) -> Path:
    return target.with_name(f".{target.name}.unfinished")


class Unfinished:
    """A file that outlives a killed run, and says which run it belongs to.

    Args:
        target: where the brush will be.
        run: everything that decides what is learned, as text; other settings cannot go on.
        today: the day on which the run begins, unless it began before.
    """

    def __init__(self, target: Path, run: str, today: str) -> None:
        self.path = _state_of(target)
        self._run = hashlib.sha256(run.encode()).digest()
        self._today = today

    def begun(self) -> str:
        """The day on which the run began: a brush says when, and is the same bytes on any other."""
        kept = self.path.read_bytes() if self.path.is_file() else b""
        day = kept[len(self._run) :][: len(self._today)]
        return day.decode() if kept.startswith(self._run) else self._today

    def load(self) -> bytes | None:
        """The state kept last, or None.

        Raises:
            UsageError: it belongs to a run of other pairs or settings.
        """
        if not self.path.is_file():
            return None
        if not self.belongs():
            raise UsageError(
                "the unfinished run is one of other pairs or settings",
                where="--resume",
                do="Repeat its command, or pass --overwrite in place of --resume to begin anew.",
            )
        return self.path.read_bytes()[len(self._run) + len(self._today) :]

    def belongs(self) -> bool:
        """Whether what was kept, if anything was, is of this run."""
        if not self.path.is_file():
            return True
        with self.path.open("rb") as file:
            return file.read(len(self._run)) == self._run

    def keep(self, state: bytes) -> None:
        """Keep a state in place of the last, whole or not at all."""
        write_atomically(self.path, self._run + self.begun().encode() + state)

    def discard(self) -> None:
        """Forget the run: the brush is done, or is begun anew."""
        self.path.unlink(missing_ok=True)
