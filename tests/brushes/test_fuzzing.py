"""A damaged file is read or refused by name; the long run stands in `fuzzing`."""

from tests.brushes.fuzzing import (
    ABSURD,
    SCHEMA,
    damaged,
    every_field,
    fields,
    hostile,
    judged,
)


def test_damaged_files_never_end_in_a_traceback_and_the_readers_agree():
    verdicts = judged(damaged(600))
    assert verdicts.total() == 600
    assert len(verdicts) > 8  # the damage reaches many kinds of defects


def test_a_hostile_brush_is_refused_by_its_field_or_costs_no_more_than_the_limits_allow():
    """Each field is asked for absurd values, alone and with another."""
    verdicts = judged(hostile(pairs=200))
    assert verdicts.total() > 200 + len(ABSURD)
    assert verdicts["read"] > 0
    assert verdicts["brush-field"] > verdicts.total() / 2


def test_every_field_that_the_schema_knows_is_among_the_hostile_ones():
    groups = [SCHEMA.schema, *SCHEMA.schema["$defs"].values()]
    known = {key for group in groups for key in group.get("properties", {})}
    assert known <= {key for path in fields(every_field()) for key in path} | {"content_sha256"}
