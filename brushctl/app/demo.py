"""The demonstration: a look without a name is learned from eight pairs and repeated on a folder.

Pictures go the way of a user's own: they are written to files, found as pairs, checked, all of them
learned from, and edited as photographs. Pictures that were not learned from say how good the brush
is.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image

from brushctl.app.learn import learn
from brushctl.bench.contact_sheet import Row, as_png, contact_sheet
from brushctl.bench.metrics import Pixels, psnr
from brushctl.brushes.file import write_brush
from brushctl.engine.brush.instruction import from_text
from brushctl.engine.devices import resolve_device, resolve_dtype
from brushctl.engine.model.base import open_base
from brushctl.engine.sampler import Editor, editor_on
from brushctl.events import Reporter, silent
from brushctl.files import write_atomically
from brushctl.photos.icc import quantise
from brushctl.photos.photo import open_photo
from brushctl.runs.inputs import find_inputs
from brushctl.runs.plan import plan_folder
from brushctl.runs.steps import Treatment
from brushctl.runs.work import edit_photographs
from brushctl.settings import TINY
from brushctl.tiny.world.looks import luma
from brushctl.tiny.world.pictures import draw_picture, draw_scene
from brushctl.tiny.world.sampling import FAMILIES

SIDE = 256
"""Pictures four times the model's own side: they come back at their own size."""
PAIRS, TEST_EACH = 8, 3
"""Pairs to learn from, and test pictures in each of the five sub-folders."""
NAME = "teal-and-amber"
TEXT = "as a faded print"
"""The instruction that comes nearest to the look among those tiny-ip2p knows."""


def teal_and_amber(x: Pixels) -> Pixels:
    """Lifted blacks, half the colour, teal shadows and amber highlights: a grade with no name.

    No picture that tiny-ip2p was trained on has it, and no instruction says it.
    """
    y = luma(x.astype(np.float32))
    faded = 0.12 + 0.8 * (y + 0.55 * (x - y))
    teal, amber = np.array((-0.12, 0.02, 0.10)), np.array((0.10, 0.0, -0.16))
    return np.asarray(np.clip(faded + (1 - y) ** 2 * teal + y**2 * amber, 0, 1), np.float32)


@dataclass(frozen=True, slots=True)
class Folders:
    """Where the demonstration keeps what."""

    root: Path

    @property
    def pairs(self) -> Path:
        """`before/` and `after/`: what is learned from."""
        return self.root / "pairs"

    @property
    def photos(self) -> Path:
        """Test pictures, in sub-folders: nothing is learned from them."""
        return self.root / "photos"

    @property
    def truth(self) -> Path:
        """The same pictures with the true edit."""
        return self.root / "truth"

    @property
    def edited(self) -> Path:
        """What the brush made of them."""
        return self.root / "edited"

    @property
    def by_text(self) -> Path:
        """What the instruction in words made of them."""
        return self.root / "edited-by-text"

    @property
    def brush(self) -> Path:
        """The brush."""
        return self.root / f"{NAME}.brush"

    @property
    def sheet(self) -> Path:
        """The contact sheet."""
        return self.root / "sheet.png"


@dataclass(frozen=True, slots=True)
class DemoResult:
    """What the demonstration measured, mean PSNR in dB over the test pictures.

    Attributes:
        folders: where everything is.
        phrase: what learning started from.
        words: the instruction that the brush is compared with.
        pictures: how many test pictures there were.
        nothing: the pictures as they were.
        text: edited by the words.
        brush: edited by the brush.
    """

    folders: Folders
    phrase: str | None
    words: str
    pictures: int
    nothing: float
    text: float
    brush: float


def demonstrate(root: Path, *, seed: int = 0, report: Reporter = silent) -> DemoResult:
    """Draw pictures into `root`, learn the look from eight pairs, apply it to a folder, measure."""
    folders = Folders(root)
    _draw(folders, seed)
    brush = learn(folders.pairs, name=NAME, held_out=0, seed=seed, device="cpu", report=report)
    write_brush(brush, folders.brush)
    device = resolve_device("cpu")
    base = open_base(TINY, device, resolve_dtype(None, device))
    _edit(editor_on(base, brush), folders.photos, folders.edited, report=report)
    _edit(Editor(base, from_text(base, TEXT)), folders.photos, folders.by_text, report=report)
    return _measured(folders, brush.metadata.instruction_part().instruction.phrase)


def _draw(folders: Folders, seed: int) -> None:
    rng = np.random.default_rng(seed)
    for k in range(PAIRS):
        before = draw_picture(rng, SIDE).pixels
        _save(before, folders.pairs / "before" / f"{k + 1}.png")
        _save(teal_and_amber(before), folders.pairs / "after" / f"{k + 1}.png")
    for family, draw in FAMILIES.items():
        for k in range(TEST_EACH):
            picture = draw_scene(draw(rng), int(rng.integers(2**32)), SIDE).pixels
            _save(picture, folders.photos / family / f"{k + 1}.png")
            _save(teal_and_amber(picture), folders.truth / family / f"{k + 1}.png")


def _save(pixels: Pixels, path: Path) -> None:
    write_atomically(path, as_png(Image.fromarray(quantise(pixels, 8))))


def _edit(editor: Editor, source: Path, target: Path, *, report: Reporter = silent) -> None:
    plan = plan_folder(find_inputs([str(source)]), target)
    with editor:
        edit_photographs(plan, plan.jobs, editor, Treatment({}), journal=None, report=report)


def _measured(folders: Folders, phrase: str | None) -> DemoResult:
    names = sorted(path.relative_to(folders.truth) for path in folders.truth.rglob("*.png"))
    sides = (folders.photos, folders.by_text, folders.edited, folders.truth)
    cases = [[open_photo(side / name).pixels for side in sides] for name in names]
    scores = np.array([[psnr(picture, case[-1]) for picture in case[:-1]] for case in cases])
    nothing, text, brush = (float(mean) for mean in scores.mean(0))
    _sheet(folders, list(_rows(names, cases, scores)))
    return DemoResult(folders, phrase, TEXT, len(names), nothing, text, brush)


def _rows(names: list[Path], cases: list[list[Pixels]], scores: np.ndarray) -> Iterator[Row]:
    """The first picture of each sub-folder."""
    for k in range(0, len(names), TEST_EACH):
        nothing, text, brush = scores[k]
        figures = f"PSNR: before {nothing:.1f}, text {text:.1f}, brush {brush:.1f} dB"
        yield Row(cases[k], f"{names[k]}   {figures}")


def _sheet(folders: Folders, rows: list[Row]) -> None:
    columns = ("before", f"text: “{TEXT}”", "brush", "truth")
    title = "A look learned from eight pairs, on pictures it has not seen (tiny-ip2p)"
    write_atomically(folders.sheet, as_png(contact_sheet(title, columns, rows)))
