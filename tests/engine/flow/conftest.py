"""Editors of each family, small and random, and pictures for them."""

import numpy as np
import pytest
from diffusers import DreamLiteMobilePipeline
from diffusers.pipelines.longcat_image import pipeline_longcat_image_edit
from diffusers.pipelines.qwenimage import pipeline_qwenimage_edit, pipeline_qwenimage_edit_plus

from brushctl.engine.flow.families import FAMILIES
from brushctl.engine.flow.families.family import Sampling
from brushctl.engine.flow.model import FlowModel
from tests.engine.flow import pipelines
from tests.engine.flow.pipelines import SIDE

STEPS = 6
OF_FIXED_AREA = (
    pipeline_qwenimage_edit,
    pipeline_qwenimage_edit_plus,
    pipeline_longcat_image_edit,
)
"""Pipelines that bring every picture to a megapixel, which would take minutes on a CPU."""
MADE = {
    "kontext": pipelines.kontext,
    "kontext-unguided": lambda: pipelines.kontext(guidance_embeds=False),
    "klein": pipelines.klein,
    "qwen": pipelines.qwen,
    "qwen-2511": lambda: pipelines.qwen_plus(zero_cond_t=True),
    "longcat": pipelines.longcat,
    "dreamlite": pipelines.dreamlite,
    "dreamlite-mobile": lambda: pipelines.dreamlite(DreamLiteMobilePipeline),
}


@pytest.fixture(autouse=True)
def _small_area(monkeypatch):
    for module in OF_FIXED_AREA:
        honest = module.calculate_dimensions
        monkeypatch.setattr(
            module, "calculate_dimensions", lambda _, shape, f=honest: f(SIDE**2, shape)
        )


def model_of(pipe, steps=STEPS):
    """A pipeline as brushctl runs it."""
    pipe.set_progress_bar_config(disable=True)
    family = FAMILIES[type(pipe).__name__]
    getattr(pipe, family.part).requires_grad_(False)
    guidance = family.guidance(pipe)
    return FlowModel("small", pipe, family, Sampling(steps, SIDE, guidance), "0" * 64)


@pytest.fixture(scope="module", params=MADE)
def model(request):
    return model_of(MADE[request.param]())


@pytest.fixture(scope="session")
def seen():
    """Pictures of the editors' own size."""
    return np.random.default_rng(0).random((4, SIDE, SIDE, 3), np.float32)
