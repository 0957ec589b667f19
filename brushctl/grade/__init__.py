"""The grade: what becomes of a pixel, given its colour, place, surroundings and picture.

`brushctl.grade.fit` finds it from before/after pairs in seconds, `apply_grade` repeats it on a
photograph's own pixels. It needs no torch.
"""

from brushctl.grade.apply import AnyGrade, Blend, Grade, Kept, Stack, apply_grade
from brushctl.grade.stored import grade_of, to_tensors

__all__ = [
    "AnyGrade",
    "Blend",
    "Grade",
    "Kept",
    "Stack",
    "apply_grade",
    "grade_of",
    "to_tensors",
]
