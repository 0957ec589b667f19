"""The grade: what becomes of a pixel, given its colour, place, surroundings and picture.

`fit_grade` finds it from before/after pairs in seconds, `apply_grade` repeats it on a photograph's
own pixels. torch is loaded where a network is trained, and nowhere else.
"""

from brushctl.grade.apply import Grade, Kept, apply_grade
from brushctl.grade.fit import Fitted, Score, fit_grade

__all__ = ["Fitted", "Grade", "Kept", "Score", "apply_grade", "fit_grade"]
