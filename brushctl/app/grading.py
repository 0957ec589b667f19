"""The grade of an edit: fitted to its pairs, and judged on whole photographs it had no part in."""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from brushctl.app.judge import GRADE, Judgement, counted, edit_by, judge_pairs, on_pairs
from brushctl.brushes.file import Brush, sealed
from brushctl.brushes.metadata import GradeScore, Metadata, Training
from brushctl.brushes.provenance import Provenance
from brushctl.events import Reporter, silent
from brushctl.grade.apply import Grade, apply_grade
from brushctl.grade.fit import STEPS, Fitted, fit_grade
from brushctl.grade.look import look_of
from brushctl.grade.stored import to_tensors
from brushctl.pairs.find import Pair
from brushctl.pairs.load import load_pair, pair_sha256

if TYPE_CHECKING:
    from brushctl.photos.icc import Pixels

LOOKED_AT = {
    "tones": "its picture's own tones",
    "place": "place",
    "surroundings": "surroundings",
}
"""What a network's groups of features are, for people."""


@dataclass(frozen=True, slots=True)
class FittedGrade:
    """The grade of an edit.

    Attributes:
        pairs: what it was fitted to.
        fitted: it, and what it was chosen from.
        judged: how near it comes; by pairs held out, or if there is one pair by that.
        elsewhere: of a grade by one pair, none held out, the PSNR in dB likely on other pictures.
    """

    pairs: Sequence[Pair]
    fitted: Fitted
    judged: Judgement
    elsewhere: float | None

    @property
    def grade(self) -> Grade | None:
        """None where leaving pictures alone is no worse."""
        return self.fitted.grade if self.fitted.grade.lattice else None

    def without(self, held_out: Collection[Pair], report: Reporter = silent) -> Grade | None:
        """The same kind of grade, in which some pairs had no part."""
        places = [k for k, pair in enumerate(self.pairs) if pair in held_out]
        if self.grade is None or not places:
            return self.grade
        return self.fitted.without(places, STEPS, report)

    def describe(self) -> str:
        """What the edit depends on, for people."""
        groups = [LOOKED_AT[group] for group in self.fitted.chosen.groups]
        return " and ".join(filter(None, [", ".join(["colour", *groups[:-1]]), *groups[-1:]]))

    def brush(self, provenance: Provenance, seed: int) -> Brush:
        """A brush that has the grade alone.

        Raises:
            OSError: a pair's file cannot be read.
        """
        training = Training(tuple(pair_sha256(pair) for pair in self.pairs), seed)
        brush = Brush(
            Metadata(provenance.name, provenance.created, provenance.tool, training=training), {}
        )
        return with_grade(brush, self.fitted, self.fitted.grade)


def with_grade(brush: Brush, fitted: Fitted, grade: Grade) -> Brush:
    """A brush with a grade beneath its instruction, if it has one.

    Args:
        brush: it.
        fitted: what the grade was chosen from.
        grade: the grade.
    """
    info, tensors = to_tensors(grade)
    scores = tuple(
        GradeScore(score.method, score.groups, round(score.psnr, 3)) for score in fitted.scores
    )
    metadata = brush.metadata
    training = metadata.training and replace(metadata.training, grade=scores)
    metadata = replace(metadata, grade=info, look=look_of(grade), training=training)
    return sealed(Brush(metadata, {**brush.tensors, **tensors}))


def find_grade(
    pairs: Sequence[Pair],
    held_out: Sequence[Pair] = (),
    *,
    align: bool = False,
    seed: int = 0,
    report: Reporter = silent,
) -> FittedGrade:
    """Fit a grade to pairs, and judge it on whole photographs.

    Args:
        pairs: what it is fitted to.
        held_out: pairs to judge by. Without them each of `pairs` is judged by a grade of the same
            kind that was fitted to others.
        align: crop shifted pairs to what both pictures share.
        seed: of what is drawn.
        report: called with every event of the work.

    Raises:
        PairsError: the pictures of a pair do not fit each other.
        PhotoError: a picture cannot be read.
    """
    fitted = fit_grade((load_pair(pair, align=align) for pair in pairs), seed=seed, report=report)
    if held_out:
        folds = [(fitted.grade, held_out)]
    else:
        folds = [(grade, [pairs[k] for k in part]) for grade, part in fitted.folds(report)]
    in_turn = len(folds) > 1
    if in_turn:
        on = f"{counted(pairs)}, each held out in turn"
    else:
        on = on_pairs(held_out or pairs, learned=not held_out)
    work = [(pair, {GRADE: edit_by(grade, None)}) for grade, these in folds for pair in these]
    photos = judge_pairs(work, align=align, report=report)
    judged = Judgement(on, photos, GRADE, len(folds) if in_turn else None)
    return FittedGrade(pairs, fitted, judged, None if held_out else fitted.elsewhere())


def load_graded(
    pairs: Sequence[Pair],
    grade: Grade | None,
    fit: "Callable[[Pixels], Pixels]",
    *,
    align: bool,
) -> "tuple[list[Pixels], list[Pixels]]":
    """Pairs with a grade beneath, each picture brought to the size it is needed in.

    Args:
        pairs: they.
        grade: what comes before the instruction, if anything does.
        fit: gives a picture (h, w, 3) the size that is needed.
        align: crop shifted pairs to what both pictures share.
    """
    before, after = list["Pixels"](), list["Pixels"]()
    for pair in pairs:
        x, y = load_pair(pair, align=align)
        before.append(fit(apply_grade(grade, x) if grade else x))
        after.append(fit(y))
    return before, after
