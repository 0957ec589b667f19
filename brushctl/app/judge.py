"""How good a brush is: against leaving the pictures alone, and against its phrase in words."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from PIL import Image

from brushctl.bench.contact_sheet import Row, contact_sheet
from brushctl.bench.metrics import Pixels, mean_psnr, psnr
from brushctl.brushes.file import Brush
from brushctl.brushes.metadata import HeldOut
from brushctl.engine.brush.instruction import from_text
from brushctl.engine.model.base import BaseModel
from brushctl.engine.sampler import Editor, editor_on
from brushctl.events import Advance, Reporter, Stage, silent


@dataclass(frozen=True, slots=True)
class Judgement:
    """A brush on some pairs; figures are mean PSNR in dB at the model's resolution.

    Attributes:
        on: which pairs they are, for people.
        before: the pictures, each (s, s, 3).
        truth: the pictures as they should become.
        edited: the pictures as the brush makes them.
        unedited: what doing nothing reaches.
        brush: what the brush reaches.
        phrase: what its phrase reaches as a written instruction; None if it has none.
        folds: in cross-validation, how many brushes were judged.
    """

    on: str
    before: Sequence[Pixels]
    truth: Sequence[Pixels]
    edited: Sequence[Pixels]
    unedited: float
    brush: float
    phrase: float | None
    folds: int | None = None

    def figures(self) -> dict[str, Any]:
        """The figures, for programs."""
        return {
            "on": self.on,
            "pairs": len(self.before),
            "psnr": round(self.brush, 3),
            "psnr_unedited": round(self.unedited, 3),
            "psnr_phrase": None if self.phrase is None else round(self.phrase, 3),
        }

    def verdict(self) -> str:
        """One sentence: how good the brush is, against doing nothing and against its words."""
        told = f"on {self.on}: {self.brush:.1f} dB, "
        told += self._beside(self.unedited, "leaving them alone")
        if self.phrase is not None:
            told += f", {self._beside(self.phrase, 'its phrase in words')}"
        if self.brush <= self.unedited:
            told += "\nwarning: leaving pictures alone comes nearer to your edit than this brush"
        return told

    def _beside(self, other: float, what: str) -> str:
        gain = self.brush - other
        side = "nearer to" if gain > 0 else "farther from"
        return f"{abs(gain):.1f} {side} your edit than {what} ({other:.1f})"

    def sheet(self, title: str) -> Image.Image:
        """A row for each pair: before, after, and what the brush makes of it."""
        rows = [
            Row(
                pictures,
                f"unedited {psnr(pictures[0], pictures[1]):.1f}, "
                f"brush {psnr(pictures[2], pictures[1]):.1f} dB",
            )
            for pictures in zip(self.before, self.truth, self.edited, strict=True)
        ]
        return contact_sheet(title, ("before", "after", "brush"), rows)


def judge(
    base: BaseModel,
    brush: Brush,
    before: Sequence[Pixels],
    truth: Sequence[Pixels],
    *,
    on: str,
    report: Reporter = silent,
) -> Judgement:
    """Edit `before` with the brush, and with its phrase, and compare with the truth.

    Raises:
        BrushMismatchError: the brush is of another base model.
        DeviceMemoryError: not even one picture fits into the device's memory.
    """
    phrase = brush.metadata.instruction_part().instruction.phrase
    report(Stage("judging", total=len(before) * (2 if phrase else 1)))
    edited = _edited(editor_on(base, brush), before, done=0, report=report)
    by_phrase = None
    if phrase:
        plain = Editor(base, from_text(base, phrase))
        by_phrase = _edited(plain, before, done=len(before), report=report)
    return Judgement(
        on=on,
        before=before,
        truth=truth,
        edited=edited,
        unedited=mean_psnr(before, truth),
        brush=mean_psnr(edited, truth),
        phrase=None if by_phrase is None else mean_psnr(by_phrase, truth),
    )


def merged(parts: Sequence[Judgement], *, on: str) -> Judgement:
    """One judgement of as many pairs as all of them; each has as many as the others."""

    def mean(figures: Iterable[float]) -> float:
        return float(np.mean(list(figures)))

    phrases = [part.phrase for part in parts if part.phrase is not None]
    return Judgement(
        on=on,
        before=[x for part in parts for x in part.before],
        truth=[x for part in parts for x in part.truth],
        edited=[x for part in parts for x in part.edited],
        unedited=mean(part.unedited for part in parts),
        brush=mean(part.brush for part in parts),
        phrase=mean(phrases) if len(phrases) == len(parts) else None,
        folds=len(parts),
    )


def with_held_out(brush: Brush, judged: Judgement) -> Brush:
    """The brush with the figures of pairs that it was not learned from in its history."""
    training = brush.metadata.training
    if training is None:
        return brush
    held_out = HeldOut(
        pairs=len(judged.before),
        psnr=round(judged.brush, 3),
        psnr_unedited=round(judged.unedited, 3),
        psnr_phrase=None if judged.phrase is None else round(judged.phrase, 3),
        folds=judged.folds,
    )
    return replace(
        brush, metadata=replace(brush.metadata, training=replace(training, held_out=held_out))
    )


def _edited(
    editor: Editor, pictures: Sequence[Pixels], *, done: int, report: Reporter = silent
) -> list[Pixels]:
    edited: list[Pixels] = []
    with editor:
        for picture in pictures:
            edited.append(editor.edit([picture])[0].after)
            report(Advance(done + len(edited)))
    return edited
