"""Editing pictures with a transformer editor: diffusers' own pipeline does it."""

from collections.abc import Sequence
from typing import Self

import numpy as np

from brushctl.engine.devices import enough_memory
from brushctl.engine.flow.model import FlowModel
from brushctl.engine.flow.offsets import Offsets, offset
from brushctl.engine.flow.strength import at_strength
from brushctl.engine.installed import Installed
from brushctl.engine.pixels import Edited, FloatImage, noise_source
from brushctl.errors import PhotoError


class FlowEditor(Installed):
    """A transformer editor with an instruction; a context manager.

    Args:
        model: the frozen model.
        offsets: a brush's, or words alone.
        strength: of the edit: 0 is none, 1 all of it.
        seed: with the content of each picture, it fixes the picture's noise.
    """

    at_once = 1
    """Pictures differ in size and words: one by one they fill a GPU."""

    def __init__(
        self, model: FlowModel, offsets: Offsets, *, strength: float = 1.0, seed: int = 0
    ) -> None:
        super().__init__()
        self._model, self._offsets, self._strength, self._seed = model, offsets, strength, seed

    def __enter__(self) -> Self:
        self._installed.enter_context(offset(self._model, self._offsets))
        self._installed.enter_context(at_strength(self._model, self._strength))
        return self

    def working_size(self, width: int, height: int) -> tuple[int, int]:
        """The size at which the model sees a photograph."""
        return self._model.working_size(width, height)

    @property
    def wants_many(self) -> bool:
        """Whether it runs on a GPU, which should not wait for pictures."""
        return self._model.device.type == "cuda"

    @enough_memory("not even one picture fits into the device's memory")
    def edit(self, images: Sequence[FloatImage]) -> list[Edited]:
        """Edit pictures, each (h, w, 3) in [0, 1] at a working size of its own.

        Raises:
            PhotoError: the numbers overflowed, so that there is no picture, or the model moved it
                too far.
            DeviceMemoryError: a picture does not fit into the device's memory.
        """
        return [self._edit(image) for image in images]

    def _edit(self, image: FloatImage) -> Edited:
        # Programs that load a brush into a pipeline of their own need neither.
        from brushctl.photos.photo import resize
        from brushctl.transfer.registration import registered

        arguments = self._model.arguments(image, self._offsets.phrase)
        generator = noise_source(image, self._seed)
        (after,) = self._model.pipe(**arguments, generator=generator, output_type="np").images
        if not np.isfinite(after).all():
            raise PhotoError(
                "the model made numbers out of range, no picture", do="Use bfloat16 as the dtype."
            )
        if after.shape != image.shape:
            after = resize(after, image.shape[1::-1])
        before = np.asarray(self._model.reconstruct(image), np.float32)
        return Edited(before, registered(before, after))
