"""What a brush's editor is opened with."""

from brushctl.app.apply_plan import sampling_of
from brushctl.events import Message
from tests.brushes.test_mixed_offsets import brush


def test_the_scales_of_eq_3_are_of_no_use_on_a_transformer():
    told = []
    given = {"steps": None, "s_T": 3.0, "s_I": None, "base": None, "dtype": None}
    how = sampling_of(brush(0).metadata, seed=0, strength=1.0, report=told.append, **given)
    assert told == [Message("--s-t: ignored: transformers take no guidance scales")]
    assert how["s_T"] is None
