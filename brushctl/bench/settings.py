"""What cases are run with, opened from a few words: by one process, or by each of a cluster's."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from brushctl.bench.effects import TABLE_3, Effect, draw_effects
from brushctl.bench.folder import effects_in, load_effect
from brushctl.bench.methods.registry import Bench
from brushctl.engine.devices import learning_dtype, resolve_device
from brushctl.engine.model.base import open_base
from brushctl.engine.phrases.clip import load_clip_for
from brushctl.events import Reporter, silent
from brushctl.settings import IN_PACKAGE


@dataclass(frozen=True, slots=True)
class BenchSettings:
    """What a command line says of a bench, apart from its cases.

    Attributes:
        base: the base model.
        device: what it works on.
        dtype: its number format; None for the device's own.
        steps: optimisation steps in place of the default recipe's own.
        seed: fixes every draw.
        folder: of effects; None for those that are drawn.
    """

    base: str
    device: str
    dtype: str | None
    steps: int | None
    seed: int
    folder: Path | None

    def open(self, *, report: Reporter = silent) -> Bench:
        """The models; a warning where the base's CLIP is not at hand, and the small one serves.

        Raises:
            DeviceError: the device is not on this machine, or nothing can be learned in the format.
            BaseModelError: the base model cannot be loaded.
        """
        where = resolve_device(self.device)
        model = open_base(self.base, where, learning_dtype(self.dtype, where))
        clip = load_clip_for(model.id, where, report=report)
        return Bench(model, clip, self.steps, self.seed)

    def known(self) -> list[str]:
        """The names of the effects there are.

        Raises:
            PairsError: the folder has none.
        """
        return list(TABLE_3 if self.folder is None else effects_in(self.folder))

    def effects(self, names: Sequence[str], resolution: int) -> list[Effect]:
        """Effects with their pictures at the model's resolution.

        Raises:
            PairsError: the pairs of one cannot be found, or no words are known for it.
        """
        if self.folder is None:
            drawn = draw_effects(names, resolution, self.seed)
            # Of another base's training nothing is known.
            known = self.base in IN_PACKAGE
            return [replace(effect, held_out=effect.held_out and known) for effect in drawn]
        there = effects_in(self.folder)
        return [load_effect(name, there[name], resolution) for name in names]
