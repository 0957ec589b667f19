"""A package whose `__init__` runs when something of it is asked for."""

import sys
import threading
from collections.abc import Sequence
from functools import partial
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec
from importlib.util import spec_from_loader
from types import ModuleType
from typing import Any

_one_at_a_time = threading.RLock()


class LazyLoader(Loader):
    """Makes a package whose `__init__` the real loader runs later.

    It is what `importlib.util.LazyLoader` does, which also runs a package where only its submodule
    is imported, and then imports the submodule twice.

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
        if self._whole:
            sys.meta_path.insert(0, _WholeFirst(self, module, self._apart))

    def load(self, module: ModuleType) -> None:
        """Run the `__init__`, if it has not run yet."""
        with _one_at_a_time:
            if self.waits(module):
                self._run(module)

    def waits(self, module: ModuleType) -> bool:
        """Whether the `__init__` has not begun to run."""
        return vars(module).get("__getattr__") is self._attribute

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
