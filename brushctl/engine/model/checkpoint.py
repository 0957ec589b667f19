"""A base model in one file, as its authors' training programs write it (`.safetensors`, `.ckpt`).

Such a file holds numbers alone. What they belong to is Stable Diffusion 1.5's InstructPix2Pix,
whose configuration lies in this package, and CLIP's vocabulary, which comes with open_clip:
nothing is fetched.
"""

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch
from diffusers import UNet2DConditionModel
from transformers import CLIPTokenizer

from brushctl.engine.model.fingerprint import digest_of, unfit
from brushctl.engine.model.weights import opened
from brushctl.errors import BaseModelError, first_line, lack_of

if TYPE_CHECKING:
    from diffusers import StableDiffusionInstructPix2PixPipeline

SD15 = Path(__file__).with_name("sd15")
UNET = "model.diffusion_model."
"""What the names of the U-Net's tensors begin with in such a file."""
FIRST = f"{UNET}input_blocks.0.0.weight"
"""Its first layer, whose width tells whether it is shown a picture to edit."""
TOKENS = 77
"""How many CLIP's text encoder reads."""


def load_file(file: Path, dtype: torch.dtype) -> "StableDiffusionInstructPix2PixPipeline":
    """The model in a file.

    Raises:
        BaseModelError: the file is damaged, or another model's.
    """
    from diffusers import StableDiffusionInstructPix2PixPipeline

    try:
        return StableDiffusionInstructPix2PixPipeline.from_single_file(
            str(file),
            config=str(SD15),
            local_files_only=True,
            torch_dtype=dtype,
            tokenizer=clip_tokenizer(),
            safety_checker=None,
            feature_extractor=None,
        )
    except Exception as error:  # the libraries below raise anything at all
        if lack_of(error):
            raise
        raise unfit(file, f"this checkpoint cannot be loaded ({first_line(error)})") from error


def clip_tokenizer() -> CLIPTokenizer:
    """CLIP's, as Stable Diffusion 1.5 pads with it."""
    from open_clip.tokenizer import SimpleTokenizer  # a second to import, for this alone

    known = SimpleTokenizer()
    vocabulary = dict(known.encoder)
    vocabulary["<|startoftext|>"] = vocabulary.pop("<start_of_text>")
    vocabulary["<|endoftext|>"] = vocabulary.pop("<end_of_text>")
    return CLIPTokenizer(vocab=vocabulary, merges=list(known.bpe_ranks), model_max_length=TOKENS)


def compute_identity(file: Path) -> str:
    """The identity of the U-Net in a file, whose weights are all read.

    Raises:
        BaseModelError: the file holds no InstructPix2Pix of Stable Diffusion 1.5's shape.
    """
    config = UNet2DConditionModel.load_config(SD15, subfolder="unet")
    try:
        with opened([file]) as tensors:
            seen = tensors[FIRST](FIRST).shape[1] if FIRST in tensors else config["in_channels"]
            if seen != config["in_channels"]:
                raise unfit(file, "this model does not take a picture to edit")
            names = _names(tensors, config)
            if missing := _wanted(config) - names.keys():
                raise unfit(file, f"this checkpoint lacks {len(missing)} tensors of the U-Net")
            return digest_of({ours: lambda name: _get(tensors, names[name]) for ours in names})
    except BaseModelError:
        raise
    except Exception as error:  # what is damaged shows itself in many ways
        if lack_of(error):
            raise
        raise unfit(file, f"this checkpoint cannot be read ({first_line(error)})") from error


def _get(tensors: dict[str, Any], name: str) -> Any:  # noqa: ANN401  (of numpy or of torch)
    return tensors[name](name)


def _names(names: Iterable[str], config: dict[str, Any]) -> dict[str, str]:
    """The file's own name of each of the U-Net's tensors, by diffusers' name.

    Diffusers' conversion moves values from name to name and looks at none: here each is its name.
    """
    from diffusers.loaders.single_file_utils import convert_ldm_unet_checkpoint

    converted: dict[str, str] = convert_ldm_unet_checkpoint({name: name for name in names}, config)
    return converted


def _wanted(config: dict[str, Any]) -> set[str]:
    with torch.device("meta"):
        return set(UNet2DConditionModel.from_config(config).state_dict())
