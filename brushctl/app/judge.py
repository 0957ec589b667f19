"""How good an edit is: measured on whole photographs, against leaving them alone."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
from PIL import Image

from brushctl.bench.contact_sheet import Row, contact_sheet
from brushctl.bench.metrics import Pixels, Score
from brushctl.brushes.file import Brush
from brushctl.brushes.metadata import HeldOut
from brushctl.brushes.words import held_out_in_words
from brushctl.events import Advance, Reporter, Stage, silent
from brushctl.grade.apply import AnyGrade, apply_grade
from brushctl.pairs.find import Pair
from brushctl.pairs.load import load_pair
from brushctl.photos.choices import Detail
from brushctl.photos.photo import resize

if TYPE_CHECKING:
    from brushctl.runs.steps import Editor

Edit = Callable[[Pixels], Pixels]
"""(h, w, 3) -> (h, w, 3), as `brushctl apply` would write it."""

MOST_PIXELS = 4_000_000
"""Of a photograph that is judged: a larger one is reduced first. The figures are then those of its
own size to within some tenths of a decibel, for a quarter of the time at 16 megapixels."""
SHOWN = 512
"""The longer side in pixels of a contact sheet's pictures."""
ROWS = 4
"""Of a contact sheet, at most: some megabytes."""
UNEDITED, BRUSH, GRADE, PHRASE = "unedited", "brush", "grade", "phrase"


def edit_by(grade: AnyGrade | None, editor: "Editor | None", detail: Detail = Detail.AUTO) -> Edit:
    """A photograph graded, and then edited by a model: as `brushctl apply` does it."""
    from brushctl.transfer.grid import to_full_size

    def edit(photo: Pixels) -> Pixels:
        graded = apply_grade(grade, photo) if grade else photo
        if editor is None:
            return graded
        h, w = graded.shape[:2]
        edited = editor.edit([resize(graded, editor.working_size(w, h))])[0]
        return to_full_size(graded, edited.before, edited.after, detail).pixels

    return edit


@dataclass(frozen=True, slots=True)
class Judged:
    """One photograph, judged.

    Attributes:
        scores: by the name of what was done to it; `UNEDITED` among them.
        pictures: it before, the truth, and by name what became of it; at most `SHOWN` pixels long.
        pixels: how many it was judged by.
    """

    scores: Mapping[str, Score]
    before: Pixels
    truth: Pixels
    edited: Mapping[str, Pixels]
    pixels: int


def judge_photo(before: Pixels, truth: Pixels, edits: Mapping[str, Edit]) -> Judged:
    """Edit one photograph in several ways, and measure each.

    Args:
        before: (h, w, 3).
        truth: what it should become, of the same size.
        edits: by their names.

    Raises:
        BrushctlError: it cannot be edited.
    """
    before, truth = (_reduced(picture, MOST_PIXELS) for picture in (before, truth))
    scores, edited = {UNEDITED: Score.of(before, truth)}, dict[str, Pixels]()
    for name, edit in edits.items():
        result = edit(before)
        scores[name] = Score.of(result, truth)
        edited[name] = _shown(result)
    pixels = before.shape[0] * before.shape[1]
    return Judged(scores, _shown(before), _shown(truth), edited, pixels)


def judge_pairs(
    work: Sequence[tuple[Pair, Mapping[str, Edit]]],
    *,
    align: bool = False,
    report: Reporter = silent,
) -> list[Judged]:
    """Judge pairs, each by the edits that stand with it.

    Args:
        work: pairs and edits, as `judge_photo` takes them.
        align: crop shifted pairs to what both pictures share.
        report: called with every event of the work.

    Raises:
        BrushctlError: one cannot be read or edited.
    """
    photos: list[Judged] = []
    report(Stage("judging", total=len(work)))
    for pair, edits in work:
        photos.append(judge_photo(*load_pair(pair, align=align), edits))
        report(Advance(len(photos)))
    return photos


def counted(pairs: Sequence[Pair]) -> str:
    """How many there are, for people."""
    return f"{len(pairs)} pair{'s' * (len(pairs) != 1)}"


def on_pairs(pairs: Sequence[Pair], *, learned: bool) -> str:
    """Which pairs a brush was judged on, for people."""
    return f"{counted(pairs)} it {'learned' if learned else 'did not learn'} from"


@dataclass(frozen=True, slots=True)
class Judgement:
    """A brush on some photographs.

    Attributes:
        on: which pairs they are, for people.
        photos: each of them.
        brush: which of the edits the brush is.
        folds: in cross-validation, how many brushes were judged.
    """

    on: str
    photos: Sequence[Judged]
    brush: str
    folds: int | None = None

    def score(self, name: str) -> Score | None:
        """The mean of an edit; None where some photograph was not edited so."""
        scores = [photo.scores.get(name) for photo in self.photos]
        known = [score for score in scores if score]
        return Score.mean(known) if known and len(known) == len(scores) else None

    def of(self, name: str) -> Score:
        """The mean of an edit that every photograph had."""
        score = self.score(name)
        assert score is not None
        return score

    def of_brush(self) -> Score:
        """The brush's mean."""
        return self.of(self.brush)

    def figures(self) -> dict[str, Any]:
        """The figures, for programs."""
        unedited, brush, phrase = self.of(UNEDITED), self.of_brush(), self.score(PHRASE)
        return {
            "on": self.on,
            "pairs": len(self.photos),
            "psnr": round(brush.psnr, 3),
            "psnr_unedited": round(unedited.psnr, 3),
            "psnr_phrase": None if phrase is None else round(phrase.psnr, 3),
            "psnr_grade": self._psnr(GRADE),
            "de2000": round(brush.de2000, 3),
            "de2000_unedited": round(unedited.de2000, 3),
            "megapixels": self.megapixels(),
        }

    def megapixels(self) -> float:
        """The mean size that photographs were judged at."""
        return round(float(np.mean([photo.pixels for photo in self.photos])) / 1e6, 6)

    def held_out(self) -> HeldOut:
        """The figures as a brush keeps them."""
        phrase, unedited, brush = self.score(PHRASE), self.of(UNEDITED), self.of_brush()
        return HeldOut(
            pairs=len(self.photos),
            psnr=round(brush.psnr, 3),
            psnr_unedited=round(unedited.psnr, 3),
            psnr_phrase=None if phrase is None else round(phrase.psnr, 3),
            psnr_grade=self._psnr(GRADE),
            de2000=round(brush.de2000, 3),
            de2000_unedited=round(unedited.de2000, 3),
            megapixels=self.megapixels(),
            folds=self.folds,
        )

    def verdict(self) -> str:
        """How near the brush comes to the edit, in a line."""
        return f"on {self.on}: {'; '.join(held_out_in_words(self.held_out()))}"

    def warning(self) -> str | None:
        """What is to be said of a brush that is no better than leaving pictures alone."""
        unedited, brush = self.of(UNEDITED).psnr, self.of_brush().psnr
        if brush > unedited:
            return None
        return (
            "unedited pictures are nearer to your edit than this brush's results "
            f"({unedited:.1f} dB, the brush {brush:.1f}, on {self.on}). Look at its results before "
            "you use it, or add pairs and learn it again."
        )

    def sheet(self, title: str) -> Image.Image:
        """Before, after and what the brush makes of it, of the first photographs."""
        rows = [
            Row(
                (photo.before, photo.truth, photo.edited[self.brush]),
                f"{photo.scores[self.brush].psnr:.1f} dB "
                f"(unedited {photo.scores[UNEDITED].psnr:.1f}; higher is better)",
            )
            for photo in self.photos[:ROWS]
        ]
        return contact_sheet(title, ("before", "after", "brush"), rows, side=SHOWN)

    def _psnr(self, name: str) -> float | None:
        """Of a part of the brush, where it has two."""
        score = None if name == self.brush else self.score(name)
        return None if score is None else round(score.psnr, 3)


def merged(parts: Sequence[Judgement], *, on: str) -> Judgement:
    """One judgement of all their photographs; a fold each."""
    photos = [photo for part in parts for photo in part.photos]
    return Judgement(on, photos, parts[0].brush, folds=len(parts))


def with_held_out(brush: Brush, judged: Judgement) -> Brush:
    """The brush with the figures of pairs that it was not learned from in its history."""
    training = brush.metadata.training
    if training is None:
        return brush
    training = replace(training, held_out=judged.held_out())
    return replace(brush, metadata=replace(brush.metadata, training=training))


def _reduced(picture: Pixels, most: int) -> Pixels:
    h, w = picture.shape[:2]
    scale = (most / (h * w)) ** 0.5
    return picture if scale >= 1 else resize(picture, (round(w * scale), round(h * scale)))


def _shown(picture: Pixels) -> Pixels:
    h, w = picture.shape[:2]
    scale = SHOWN / max(h, w)
    if scale >= 1:
        return np.clip(picture, 0, 1)
    return resize(picture, (max(1, round(w * scale)), max(1, round(h * scale))))
