"""Packages of other libraries whose `__init__` runs when something of it is asked for.

Importing a submodule runs the `__init__` of its package, and some of these import every submodule
for the sake of one: diffusers imports all its transformers for the U-Net, transformers looks
through the files of all its models. Within `lazy_packages` such a package is imported without that.
Its submodules are found as always. The first other attribute that is asked for, then or later, runs
the `__init__` in place, so that nobody can tell the difference but by the time it takes. It is what
`importlib.util.LazyLoader` does, which also runs a package where only its submodule is imported.
"""

import sys
import threading
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from functools import partial
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec, PathFinder
from types import ModuleType
from typing import Any

PACKAGES = frozenset(
    {
        "diffusers.hooks",
        "diffusers.models.autoencoders",
        "diffusers.models.transformers",
        "diffusers.models.unets",
        "scipy.integrate",  # of diffusers' schedulers
        "scipy.stats",
        "timm",  # of open_clip
        "torchvision.datasets",  # of transformers' images and of open_clip
        "torchvision.models",
        "torchvision.ops",
        "transformers.models",
    }
)
"""Of these, the U-Net, its text encoder and CLIP need submodules alone, which do without what the
`__init__` makes. A package that a version of its library has not is passed over."""

_one_at_a_time = threading.RLock()


@contextmanager
def lazy_packages(names: frozenset[str] = PACKAGES) -> Generator[None]:
    """Import what is imported in the block without the `__init__` of some packages.

    Args:
        names: the packages; those that are imported already stay as they are.
    """
    finder = _Finder(names)
    sys.meta_path.insert(0, finder)
    try:
        yield
    finally:
        sys.meta_path.remove(finder)


class _Finder(MetaPathFinder):
    def __init__(self, names: frozenset[str]) -> None:
        self._names = names

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        if fullname not in self._names:
            return None
        spec = PathFinder.find_spec(fullname, path, target)
        if spec is None or spec.loader is None or spec.submodule_search_locations is None:
            return None
        spec.loader = _LazyLoader(spec.loader)
        return spec


class _LazyLoader(Loader):
    """Makes a package whose `__init__` the real loader runs later."""

    def __init__(self, loader: Loader) -> None:
        self._loader = loader

    def create_module(self, spec: ModuleSpec) -> ModuleType | None:
        return self._loader.create_module(spec)

    def exec_module(self, module: ModuleType) -> None:
        assert module.__spec__ is not None  # the import system has made it
        module.__spec__.loader = module.__loader__ = self._loader

        def attribute(name: str) -> Any:  # noqa: ANN401  (whatever the package has)
            with _one_at_a_time:
                if vars(module).get("__getattr__") is attribute:
                    self._run(module)
            return getattr(sys.modules[module.__name__], name)

        module.__getattr__ = attribute  # type: ignore[method-assign]

    def _run(self, module: ModuleType) -> None:
        """Run the `__init__`, which may put another module in the place of its own."""
        waiting = vars(module).pop("__getattr__")  # the package may have one too
        try:
            self._loader.exec_module(module)
        except BaseException:  # the next who asks is told the same
            module.__getattr__ = waiting  # type: ignore[method-assign]
            raise
        if (other := sys.modules[module.__name__]) is not module:
            module.__getattr__ = partial(getattr, other)  # type: ignore[method-assign]
