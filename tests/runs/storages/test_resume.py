"""What is still to be edited, told from a journal and from files in a folder or a bucket alike."""

from dataclasses import replace

import pytest

from brushctl.errors import PlanError
from brushctl.runs.inputs import find_inputs
from brushctl.runs.journal import hash_file
from brushctl.runs.plan import Plan, plan_folder
from brushctl.runs.records import Record, Result, Source
from brushctl.runs.resume import Selection, Sources, select
from brushctl.runs.steps import Treatment
from brushctl.runs.storage.base import storage_of

TREATMENT = Treatment({"seed": 0})


@pytest.fixture
def plan(place) -> Plan:
    """Of one photograph, whose result is there."""
    place.write("in/a.jpg", b"photograph")
    place.write("out/a.jpg", b"result")
    return plan_folder(find_inputs([place.name("in")]), place.name("out"))


def done(plan: Plan) -> Record:
    """What a run would have noted of it."""
    (job,) = plan.jobs
    source, result = storage_of(job.source_file), storage_of(job.target_file)
    stat = result.stat(job.target_file)
    was = Sources(plan.output).of(job).at(source.stat(job.source_file))
    return Record(
        "a.jpg",
        "done",
        TREATMENT.settings,
        replace(was, sha256=source.hash(job.source_file)),
        Result("a.jpg", result.hash(job.target_file), *stat),
    )


def selected(plan: Plan, record: Record, **how) -> Selection:
    return select(plan, {record.file: record}, TREATMENT, **how)


def kind(selection: Selection) -> str:
    """Where the one photograph is."""
    if selection.retouched:
        return "retouched"
    return "current" if selection.current else "failed" if selection.failed else "todo"


def test_what_is_done_is_left_and_what_is_missing_is_edited_anew(place, plan):
    record = done(plan)
    assert kind(selected(plan, record)) == "current"
    assert kind(selected(plan, record, overwrite=True)) == "todo"
    assert kind(selected(plan, replace(record, settings={"seed": 1}))) == "todo"
    place.remove("out/a.jpg")
    (job,) = selected(plan, record).todo
    assert job.vacant


@pytest.mark.parametrize("status", ["failed", "sent"])
def test_the_result_that_an_earlier_run_left_is_known_though_the_last_one_made_none(
    place, plan, status
):
    record = replace(done(plan), status=status, source=Source())
    assert kind(selected(plan, record, retry_failed=True)) == "todo"
    place.write("out/a.jpg", b"by hand")
    assert kind(selected(plan, record, retry_failed=True)) == "retouched"
    place.write("out/a.jpg", b"resulT")  # of the same length
    assert kind(selected(plan, record, retry_failed=True)) == "retouched"


def test_a_result_that_was_made_before_its_storage_told_of_marks_is_compared_by_its_content(
    place, plan
):
    made = done(plan)
    record = replace(made, settings={"seed": 1}, result=replace(made.result, mark=None))
    assert kind(selected(plan, record)) == "todo"
    place.write("out/a.jpg", b"resulT")
    assert kind(selected(plan, record)) == "retouched"


def test_where_a_photograph_failed_that_had_no_result_what_lies_there_is_left_alone(plan):
    record = replace(done(plan), status="failed", result=None)
    assert kind(selected(plan, record)) == "failed"
    assert kind(selected(plan, record, retry_failed=True)) == "retouched"


def test_what_was_begun_and_had_no_result_is_edited(plan):
    record = replace(done(plan), status="sent", result=None, source=Source())
    assert kind(selected(plan, record)) == "todo"


def test_another_photograph_of_the_same_name_does_not_replace_the_result(place, plan):
    record = done(plan)
    place.write("other/a.jpg", b"another")
    other = plan_folder(find_inputs([place.name("other")]), place.name("out"))
    with pytest.raises(PlanError, match="result of another photograph"):
        selected(other, record)
    assert kind(selected(other, record, overwrite=True)) == "todo"
    place.write("other/a.jpg", b"photograph")  # the same one, elsewhere
    copied = plan_folder(find_inputs([place.name("other")]), place.name("out"))
    assert kind(selected(copied, record)) == "current"


def test_checksum_finds_another_content_where_all_else_is_as_it_was(place, plan):
    record = done(plan)
    assert kind(selected(plan, record, checksum=True)) == "current"
    place.write("in/a.jpg", b"photogrApH")
    later = plan_folder(find_inputs([place.name("in")]), place.name("out"))
    now = storage_of(place.name("in/a.jpg")).stat(place.name("in/a.jpg"))
    disguised = replace(record, source=record.source.at(now))
    assert kind(selected(later, disguised)) == "current"
    assert kind(selected(later, disguised, checksum=True)) == "todo"


def test_a_file_is_hashed_alike_wherever_it_lies(place, tmp_path):
    (tmp_path / "a").write_bytes(b"bytes")
    place.write("b", b"bytes")
    assert storage_of(place.name("b")).hash(place.name("b")) == hash_file(tmp_path / "a")
