"""A transformer editor from a folder in diffusers' layout."""

import json
from pathlib import Path
from typing import Any

import diffusers
import torch

from brushctl.engine.flow.families import FAMILIES, family_called
from brushctl.engine.flow.families.family import AREA, FlowFamily, Pipeline, Sampling
from brushctl.engine.model.weights import load_parts, variant_of
from brushctl.errors import BaseModelError
from brushctl.extras import installing

MEMORY_SHARE = 0.6
"""The part of a card's memory that all parts' weights may take together; the rest is for the
work. Beyond it, each part is on the card only while it works."""


def family_in(folder: Path) -> FlowFamily | None:
    """The family of the model in a folder; None of an InstructPix2Pix.

    Raises:
        BaseModelError: it is a transformer that brushes do not know.
    """
    name = json.loads((folder / "model_index.json").read_text())["_class_name"]
    if name in FAMILIES or (folder / "transformer").is_dir():
        return family_called(name, str(folder))
    return None


def load_pipeline(
    folder: Path, family: FlowFamily, device: torch.device, dtype: torch.dtype
) -> Pipeline:
    """The frozen pipeline of a folder, on a device or, if it is larger than that, beside it.

    Raises:
        BaseModelError: a part has not the weights of its kind; the pipeline is larger than the
            device's memory, and accelerate, which keeps it off the device, is not installed.
    """
    kind: Any = getattr(diffusers, family.pipeline)
    parts = load_parts(folder, variant_of(folder / family.part), dtype)
    pipe = kind.from_pretrained(folder, torch_dtype=dtype, **parts)
    pipe.set_progress_bar_config(disable=True)
    modules = [part for part in pipe.components.values() if isinstance(part, torch.nn.Module)]
    for module in modules:
        module.requires_grad_(False).eval()
    size = sum(p.numel() * p.element_size() for module in modules for p in module.parameters())
    if device.type == "cuda" and size > MEMORY_SHARE * torch.cuda.mem_get_info(device)[1]:
        _keep_off(pipe, device, folder)
    else:
        pipe.to(device)
    return pipe


def _keep_off(pipe: Pipeline, device: torch.device, folder: Path) -> None:
    """Each part is on the device only while it works, by diffusers' own means."""
    try:
        pipe.enable_model_cpu_offload(device=device)
    except ImportError as error:
        raise BaseModelError(
            "the base model is larger than the device's memory",
            where=str(folder),
            do=f"Run `{installing('accelerate')}`, which lets its parts take turns on the device.",
        ) from error


def sampling_of(pipe: Pipeline, family: FlowFamily, said: dict[str, Any]) -> Sampling:
    """How a pipeline is run: by its own defaults, unless its folder says otherwise.

    Args:
        pipe: the pipeline.
        family: its family.
        said: what the folder says: `steps`, `resolution`, `guidance`.
    """
    own = {"steps": family.steps(pipe), "resolution": AREA, "guidance": family.guidance(pipe)}
    return Sampling(**(own | said))
