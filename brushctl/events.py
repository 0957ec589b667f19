"""What long work tells whoever started it. The rooms yield events; only the face prints."""

from collections.abc import Callable, Generator
from dataclasses import dataclass
from typing import TypeVar

Told = TypeVar("Told")
Result = TypeVar("Result")


@dataclass(frozen=True, slots=True)
class Stage:
    """A new stage of the work begins.

    Attributes:
        name: what is being done, for people ("encoding pairs").
        total: how many `Advance` events will follow, if that is known.
    """

    name: str
    total: int | None = None


@dataclass(frozen=True, slots=True)
class Advance:
    """The current stage has moved.

    Attributes:
        done: how much of the stage's total is done.
        note: a short figure to show beside the bar ("loss 0.021").
    """

    done: int
    note: str = ""


@dataclass(frozen=True, slots=True)
class Warned:
    """Something the user should know, that does not stop the work."""

    message: str


Event = Stage | Advance | Warned


def finished(
    work: Generator[Told, None, Result], tell: Callable[[Told], object] = lambda _: None
) -> Result:
    """What work returns, once it has run to its end and all that it told was passed on."""
    while True:
        try:
            tell(next(work))
        except StopIteration as end:
            result: Result = end.value
            return result
