"""Where base models come from: folders, single files, the hub's cache; all without a network."""

import shutil
from operator import attrgetter
from pathlib import Path

import numpy as np
import pytest
import torch
from diffusers import AutoencoderKL, UNet2DConditionModel
from huggingface_hub import constants
from safetensors.torch import load_file, save_file
from transformers import CLIPTextConfig, CLIPTextModel

from brushctl.engine.brush.instruction import from_text
from brushctl.engine.brush.scales import Scales
from brushctl.engine.model import checkpoint as layout
from brushctl.engine.model.base import open_base
from brushctl.engine.model.find import EMBEDDED, find
from brushctl.engine.model.hub import lightest
from brushctl.engine.model.weights import is_complete, weights_of
from brushctl.engine.sampler import Editor
from brushctl.errors import BaseModelError, UsageError
from tests.engine.ldm import save_configuration, single_file, small_model

CPU = torch.device("cpu")
HUB_ID = "someone/fine-tuned"


@pytest.fixture(scope="module")
def models():
    return {name: small_model(seed) for seed, name in enumerate(("main", "v2"))}


@pytest.fixture(scope="module")
def folder(models, tmp_path_factory) -> Path:
    path = tmp_path_factory.mktemp("folder") / "whole"
    models["main"].save_pretrained(path)
    return path


@pytest.fixture
def small_configuration(models, tmp_path, monkeypatch):
    """In the place of Stable Diffusion 1.5's, which is too large for a test."""
    monkeypatch.setattr(layout, "SD15", save_configuration(models["main"], tmp_path / "config"))


@pytest.fixture
def hub(tmp_path, monkeypatch):
    """An empty cache of the hub's, and a hub that may not be asked."""
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path / "hub"))
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)

    def cached(model, revision, commit, **how):
        repository = tmp_path / "hub" / f"models--{HUB_ID.replace('/', '--')}"
        model.save_pretrained(repository / "snapshots" / commit, **how)
        (repository / "refs").mkdir(exist_ok=True)
        (repository / "refs" / revision).write_text(commit)

    return cached


def test_the_configuration_in_the_package_is_that_of_stable_diffusion_1_5():
    with torch.device("meta"):
        unet = UNet2DConditionModel.from_config(
            UNet2DConditionModel.load_config(layout.SD15, subfolder="unet")
        )
        vae = AutoencoderKL.from_config(AutoencoderKL.load_config(layout.SD15, subfolder="vae"))
        text = CLIPTextModel(CLIPTextConfig.from_pretrained(layout.SD15 / "text_encoder"))
    # The published sizes; an editing model's first layer has 4 more channels of 320 3 x 3 kernels.
    counts = [sum(p.numel() for p in part.parameters()) for part in (unet, vae, text)]
    assert counts == [859_520_964 + 4 * 320 * 9, 83_653_863, 123_060_480]


def test_the_tokenizer_is_clips():
    """Against CLIP's published tokens of "a photo of a cat", start and end."""
    tokens = layout.clip_tokenizer()("a photo of a cat", padding="max_length").input_ids
    assert tokens[:7] == [49406, 320, 1125, 539, 320, 2368, 49407]
    assert tokens[7:] == [49407] * 70


@pytest.mark.usefixtures("small_configuration")
@pytest.mark.parametrize("suffix", [".safetensors", ".ckpt"])
def test_a_single_file_is_the_model_that_its_folder_is(models, folder, pictures, tmp_path, suffix):
    file = tmp_path / f"model{suffix}"
    tensors = single_file(models["main"])
    if suffix == ".ckpt":
        torch.save({"state_dict": tensors, "global_step": 3}, file)
    else:
        save_file(tensors, file)

    def edited(base):
        with Editor(base, from_text(base, "red"), scales=Scales(3, 1.5), steps=2, seed=0) as editor:
            return editor.edit([pictures[0]])[0].after

    one, other = (open_base(str(path), CPU, torch.float32) for path in (file, folder))
    assert one.id == file.name
    assert one.model_sha256 == other.model_sha256
    for part in (attrgetter("unet"), attrgetter("vae"), attrgetter("family.text_encoder")):
        ours, theirs = (part(base).state_dict() for base in (one, other))
        assert ours.keys() == theirs.keys()
        assert all(torch.equal(ours[name], theirs[name]) for name in ours)
    # Equal numbers that lie otherwise in memory are summed in another order.
    assert np.abs(edited(one) - edited(other)).max() < 1e-5


def broken(kind, tensors, file):
    """A file that is no base model, in one of the ways there are."""
    if kind == "shown no picture":
        tensors[layout.FIRST] = tensors[layout.FIRST][:, :4].contiguous()
    if kind == "half the tensors":
        tensors = dict(list(tensors.items())[::2])
    save_file(tensors, file)
    if kind == "cut short":
        file.write_bytes(file.read_bytes()[:5000])


@pytest.mark.usefixtures("small_configuration")
@pytest.mark.parametrize("kind", ["shown no picture", "half the tensors", "cut short"])
def test_a_file_that_is_no_base_model_is_refused(models, tmp_path, kind):
    file = tmp_path / "model.safetensors"
    broken(kind, single_file(models["main"]), file)
    with pytest.raises(BaseModelError) as caught:
        find(str(file))
    assert caught.value.where == str(file)


def test_a_picture_is_no_checkpoint_and_what_is_not_there_is_no_hub_id(tmp_path):
    (tmp_path / "model.png").write_bytes(b"")
    with pytest.raises(BaseModelError, match="not a checkpoint"):
        find(str(tmp_path / "model.png"))
    with pytest.raises(BaseModelError, match="no such folder or file"):
        find("model.safetensors")


@pytest.mark.usefixtures("hub")
def test_a_name_without_a_slash_that_is_not_here_is_the_folder_of_a_brush_not_an_id():
    with pytest.raises(BaseModelError, match="pass --base with its whole path") as caught:
        find("my-own-model")
    assert "hf download" not in str(caught.value)


@pytest.mark.parametrize("missing", [0, 1])
def test_a_base_with_some_of_its_shards_is_not_complete(models, tmp_path, missing):
    models["main"].save_pretrained(tmp_path, max_shard_size="150KB")
    shards = weights_of(tmp_path / "unet")
    assert len(shards) > 1
    assert is_complete(tmp_path)
    shards[missing].unlink()
    assert not is_complete(tmp_path)


def test_a_revision_is_chosen_by_name(models, hub):
    for revision, commit in (("main", "a" * 40), ("v2", "b" * 40)):
        hub(models[revision], revision, commit)
    plain, v2 = find(HUB_ID), find(f"{HUB_ID}@v2")
    assert (plain.id, plain.revision) == (HUB_ID, None)
    assert (v2.id, v2.revision) == (HUB_ID, "v2")
    assert plain.model_sha256 != v2.model_sha256
    assert find(HUB_ID, "v2") == v2  # as a brush names it
    assert open_base(f"{HUB_ID}@{'b' * 40}", CPU, torch.float32).model_sha256 == v2.model_sha256


def test_a_revision_that_is_not_here_is_not_another(models, hub):
    hub(models["main"], "main", "a" * 40)
    with pytest.raises(BaseModelError, match="HF_HUB_OFFLINE") as caught:
        find(f"{HUB_ID}@v3")
    assert f'hf download {HUB_ID} --revision v3 --include "*/*"' in str(caught.value)
    with pytest.raises(UsageError):
        find(f"{HUB_ID}@")


def test_an_at_sign_in_a_path_belongs_to_it(folder, tmp_path):
    shutil.copytree(folder, tmp_path / "whole@home")
    assert find(str(tmp_path / "whole@home")).revision is None


def test_half_precision_alone_is_the_same_base(folder, hub):
    """Its identity is that of the plain weights: a brush of the one fits the other."""
    half = small_model(0).to(torch.float16)
    hub(half, "main", "a" * 40, variant="fp16")
    base = open_base(HUB_ID, CPU, torch.float32)
    assert base.dtype == torch.float32
    assert base.model_sha256 == find(str(folder)).model_sha256


@pytest.mark.skipif(not Path("/proc/self/maps").exists(), reason="Linux tells what is mapped")
def test_weights_in_their_own_number_format_are_mapped_from_their_file_and_not_copied():
    base = open_base(None, CPU, torch.float16)
    mapped = [line.split() for line in Path("/proc/self/maps").read_text().splitlines()]
    for part in ("unet", "vae"):
        file = str(EMBEDDED / part / "diffusion_pytorch_model.safetensors")
        bounds = [fields[0].split("-") for fields in mapped if fields[-1] == file]
        for parameter in getattr(base, part).parameters():
            place = parameter.data_ptr()
            assert any(int(low, 16) <= place < int(high, 16) for low, high in bounds)


WHOLE = [
    "unet/diffusion_pytorch_model{}.safetensors",
    "vae/diffusion_pytorch_model{}.safetensors",
    "text_encoder/model{}.safetensors",
]


@pytest.mark.parametrize(
    ("half", "variant"),
    [(WHOLE, "fp16"), (WHOLE[:2], None), ([], None)],
    ids=["all", "some", "none"],
)
def test_half_precision_is_fetched_where_every_part_has_it(half, variant):
    files = [f.format("") for f in WHOLE] + [f.format(".fp16") for f in half]
    assert lightest(["model_index.json", *files]) == variant


def _without_a_weight(part: Path) -> None:
    (file,) = part.glob("*.safetensors")
    tensors = load_file(file)
    tensors.pop(sorted(tensors)[0])
    save_file(tensors, file, metadata={"format": "pt"})


def _with_a_stranger(part: Path) -> None:
    (file,) = part.glob("*.safetensors")
    save_file({**load_file(file), "stranger": torch.zeros(1)}, file, metadata={"format": "pt"})


@pytest.mark.parametrize("part", ["unet", "vae", "text_encoder"])
@pytest.mark.parametrize("damage", [_without_a_weight, _with_a_stranger])
def test_a_base_with_a_weight_too_few_or_too_many_is_refused_by_name(tmp_path, part, damage):
    """Where a file lacks a weight, libraries go on with random numbers."""
    shutil.copytree(EMBEDDED, tmp_path / "base")
    damage(tmp_path / "base" / part)
    with pytest.raises(BaseModelError, match=f"its {part} (lacks|has no place for) the weight"):
        open_base(str(tmp_path / "base"), CPU, torch.float32)
