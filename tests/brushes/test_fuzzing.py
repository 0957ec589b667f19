"""A damaged file is read or refused by name; the long run stands in `fuzzing`."""

from tests.brushes.fuzzing import run


def test_damaged_files_never_end_in_a_traceback_and_the_readers_agree():
    verdicts = run(600)
    assert verdicts.total() == 600
    assert len(verdicts) > 8  # the damage reaches many kinds of defects
