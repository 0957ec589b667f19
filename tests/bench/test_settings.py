"""A bench on a base whose CLIP is not on this machine."""

import pytest
from huggingface_hub import constants

from brushctl.bench.cases import Case, CaseStore
from brushctl.bench.folder import effects_in
from brushctl.bench.settings import BenchSettings
from brushctl.engine.phrases.clip import TINY_CLIP
from brushctl.errors import PairsError
from brushctl.events import Warned
from tests.cli.shell import Shell
from tests.engine.ldm import small_model


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    path = tmp_path_factory.mktemp("bases") / "small-sd"
    small_model(0).save_pretrained(path)
    return path


@pytest.fixture(autouse=True)
def offline(tmp_path, monkeypatch):
    """An empty cache of the hub's, and a hub that may not be asked."""
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path / "hub"))
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)


def opened(base):
    told = []
    return BenchSettings(str(base), "cpu", "float32", 2, 0, None).open(report=told.append), told


def test_the_small_clip_serves_and_the_lack_is_told_of(folder):
    bench, (warning,) = opened(folder)
    assert (bench.clip.id, bench.clip_name) == (str(TINY_CLIP), "tiny-clip")
    assert isinstance(warning, Warned)
    for said in (
        "ViT-L-14-quickgelu/openai",
        "HF_HUB_OFFLINE",
        "hf download timm/vit_large_patch14_clip_224.openai open_clip_model.safetensors",
    ):
        assert said in warning.message


def test_tiny_ip2p_has_its_clip_and_nothing_to_tell():
    bench, told = opened("tiny-ip2p")
    assert (bench.clip_name, told) == ("tiny-clip", [])


def test_the_command_warns_and_names_its_columns_after_the_small_clip(
    folder, tmp_path, capfdbinary
):
    shell = Shell(tmp_path, capfdbinary)
    small = ("--effects", "midnight", "--methods", "nothing", "--shots", "1", "--limit", "1")
    out, err = shell.run("bench", "--base", str(folder), *small, "--device", "cpu")
    assert "warning: ViT-L-14-quickgelu/openai" in err
    heading = out.decode().partition("TOP-Global")[0]
    assert "tiny-" in heading  # the rest of the name is on the next line
    told = shell.json("bench", "--base", str(folder), *small, "--device", "cpu")
    assert told["measures"]["direction"] == "eq. 8 in tiny-clip"
    assert told["measures"]["perceptual"] in {"tiny-clip-tower", "lpips-alex"}


def test_a_work_folder_among_the_effects_is_none_of_them(tmp_path):
    for name in ("lava", "Painting Snow"):
        (tmp_path / name).mkdir()
    CaseStore(tmp_path / "brushctl-bench").keep(
        "lava", Case("lava", "", False, "lut", 1, None, 0, []), b""
    )
    assert list(effects_in(tmp_path)) == ["painting snow", "lava"]
    (tmp_path / "painting_snow").mkdir()
    with pytest.raises(PairsError, match="one effect"):
        effects_in(tmp_path)


@pytest.mark.parametrize(("base", "held_out"), [("tiny-ip2p", True), ("timbrooks/ip2p", False)])
def test_only_of_tiny_ip2p_it_is_known_what_it_was_not_taught(base, held_out):
    (effect,) = BenchSettings(base, "cpu", None, 1, 0, None).effects(["charcoal"], 64)
    assert effect.held_out == held_out
