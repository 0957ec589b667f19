"""What edits with a brush: its grade, and its instruction on a base model."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from brushctl.app.apply_plan import ApplySettings
from brushctl.errors import PhotoError
from brushctl.events import Loading, Reporter, silent
from brushctl.runs.storage.base import is_url

if TYPE_CHECKING:
    from brushctl.brushes.file import Brush
    from brushctl.photos.icc import Pixels
    from brushctl.runs.plan import Job
    from brushctl.runs.steps import Edited, Editor, Treatment


@contextmanager
def loaded(
    read: "Callable[[], Brush]",
    settings: ApplySettings,
    device: str,
    *,
    jobs: "Iterable[Job] | None" = None,
    report: Reporter = silent,
) -> "Iterator[tuple[Editor | None, Treatment]]":
    """What edits with a brush while the block runs, and how each photograph is treated.

    Args:
        read: gives the brush.
        settings: how photographs are edited.
        device: what its model works on, if it needs one.
        jobs: what is to be edited: where no file begins as a photograph, no model is opened.
        report: is told what is loaded.
    """
    brush = read()
    treatment = treatment_by(brush, settings)
    if jobs is not None and not any(map(_may_be_photograph, jobs)):
        yield NoModel(), treatment
        return
    with open_model(brush, {**settings.sampling, "device": device}, report) as editor:
        yield editor, treatment


class NoModel:
    """In the place of a model where no file is a photograph, so that none comes to be edited."""

    at_once = 1
    wants_many = False

    def working_size(self, width: int, height: int) -> tuple[int, int]:
        """There is none.

        Raises:
            PhotoError: a file has become a photograph since it was looked at.
        """
        raise PhotoError(
            f"another file took its place during the run, a photograph of {width} x {height}",
            do="Pass --retry-failed.",
        )

    def edit(self, images: "Sequence[Pixels]") -> "Sequence[Edited]":
        """Nothing comes so far."""
        raise AssertionError(images)


def treatment_by(brush: "Brush", settings: ApplySettings) -> "Treatment":
    """How each photograph is treated, the brush's grade included."""
    from brushctl.grade import grade_of

    return replace(settings.treatment(), grade=grade_of(brush, settings.sampling["strength"]))


def _may_be_photograph(job: "Job") -> bool:
    from brushctl.photos.source import begins_as_photograph

    name = job.source_file
    if name is None or job.piped or is_url(name):  # which are read once
        return True
    return begins_as_photograph(Path(name))


def open_model(
    brush: "Brush", how: dict[str, Any], report: Reporter = silent
) -> "AbstractContextManager[Editor | None]":
    """The base model with the brush's instruction; None where it has none, or none is wanted.

    A base that is missing, or is not the brush's, is found out before torch is loaded.
    """
    if brush.metadata.instruction is None or how["strength"] == 0:
        return nullcontext(None)
    from brushctl.engine.model.find import find_for

    found = find_for(brush.metadata, how.get("base"))
    report(Loading(f"loading {found.id}"))
    from brushctl.engine.lazy_packages import lazy_packages

    with lazy_packages():
        from brushctl.engine.sampler import open_editor

    return open_editor(brush, **how)


def open_editor_of(data: bytes, how: dict[str, Any]) -> "AbstractContextManager[Editor | None]":
    """As `open_model`, for the bytes of a brush file, in whichever process."""
    from brushctl.brushes.file import decode_brush

    return open_model(decode_brush(data), how)
