"""Whatever fails on the disk, no photograph is lost, nothing is called done that is not whole.

The long run tries every operation: `pytest -m slow tests/faults` (a quarter of an hour).
"""

import json
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SHORT, LONG = 7, 1
"""Every so manieth disk operation fails."""


def injected(folder: Path, environment: dict[str, str], stride: int, *cases: str) -> dict:
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


@pytest.mark.parametrize("stride", [SHORT, pytest.param(LONG, marks=pytest.mark.slow)])
@pytest.mark.parametrize(
    "cases", [("folder",), ("in place",), ("one file", "mix", "label", "import", "export", "table")]
)
def test_a_fault_loses_nothing_and_the_next_run_makes_it_good(tmp_path, preloaded, cases, stride):
    found = injected(tmp_path / "case", preloaded, stride, *cases)
    assert found["wrong"] == {}
    assert found["all"] >= 50
