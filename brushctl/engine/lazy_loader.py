"""A package whose `__init__` runs when something of it is asked for."""

import sys
import threading
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from functools import partial
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec
from importlib.util import spec_from_loader
from types import ModuleType
from typing import Any

PATIENCE = 60.0
"""Seconds for which a thread waits for a package that another one runs, as from a slow disk. After
that the other one may well wait for what this one imports, and neither would go on."""


class LazyLoader(Loader):
    """Makes a package whose `__init__` the real loader runs later.

    Until then `dir` and `__dict__` lack what that makes; and of a submodule and a function of one
    name it is the submodule that is there. `importlib.util.LazyLoader` does much the same, but
    also runs a package where only its submodule is imported, and then imports that twice.

    Args:
        loader: the package's own.
        whole: whether the `__init__` runs before any submodule, too: where submodules import each
            other in circles that have to begin there.
        apart: submodules that need nothing of such a package.
    """

    def __init__(
        self, loader: Loader, *, whole: bool = False, apart: frozenset[str] = frozenset()
    ) -> None:
        self._loader = loader
        self._whole, self._apart = whole, apart
        self._turn, self._running = threading.RLock(), False

    def create_module(self, spec: ModuleSpec) -> ModuleType | None:
        """See `Loader.create_module`."""
        return self._loader.create_module(spec)

    def exec_module(self, module: ModuleType) -> None:
        """Let the package wait until something of it is asked for."""
        assert module.__spec__ is not None  # the import system has made it
        module.__spec__.loader = module.__loader__ = self._loader

        def attribute(name: str) -> Any:  # noqa: ANN401  (whatever the package has)
            with self._alone(module):
                self.load(module)
                now = sys.modules[module.__name__]
                if self._running and now is module:  # its `__init__` asks
                    raise AttributeError(f"module {module.__name__!r} has no attribute {name!r}")
            return getattr(now, name)

        self._attribute = module.__getattr__ = attribute  # type: ignore[method-assign]
        if self._whole:
            sys.meta_path.insert(0, _WholeFirst(self, module, self._apart))

    def load(self, module: ModuleType) -> None:
        """Run the `__init__`, if it has not run yet; another thread that asks waits for that."""
        with self._alone(module):
            if not self.waits(module):
                return
            self._running = True
            try:
                self._run(module)
            finally:
                self._running = False

    @contextmanager
    def _alone(self, module: ModuleType) -> Generator[None]:
        """Keep other threads waiting."""
        if not self._turn.acquire(timeout=PATIENCE):
            name = module.__name__
            raise ImportError(f"{name} is still being imported by another thread", name=name)
        try:
            yield
        finally:
            self._turn.release()

    def waits(self, module: ModuleType) -> bool:
        """Whether the `__init__` has not begun to run."""
        return not self._running and vars(module).get("__getattr__") is self._attribute

    def _run(self, module: ModuleType) -> None:
        """Run the `__init__`, which may put another module in the place of its own."""
        try:
            self._loader.exec_module(module)
        except BaseException:  # the next who asks is told the same
            module.__getattr__ = self._attribute  # type: ignore[method-assign]
            raise
        if vars(module)["__getattr__"] is self._attribute:  # the package may have one of its own
            del module.__getattr__
        if (other := sys.modules[module.__name__]) is not module:
            module.__getattr__ = partial(getattr, other)  # type: ignore[method-assign]


class _WholeFirst(MetaPathFinder):
    """Runs a package that waits before a submodule of it is imported."""

    def __init__(self, loader: LazyLoader, package: ModuleType, apart: frozenset[str]) -> None:
        self._loader, self._package, self._apart = loader, package, apart

    def find_spec(
        self,
        fullname: str,
        path: Sequence[str] | None,  # noqa: ARG002
        target: ModuleType | None = None,  # noqa: ARG002
    ) -> ModuleSpec | None:
        """See `MetaPathFinder.find_spec`."""
        if not fullname.startswith(f"{self._package.__name__}.") or fullname in self._apart:
            return None
        if not self._loader.waits(self._package):
            return None
        self._loader.load(self._package)
        imported = sys.modules.get(fullname)
        if imported is None:
            return None
        # The import system takes the module's own, and would run the module again by it.
        imported.__spec__ = spec_from_loader(fullname, _Imported(imported))
        return imported.__spec__


class _Imported(Loader):
    """Gives a module that was imported meanwhile."""

    def __init__(self, module: ModuleType) -> None:
        self._module, self._spec = module, module.__spec__

    def create_module(self, spec: ModuleSpec) -> ModuleType:  # noqa: ARG002
        """See `Loader.create_module`."""
        return self._module

    def exec_module(self, module: ModuleType) -> None:
        """The module has run; it gets its own specification back."""
        module.__spec__ = self._spec
