"""What edits with a brush: its grade, and its instruction on a base model."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from brushctl.app.apply_plan import ApplySettings

if TYPE_CHECKING:
    from brushctl.brushes.file import Brush
    from brushctl.runs.steps import Editor, Treatment


@contextmanager
def loaded(
    read: "Callable[[], Brush]", settings: ApplySettings, device: str
) -> "Iterator[tuple[Editor | None, Treatment]]":
    """What edits with a brush while the block runs, and how each photograph is treated.

    Args:
        read: gives the brush.
        settings: how photographs are edited.
        device: what its model works on, if it needs one.
    """
    brush = read()
    treatment = treatment_by(brush, settings)
    with open_model(brush, {**settings.sampling, "device": device}) as editor:
        yield editor, treatment


def treatment_by(brush: "Brush", settings: ApplySettings) -> "Treatment":
    """How each photograph is treated, the brush's grade included."""
    from brushctl.grade import grade_of

    return replace(settings.treatment(), grade=grade_of(brush, settings.sampling["strength"]))


def open_model(brush: "Brush", how: dict[str, Any]) -> "AbstractContextManager[Editor | None]":
    """The base model with the brush's instruction; None where it has none, or none is wanted."""
    if brush.metadata.instruction is None or how["strength"] == 0:
        return nullcontext(None)
    from brushctl.engine.sampler import open_editor

    return open_editor(brush, **how)


def open_editor_of(data: bytes, how: dict[str, Any]) -> "AbstractContextManager[Editor | None]":
    """As `open_model`, for the bytes of a brush file, in whichever process."""
    from brushctl.brushes.file import decode_brush

    return open_model(decode_brush(data), how)
