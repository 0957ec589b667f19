"""Packages whose `__init__` waits are in all other ways what they are without that."""

import importlib
import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor, wait
from pathlib import Path

import numpy as np
import pytest

from brushctl.brushes.file import encode_brush
from brushctl.brushes.provenance import Provenance
from brushctl.engine import lazy_loader
from brushctl.engine.lazy_packages import begin_lazily, lazy_packages
from brushctl.engine.model.base import BaseModel
from brushctl.engine.training.make_brush import InitialPhrase, make_brush
from brushctl.engine.training.recipes import Recipe

LIBRARY = {
    "__init__.py": "from plainlib.heavy import Heavy\nfrom plainlib.light import Light\n",
    "heavy.py": "class Heavy: ...\n",
    "light.py": "class Light: ...\n",
}


@pytest.fixture
def library(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Writes a package `plainlib`, which is gone after the test."""

    def write(files: dict[str, str]) -> None:
        (tmp_path / "plainlib").mkdir()
        for name, text in files.items():
            (tmp_path / "plainlib" / name).write_text(text)
        importlib.invalidate_caches()

    monkeypatch.setattr(sys, "meta_path", sys.meta_path.copy())
    begin_lazily()
    monkeypatch.syspath_prepend(tmp_path)
    for name in ("plainlib", "plainlib.heavy", "plainlib.light", "plainlib.other"):
        monkeypatch.setitem(sys.modules, name, None)  # so that it is restored
        monkeypatch.delitem(sys.modules, name)
    return write


def lazily(name: str) -> object:
    with lazy_packages(frozenset({"plainlib"})):
        return importlib.import_module(name)


def test_a_submodule_is_imported_without_its_package(library: Callable[..., None]) -> None:
    library(LIBRARY)
    light = lazily("plainlib.light")
    assert "plainlib.heavy" not in sys.modules
    assert sys.modules["plainlib"].light is light


def test_what_is_asked_for_later_is_there_and_nothing_is_imported_twice(
    library: Callable[..., None],
) -> None:
    library(LIBRARY)
    light = lazily("plainlib.light")
    from plainlib import Heavy, Light

    assert Light is light.Light  # type: ignore[attr-defined]
    assert Heavy is sys.modules["plainlib.heavy"].Heavy
    assert "__getattr__" not in vars(sys.modules["plainlib"])


def test_all_names_can_be_imported(library: Callable[..., None]) -> None:
    library(LIBRARY | {"__init__.py": LIBRARY["__init__.py"] + "__all__ = ['Heavy']\n"})
    lazily("plainlib.light")
    names: dict[str, object] = {}
    exec("from plainlib import *", names)
    assert "Heavy" in names
    assert "Light" not in names


def test_a_name_that_is_not_there_is_not_there(library: Callable[..., None]) -> None:
    library(LIBRARY)
    lazily("plainlib.light")
    with pytest.raises(ImportError, match="nowhere"):
        from plainlib import nowhere  # noqa: F401


def test_its_version_can_be_asked_for(library: Callable[..., None]) -> None:
    library(LIBRARY | {"__init__.py": "__version__ = '1.2'\n"})
    lazily("plainlib.light")
    assert sys.modules["plainlib"].__version__ == "1.2"


def test_a_package_that_fails_does_so_each_time(library: Callable[..., None]) -> None:
    library(LIBRARY | {"__init__.py": "raise ImportError('needs more')\n"})
    lazily("plainlib.light")
    for _ in range(2):
        with pytest.raises(ImportError, match="needs more"):
            from plainlib import Heavy  # noqa: F401


def test_a_package_may_put_another_module_in_its_place(library: Callable[..., None]) -> None:
    replaced = (
        "import sys, types\n"
        "other = types.ModuleType(__name__)\n"
        "other.__path__, other.Heavy = __path__, 'made'\n"
        "sys.modules[__name__] = other\n"
    )
    library(LIBRARY | {"__init__.py": replaced})
    lazily("plainlib.light")
    held_before = sys.modules["plainlib"]
    assert held_before.Heavy == "made"
    assert sys.modules["plainlib"] is not held_before
    assert held_before.Heavy == "made"


def test_other_imports_and_later_ones_are_as_always(library: Callable[..., None]) -> None:
    library(LIBRARY)
    with lazy_packages(frozenset({"elsewhere"})):
        importlib.import_module("plainlib.light")
    assert "plainlib.heavy" in sys.modules


def test_a_package_that_is_imported_stays_as_it_is(library: Callable[..., None]) -> None:
    library(LIBRARY)
    package = importlib.import_module("plainlib")
    lazily("plainlib.light")
    assert sys.modules["plainlib"] is package
    assert "__getattr__" not in vars(package)


SLOW = """
from plainlib import other
other.begun.set()
other.go_on.wait(60)
Heavy = "made"
"""
GATE = "from threading import Event\nbegun, go_on = Event(), Event()\n"


def test_another_thread_waits_for_a_package_that_is_running(library: Callable[..., None]) -> None:
    library({"__init__.py": SLOW, "other.py": GATE})
    gate = lazily("plainlib.other")
    package = sys.modules["plainlib"]
    with ThreadPoolExecutor(2) as pool:
        first = pool.submit(getattr, package, "Heavy")
        assert gate.begun.wait(60)  # type: ignore[attr-defined]
        second = pool.submit(getattr, package, "Heavy")
        assert not wait([second], timeout=0.2).done
        gate.go_on.set()  # type: ignore[attr-defined]
        assert first.result(60) == second.result(60) == "made"


CIRCLE = {
    "__init__.py": """
from plainlib import other
other.begun.set()
other.go_on.wait(60)
import plainlib.heavy
Heavy = "made"
""",
    "heavy.py": """
from plainlib.other import go_on
if not go_on.is_set():
    go_on.set()
    from plainlib import Heavy
""",
    "other.py": GATE,
}


def test_threads_that_wait_for_each_other_go_on(
    library: Callable[..., None], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lazy_loader, "PATIENCE", 0.2)
    library(CIRCLE)
    gate = lazily("plainlib.other")
    with ThreadPoolExecutor(2) as pool:
        first = pool.submit(getattr, sys.modules["plainlib"], "Heavy")
        assert gate.begun.wait(60)  # type: ignore[attr-defined]
        second = pool.submit(importlib.import_module, "plainlib.heavy")
        assert first.result(60) == "made"
        with pytest.raises(ImportError, match="another thread"):
            second.result(60)


def test_other_threads_import_as_always(library: Callable[..., None]) -> None:
    library(LIBRARY)
    with lazy_packages(frozenset({"plainlib"})), ThreadPoolExecutor(1) as pool:
        pool.submit(importlib.import_module, "plainlib.light").result(60)
    assert "plainlib.heavy" in sys.modules


def test_a_package_may_look_for_what_it_has_not_made_yet(library: Callable[..., None]) -> None:
    library(
        LIBRARY | {"__init__.py": "import plainlib\nHeavy = getattr(plainlib, 'Heavy', 'made')\n"}
    )
    lazily("plainlib.light")
    assert sys.modules["plainlib"].Heavy == "made"


EDITING = """
import sys
from pathlib import Path

from brushctl.engine.lazy_packages import begin_lazily

begin_lazily()
from brushctl.app.editors import open_model
from brushctl.brushes.file import read_brush

how = {"base": None, "device": "cpu", "strength": 1.0}
with open_model(read_brush(Path(sys.argv[1])), how) as editor:
    unet = editor._base.unet
unneeded = {
    "torch._dynamo.eval_frame",
    "diffusers.pipelines.pipeline_utils",
    "diffusers.models.transformers.transformer_flux",
    "diffusers.models.unets.unet_motion_model",
    "torchvision.ops.roi_align",
    "timm.layers",
    "transformers.models.bert",
} & sys.modules.keys()
assert not unneeded, unneeded

from diffusers import FluxTransformer2DModel, StableDiffusionInstructPix2PixPipeline
from diffusers import UNet2DConditionModel
import diffusers.models.unets
import scipy.stats
import torchvision.ops
import transformers.models

assert type(unet) is UNet2DConditionModel is diffusers.models.unets.UNet2DConditionModel
assert diffusers.models.unets.unet_2d_condition.UNet2DConditionModel is UNet2DConditionModel
assert FluxTransformer2DModel is diffusers.models.transformers.FluxTransformer2DModel
assert diffusers.models.transformers.transformer_2d.Transformer2DModel
assert scipy.stats.norm and torchvision.ops.nms and transformers.models.bert.BertModel
assert transformers.models.clip.CLIPTextModel is transformers.CLIPTextModel
"""


@pytest.fixture
def brush_file(base: BaseModel, pictures: np.ndarray, tmp_path: Path) -> Path:
    recipe = Recipe("toy", steps=1, batch=1, rate=0.5, decay=False, scales=None, least_m=16)
    brush = make_brush(
        base, pictures, 1 - pictures, initial_phrase=InitialPhrase("turn it into night"),
        recipe=recipe, seed=0, provenance=Provenance("made", "2026-01-02", "brushctl test"),
        pair_hashes=["0" * 64],
    )  # fmt: skip
    file = tmp_path / "made.brush"
    file.write_bytes(encode_brush(brush))
    return file


def test_an_edit_loads_no_models_that_it_does_not_use(brush_file: Path) -> None:
    subprocess.run([sys.executable, "-c", EDITING, str(brush_file)], check=True)


CLIP = """
import sys
import torch
from brushctl.engine.lazy_packages import begin_lazily

begin_lazily()
from brushctl.engine.phrases.clip import TINY_CLIP, load_clip

load_clip(str(TINY_CLIP), torch.device("cpu"))
unneeded = {
    "torch._dynamo.eval_frame",
    "timm.models",
    "torchvision.models.resnet",
} & sys.modules.keys()
assert not unneeded, unneeded

import timm

assert timm.list_models("resnet18")
"""


def test_clip_loads_no_models_that_it_does_not_use() -> None:
    subprocess.run([sys.executable, "-c", CLIP], check=True)


@pytest.mark.parametrize("private", ["stats._kde", "stats._levy_stable", "integrate._ivp"])
def test_parts_of_scipy_that_need_each_other_can_be_imported_first(private: str) -> None:
    program = f"""
import sys
from brushctl.engine.lazy_packages import begin_lazily, lazy_packages
begin_lazily()
with lazy_packages():
    import scipy.integrate, scipy.stats
assert "scipy.{private}" not in sys.modules
import scipy.{private} as first
assert first is sys.modules["scipy.{private}"] and first.__spec__.loader is first.__loader__
assert scipy.stats.gaussian_kde is scipy.stats._kde.gaussian_kde
assert scipy.integrate.solve_ivp is scipy.integrate._ivp.solve_ivp
"""
    subprocess.run([sys.executable, "-c", program], check=True)
