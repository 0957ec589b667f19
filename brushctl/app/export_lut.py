"""A brush's edit as a table of colours (a LUT), for other programs.

A grade of colours alone is such a table already. Of anything else a table is fitted to what the
brush does to pictures.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from brushctl.brushes.cache import find
from brushctl.errors import PhotoError, UsageError
from brushctl.events import Advance, Loading, Reporter, Stage, Warned, silent
from brushctl.files import NOWHERE, leads_nowhere, write_atomically
from brushctl.runs.inputs import Input, find_inputs

if TYPE_CHECKING:
    from brushctl.brushes.file import Brush
    from brushctl.grade.apply import AnyGrade
    from brushctl.grade.lut import Lut
    from brushctl.photos.icc import Pixels
    from brushctl.photos.photo import Photo

    Sides = tuple[list[Pixels], list[Pixels]]

SUFFIX = ".cube"
FEWEST = 2
"""Pictures that a table can be fitted to and judged by: one is left out."""
ENOUGH = 0.75
"""The share of an edit's variance that a table must carry: half its amplitude is then right."""
GRADED_SIDE = 512
"""Pixels of the longer side of the pictures that a grade alone is fitted on."""
STACKED_NODES = 65
"""Nodes along each channel for grades one after the other, between whose own nodes others lie: the
finest table that photo programs exchange."""


@dataclass(frozen=True, slots=True)
class ExportedLut:
    """A LUT that was written.

    Attributes:
        share: of the edit's variance that it carries.
        fitted: whether it was fitted to pictures, and judged on those left out of the fit; else
            it is the brush's own table.
        failed: pictures that could not be edited, and had no part in it.
    """

    share: float
    fitted: bool
    failed: int = 0


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
) -> ExportedLut:
    """Write a brush's edit as a LUT: its own table, or one fitted to what it does to pictures.

    Args:
        brush: a name in the cache, or a file.
        target: the .cube file.
        pictures: files and folders, for all but a grade of colours alone.
        force: write it even if it carries little of the edit.
        overwrite: replace a file of that name.
        base: the base model; None for the one that the brush names.
        device: what the pictures are edited on.
        report: called with every event of the work.

    Raises:
        UsageError: the target or the pictures will not do, or the edit is no matter of colours
            alone and `force` is not given.
    """
    path = find(brush)
    _check_target(target, overwrite=overwrite)
    report(Loading("loading"))

    from brushctl.brushes.file import read_brush
    from brushctl.grade.look import is_colours_alone
    from brushctl.grade.lut import encode_cube
    from brushctl.grade.stored import grade_of

    opened = read_brush(path)
    grade = grade_of(opened)
    if grade and opened.metadata.instruction is None and is_colours_alone(grade):
        lut, exported = _own_table(opened, grade)
    else:
        inputs = find_inputs(pictures)
        _check_enough(len(inputs))
        lut, exported = _fitted(opened, grade, inputs, base, device, report)
    if exported.share < ENOUGH and not force:
        raise UsageError(
            f"a LUT would carry only {max(exported.share, 0):.0%} of what the brush does: the rest "
            "depends on more than colours",
            where=brush,
            do="Use `brushctl apply`, or pass --force to write the LUT anyway.",
        )
    metadata = opened.metadata
    comment = f"brush {metadata.name} {metadata.content_sha256[:12]}, "
    cube = encode_cube(lut, comment + f"{exported.share:.1%} of its edit carried")
    write_atomically(target, cube.encode(), overwrite=overwrite)
    return exported


def _check_target(target: Path, *, overwrite: bool) -> None:
    if target.suffix.lower() != SUFFIX:
        raise UsageError(
            f"the file's name must end in {SUFFIX}", where=str(target), do=f"Name it x{SUFFIX}."
        )
    if leads_nowhere(target):
        raise UsageError(NOWHERE, where=str(target), do="Name another file.")
    if target.exists() and not overwrite:
        raise UsageError(
            "the file exists", where=str(target), do="Choose another name, or pass --overwrite."
        )


def _check_enough(pictures: int) -> None:
    if pictures < FEWEST:
        raise UsageError(
            "a LUT of this brush is fitted to pictures, and too few are named",
            do=f"Name {FEWEST} or more of the kind it is for; ten are better.",
        )


def _own_table(brush: "Brush", grade: "AnyGrade") -> "tuple[Lut, ExportedLut]":
    """The table that a grade of colours alone is: exact where it is one lattice, or a blend."""
    from brushctl.brushes.graded import GradeInfo, single_grades
    from brushctl.grade.lut import Lut, share_sampled

    info = brush.metadata.grade
    nodes = {one.nodes for _, one in single_grades(info)} if info else set()
    lut = Lut.sampled(grade, nodes.pop() if isinstance(info, GradeInfo) else STACKED_NODES)
    return lut, ExportedLut(share_sampled(grade, lut), fitted=False)


def _fitted(
    brush: "Brush",
    grade: "AnyGrade | None",
    inputs: Sequence[Input],
    base: str | None,
    device: str,
    report: Reporter,
) -> "tuple[Lut, ExportedLut]":
    """The table nearest to what the brush does to pictures."""
    from brushctl.grade.lut import FINE, fit_lut, share_carried

    if brush.metadata.instruction:
        before, after = _edited(brush, grade, inputs, base, device, report)
    else:
        assert grade
        before, after = _graded(grade, inputs, report)
    _check_enough(len(before))
    share, failed = share_carried(before, after), len(inputs) - len(before)
    return fit_lut(before, after, FINE), ExportedLut(share, fitted=True, failed=failed)


def _graded(grade: "AnyGrade", inputs: Sequence[Input], report: Reporter) -> "Sides":
    """Pictures, reduced, before and after a grade."""
    import numpy as np

    from brushctl.grade.apply import apply_grade
    from brushctl.photos.photo import resize

    def sides(photo: "Photo") -> "tuple[Pixels, Pixels]":
        width, height = photo.size
        scale = min(1.0, GRADED_SIDE / max(width, height))
        before = resize(photo.pixels, (max(1, round(width * scale)), max(1, round(height * scale))))
        return before, np.clip(apply_grade(grade, before), 0, 1)

    return _of_each(inputs, "grading pictures", sides, report)


def _edited(
    brush: "Brush",
    grade: "AnyGrade | None",
    inputs: Sequence[Input],
    base: str | None,
    device: str,
    report: Reporter,
) -> "Sides":
    """Pictures at the model's size, before and after.

    What the autoencoder loses is in both or in neither, so that it is not taken for the edit.
    """
    import numpy as np

    from brushctl.engine.lazy_packages import lazy_packages
    from brushctl.engine.model.find import find_for

    find_for(brush.metadata, base)  # before torch is loaded
    with lazy_packages():
        from brushctl.engine.sampler import open_editor
    from brushctl.grade.apply import apply_grade
    from brushctl.photos.photo import check_seen, resize

    with open_editor(brush.instruction_alone(), base=base, device=device) as editor:

        def sides(photo: "Photo") -> "tuple[Pixels, Pixels]":
            check_seen(photo.size, "")
            seen = resize(photo.pixels, editor.working_size(*photo.size))
            if grade is None:
                (edited,) = editor.edit([seen])
                return edited.before, edited.after
            graded = np.clip(apply_grade(grade, seen), 0, 1)
            (edited,) = editor.edit([graded])
            return seen, np.clip(graded + edited.after - edited.before, 0, 1)

        return _of_each(inputs, "editing pictures", sides, report)


def _of_each(
    inputs: Sequence[Input],
    stage: str,
    sides: "Callable[[Photo], tuple[Pixels, Pixels]]",
    report: Reporter,
) -> "Sides":
    """What `sides` gives of each picture that can be edited; of the others there is a warning."""
    from brushctl.photos.photo import open_photo

    before: list[Pixels] = []
    after: list[Pixels] = []
    report(Stage(stage, len(inputs)))
    for n, item in enumerate(inputs):
        report(Advance(n, item.path.name))
        try:
            x, y = sides(open_photo(item.path, first_frame=True))
        except PhotoError as error:
            report(Warned(f"{item.file}: passed over: {error.what}"))
            continue
        before.append(x)
        after.append(y)
    report(Advance(len(inputs)))
    return before, after
