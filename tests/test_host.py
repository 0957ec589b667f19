"""The process that brushctl is used in is afterwards as it was."""

import json
import subprocess
import sys
import warnings
from pathlib import Path
from threading import Barrier, Thread

import pytest

import brushctl
from brushctl.photos.formats.pillow import REMARKS, without_remarks

ROOT = Path(__file__).parents[1]
USES = (
    "opening_photographs",
    "learning",
    "files",
    "editing",
    "a_pipeline",
    "a_base_that_is_none",
)


@pytest.fixture(scope="module")
def changes(tmp_path_factory) -> dict[str, dict[str, str]]:
    """What each step of a program that uses brushctl changed in its process."""
    program = [sys.executable, "-m", "tests.host", str(tmp_path_factory.mktemp("host"))]
    done = subprocess.run(program, cwd=ROOT, stdout=subprocess.PIPE, check=True)
    return json.loads(done.stdout)


@pytest.mark.parametrize("step", [*sorted(brushctl.API), *USES])
def test_a_name_looked_up_or_used_leaves_the_process_as_it_was(step, changes):
    assert changes[step] == {}


def test_every_step_is_judged(changes):
    assert set(changes) == {*brushctl.API, *USES}


def test_pillow_is_silent_for_as_long_as_any_thread_opens_a_photograph():
    before, both, one_left = warnings.filters.copy(), Barrier(3), Barrier(2)

    def open_photograph(*, long: bool) -> None:
        with without_remarks():
            both.wait()
            if long:
                one_left.wait()

    short, long = (Thread(target=open_photograph, kwargs={"long": x}) for x in (False, True))
    short.start(), long.start()
    both.wait()
    short.join()
    assert warnings.filters.count(REMARKS) == 1
    one_left.wait()
    long.join()
    assert warnings.filters == before


def test_filters_that_others_change_meanwhile_are_theirs():
    before = warnings.filters.copy()
    with warnings.catch_warnings():
        with without_remarks():
            warnings.simplefilter("always", ResourceWarning)
        assert warnings.filters == [("always", None, ResourceWarning, None, 0), *before]
    with without_remarks():
        catching = warnings.catch_warnings()  # as another thread may begin
        catching.__enter__()
    catching.__exit__()
    assert warnings.filters == before
