"""torch's compiler, which is loaded when it is first needed.

diffusers and transformers import `torch._dynamo` for decorators that say how a function is to be
compiled. It takes longer to load than both of them, and who compiles nothing does not need it. The
decorators are there from the start. What they mark is marked once the compiler is loaded, with the
first other attribute or submodule of it that is asked for.
"""

import sys
from collections.abc import Callable, Sequence
from functools import partial, wraps
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec, PathFinder
from types import ModuleType
from typing import Any

from brushctl.engine.lazy_loader import LazyLoader

COMPILER = "torch._dynamo"
APART = f"{COMPILER}._trace_wrapped_higher_order_op"
"""A submodule that transformers imports, and that needs nothing of the compiler."""


def let_compiler_wait() -> None:
    """From now on the compiler, if it is not loaded yet, is loaded when it is first needed."""
    if COMPILER not in sys.modules and not any(isinstance(f, _Finder) for f in sys.meta_path):
        sys.meta_path.insert(0, _Finder())


class _Finder(MetaPathFinder):
    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        if fullname != COMPILER:
            return None
        spec = PathFinder.find_spec(fullname, path, target)
        if spec and spec.loader:
            spec.loader = _LazyCompiler(spec.loader)
        return spec


class _LazyCompiler(LazyLoader):
    """Makes the compiler with decorators whose marks wait until it is loaded."""

    def __init__(self, loader: Loader) -> None:
        super().__init__(loader, whole=True, apart=frozenset({APART}))
        self._marks: list[Callable[[], object]] = []
        self._is_loaded = False

    def exec_module(self, module: ModuleType) -> None:
        super().exec_module(module)
        decorators = {
            name: partial(self._marked, module, name)
            for name in ("allow_in_graph", "assume_constant_result")
        }
        vars(module).update(decorators, disable=partial(self._disabled, module))

    def _run(self, module: ModuleType) -> None:
        super()._run(module)  # and so the decorators are the compiler's own
        self._is_loaded = True
        for mark in self._marks:
            mark()
        self._marks.clear()

    def _later(self, mark: Callable[[], object]) -> None:
        if self._is_loaded:
            mark()
        else:
            self._marks.append(mark)

    def _marked(self, compiler: ModuleType, decorator: str, fn: Any) -> Any:  # noqa: ANN401
        """What a decorator marks and gives back."""
        self._later(lambda: getattr(compiler, decorator)(fn))
        return fn

    def _disabled(
        self,
        compiler: ModuleType,
        fn: Any = None,  # noqa: ANN401
        recursive: bool = True,
        **how: Any,  # noqa: ANN401
    ) -> Any:  # noqa: ANN401
        """A function that is not compiled: as long as nothing can be, it is the function itself."""
        if fn is None:
            return partial(self._disabled, compiler, recursive=recursive, **how)
        called = [fn]

        def mark() -> None:
            called[0] = compiler.disable(fn, recursive, **how)

        self._later(mark)

        @wraps(fn)
        def wrapper(*args: Any, **kwargs: Any) -> Any:  # noqa: ANN401
            return called[0](*args, **kwargs)

        return wrapper
