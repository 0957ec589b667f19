"""What long work reports to whoever started it: events, to a function. Only `cli` prints."""

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Event:
    """Something that long work reports."""


@dataclass(frozen=True, slots=True)
class Stage(Event):
    """A new stage of the work begins.

    Attributes:
        name: what is being done, for people ("encoding pairs").
        total: how many `Advance` events will follow, if that is known.
    """

    name: str
    total: int | None = None


@dataclass(frozen=True, slots=True)
class Loading(Stage):
    """Libraries or a model are being loaded; of interest to whoever waits, and in no log."""


@dataclass(frozen=True, slots=True)
class Advance(Event):
    """The current stage has moved.

    Attributes:
        done: how much of the stage's total is done.
        note: a short figure that anybody can read, to show beside the bar ("0.8 MP/s").
        details: further figures, for whoever asks for them ("loss 0.021").
    """

    done: int
    note: str = ""
    details: str = ""


@dataclass(frozen=True, slots=True)
class Message(Event):
    """Something that the work has found out or done: a line for people."""

    message: str


@dataclass(frozen=True, slots=True)
class Warned(Event):
    """Something the user should know, that does not stop the work."""

    message: str


@dataclass(frozen=True, slots=True)
class Failed(Event):
    """A part of the work has failed, and the rest goes on."""

    message: str


@dataclass(frozen=True, slots=True)
class Noted(Event):
    """A part of the work is done: a line for whoever asks to see each."""

    message: str


Reporter = Callable[[Event], object]
"""What long work calls with each event. What it raises ends the work."""


def silent(_event: Event) -> None:
    """Report to nobody."""
