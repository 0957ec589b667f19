"""Packages of other libraries whose `__init__` runs when something of it is asked for.

Importing a submodule runs the `__init__` of its package, and some of these import every submodule
for the sake of one: diffusers imports all its transformers for the U-Net, transformers looks
through the files of all its models. Within `lazy_packages` such a package is imported without that.
Its submodules are found as always. The first other attribute that is asked for, then or later, runs
the `__init__` in place (`LazyLoader`). torch's compiler waits too (`lazy_compiler`).
"""

import sys
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec, PathFinder
from types import ModuleType

from brushctl.engine.lazy_compiler import let_compiler_wait
from brushctl.engine.lazy_loader import LazyLoader

WHOLE = frozenset({"scipy.integrate", "scipy.stats"})
"""Of diffusers' schedulers. Their submodules import each other in circles."""
PACKAGES = WHOLE | frozenset(
    {
        "diffusers.hooks",
        "diffusers.models.autoencoders",
        "diffusers.models.transformers",
        "diffusers.models.unets",
        "timm",  # of open_clip
        "torchvision.datasets",  # of transformers' images and of open_clip
        "torchvision.models",
        "torchvision.ops",
        "transformers.models",
    }
)
"""Of the others, the U-Net, its text encoder and CLIP need submodules alone, which do without what
the `__init__` makes. A package that a version of its library has not is passed over."""


_names: ContextVar[frozenset[str]] = ContextVar("names", default=frozenset())


def begin_lazily() -> None:
    """Let packages wait in this process, and torch's compiler: it is the program's own.

    Whoever uses brushctl in a process of theirs finds the import system as it was.
    """
    let_compiler_wait()
    sys.meta_path.insert(0, _finder)


@contextmanager
def lazy_packages(names: frozenset[str] = PACKAGES) -> Generator[None]:
    """Import what is imported in the block without the `__init__` of some packages.

    What other threads import meanwhile is imported as always. So is everything in a process that is
    not the program's own (`begin_lazily`).

    Args:
        names: the packages; those that are imported already stay as they are.
    """
    before = _names.set(names)
    try:
        yield
    finally:
        _names.reset(before)


class _Finder(MetaPathFinder):
    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        if fullname not in _names.get():
            return None
        spec = PathFinder.find_spec(fullname, path, target)
        if spec is None or spec.loader is None or spec.submodule_search_locations is None:
            return None
        spec.loader = LazyLoader(spec.loader, whole=fullname in WHOLE)
        return spec


_finder = _Finder()
