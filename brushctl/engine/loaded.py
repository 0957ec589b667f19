"""A brush inside a pipeline of diffusers, as long as it is loaded."""

from typing import TYPE_CHECKING, Any, Self

import numpy as np
import torch
from diffusers import UNet2DConditionModel

from brushctl.engine.brush.attention import brushed
from brushctl.engine.brush.instruction import Instruction
from brushctl.engine.flow.model import FlowModel
from brushctl.engine.flow.offsets import Offsets, offset
from brushctl.engine.flow.strength import at_strength
from brushctl.engine.installed import Installed
from brushctl.engine.model.families import Family
from brushctl.errors import UsageError

if TYPE_CHECKING:
    from PIL.Image import Image

    from brushctl.grade.apply import AnyGrade

LOADED = "_brushctl"
"""Where a U-Net or transformer remembers that it has a brush."""


class Loaded(Installed):
    """A brush in a pipeline, until `unload`; also a context manager.

    Attributes:
        settings: what the brush wants to be applied with, as arguments of the pipeline's call.
    """

    def __init__(
        self, model: torch.nn.Module, settings: dict[str, Any], grade: "AnyGrade | None" = None
    ) -> None:
        super().__init__()
        self.settings = settings
        self._grade = grade
        self._model = model
        setattr(model, LOADED, self)
        self._installed.callback(delattr, model, LOADED)

    def __repr__(self) -> str:
        if not self._is_in:
            return "<Loaded brush: unloaded>"
        settings = ", ".join(f"{name}={value!r}" for name, value in self.settings.items())
        return f"<Loaded brush: {settings}>"

    @property
    def _is_in(self) -> bool:
        """Whether the pipeline has it still."""
        return getattr(self._model, LOADED, None) is self

    def graded(self, picture: "Image") -> "Image":
        """What the pipeline is to be given: an RGB picture under the brush's grade.

        A brush without a grade gives it back as it is.
        """
        if self._grade is None:
            return picture
        from PIL import Image

        from brushctl.grade.apply import apply_grade

        pixels = np.asarray(picture.convert("RGB"), np.float32) / 255
        graded = np.clip(apply_grade(self._grade, pixels), 0, 1)
        return Image.fromarray(np.rint(graded * 255).astype(np.uint8))

    def unload(self) -> None:
        """Take the brush out: the pipeline is again what it was. A second time does nothing."""
        self._installed.close()

    def __enter__(self) -> Self:
        return self


class LoadedInUNet(Loaded):
    """A brush in an InstructPix2Pix pipeline."""

    def __init__(
        self,
        unet: UNet2DConditionModel,
        family: Family,
        instruction: Instruction,
        settings: dict[str, Any],
        grade: "AnyGrade | None" = None,
    ) -> None:
        super().__init__(unet, settings, grade)
        self._family = family
        self._state = self._installed.enter_context(brushed(unet, instruction))
        weighted = () if instruction.weights is None else instruction.features
        self._processors = [(site, unet.get_submodule(site).processor) for site in weighted]
        hook = unet.register_forward_pre_hook(self._before_unet, with_kwargs=True)
        self._installed.callback(hook.remove)

    def _before_unet(
        self, unet: UNet2DConditionModel, arguments: tuple[Any, ...], named: dict[str, Any]
    ) -> tuple[tuple[Any, ...], dict[str, Any]]:
        """Say which rows are brushed and when, and give them the brush's words.

        Raises:
            UsageError: something has taken the weights of the brush's tokens out of the U-Net.
        """
        if any(unet.get_submodule(site).processor is not own for site, own in self._processors):
            raise UsageError(
                "the pipeline's attention was changed after the brush was loaded, "
                "which took the weights of its tokens out",
                do="Call enable_attention_slicing and the like first, then load the brush.",
            )
        sample, t = arguments[:2]
        n = _fully_conditioned(sample)
        self._state.at(torch.as_tensor(t, device=sample.device).expand(n))
        return arguments, self._family.led(named, self._state.words().rows(n))


class LoadedInTransformer(Loaded):
    """A brush in the pipeline of a transformer editor."""

    def __init__(
        self,
        model: FlowModel,
        offsets: Offsets,
        settings: dict[str, Any],
        grade: "AnyGrade | None",
        strength: float,
    ) -> None:
        super().__init__(model.denoiser, settings, grade)
        self._pipe = model.pipe
        self._last: tuple[object, object] | None = None
        self._installed.enter_context(offset(model, offsets))
        self._installed.enter_context(at_strength(model, strength))
        hook = model.denoiser.register_forward_pre_hook(self._before, with_kwargs=True)
        self._installed.callback(hook.remove)

    def _before(self, _: torch.nn.Module, __: tuple[Any, ...], named: dict[str, Any]) -> None:
        """See that each step is one call: guidance by two calls would brush both.

        Raises:
            UsageError: it is two.
        """
        run = self._pipe.scheduler.timesteps  # each run of a pipeline has a tensor of its own
        words = named["encoder_hidden_states"]
        last, self._last = self._last, (run, words)
        if last and last[0] is run and last[1] is not words:
            raise UsageError(
                "the pipeline calls its transformer twice a step, and the brush is not learned for "
                "guidance by two calls",
                do="Call the pipeline with the settings that the brush was loaded with.",
            )


def _fully_conditioned(sample: torch.Tensor) -> int:
    """How many of the rows (n, 2c, h, w) have a picture and a text.

    Under guidance diffusers stacks eq. 3's branches, the fully conditioned one first; the last one
    has zeros for a picture. Not every pipeline tells whether it is guided, but its rows do.
    """
    n, rest = divmod(len(sample), 3)
    pictures = sample[:, sample.shape[1] // 2 :]
    guided = not rest and not pictures[2 * n :].any()
    return n if guided else len(sample)
