"""`brushctl demo` goes the whole way, and never touches a folder that is not its own."""

import json
from dataclasses import replace

import pytest
from PIL import Image

from brushctl.app import demo
from brushctl.engine.training import recipes
from tests.cli.shell import Shell


@pytest.fixture
def shell(tmp_path, capfdbinary):
    return Shell(tmp_path, capfdbinary)


def test_it_leaves_pairs_brush_results_and_sheet_and_says_how_good_they_are(shell, monkeypatch):
    short = replace(recipes.DEFAULT, steps=4, batch=1)
    monkeypatch.setitem(recipes.RECIPES, "default", short)
    monkeypatch.setattr(demo, "TEST_EACH", 1)
    out, err = shell.run("demo", "shown", "--json")
    told = json.loads(out)
    assert "checking pairs" in err  # which are learned from as a user's own
    root = shell.folder / "shown"
    assert told["pictures"] == 5
    assert set(told["psnr"]) == {"nothing", "text", "brush"}
    assert len(list((root / "pairs/before").glob("*.png"))) == demo.PAIRS
    sides = [sorted(p.relative_to(root / side) for p in (root / side).rglob("*.png"))
             for side in ("photos", "edited", "edited-by-text", "truth")]  # fmt: skip
    assert all(side == sides[0] for side in sides)
    assert Image.open(root / "sheet.png").width > 4 * 192
    shell.run("inspect", "shown/teal-and-amber.brush")
    # A second run writes the same folder anew.
    assert shell.json("demo", "shown")["psnr"] == told["psnr"]


def test_a_folder_of_the_users_is_refused(shell):
    (shell.folder / "mine").mkdir()
    (shell.folder / "mine/photo.jpg").write_bytes(b"precious")
    _, err = shell.run("demo", "mine", status=2)
    assert "Name another folder" in err
    assert [p.name for p in (shell.folder / "mine").iterdir()] == ["photo.jpg"]
