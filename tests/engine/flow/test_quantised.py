"""Brushes on quantised transformers, and on pipelines whose parts take turns on the device.

Diffusers needs packages for these that brushctl does not: what is not there is not tested.
"""

import shutil
import sys
from dataclasses import replace

import numpy as np
import pytest
import torch
from diffusers import FluxKontextPipeline, FluxTransformer2DModel
from safetensors.torch import load_file

import brushctl
from brushctl.engine.flow.offsets import offset, zero
from brushctl.engine.model.base import open_base
from brushctl.engine.model.find import find
from brushctl.engine.model.gguf import load_gguf
from brushctl.engine.sampler import editor_on
from brushctl.errors import BaseModelError, BrushMismatchError
from tests.engine.flow import pipelines
from tests.engine.flow.pipelines import SIDE, model_of
from tests.engine.flow.replay import ONE, latents
from tests.engine.flow.test_flow_learning import PHRASE, SHORT, made

BLOCK = 32
"""Numbers of a row that Q8_0 quantises together."""


@pytest.fixture(scope="module")
def plain(tmp_path_factory):
    folder = tmp_path_factory.mktemp("bases") / "kontext"
    pipelines.kontext().save_pretrained(folder)
    return folder


def opened(folder, dtype=torch.bfloat16):
    model = open_base(str(folder), torch.device("cpu"), dtype)
    return replace(model, sampling=replace(model.sampling, resolution=SIDE, steps=4))


def check_brush(model, seen):
    """A brush is learned on a model, and does something there."""
    brush = made(model, seen, replace(SHORT, steps=10))
    told = brush.metadata.training.instruction
    assert np.mean(told.loss_last) < 0.9 * np.mean(told.loss_first)
    with editor_on(model, brush) as editor:
        (edited,) = editor.edit(seen[:1])
    with editor_on(model, brush, strength=0) as editor:
        (plain,) = editor.edit(seen[:1])
    assert np.abs(edited.after - plain.after).max() > 10 / 255
    return brush


def quantised(folder):
    from diffusers import TorchAoConfig
    from torchao.quantization import Int8WeightOnlyConfig

    return FluxKontextPipeline.from_pretrained(
        folder,
        torch_dtype=torch.bfloat16,
        transformer=FluxTransformer2DModel.from_pretrained(
            folder / "transformer",
            quantization_config=TorchAoConfig(Int8WeightOnlyConfig()),
            torch_dtype=torch.bfloat16,
        ),
    )


def test_a_folder_that_diffusers_saved_quantised_by_torchao(plain, tmp_path, seen):
    pytest.importorskip("torchao")
    quantised(plain).save_pretrained(tmp_path)
    model = opened(tmp_path)
    assert any(type(x) is not torch.nn.Parameter for x in model.denoiser.parameters())
    brush = check_brush(model, seen)
    pipe = FluxKontextPipeline.from_pretrained(tmp_path, torch_dtype=torch.bfloat16)
    with brushctl.load(pipe, brush):
        pass


def test_a_brush_of_the_published_weights_fits_a_pipeline_that_quantises_them(plain, seen):
    pytest.importorskip("torchao")
    brush = made(opened(plain, torch.float32), seen, replace(SHORT, steps=1))
    pipe = quantised(plain)
    with brushctl.load(pipe, brush):
        pass
    pipe.transformer.register_to_config(_name_or_path="")
    with pytest.raises(BrushMismatchError, match="quantised transformer"):
        brushctl.load(pipe, brush)


@pytest.fixture
def in_gguf(tmp_path):
    """Makes a folder whose transformer is a GGUF file, with some weights left out."""
    gguf = pytest.importorskip("gguf")
    from gguf.quants import quantize

    kind = gguf.GGMLQuantizationType.Q8_0

    def make(pipe, without=()):
        pipe.save_pretrained(tmp_path)
        (file,) = (tmp_path / "transformer").glob("*.safetensors")
        writer = gguf.GGUFWriter(file.with_name("small-Q8_0.gguf"), "small")
        for name, tensor in load_file(file).items():
            values = tensor.float().numpy()
            if name in without:
                continue
            if values.ndim == 2 and values.shape[1] % BLOCK == 0:
                writer.add_tensor(name, quantize(values, kind), raw_dtype=kind)
            else:
                writer.add_tensor(name, values)
        writer.write_header_to_file()
        writer.write_kv_data_to_file()
        writer.write_tensors_to_file()
        writer.close()
        file.unlink()
        return tmp_path

    return make


@pytest.mark.parametrize("kind", [pipelines.kontext, pipelines.klein, pipelines.qwen])
def test_a_folder_whose_transformer_is_a_gguf_file(in_gguf, seen, kind):
    model = opened(in_gguf(kind()))
    assert any(x.dtype == torch.uint8 for x in model.denoiser.parameters())
    assert model.dtype == torch.bfloat16
    check_brush(model, seen)


def test_a_gguf_file_that_lacks_a_weight_is_refused(in_gguf):
    with pytest.raises(BaseModelError, match="this GGUF file cannot be loaded"):
        opened(in_gguf(pipelines.qwen(), without={"proj_out.bias"}))


def test_a_class_that_diffusers_does_not_load_from_gguf_is_named(in_gguf):
    with pytest.raises(BaseModelError, match="LongCatImageTransformer2DModel"):
        opened(in_gguf(pipelines.longcat()))


def test_a_gguf_file_alone_is_told_where_it_belongs(tmp_path):
    file = tmp_path / "flux-Q8_0.gguf"
    file.touch()
    with pytest.raises(BaseModelError, match="transformer alone") as told:
        find(str(file))
    assert "transformer/ folder" in told.value.do


def test_without_their_reader_gguf_files_say_what_to_install(plain, tmp_path, monkeypatch):
    folder = tmp_path / "base"
    shutil.copytree(plain, folder)
    (file,) = (folder / "transformer").glob("*.safetensors")
    file.rename(file.with_name("small.gguf"))
    monkeypatch.setitem(sys.modules, "gguf", None)
    with pytest.raises(BaseModelError, match="two more packages") as told:
        find(str(folder))
    assert "gguf accelerate" in told.value.do


def test_without_a_package_that_diffusers_wants_gguf_files_say_what_to_install(tmp_path):
    class FluxTransformer2DModel:  # by its name, one that is loaded from such files
        @staticmethod
        def from_single_file(*_, **__):
            raise ImportError("accelerate")

    with pytest.raises(BaseModelError, match="two more packages") as told:
        load_gguf(FluxTransformer2DModel, tmp_path / "small.gguf", torch.bfloat16)
    assert "gguf accelerate" in told.value.do


def test_a_pipeline_whose_parts_take_turns_on_the_device_is_brushed_alike(seen):
    pytest.importorskip("accelerate")
    model = model_of(pipelines.kontext())
    start = zero(model, PHRASE, 2, 8)
    loud = {name: (K + 1, V + 1) for name, (K, V) in start.features.items()}
    brushed = replace(start, features=loud)
    with offset(model, brushed):
        together = latents(model, seen[0], ONE)
    model.pipe.enable_model_cpu_offload(device="cpu")
    with offset(model, brushed):
        assert torch.equal(latents(model, seen[0], ONE), together)
    check_brush(model, seen)
