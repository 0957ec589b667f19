"""The Python API: its names, their signatures, and the page that describes it."""

import importlib
import inspect
import re
import subprocess
import sys
import warnings
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import brushctl
from brushctl.app.apply_image import HowFiles
from brushctl.brushes.file import sealed
from brushctl.engine.model.find import EMBEDDED
from brushctl.engine.training import recipes
from brushctl.errors import BrushFormatError, PairsError, UsageError
from brushctl.events import Message, Stage
from brushctl.parameters import for_programs
from brushctl.runs.records import FileDone
from tests.brushes.makers import graded
from tests.photos.brushes import make_brush

PAGE = Path(__file__).parents[1] / "docs" / "python.md"
PINNED = {
    "apply": "inputs, brush, output, in_place, overwrite, on_top, retry_failed, detail, "
    "first_frame, strip, provenance, quality, seed, steps, effort, s_T, s_I, strength, base, "
    "device, dtype, report",
    "Brush": "metadata, tensors",
    "BrushctlError": "what, where, do",
    "Provenance": "name, created, tool",
    "Share": "brush, weight",
    "blend": "shares, provenance, base",
    "learn": "pairs, name, base, phrase, recipe, parts, held_out, seed, device, dtype, report",
    "load": "pipe, brush, weights, strength",
    "open_brush": "target",
    "open_editor": "brush, base, device, dtype, seed, steps, s_T, s_I, strength",
    "schedule": "choice, provenance, base",
    "stack": "shares, provenance, base",
    "write_brush": "brush, path",
}


def test_the_names_and_what_they_take_are_pinned():
    taken = {
        name: ", ".join(inspect.signature(getattr(brushctl, name)).parameters)
        for name in brushctl.API
    }
    assert taken == PINNED
    assert set(brushctl.API) <= set(dir(brushctl))


def test_importing_it_loads_nothing_heavy():
    program = "import sys, brushctl; sys.exit(any(m in sys.modules for m in ('torch', 'numpy')))"
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0


LOOKED_UP = """
import sys
from diffusers import StableDiffusionInstructPix2PixPipeline
from diffusers import StableDiffusionXLInstructPix2PixPipeline
theirs = set(sys.modules)
import brushctl
from brushctl.brushes.file import sealed
for name in brushctl.API:
    getattr(brushctl, name)
print(*(set(sys.modules) - theirs))
"""


def test_a_pipeline_and_a_brush_need_nothing_of_what_photographs_need():
    """Nor does learning, until there are pairs to be read."""
    program = [sys.executable, "-c", LOOKED_UP]
    done = subprocess.run(program, stdout=subprocess.PIPE, text=True, check=True)
    packages = {module.partition(".")[0] for module in done.stdout.split()}
    for_photographs = {"numba", "imagecodecs", "scipy", "tifffile", "skimage", "PIL", "open_clip"}
    assert "brushctl" in packages
    assert packages & for_photographs == set()


def test_another_name_is_an_attribute_error():
    with pytest.raises(AttributeError, match="nonsense"):
        brushctl.nonsense  # noqa: B018


def pairs_in(folder, count, change=lambda pixels: 255 - pixels):
    """A folder of so many pairs of noise."""
    rng = np.random.default_rng(0)
    for k in range(count):
        pixels = rng.integers(0, 256, (64, 64, 3), np.uint8)
        for side, shown in (("before", pixels), ("after", change(pixels))):
            (folder / side).mkdir(parents=True, exist_ok=True)
            Image.fromarray(shown).save(folder / side / f"{k}.png")
    return folder


@pytest.mark.parametrize(("recipe", "learned_from"), [("default", 5), ("paper", 6)])
def test_learning_holds_out_and_judges_as_the_command_does(
    tmp_path, monkeypatch, recipe, learned_from
):
    for name, plain in recipes.RECIPES.items():
        monkeypatch.setitem(recipes.RECIPES, name, replace(plain, steps=1, steps_for_one=None))
    told = []
    how = {"phrase": "", "parts": "instruction"}
    brush = brushctl.learn(
        pairs_in(tmp_path, 6), name="x", recipe=recipe, **how, report=told.append
    )
    training = brush.metadata.training
    assert len(training.pairs_sha256) == learned_from
    assert (training.held_out and training.held_out.pairs) == (6 - learned_from or None)
    assert Stage("checking pairs", 6) in told
    *_, verdict = (event.message for event in told if isinstance(event, Message))
    assert "; higher is better); colour difference " in verdict


def test_learning_checks_the_pairs_as_the_command_does(tmp_path):
    with pytest.raises(PairsError, match="Replace the"):
        brushctl.learn(pairs_in(tmp_path / "same", 3, lambda pixels: pixels), name="x", phrase="")
    cut = pairs_in(tmp_path / "cut", 3)
    (cut / "after/1.png").write_bytes((cut / "after/1.png").read_bytes()[:200])
    with pytest.raises(PairsError, match=r"1\.png"):
        brushctl.learn(cut, name="x", phrase="")
    with pytest.raises(UsageError, match="unknown recipe"):
        brushctl.learn(cut, name="x", recipe="quick")
    with pytest.raises(UsageError, match="grade, instruction, both, auto"):
        brushctl.learn(cut, name="x", parts="colours")
    for told in ({"seed": -1}, {"seed": 2**53}, {"held_out": -1}):
        with pytest.raises(UsageError, match=str(*told.values())):
            brushctl.learn(cut, name="x", **told)
    for told in ({"name": ""}, {"name": "x", "phrase": "make it\ngolden"}):
        with pytest.raises(BrushFormatError, match="must"):
            brushctl.learn(cut, **told)


def test_photographs_are_edited_as_the_command_does(tmp_path, monkeypatch):
    short = replace(recipes.DEFAULT, steps=1, steps_for_one=None)
    monkeypatch.setitem(recipes.RECIPES, "default", short)
    pairs = pairs_in(tmp_path / "pairs", 2)
    brush = brushctl.learn(pairs, name="x", phrase="", parts="instruction")
    photos, out, told = tmp_path / "photos", tmp_path / "out", []
    photos.mkdir()
    Image.open(tmp_path / "pairs/before/0.png").resize((96, 64)).save(photos / "good.jpg")
    (photos / "bad.jpg").write_bytes(b"no photograph")
    original = (photos / "good.jpg").read_bytes()

    records = brushctl.apply([photos], brush, out, steps=1, report=told.append)
    assert {record.file: record.status for record in records} == {
        "bad.jpg": "failed",
        "good.jpg": "done",
    }
    assert Image.open(out / "good.jpg").size == (96, 64)
    assert (photos / "good.jpg").read_bytes() == original
    assert sum(isinstance(event, FileDone) for event in told) == 2

    written = (out / "good.jpg").stat()
    (again,) = brushctl.apply([photos], brush, out, steps=1)
    assert (again.file, again.error.code) == ("bad.jpg", records[0].error.code)
    assert (out / "good.jpg").stat() == written

    (replaced,) = brushctl.apply([photos / "good.jpg"], brush, in_place=True, steps=1)
    assert replaced.status == "done"
    assert (photos / "good.jpg").read_bytes() != original


def test_what_cannot_be_applied_is_refused_before_anything_is_written(tmp_path):
    Image.new("RGB", (8, 8)).save(tmp_path / "photo.jpg")
    make_brush(tmp_path / "dusk.brush")
    photo = tmp_path / "photo.jpg"
    out = tmp_path / "out"
    for wrong, told in (
        ({}, "no output is named"),
        ({"output": out, "in_place": True}, "contradict"),
        ({"output": "-"}, "stream"),
        ({"output": out, "detail": "fine"}, "no detail 'fine'"),
        ({"output": out, "seed": -1}, "seed"),
        ({"output": out, "steps": 0}, "steps"),
        ({"in_place": True, "first_frame": True}, "would lose"),
    ):
        with pytest.raises(UsageError, match=told):
            brushctl.apply([photo], tmp_path / "dusk.brush", **wrong)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["dusk.brush", "photo.jpg"]


def run_the_code_of(page, names):
    """Run every Python block of a page of docs/, one after another; a warning is an error."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        # Of diffusers' own Euler ancestral scheduler, which no argument of ours has a part in.
        warnings.filterwarnings("ignore", "__array__ implementation", DeprecationWarning)
        for block in re.findall(r"```python\n(.*?)```", page.read_text(), re.DOTALL):
            exec(compile(block, str(page), "exec"), names)


def test_the_code_on_the_page_of_the_grade_runs():
    rng = np.random.default_rng(0)
    before = rng.random((3, 48, 48, 3), np.float32)
    names = {"pairs": [(x, 0.8 * x + 0.1) for x in before], "photograph": before[0, :30]}
    run_the_code_of(PAGE.with_name("grade.md"), names)
    np.testing.assert_allclose(names["result"], 0.8 * names["photograph"] + 0.1, atol=0.01)


@pytest.mark.parametrize(
    ("call", "told"),
    [
        (lambda b, _p: brushctl.load(None, b), "pipe: must be a pipeline of diffusers"),
        (lambda _b, _p: brushctl.open_editor("dusk.brush"), "brush: must be of type Brush, is str"),
        (lambda _b, _p: brushctl.open_brush(None), "target: must be of type str, Path, is None"),
        (lambda _b, p: brushctl.schedule(None, p), r"choice: must be of type Sequence\[Brush\]"),
        (lambda b, p: brushctl.schedule([b, None], p), r"choice\[1\]: must be of type Brush"),
        (lambda _b, p: brushctl.schedule([], p), "no brush is given"),
        (lambda _b, p: brushctl.blend([("dusk", 1)], p), r"shares\[0\]: must be of type Share"),
        (lambda _b, _p: brushctl.Share("dusk.brush", 1), r"Open it first"),
        (lambda b, _p: brushctl.stack([brushctl.Share(b, 1)], "x"), "provenance: must be of type"),
        (lambda b, _p: brushctl.apply("a.jpg", b, "out", seed="1"), "seed: must be of type int"),
        (lambda _b, _p: brushctl.apply("dusk.brush", "a.jpg", "out"), "photographs come before"),
        (lambda b, _p: brushctl.apply(np.zeros((4, 4, 3)), b), "inputs: must be of type Image"),
        (
            lambda _b, _p: brushctl.learn(None, name="x"),
            "pairs: must be of type str, Path, is",
        ),
    ],
)
def test_an_argument_of_another_kind_is_told_by_its_parameter(tmp_path, monkeypatch, call, told):
    monkeypatch.chdir(tmp_path)
    brush = brushctl.open_brush(make_brush(tmp_path / "dusk.brush"))
    with pytest.raises(UsageError, match=told):
        call(brush, brushctl.Provenance.today("x"))


def test_a_type_checker_knows_all_that_may_be_asked_of_apply():
    named = {"inputs", "brush", "output"}
    assert HowFiles.__optional_keys__ == set(PINNED["apply"].split(", ")) - named


def test_errors_name_parameters_and_the_command_line_s_name_options(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Image.new("RGB", (8, 8)).save("a.jpg")
    brush = brushctl.open_brush(make_brush(tmp_path / "dusk.brush"))
    for wrong, told in (
        ({"output": "out", "in_place": True}, "in_place=True and output contradict each other"),
        ({}, "Add output=FOLDER, or in_place=True."),
        ({"output": "out", "s_T": -1}, "s_T: must be"),
        ({"output": "out", "base": "./none"}, "./none: there is no such"),
    ):
        with pytest.raises(brushctl.BrushctlError) as caught:
            brushctl.apply("a.jpg", brush, **wrong)
        assert told in str(caught.value)
        assert "--" not in str(caught.value)
    with pytest.raises(UsageError, match="--in-place and -o"):
        importlib.import_module("brushctl.app.apply").apply("a.jpg", brush, "out", in_place=True)


def test_an_option_that_is_no_parameter_is_named_with_its_command():
    @for_programs
    def learn(pairs: str) -> None:
        raise UsageError("a pair is shifted", where=pairs, do="Use --align, or none of --steps.")

    with pytest.raises(UsageError, match="Use `brushctl learn --align`, or none of `brushctl"):
        learn("1.jpg")


def test_what_work_reports_names_parameters(tmp_path):
    Image.new("RGB", (8, 8)).save(tmp_path / "a.jpg")
    told = []
    how = {"steps": 3, "s_T": 2.0, "report": told.append}
    brushctl.apply(tmp_path / "a.jpg", sealed(graded("look")), tmp_path / "out", **how)
    (line,) = (event.message for event in told if isinstance(event, Message))
    assert line == "steps, s_T: ignored: the brush is a grade alone, and needs no model"


def test_what_is_typed_into_a_shell_keeps_its_options(tmp_path, monkeypatch):
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    brush = brushctl.open_brush(make_brush(tmp_path / "dusk.brush"))
    with pytest.raises(brushctl.BrushctlError, match=r"download o/m --include .* pass base with"):
        brushctl.open_editor(brush, base="o/m")


def test_what_comes_back_is_shown_in_a_line(tmp_path):
    brush = brushctl.open_brush(make_brush(tmp_path / "dusk.brush"))
    assert repr(brush).startswith("<Brush 'dusk': instruction on tiny-ip2p, content ")
    assert len(repr(brushctl.Share(brush, 0.5))) < 120
    (tmp_path / "a.jpg").write_bytes(b"no photograph")
    (record,) = brushctl.apply(tmp_path / "a.jpg", brush, tmp_path / "out")
    assert repr(record).startswith("<Record 'a.jpg': failed: this is not a photograph")


def test_the_page_names_every_name_and_its_code_runs(tmp_path, monkeypatch, capsys):
    text = PAGE.read_text()
    assert [name for name in brushctl.API if name not in text] == []
    monkeypatch.chdir(tmp_path)
    monkeypatch.setitem(
        recipes.RECIPES, "default", replace(recipes.DEFAULT, steps=2, steps_for_one=None)
    )
    pairs_in(tmp_path / "pairs", 2)
    Image.open(tmp_path / "pairs/before/0.png").save("photo.jpg")
    names = {"MODEL": EMBEDDED, "SIDE": 64}
    warm = brushctl.learn("pairs", name="warm", phrase="warm", parts="instruction", held_out=1)
    assert len(warm.metadata.training.pairs_sha256) == 1
    brushctl.write_brush(warm, Path("warm.brush"))
    run_the_code_of(PAGE, names)
    assert Image.open("warm.jpg").size == names["photo"].size
    assert names["picture"].size == (64, 64)
    assert names["edited"].shape == (64, 64, 3)
    assert brushctl.open_brush(tmp_path / "golden-hour.brush").metadata.name == "golden-hour"
    assert names["both"].metadata.name == "both"
    assert "Advance" in capsys.readouterr().out
