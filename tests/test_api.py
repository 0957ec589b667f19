"""The Python API: its names, their signatures, and the page that describes it."""

import inspect
import re
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import brushctl
from brushctl.engine import recipes
from brushctl.engine.base import EMBEDDED

PAGE = Path(__file__).parents[1] / "docs" / "python.md"
PINNED = {
    "Brush": "metadata, tensors",
    "BrushctlError": "what, where, do",
    "Share": "brush, weight",
    "Stamp": "name, created, tool",
    "blend": "shares, stamp",
    "learn": "pairs, name, base, phrase, recipe, held_out, seed, device, dtype, tell",
    "load": "pipe, brush, weights, strength",
    "open_brush": "target",
    "open_editor": "brush, base, device, dtype, seed, steps, s_T, s_I",
    "schedule": "choice, stamp",
    "stack": "shares, stamp",
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


def test_another_name_is_an_attribute_error():
    with pytest.raises(AttributeError, match="nonsense"):
        brushctl.nonsense  # noqa: B018


def test_the_page_names_every_name_and_its_code_runs(tmp_path, monkeypatch, capsys):
    text = PAGE.read_text()
    assert [name for name in brushctl.API if name not in text] == []
    monkeypatch.chdir(tmp_path)
    monkeypatch.setitem(recipes.RECIPES, "default", replace(recipes.DEFAULT, steps=2))
    rng = np.random.default_rng(0)
    for side in ("before", "after"):
        (tmp_path / "pairs" / side).mkdir(parents=True)
        for k in range(2):
            pixels = rng.integers(0, 256, (64, 64, 3), np.uint8)
            Image.fromarray(pixels).save(tmp_path / "pairs" / side / f"{k}.png")
    photo = Image.open(tmp_path / "pairs/before/0.png")
    names = {"MODEL": EMBEDDED, "Path": Path, "photo": photo}
    warm = brushctl.learn("pairs", name="warm", phrase="warm", held_out=1)
    brushctl.write_brush(warm, Path("warm.brush"))
    for block in re.findall(r"```python\n(.*?)```", text, re.DOTALL):
        exec(compile(block, str(PAGE), "exec"), names)
    assert names["picture"].size == (64, 64)
    assert names["edited"].shape == (64, 64, 3)
    assert brushctl.open_brush(tmp_path / "golden-hour.brush").metadata.name == "golden-hour"
    assert names["both"].metadata.name == "both"
    assert "Advance" in capsys.readouterr().out
