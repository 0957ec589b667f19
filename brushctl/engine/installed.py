"""What is in a model while a context is open."""

from contextlib import ExitStack
from types import TracebackType


class Installed:
    """Something that is put into a model, and is out of it when the context closes."""

    def __init__(self) -> None:
        self._installed = ExitStack()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._installed.close()
