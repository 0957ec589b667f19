"""Brushes learned, and cases of the bench run, by a cluster: what one process makes of them."""

import json

import numpy as np
import pytest
from PIL import Image

from tests.cli.shell import Shell

pytestmark = pytest.mark.usefixtures("ray", "one_thread")


@pytest.fixture
def shell(tmp_path, capfdbinary) -> Shell:
    """A shell in a folder with two sets of pairs, and a list of them and of one that is none."""
    rng = np.random.default_rng(4)
    rows = []
    for name in ("dim", "dusk"):
        for k in range(2):
            soft = rng.integers(0, 256, (4, 4, 3), dtype=np.uint8)
            for side, light in (("before", 1), ("after", 0.5)):
                folder = tmp_path / name / side
                folder.mkdir(parents=True, exist_ok=True)
                picture = Image.fromarray((soft * light).astype(np.uint8)).resize((64, 64))
                picture.save(folder / f"{k}.png")
        rows.append({"pairs": name, "steps": 1})
    rows.append({"pairs": "nowhere"})
    (tmp_path / "sets.json").write_text(json.dumps(rows))
    return Shell(tmp_path, capfdbinary)


ON_RAY = ("--engine", "ray", "--workers", "1", "--device", "cpu")


def test_a_cluster_learns_the_brushes_that_one_process_learns(shell):
    command = ("learn", "sets.json", "--batch", "--no-phrase", "--parts", "instruction")
    shell.run(*command, "-o", "here", "--device", "cpu", status=3)
    lines = shell.text(*command, "-o", "there", *ON_RAY, "--json", status=3).splitlines()
    *brushes, summary = map(json.loads, lines)
    assert {b["file"]: b["status"] for b in brushes} == {
        "dim": "done",
        "dusk": "done",
        "nowhere": "failed",
    }
    assert (summary["done"], summary["failed"]) == (2, 1)
    for name in ("dim", "dusk"):
        one, other = (shell.folder / f"{place}/{name}.brush" for place in ("here", "there"))
        assert one.read_bytes() == other.read_bytes()


@pytest.mark.parametrize(
    "methods", ["lut,ip2p", pytest.param("nothing,instructbrush", marks=pytest.mark.slow)]
)
def test_a_cluster_measures_what_one_process_measures(shell, methods):
    command = ("bench", "--effects", "midnight", "--methods", methods, "--limit", "1",
               "--steps", "1", "--shots", "1")  # fmt: skip
    one = shell.json(*command, "--work", "here", "--device", "cpu")
    other = shell.json(*command, "--work", "there", *ON_RAY)
    assert other["rows"] == one["rows"]
    for facts in (one, other):
        assert [case.pop("seconds") >= 0 for case in facts["cases"]] == [True, True]
    assert other["cases"] == one["cases"]
    names = [
        sorted(p.name for p in (shell.folder / w).glob("midnight*")) for w in ("here", "there")
    ]
    assert names[0] == names[1]
    for name in names[0]:
        if name.endswith(".png"):
            one_strip, other_strip = (shell.folder / w / name for w in ("here", "there"))
            assert one_strip.read_bytes() == other_strip.read_bytes()
