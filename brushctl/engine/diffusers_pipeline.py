"""Put a brush into a pipeline of diffusers, for people who have one already."""

from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import torch

from brushctl.brushes.cache import open_brush
from brushctl.brushes.fields import as_usage_errors, number
from brushctl.brushes.file import Brush
from brushctl.brushes.mixing import Pad, Share, blend
from brushctl.brushes.provenance import Provenance
from brushctl.engine.brush.instruction import from_brush, padded, scaled
from brushctl.engine.brush.scales import Scales
from brushctl.engine.flow.families import FAMILIES
from brushctl.engine.flow.families.family import FlowFamily, Sampling
from brushctl.engine.flow.families.family import Pipeline as AnyPipeline
from brushctl.engine.flow.model import FlowModel
from brushctl.engine.flow.offsets import from_brush as from_flow_brush
from brushctl.engine.loaded import LOADED, Loaded, LoadedInTransformer, LoadedInUNet
from brushctl.engine.model.base import BaseModel, Defaults
from brushctl.engine.model.families import Pipeline, family_of
from brushctl.engine.model.find import check_family
from brushctl.engine.model.fingerprint import digest_of_module, identity_of_source
from brushctl.engine.sampler import check_sampler, check_steps
from brushctl.errors import BaseModelError, BrushMismatchError, UsageError

if TYPE_CHECKING:
    from brushctl.grade.apply import AnyGrade


def load(
    pipe: AnyPipeline,
    brush: Brush | str | Path | Sequence[Brush | str | Path],
    *,
    weights: Sequence[float] | None = None,
    strength: float = 1.0,
) -> Loaded:
    """Put a brush, or a blend of several, into a diffusers pipeline.

    Then it takes three lines::

        loaded = brushctl.load(pipe, "warm.brush")
        picture = pipe("", image=loaded.graded(photo), **loaded.settings).images[0]
        loaded.unload()

    A brush's grade comes first: `graded` applies it to the picture. The prompt of the call is not
    read: the words a brush was learned from belong to it.

    Args:
        pipe: an InstructPix2Pix pipeline, of XL as well, in float16 or float32, which may be moved
            to another device or to bfloat16 afterwards; or the pipeline of a transformer editor
            (`brushctl.engine.flow.families`), whose settings have the words: pass no prompt.
        brush: a brush, its file or its name in the cache; or several, to be blended.
        weights: one for each of several brushes; equal if not given.
        strength: of grade and instruction: 1 as learned, 0 not at all, in between less, beyond 1
            more.

    Raises:
        BrushMismatchError: it was learned on another U-Net, wants another sampler or guidance that
            the pipeline leaves out, or has a grade and no instruction.
        BrushError: there is no such brush, or it is damaged.
        BaseModelError: it cannot be told which U-Net the pipeline has.
        UsageError: the pipeline has a brush already, weights and brushes do not match, the strength
            is no number, or the brush was made to be applied in a way that no brush is.
    """
    family = FAMILIES.get(type(pipe).__name__)
    model = getattr(pipe, family.part if family else "unet", None)
    if model is None:
        raise UsageError(
            "must be a pipeline of diffusers that edits pictures by words, is "
            f"{type(pipe).__name__}",
            where="pipe",
        )
    if hasattr(model, LOADED):
        raise UsageError(
            "the pipeline has a brush already", do="Unload it first, or load both as one blend."
        )
    several = [brush] if isinstance(brush, Brush | str | Path) else list(brush)
    base_of = cache(_base_of)  # hashing the U-Net takes its time
    chosen = _blended(
        [b if isinstance(b, Brush) else open_brush(b) for b in several],
        weights,
        lambda brush, m: padded(base_of(pipe), brush, m),
    )
    check_sampler(chosen)
    check_family(chosen.metadata)
    if family:
        return _load_flow(pipe, family, chosen, strength)
    part = chosen.metadata.instruction_part()
    apply = part.apply
    check_steps(apply.steps, part.buckets.edges[-1])
    scales = Scales(apply.s_T, apply.s_I)
    _check_guidance(scales)
    with as_usage_errors():
        number(strength, "strength")
    base = base_of(pipe)
    instruction = scaled(base, from_brush(base, chosen), strength)
    settings = {
        "guidance_scale": scales.s_T,
        "image_guidance_scale": scales.s_I,
        "num_inference_steps": apply.steps,
    }
    grade = _grade_of(chosen, strength)
    return LoadedInUNet(pipe.unet, base.family, instruction, settings, grade)


def _load_flow(pipe: AnyPipeline, family: FlowFamily, brush: Brush, strength: float) -> Loaded:
    with as_usage_errors():
        number(strength, "strength")
    how = brush.metadata.instruction_part().apply
    sampling = Sampling(how.steps, how.resolution, how.guidance)
    name = str(pipe.name_or_path or "this pipeline")
    digest = _identity_for(brush, getattr(pipe, family.part))
    model = FlowModel(name, pipe, family, sampling, digest)
    offsets = from_flow_brush(model, brush)
    settings, grade = model.settings(offsets.phrase), _grade_of(brush, strength)
    return LoadedInTransformer(model, offsets, settings, grade, strength * how.s_T)


def _identity_for(brush: Brush, module: torch.nn.Module) -> str:
    """The identity of a transformer, as far as a brush needs it.

    Raises:
        BrushMismatchError: it is in bfloat16 or quantised, and nothing says what it was made from.
    """
    base, meta = brush.metadata.instruction_part().base, brush.metadata
    quantised = getattr(module, "is_quantized", False)
    if not quantised:
        digest = digest_of_module(module)
        rounded = next(module.parameters()).dtype == torch.bfloat16
        if digest == base.model_sha256 or not rounded:
            return digest
    if known := identity_of_source(module):
        return known
    if quantised:
        raise BrushMismatchError(
            "nothing says which weights this quantised transformer was made from",
            where=meta.name,
            do="Load it with from_pretrained from a folder here, or use `brushctl apply`.",
        )
    raise BrushMismatchError(
        f"these weights in bfloat16 are not those of {base.id}, or were rounded from them",
        where=meta.name,
        do=f"If they are {base.id}'s, load the pipeline in float16 or float32, then the brush, "
        "then move the pipeline to bfloat16.",
    )


def _grade_of(brush: Brush, strength: float) -> "AnyGrade | None":
    if brush.metadata.grade is None:
        return None
    from brushctl.grade.stored import grade_of

    return grade_of(brush, strength)


def _check_guidance(scales: Scales) -> None:
    """See that diffusers' pipeline guides as eq. 3 does.

    It leaves guidance out where s_T <= 1 or s_I < 1, which is the same only where both are 1.

    Raises:
        BrushMismatchError: it does not.
    """
    if (scales.s_T <= 1 or scales.s_I < 1) and scales != Scales(1, 1):
        raise BrushMismatchError(
            f"diffusers' pipeline leaves guidance out at s_T {scales.s_T:g} and s_I {scales.s_I:g}",
            do="Use `brushctl apply` or `brushctl.open_editor`, which do not.",
        )


def _blended(brushes: Sequence[Brush], weights: Sequence[float] | None, pad: Pad) -> Brush:
    weights = [1.0] * len(brushes) if weights is None else weights
    if not brushes or len(weights) != len(brushes):
        raise UsageError(
            f"weights and brushes differ in number: {len(weights)} and {len(brushes)}",
            do="Give every brush one.",
        )
    if len(brushes) == 1:
        return brushes[0]
    shares = [Share(brush, weight) for brush, weight in zip(brushes, weights, strict=True)]
    return blend(shares, Provenance.today("blend"), pad=pad)


def _base_of(pipe: Pipeline) -> BaseModel:
    """The pipeline's parts, identified by their weights."""
    unet = pipe.unet
    if unet.dtype == torch.bfloat16:
        raise BaseModelError(
            "a U-Net rounded to bfloat16 cannot be told from others",
            do="Load the pipeline in float16 or float32, then the brush, then move it to bfloat16.",
        )
    return BaseModel(
        id=str(pipe.name_or_path or "this pipeline"),
        vae=pipe.vae,
        unet=unet,
        family=family_of(pipe),
        scheduler_config=dict(pipe.scheduler.config),
        defaults=Defaults(),
        model_sha256=digest_of_module(unet),
    )
