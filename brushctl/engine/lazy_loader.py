"""A package whose `__init__` runs when something of it is asked for."""

import sys
import threading
from functools import partial
from importlib.abc import Loader
from importlib.machinery import ModuleSpec
from types import ModuleType
from typing import Any

_one_at_a_time = threading.RLock()


class LazyLoader(Loader):
    """Makes a package whose `__init__` the real loader runs later.

    It is what `importlib.util.LazyLoader` does, which also runs a package where only its submodule
    is imported.
    """

    def __init__(self, loader: Loader) -> None:
        self._loader = loader

    def create_module(self, spec: ModuleSpec) -> ModuleType | None:
        """See `Loader.create_module`."""
        return self._loader.create_module(spec)

    def exec_module(self, module: ModuleType) -> None:
        """Let the package wait until something of it is asked for."""
        assert module.__spec__ is not None  # the import system has made it
        module.__spec__.loader = module.__loader__ = self._loader

        def attribute(name: str) -> Any:  # noqa: ANN401  (whatever the package has)
            self.load(module)
            return getattr(sys.modules[module.__name__], name)

        self._attribute = module.__getattr__ = attribute  # type: ignore[method-assign]

    def load(self, module: ModuleType) -> None:
        """Run the `__init__`, if it has not run yet."""
        with _one_at_a_time:
            if vars(module).get("__getattr__") is self._attribute:
                self._run(module)

    def _run(self, module: ModuleType) -> None:
        """Run the `__init__`, which may put another module in the place of its own."""
        del module.__getattr__  # the package may have one too
        try:
            self._loader.exec_module(module)
        except BaseException:  # the next who asks is told the same
            module.__getattr__ = self._attribute  # type: ignore[method-assign]
            raise
        if (other := sys.modules[module.__name__]) is not module:
            module.__getattr__ = partial(getattr, other)  # type: ignore[method-assign]
