"""The demonstration: three edits, each learned from a few pairs and repeated on other pictures.

A look and a local edit on photographs, for which a grade is enough, and an edit of content on drawn
pictures, for which the base model is instructed. Pictures go the way of a user's own: they are
files, found as pairs, checked, learned from, and edited by a run over a folder. Those that were not
learned from say how good a brush is, beside a 3D LUT that was fitted to the same pairs.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from PIL import Image

from brushctl.app.apply import apply
from brushctl.app.demo_pictures import (
    CONTENT_IN_WORDS,
    Pictures,
    drawn,
    evening_sky,
    retouched,
    split_toning,
)
from brushctl.app.judge import SHOWN
from brushctl.app.learn import model_opener, prepare
from brushctl.app.learning_settings import LearningSettings, Parts
from brushctl.bench.contact_sheet import Row, as_png, contact_sheet
from brushctl.bench.metrics import Pixels, Score
from brushctl.brushes.file import Brush
from brushctl.engine.devices import resolve_device, resolve_dtype
from brushctl.engine.model.base import open_base
from brushctl.engine.sampler import editor_in_words
from brushctl.events import Message, Reporter, silent
from brushctl.files import write_atomically
from brushctl.grade import apply_grade
from brushctl.grade.fit import fit_grade
from brushctl.photos.choices import Detail
from brushctl.photos.icc import quantise
from brushctl.photos.photo import open_photo
from brushctl.runs.executors.threads import edit_photographs
from brushctl.runs.inputs import find_inputs
from brushctl.runs.plan import plan_folder
from brushctl.runs.steps import Treatment
from brushctl.settings import TINY

DEVICE = "cpu"
"""So that the demonstration shows the same on every machine."""
STEPS = 100
"""Of learning the instruction, a third of the recipe's own: the demonstration is to be short."""
NOTHING, LUT, WORDS, BRUSH = "nothing", "lut", "words", "brush"
"""What is done to pictures that were not learned from."""
IN_COLUMNS = {NOTHING: "before", LUT: "a 3D LUT, fitted to the same pairs", BRUSH: "the brush"}
"""Those of them that the contact sheet shows, beside the true edit."""


@dataclass(frozen=True, slots=True)
class Example:
    """An edit that the demonstration learns.

    Attributes:
        name: the brush's.
        title: what it is, for people.
        pictures: its pictures, by seed.
        shown: which of them the contact sheet shows.
        settings: how the brush is learned.
        detail: where its results have their detail from.
        words: the edit as a written instruction to tiny-ip2p, if there is one.
    """

    name: str
    title: str
    pictures: Callable[[int], Pictures]
    shown: str
    settings: LearningSettings = field(default_factory=LearningSettings)
    detail: Detail = Detail.AUTO
    words: str | None = None


EXAMPLES = (
    Example("split-toning", "a look", lambda _: retouched(split_toning), "coffee"),
    Example("evening-sky", "a local edit", lambda _: retouched(evening_sky), "chelsea"),
    Example(
        "read-books",
        "an edit of content",
        drawn,
        "01",
        LearningSettings(parts=Parts.INSTRUCTION, steps=STEPS, hold_out=0),
        Detail.MODEL,
        CONTENT_IN_WORDS,
    ),
)


@dataclass(frozen=True, slots=True)
class Folders:
    """Where the demonstration keeps what belongs to one brush.

    Attributes:
        root: the demonstration's folder.
        name: the brush's.
    """

    root: Path
    name: str

    @property
    def pairs(self) -> Path:
        """`before/` and `after/`: what is learned from."""
        return self.root / self.name / "pairs"

    @property
    def photos(self) -> Path:
        """Pictures that nothing is learned from."""
        return self.root / self.name / "photos"

    @property
    def truth(self) -> Path:
        """The same pictures with the true edit."""
        return self.root / self.name / "truth"

    @property
    def brush(self) -> Path:
        """The brush."""
        return self.root / f"{self.name}.brush"

    def edited(self, by: str) -> Path:
        """What became of the pictures."""
        return self.photos if by == NOTHING else self.root / self.name / f"by-{by}"


@dataclass(frozen=True, slots=True)
class ShownBrush:
    """A brush of the demonstration, and how good it is.

    Attributes:
        example: the edit.
        folders: where everything is.
        brush: the brush.
        pairs: how many it was learned from.
        pictures: how many it was judged on, which it was not learned from.
        scores: the means over these, by what was done to them.
        row: of the contact sheet.
    """

    example: Example
    folders: Folders
    brush: Brush
    pairs: int
    pictures: int
    scores: Mapping[str, Score]
    row: Row


@dataclass(frozen=True, slots=True)
class DemoResult:
    """What the demonstration made.

    Attributes:
        root: its folder.
        sheet: the contact sheet.
        brushes: the brushes.
    """

    root: Path
    sheet: Path
    brushes: Sequence[ShownBrush]


def demonstrate(root: Path, *, seed: int = 0, report: Reporter = silent) -> DemoResult:
    """Make pictures in `root`, learn each edit, apply it to a folder, measure.

    Raises:
        PhotoError: scikit-image comes without its photographs.
        OSError: the disk is full or read-only.
    """
    brushes = []
    for n, example in enumerate(EXAMPLES, 1):
        report(Message(f"{n} of {len(EXAMPLES)}: {example.title}, {example.name}"))
        brushes.append(_show(example, Folders(root, example.name), seed, report))
    title = "Learned from a few pairs, on pictures that were not learned from"
    columns = [*IN_COLUMNS.values(), "the true edit"]
    sheet = root / "sheet.png"
    made = contact_sheet(title, columns, [each.row for each in brushes], side=SHOWN)
    write_atomically(sheet, as_png(made))
    return DemoResult(root, sheet, brushes)


def _show(example: Example, folders: Folders, seed: int, report: Reporter) -> ShownBrush:
    """Learn one edit, repeat it, and measure."""
    pictures = example.pictures(seed)
    _write(pictures, folders)
    settings = replace(example.settings, seed=seed)
    run = prepare(folders.pairs, str(folders.brush), settings, overwrite=True, report=report)
    learned = run.learn(model_opener(None, DEVICE, None), resume=False, report=report)
    _edit_by_lut(folders)
    if example.words:
        _edit_by_words(example.words, folders, report)
    apply(
        [folders.photos],
        learned.path,
        folders.edited(BRUSH),
        overwrite=True,
        detail=example.detail,
        device=DEVICE if learned.brush.metadata.instruction else "auto",
        report=report,
    )
    scores = {name: _scores(folders, folders.edited(name)) for name in _edits(example)}
    means = {name: Score.mean(each.values()) for name, each in scores.items()}
    row = _row(example, folders, {name: each[example.shown] for name, each in scores.items()})
    pairs, others = len(pictures.pairs), len(pictures.others)
    return ShownBrush(example, folders, learned.brush, pairs, others, means, row)


def _edits(example: Example) -> Iterator[str]:
    yield from (NOTHING, LUT)
    if example.words:
        yield WORDS
    yield BRUSH


def _write(pictures: Pictures, folders: Folders) -> None:
    for name, (before, after) in pictures.pairs.items():
        _save(before, folders.pairs / "before" / f"{name}.png")
        _save(after, folders.pairs / "after" / f"{name}.png")
    for name, (before, after) in pictures.others.items():
        _save(before, folders.photos / f"{name}.png")
        _save(after, folders.truth / f"{name}.png")


def _save(pixels: Pixels, path: Path) -> None:
    write_atomically(path, as_png(Image.fromarray(quantise(pixels, 8))))


def _pixels(folder: Path) -> dict[str, Pixels]:
    """The pictures of a folder by their names."""
    return {path.stem: open_photo(path).pixels for path in sorted(folder.glob("*.png"))}


def _edit_by_lut(folders: Folders) -> None:
    """Edit by the table of colours that fits the pairs best."""
    before, after = (_pixels(folders.pairs / side) for side in ("before", "after"))
    lut = fit_grade([(before[name], after[name]) for name in before], groups=()).grade
    for name, picture in _pixels(folders.photos).items():
        _save(apply_grade(lut, picture), folders.edited(LUT) / f"{name}.png")


def _edit_by_words(words: str, folders: Folders, report: Reporter) -> None:
    device = resolve_device(DEVICE)
    base = open_base(TINY, device, resolve_dtype(None, device))
    plan = plan_folder(find_inputs([str(folders.photos)]), folders.edited(WORDS))
    treatment = Treatment({}, Detail.MODEL)
    with editor_in_words(base, words) as editor:
        edit_photographs(plan, plan.jobs, editor, treatment, journal=None, report=report)


def _scores(folders: Folders, edited: Path) -> dict[str, Score]:
    """How near each picture of a folder comes to the true edit."""
    pictures, truth = _pixels(edited), _pixels(folders.truth)
    return {name: Score.of(pictures[name], truth[name]) for name in truth}


def _row(example: Example, folders: Folders, scores: Mapping[str, Score]) -> Row:
    """One picture: before, by the LUT, by the brush, and the true edit."""
    shown = [*map(folders.edited, IN_COLUMNS), folders.truth]
    pictures = [open_photo(folder / f"{example.shown}.png").pixels for folder in shown]
    names = {LUT: "3D LUT"}
    psnrs = (f"{names.get(name, name)} {score.psnr:.1f}" for name, score in scores.items())
    return Row(pictures, f"{example.title}, {example.name}. PSNR: {', '.join(psnrs)} dB")
