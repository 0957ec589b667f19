"""brushctl: learn a photo edit from before/after pairs, and repeat it.

The names in `API` are the Python API, described in docs/python.md; each is loaded when it is first
asked for. All else may change without notice.
"""

from functools import cache
from importlib import import_module
from types import FunctionType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from brushctl.app.apply import apply as apply
    from brushctl.app.learn import learn as learn
    from brushctl.app.mix import blend as blend
    from brushctl.app.mix import schedule as schedule
    from brushctl.app.mix import stack as stack
    from brushctl.brushes.cache import open_brush as open_brush
    from brushctl.brushes.file import Brush as Brush
    from brushctl.brushes.file import write_brush as write_brush
    from brushctl.brushes.mixing import Share as Share
    from brushctl.brushes.provenance import Provenance as Provenance
    from brushctl.engine.diffusers_pipeline import load as load
    from brushctl.engine.sampler import open_editor as open_editor
    from brushctl.errors import BrushctlError as BrushctlError

__version__ = "0.1.0"

API = {
    "Brush": "brushctl.brushes.file",
    "BrushctlError": "brushctl.errors",
    "Provenance": "brushctl.brushes.provenance",
    "Share": "brushctl.brushes.mixing",
    "apply": "brushctl.app.apply",
    "blend": "brushctl.app.mix",
    "learn": "brushctl.app.learn",
    "load": "brushctl.engine.diffusers_pipeline",
    "open_brush": "brushctl.brushes.cache",
    "open_editor": "brushctl.engine.sampler",
    "schedule": "brushctl.app.mix",
    "stack": "brushctl.app.mix",
    "write_brush": "brushctl.brushes.file",
}
"""Where each name lives; `import brushctl` itself loads nothing heavy (PEP 562)."""


def __getattr__(name: str) -> object:
    if name not in API:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return _of_the_api(name)


@cache
def _of_the_api(name: str) -> object:
    from brushctl.parameters import for_programs

    found = getattr(import_module(API[name]), name)
    return for_programs(found) if isinstance(found, FunctionType) else found


def __dir__() -> list[str]:
    return [*globals(), *API]
