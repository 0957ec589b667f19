"""A brush's edit as a table of colours (a LUT), for other programs."""

from collections.abc import Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import TYPE_CHECKING

from brushctl.brushes.cache import find
from brushctl.brushes.header import read_metadata
from brushctl.errors import UsageError
from brushctl.events import Advance, Reporter, Stage, silent
from brushctl.files import NOWHERE, leads_nowhere, write_atomically
from brushctl.runs.inputs import Input, find_inputs

if TYPE_CHECKING:
    from brushctl.photos.icc import Pixels
    from brushctl.runs.steps import Editor

    Sides = tuple[list[Pixels], list[Pixels]]

SUFFIX = ".cube"
FEWEST = 2
"""Pictures that a table can be fitted to and judged by: one is left out."""
ENOUGH = 0.75
"""The share of an edit's variance that a table must carry: half its amplitude is then right."""


def export_lut(
    brush: str,
    target: Path,
    pictures: Sequence[str],
    *,
    force: bool,
    overwrite: bool,
    base: str | None,
    device: str,
    report: Reporter = silent,
) -> float:
    """Fit a LUT to what a brush does to pictures, judge it, and write it.

    Args:
        brush: a name in the cache, or a file.
        target: the .cube file.
        pictures: files and folders.
        force: write it even if it carries little of the edit.
        overwrite: replace a file of that name.
        base: the base model; None for the one that the brush names.
        device: what the pictures are edited on.
        report: called with every event of the work.

    Returns:
        the share of the edit's variance that the LUT carries, on pictures left out of the fit.

    Raises:
        UsageError: the target or the pictures will not do, or the edit is no matter of colours
            alone and `force` is not given.
    """
    path = find(brush)
    metadata = read_metadata(path)
    inputs = _checked(target, pictures, overwrite=overwrite)

    from brushctl.brushes.file import read_brush
    from brushctl.engine.sampler import open_editor
    from brushctl.grade.cube import encode_cube
    from brushctl.grade.lut import FINE, fit_lut, share_carried

    editor = open_editor(read_brush(path), base=base, device=device)
    before, after = _edited(editor, inputs, report=report)
    share = share_carried(before, after)
    if share < ENOUGH and not force:
        raise UsageError(
            f"a LUT would carry {max(share, 0):.0%} of what the brush does: the rest is no matter "
            "of colours alone",
            where=brush,
            do="Use `brushctl apply`, or pass --force to write the LUT all the same.",
        )
    told = f"brush {metadata.name} {metadata.content_sha256[:12]}, {share:.1%} of its edit carried"
    cube = encode_cube(fit_lut(before, after, FINE), told)
    write_atomically(target, cube.encode(), overwrite=overwrite)
    return share


def _checked(target: Path, pictures: Sequence[str], *, overwrite: bool) -> list[Input]:
    if target.suffix.lower() != SUFFIX:
        raise UsageError(f"the file's name must end in {SUFFIX}", where=str(target))
    if leads_nowhere(target):
        raise UsageError(NOWHERE, where=str(target), do="Name another file.")
    if target.exists() and not overwrite:
        raise UsageError(
            "the file exists", where=str(target), do="Choose another, or pass --overwrite."
        )
    inputs = find_inputs(pictures)
    if len(inputs) < FEWEST:
        raise UsageError(
            "a LUT is fitted to what the brush does to pictures, and judged by others",
            do=f"Name {FEWEST} or more, of the kind it is for; ten are better.",
        )
    return inputs


def _edited(
    opened: "AbstractContextManager[Editor]", inputs: Sequence[Input], *, report: Reporter = silent
) -> "Sides":
    """Pictures at the model's size, before and after, both as the autoencoder gives them."""
    from brushctl.photos.photo import open_photo, resize

    before: list[Pixels] = []
    after: list[Pixels] = []
    report(Stage("editing pictures", len(inputs)))
    with opened as editor:
        for n, item in enumerate(inputs):
            report(Advance(n, item.path.name))
            photo = open_photo(item.path, first_frame=True)
            seen = resize(photo.pixels, editor.working_size(*photo.size))
            (edited,) = editor.edit([seen])
            before.append(edited.before)
            after.append(edited.after)
    report(Advance(len(inputs)))
    return before, after
