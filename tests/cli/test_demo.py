"""`brushctl demo` goes the whole way, and never touches a folder that is not its own."""

import json
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

from brushctl.app import demo, demo_pictures
from brushctl.app.demo_pictures import evening_sky, retouched, split_toning
from brushctl.errors import PhotoError
from brushctl.grade import fit, judging, lattice_fit
from tests.cli.shell import Shell


@pytest.fixture
def shell(tmp_path, capfdbinary):
    return Shell(tmp_path, capfdbinary)


@pytest.fixture
def short(monkeypatch):
    """Fewer steps, smaller photographs and coarser lattices, all the rest as it is."""
    look, local, content = demo.EXAMPLES
    settings = replace(content.settings, steps=4)
    monkeypatch.setattr(demo, "EXAMPLES", (look, local, replace(content, settings=settings)))
    monkeypatch.setattr(judging, "JUDGING_STEPS", 100)
    monkeypatch.setattr(judging, "JUDGING_NODES", 9)
    for name in ("REFIT_STEPS", "STEPS"):
        monkeypatch.setattr(fit, name, 100)
    monkeypatch.setattr(lattice_fit, "PRECISION", 1e-2)
    whole = demo_pictures.photograph
    monkeypatch.setattr(demo_pictures, "photograph", lambda name: whole(name)[::4, ::4])


@pytest.mark.usefixtures("short")
def test_it_leaves_pairs_brushes_results_and_sheet_and_says_how_good_they_are(shell, monkeypatch):
    out, err = shell.run("demo", "shown", "--json")
    told = json.loads(out)
    assert "checking pairs" in err  # which are learned from as a user's own
    assert "warning" not in err
    assert "needs no base model" in err
    assert "ignored" not in err  # no option was given
    look, local, content = told["edits"]
    assert [each["parts"] for each in (look, local, content)] == [
        ["grade"],
        ["grade"],
        ["instruction"],
    ]
    assert set(look["psnr"]) == set(local["de2000"]) == {"nothing", "lut", "brush"}
    assert set(content["psnr"]) == {"nothing", "lut", "words", "brush"}
    # A table of colours is all that a look is, and not all that a local edit is.
    assert look["psnr"]["brush"] > look["psnr"]["nothing"] + 15
    assert local["psnr"]["brush"] > local["psnr"]["lut"] + 6
    root = shell.folder / "shown"
    for each in told["edits"]:
        assert each["pairs"] == len(list((root / each["name"] / "pairs/before").glob("*.png")))
        results = {"photos", "truth", "by-lut", "by-brush"}
        names = [{p.name for p in (root / each["name"] / side).glob("*.png")} for side in results]
        assert all(side == names[0] for side in names)
        assert len(names[0]) == each["pictures"]
        shell.run("inspect", f"shown/{each['name']}.brush")
    assert Image.open(root / "sheet.png").width > 4 * 512
    # A second run writes the same folder anew.
    monkeypatch.setattr(demo, "EXAMPLES", demo.EXAMPLES[:1])
    out, _ = shell.run("demo", "shown")
    row = next(line for line in out.decode().splitlines() if "a look" in line)
    assert f"{look['psnr']['brush']:.1f}" in row
    assert all(len(line) <= 80 for line in out.decode().splitlines() if "shown" not in line)


def test_photographs_that_scikit_image_comes_without_are_named(monkeypatch):
    monkeypatch.setattr(demo_pictures, "OTHER_PHOTOGRAPHS", ("no-such.png",))
    with pytest.raises(PhotoError, match=r"no-such\.png"):
        retouched(split_toning)


def test_the_local_edit_of_the_demonstration_is_no_matter_of_colours():
    grey = np.full((40, 60, 3), 0.5, np.float32)
    edited = evening_sky(grey)
    assert edited[0, 30, 2] < edited[20, 30, 2] - 0.1  # the sky
    assert edited[20, 0].mean() < edited[20, 30].mean() - 0.1  # the vignette
    assert np.ptp(split_toning(grey), axis=(0, 1)).max() == 0


def test_a_folder_of_the_users_is_refused(shell):
    (shell.folder / "mine").mkdir()
    (shell.folder / "mine/photo.jpg").write_bytes(b"precious")
    _, err = shell.run("demo", "mine", status=2)
    assert "Name another folder" in err
    assert [p.name for p in (shell.folder / "mine").iterdir()] == ["photo.jpg"]
