"""Failures of earlier runs: named, mailed once, and accepted where the user says so."""

import json
import re

import pytest

from tests.cli.apply_shell import summary
from tests.photos import makers

STAMPED = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d[+-]\d\d:\d\d .+")


@pytest.fixture
def shell(apply_shell):
    """A shell with two photographs and one that is broken."""
    apply_shell.photographs(2)
    (apply_shell.folder / "in/broken.jpg").write_bytes(b"no photograph")
    return apply_shell


RUN = ("dusk.brush", "in", "-o", "out")


def test_a_second_run_names_for_programs_what_failed_before(shell):
    first, second = shell.events(*RUN, status=3), shell.events(*RUN, status=3)
    tried = {event["file"]: event["tried"] for event in first[:-1]}
    assert tried == {"0.jpg": True, "1.jpg": True, "broken.jpg": True}
    assert [(e["file"], e["status"], e["tried"]) for e in second[:-1]] == [
        ("broken.jpg", "failed", False)
    ]
    assert second[0]["error"] == next(e for e in first if e["file"] == "broken.jpg")["error"]


def test_cron_mails_a_failure_once_and_the_status_goes_on_telling(shell):
    _, first = shell.run(*RUN, "-q", status=3)
    assert first.count("broken.jpg") == 1
    assert first.startswith("failed: in/broken.jpg: ")
    _, second = shell.run(*RUN, "-q", status=3)
    assert second == ""
    _, told = shell.run(*RUN, status=3)
    assert told.count("broken.jpg") == 1


def test_an_accepted_failure_is_told_no_more_until_its_file_changes(shell):
    shell.run(*RUN, status=3)
    _, err = shell.run(*RUN, "--accept-failed")
    assert "1 accepted" in err
    events = shell.events(*RUN)
    assert events[-1]["accepted"] == 1
    assert summary(events) == (0, 2, 0)
    plan = shell.events(*RUN, "--dry-run")
    assert {event["source"]: event["action"] for event in plan}["in/broken.jpg"] == "skip"
    assert summary(shell.events(*RUN, "--retry-failed", status=3)) == (0, 2, 1)
    shell.run(*RUN, "--accept-failed")
    makers.write_jpeg(shell.folder / "in/broken.jpg", makers.picture(seed=5))
    assert summary(shell.events(*RUN)) == (1, 2, 0)


def test_what_fails_for_the_first_time_is_not_accepted_unseen(shell):
    _, err = shell.run(*RUN, "--accept-failed", status=3)
    assert "failed: in/broken.jpg" in err


def test_an_accepted_failure_whose_file_was_only_touched_stays_so(shell):
    shell.run(*RUN, status=3)
    (shell.folder / "in/broken.jpg").touch()
    shell.run(*RUN, "--accept-failed")
    (shell.folder / "in/broken.jpg").touch()
    assert summary(shell.events(*RUN)) == (0, 2, 0)
    journal = shell.folder / "out/.brushctl/journal.jsonl"
    last = [json.loads(line) for line in journal.read_text().splitlines()][-1]
    assert last["status"] == "accepted"


def test_lines_of_a_log_have_dates_if_asked_for(shell):
    _, err = shell.run(*RUN, "--timestamps", status=3)
    assert len(err.splitlines()) > 2
    assert all(map(STAMPED.fullmatch, err.splitlines()))
    _, err = shell.run(*RUN, "nowhere", "--timestamps", status=2)
    assert STAMPED.fullmatch(err.strip())
    _, err = shell.run(*RUN, status=3)
    assert not any(map(STAMPED.fullmatch, err.splitlines()))


def test_whoever_asks_is_told_of_each_photograph(shell):
    _, err = shell.run(*RUN, "-v", status=3)
    assert "in/0.jpg -> out/0.jpg" in err
    _, err = shell.run("dusk.brush", "in", "-o", "other", status=3)
    assert "->" not in err


def test_in_place_photographs_are_named_as_one_would_type_them(shell):
    (shell.folder / "in/broken.jpg").unlink()
    (shell.folder / "in/1.jpg").write_bytes(b"no photograph")
    out, _ = shell.run("dusk.brush", "in", "--in-place", "--dry-run")
    assert b"edit  in/0.jpg -> in/0.jpg\n" in out
    for tried in ("failed", "failed before"):
        _, err = shell.run("dusk.brush", "in", "--in-place", "-v", status=3)
        assert "failed: in/1.jpg: " in err
        assert ("in/0.jpg -> in/0.jpg\n" in err) == (tried == "failed")
        assert str(shell.folder) not in err
