"""A transformer base is loaded with all of its weights and no others, or not at all."""

import pytest
import torch
from safetensors.torch import load_file, save_file

from brushctl.engine.model.base import open_base
from brushctl.errors import BaseModelError
from tests.engine.flow import pipelines

MADE = {
    "kontext": pipelines.kontext,
    "klein": pipelines.klein,
    "qwen": pipelines.qwen,
    "dreamlite": pipelines.dreamlite,
}
PARTS = [
    *(("kontext", part) for part in ("transformer", "text_encoder", "text_encoder_2", "vae")),
    *(("klein", part) for part in ("transformer", "text_encoder", "vae")),
    *(("qwen", part) for part in ("transformer", "text_encoder", "vae")),
    *(("dreamlite", part) for part in ("unet", "text_encoder", "vae")),
]
"""Every part of a family that has weights."""


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Of a family, saved once."""
    saved = {}

    def of(family):
        if family not in saved:
            saved[family] = tmp_path_factory.mktemp("bases") / family
            MADE[family]().save_pretrained(saved[family])
        return saved[family]

    return of


def opened(folder):
    return open_base(str(folder), torch.device("cpu"), torch.float32)


@pytest.mark.parametrize(("family", "part"), PARTS)
def test_a_weight_that_a_part_lacks_or_has_no_place_for_is_an_error(folder, family, part):
    (file,) = (folder(family) / part).glob("*.safetensors")
    whole = file.read_bytes()
    tensors = load_file(file)
    lacking = sorted(name for name, tensor in tensors.items() if tensor.ndim > 1)[-1]
    for changed, told in (
        ({name: x for name, x in tensors.items() if name != lacking}, f"{part} lacks the weight"),
        (tensors | {"further.weight": torch.ones(2)}, f"{part} has no place for the weight"),
        (tensors | {lacking: tensors[lacking][:1]}, "cannot be loaded"),  # of another shape
    ):
        save_file(changed, file, {"format": "pt"})
        try:
            with pytest.raises(BaseModelError) as error:
                opened(folder(family))
        finally:
            file.write_bytes(whole)
        assert told in str(error.value)
        assert error.value.exit_status == 6
    opened(folder(family))
