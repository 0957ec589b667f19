"""The families of transformer editors: what differs between their pipelines.

A further family is a further class here. What nearly all of them share is told once, in
`family.FlowFamily`: the pipeline calls its transformer with named arguments; hidden_states are as
many tokens of the noise as of the picture; the timestep is sigma; the prediction of a rectified
flow is noise less picture, and what is predicted for the noise comes first.
"""

from brushctl.engine.flow.families.dreamlite import DreamLite, DreamLiteMobile
from brushctl.engine.flow.families.family import FlowFamily
from brushctl.engine.flow.families.flux2_klein import Flux2Klein
from brushctl.engine.flow.families.flux_kontext import FluxKontext
from brushctl.engine.flow.families.longcat_image_edit import LongCatImageEdit
from brushctl.engine.flow.families.qwen_image_edit import QwenImageEdit, QwenImageEditPlus
from brushctl.errors import BaseModelError

FAMILIES: dict[str, FlowFamily] = {
    family.pipeline: family
    for family in (
        FluxKontext(),
        Flux2Klein(),
        QwenImageEdit(),
        QwenImageEditPlus(),
        LongCatImageEdit(),
        DreamLite(),
        DreamLiteMobile(),
    )
}
"""By the names of their pipelines."""


def family_called(pipeline: str, where: str) -> FlowFamily:
    """The family of a pipeline.

    Raises:
        BaseModelError: it is of none.
    """
    if pipeline not in FAMILIES:
        raise BaseModelError(
            f"brushes do not know the pipeline {pipeline}",
            where=where,
            do=f"Use a model of one of these: {', '.join(FAMILIES)}.",
        )
    return FAMILIES[pipeline]
