"""How the program of its own process starts and ends."""

import gc
import subprocess
import sys

import pytest

from brushctl import __version__
from brushctl.cli._progress import loading, reporting
from brushctl.events import Advance, Loading, Stage

PROGRAM = """
import atexit, sys
from brushctl.cli import app

class Kept:
    def __del__(self):
        print("taken apart")

def main(run=app.main):
    atexit.register(print, "what a library does at exit")
    run()

kept, app.main = Kept(), main
app.program()
"""


@pytest.mark.parametrize(
    ("arguments", "status", "told"),
    [(["--version"], 0, [f"brushctl {__version__}"]), (["inspect", "./none"], 5, [])],
    ids=["done", "failed"],
)
def test_it_ends_with_its_status_and_takes_nothing_apart(arguments, status, told):
    ended = subprocess.run(
        [sys.executable, "-c", PROGRAM, *arguments], capture_output=True, text=True, check=False
    )
    assert ended.returncode == status
    assert ended.stdout.splitlines() == [*told, "what a library does at exit"]


@pytest.mark.parametrize(
    ("code", "status", "told"), [("None", 0, ""), ("'in words'", 1, "in words"), ("7", 7, "")]
)
def test_whatever_a_library_exits_with_is_what_python_makes_of_it(code, status, told):
    program = f"""
import sys
from brushctl.cli import app
app.main = lambda: sys.exit({code})
app.program()
"""
    ended = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=False
    )
    assert (ended.returncode, ended.stderr.strip()) == (status, told)


def test_what_nobody_foresaw_still_ends_with_a_traceback():
    program = """
from brushctl.cli import app
def main():
    raise RuntimeError("unforeseen")
app.main = main
app.program()
"""
    ended = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=False
    )
    assert ended.returncode == 1
    assert ended.stderr.splitlines()[-1] == "RuntimeError: unforeseen"


def test_garbage_is_collected_while_there_is_work_and_not_while_libraries_load():
    seen = [gc.isenabled()]
    with reporting(quiet=True) as report:
        for event in (Loading("loading"), Advance(1), Stage("editing"), Loading("more")):
            report(event)
            seen.append(gc.isenabled())
    assert seen == [True, False, False, True, False]
    assert gc.isenabled()
    assert gc.get_freeze_count() == 0


def fail_while_loading(block):
    with block():
        gc.disable()
        raise ZeroDivisionError


@pytest.mark.parametrize("block", [loading, reporting])
def test_garbage_is_collected_again_after_what_fails(block):
    with pytest.raises(ZeroDivisionError):
        fail_while_loading(block)
    gc.unfreeze()
    assert gc.isenabled()
