"""`brushctl learn` where a grade is enough, and what `apply` then makes of it at full size."""

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from skimage.color import deltaE_ciede2000, rgb2lab
from skimage.metrics import peak_signal_noise_ratio

from brushctl.brushes.file import read_brush
from brushctl.grade import apply_grade, fit, grade_of, judging
from brushctl.pairs.find import find_pairs
from brushctl.pairs.load import load_pair, pair_sha256
from tests.cli.shell import Shell, save
from tests.grade.pictures import NAMES, photograph, vignette, warm

ROOT = Path(__file__).parents[2]
LEARNING = """
import sys
from brushctl.cli.app import main
sys.argv = ["brushctl", "learn", "pairs", "-o", "film.brush", "--hold-out", "1", "--json"]
try:
    main()
except SystemExit as ended:
    heavy = ("torch", "diffusers", "transformers", "open_clip")
    print(ended.code or 0, *[m for m in heavy if m in sys.modules], file=sys.stderr)
"""


def write_pairs(folder: Path, edit, size=(80, 100), names=NAMES) -> Path:
    """Photographs before and after an edit."""
    for name in names:
        before = photograph(name, size)
        save(folder / f"before/{name}.png", before)
        save(folder / f"after/{name}.png", np.clip(edit(before), 0, 1))
    return folder


def film(x: np.ndarray) -> np.ndarray:
    """A look, and grain that no grade explains: figures stay below what counts as perfect."""
    return warm(x) + np.random.default_rng(0).normal(0, 0.004, x.shape)


@dataclass(frozen=True)
class Learned:
    """What a process has said that learned a look."""

    folder: Path
    told: dict
    last: str


@pytest.fixture(scope="module")
def look(tmp_path_factory) -> Learned:
    """A look learned from three photographs of 200 x 250 pixels, and judged by a fourth."""
    folder = tmp_path_factory.mktemp("look")
    write_pairs(folder / "pairs", film, size=(200, 250))
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "BRUSHCTL_HOME": str(folder / "home")}
    done = subprocess.run(
        [sys.executable, "-c", LEARNING],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        check=True,
    )
    return Learned(folder, json.loads(done.stdout), done.stderr.splitlines()[-1])


def test_a_look_becomes_a_grade_without_torch_or_a_model(look):
    assert look.last == "0"
    metadata = look.told["metadata"]
    assert {"grade", "look"} <= set(metadata)
    assert set(metadata).isdisjoint({"base", "instruction", "buckets", "apply"})
    assert read_brush(look.folder / "film.brush").metadata.instruction is None
    assert (look.folder / look.told["sheet"]).exists()


def test_its_figures_are_those_of_the_held_out_photograph_at_full_size(look):
    brush = read_brush(look.folder / "film.brush")
    known = brush.metadata.training.pairs_sha256
    (unseen,) = [p for p in find_pairs(look.folder / "pairs") if pair_sha256(p) not in known]
    before, after = load_pair(unseen)
    judged = look.told["judged"]
    made = np.clip(apply_grade(grade_of(brush), before), 0, 1)
    for picture, ending in ((made, ""), (before, "_unedited")):
        psnr = peak_signal_noise_ratio(after, picture, data_range=1)
        de2000 = deltaE_ciede2000(rgb2lab(picture), rgb2lab(after)).mean()
        assert judged[f"psnr{ending}"] == pytest.approx(psnr, abs=0.01)
        assert judged[f"de2000{ending}"] == pytest.approx(de2000, abs=0.01)
    assert judged["megapixels"] == 0.05
    assert judged["psnr"] > judged["psnr_unedited"] + 10
    assert brush.metadata.training.held_out.psnr == judged["psnr"]


def closed(*_: object) -> None:
    raise AssertionError("a model was opened")


@pytest.fixture
def shell(tmp_path, capfdbinary, monkeypatch):
    """A shell where no model can be opened, and networks learn in few steps."""
    monkeypatch.setattr("brushctl.engine.model.base.open_base", closed)
    monkeypatch.setattr(judging, "JUDGING_STEPS", 60)
    for steps in ("STEPS", "REFIT_STEPS"):
        monkeypatch.setattr(fit, steps, 200)
    return Shell(tmp_path, capfdbinary)


def test_a_vignette_is_learned_by_its_place_with_a_network(shell):
    write_pairs(shell.folder / "pairs", vignette)
    out, err = shell.run("learn", "pairs", "-o", "dark")
    assert out == b""
    assert "the edit depends on colour and place: it needs no base model" in err
    assert "on 4 pairs, each held out in turn" in err
    metadata = shell.brush("dark").metadata
    assert metadata.grade.network.groups == ("place",)
    assert metadata.training.held_out.folds == 3
    assert metadata.training.held_out.psnr > metadata.training.held_out.psnr_unedited + 10
