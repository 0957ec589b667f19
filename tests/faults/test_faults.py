"""Whatever fails on the disk, no photograph is lost, and nothing is called done that is not whole.

The long run tries every operation: `pytest -m slow tests/faults` (a quarter of an hour).
"""

import json
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
EVERY = 1
BRUSHES = ("mix", "label", "import", "export", "table")


def injected(
    folder: Path, environment: dict[str, str], stride: int, cases: tuple[str, ...]
) -> dict:
    """What the driver has found, with every so manieth disk operation failing."""
    command = [sys.executable, "-m", "tests.faults.driver", str(folder), str(stride), *cases]
    told = subprocess.run(
        command,
        cwd=ROOT,
        env=environment | {"PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=True,
    )
    return json.loads(told.stdout)


@pytest.mark.parametrize(
    ("cases", "stride"), [(("folder",), 19), (("in place",), 13), (("one file", *BRUSHES), 5)]
)
def test_a_fault_loses_nothing_and_the_next_run_makes_it_good(tmp_path, preloaded, cases, stride):
    found = injected(tmp_path / "case", preloaded, stride, cases)
    assert found["wrong"] == {}
    assert found["all"] >= 20


@pytest.mark.slow
@pytest.mark.parametrize(
    ("cases", "least"), [(("folder", "in place", "one file", *BRUSHES), 900), (("learn",), 100)]
)
def test_no_disk_operation_may_fail_badly(tmp_path, preloaded, cases, least):
    found = injected(tmp_path / "case", preloaded, EVERY, cases)
    assert found["wrong"] == {}
    assert found["all"] >= least
