"""Grades mixed as they are stored: documents are put together and tensors renamed, none is read."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from brushctl.brushes.file import Brush, Features
from brushctl.brushes.graded import (
    PREFIX,
    AnyGradeInfo,
    GradeBlend,
    GradeStack,
    GradeTerm,
    members,
)


@dataclass(frozen=True, slots=True)
class StoredGrade:
    """A brush's grade, or a member of one.

    Attributes:
        info: what the document says of it.
        tensors: by what follows the grade's own prefix in their names.
    """

    info: AnyGradeInfo
    tensors: Mapping[str, Features]

    def named(self) -> dict[str, Features]:
        """The tensors under their names in a brush."""
        return {f"{PREFIX}.{name}": tensor for name, tensor in self.tensors.items()}


def stored_grade(brush: Brush) -> StoredGrade | None:
    """The grade of a brush; None where it has none."""
    if (info := brush.metadata.grade) is None:
        return None
    own = brush.grade_tensors()
    return StoredGrade(info, _within(own, PREFIX))


def blended(terms: Sequence[tuple[float, StoredGrade]]) -> StoredGrade:
    """The weighted sum of grades; a blend within it is taken apart, which changes no result."""
    if len(terms) == 1 and terms[0][0] == 1:
        return terms[0][1]
    flat = [(weight * inner, grade) for weight, mixed in terms for inner, grade in _terms(mixed)]
    infos = tuple(GradeTerm(weight, grade.info) for weight, grade in flat)
    return StoredGrade(GradeBlend(infos), _joined(grade for _, grade in flat))


def stacked(grades: Sequence[StoredGrade]) -> StoredGrade:
    """Grades one after the other; a stack within it is taken apart, which changes no result."""
    if len(grades) == 1:
        return grades[0]
    flat = [each for grade in grades for each in _steps(grade)]
    return StoredGrade(GradeStack(tuple(grade.info for grade in flat)), _joined(flat))


def _terms(grade: StoredGrade) -> list[tuple[float, StoredGrade]]:
    """The weights and grades of a blend; of anything else, itself."""
    if not isinstance(grade.info, GradeBlend):
        return [(1.0, grade)]
    weights = [term.weight for term in grade.info.blend]
    return list(zip(weights, _members(grade), strict=True))


def _steps(grade: StoredGrade) -> list[StoredGrade]:
    """The grades of a stack, in their order; of anything else, itself."""
    return _members(grade) if isinstance(grade.info, GradeStack) else [grade]


def _members(grade: StoredGrade) -> list[StoredGrade]:
    return [
        StoredGrade(info, _within(grade.tensors, str(k)))
        for k, info in enumerate(members(grade.info))
    ]


def _within(tensors: Mapping[str, Features], prefix: str) -> dict[str, Features]:
    """Those whose names begin with the prefix and a dot, without it."""
    start = f"{prefix}."
    return {n.removeprefix(start): t for n, t in tensors.items() if n.startswith(start)}


def _joined(grades: Iterable[StoredGrade]) -> dict[str, Features]:
    return {f"{k}.{n}": t for k, grade in enumerate(grades) for n, t in grade.tensors.items()}
