"""Find before/after pairs in the layouts people keep them in, and open them for the model.

A path is one of
    a folder with two folders in it, `before/` and `after/`, of pictures with equal names;
    a folder of pictures `x_before.jpg`, `x_after.jpg` (or `x_0.png`, `x_1.png`);
    a folder of pictures `x.jpg`, some of which have an edited copy `x-Edit.jpg` beside them;
    a manifest, CSV or JSON, that names the two files of each pair.
`input/output`, `source/target` and `original/edited` do as well as `before/after`.
"""

import re
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from brushctl.errors import PairsError
from brushctl.events import Message, Reporter, silent
from brushctl.pairs.manifest import MANIFESTS, read_manifest
from brushctl.photos.formats import SUFFIXES

WORDS = (("before", "after"), ("input", "output"), ("source", "target"), ("original", "edited"))
NUMBERS = ("0", "1")
ADDRESS = re.compile("[a-z][a-z0-9]+:/")
"""How a URL begins, taken for a path."""
SHOWN = 6
"""How many names an error lists."""


@dataclass(frozen=True, slots=True)
class Pair:
    """Two files: a picture, and the same picture edited."""

    name: str
    before: Path
    after: Path


@dataclass(frozen=True, slots=True)
class Layout:
    """What one way of naming pairs finds: for each name, the files of its two sides."""

    title: str
    before: dict[str, list[Path]] = field(default_factory=lambda: defaultdict(list))
    after: dict[str, list[Path]] = field(default_factory=lambda: defaultdict(list))

    def files(self) -> set[Path]:
        """Every file of either side."""
        return {f for side in (self.before, self.after) for files in side.values() for f in files}


def find_pairs(path: Path, *, report: Reporter = silent) -> list[Pair]:
    """The pairs at `path`, sorted by name.

    Args:
        path: a folder or a manifest.
        report: called with what was taken for an edited copy of what, and what was left out.

    Raises:
        PairsError: there is nothing there, more than one layout fits, or a picture has no partner
            or several; the message shows what was found.
    """
    if path.is_dir():
        return _in_folder(path, report)
    if not path.exists():
        away = ADDRESS.match(str(path))
        do = "Download the pairs first." if away else "Check the path of the pairs."
        raise PairsError("there is nothing here", where=str(path), do=do)
    if path.suffix.lower() not in MANIFESTS:
        raise PairsError(
            "this is neither a folder nor a manifest",
            where=str(path),
            do="Give the folder of the pairs, or a .csv or .json file that lists them.",
        )
    files = read_manifest(path)
    often = Counter(before.stem for before, _ in files)
    return [
        Pair(x.stem if often[x.stem] == 1 else f"{x.stem} (pair {k})", x, y)
        for k, (x, y) in enumerate(files, 1)
    ]


def hold_out(pairs: Sequence[Pair], count: int, seed: int) -> tuple[list[Pair], list[Pair]]:
    """The pairs to learn from, and `count` to judge by, chosen by the seed.

    Raises:
        PairsError: nothing would be left to learn from, or the count is negative.
    """
    if count < 0:
        raise PairsError("the number of pairs must be 0 or more", where=f"--hold-out {count}")
    if count >= len(pairs):
        raise PairsError(
            f"of {len(pairs)} pairs this leaves none to learn from",
            where=f"--hold-out {count}",
            do="Hold out fewer, or add pairs.",
        )
    kept_back = set(np.random.default_rng(seed).permutation(len(pairs))[:count].tolist())
    learned = [pair for k, pair in enumerate(pairs) if k not in kept_back]
    return learned, [pair for k, pair in enumerate(pairs) if k in kept_back]


def _in_folder(folder: Path, report: Reporter) -> list[Pair]:
    pictures = _pictures(folder)
    candidates = [_by_folders(folder, words) for words in WORDS]
    candidates += [_by_suffix(pictures, words) for words in WORDS]
    layouts = [layout for layout in candidates if layout.before or layout.after]
    if not layouts:
        _check_not_one_side(folder)
    numbered = _by_suffix(pictures, NUMBERS)
    if numbered.before and numbered.after:  # a picture `1.jpg` alone says nothing of pairs
        layouts.append(numbered)
    if not any(layout.before and layout.after for layout in layouts if layout is not numbered):
        from brushctl.pairs.copies import find_copies

        copies = find_copies(pictures)
        # `x_0` and `x_1` are two originals where each has an edited copy
        if copies.before and (numbered not in layouts or numbered.files() <= copies.files()):
            return _beside_originals(folder, copies, pictures, report)
    if not layouts:
        raise _nothing_found(folder, pictures)
    if len(layouts) > 1:
        found = "; ".join(f"{layout.title}: {_some(_names(layout))}" for layout in layouts)
        raise PairsError(
            f"the pairs could be read in more than one way ({found})",
            where=str(folder),
            do="Keep one of them in this folder, or list the pairs in a CSV manifest.",
        )
    return _paired(folder, layouts[0], pictures)


def _pictures(folder: Path) -> list[Path]:
    return sorted(
        f
        for f in folder.iterdir()
        if f.is_file() and f.suffix.lower() in SUFFIXES and not f.name.startswith(".")
    )


def _by_folders(folder: Path, words: tuple[str, str]) -> Layout:
    layout = Layout(f"{words[0]}/ and {words[1]}/")
    for word, side in zip(words, (layout.before, layout.after), strict=True):
        for inner in sorted(folder.iterdir()):
            if inner.is_dir() and inner.name.lower() == word:
                for picture in _pictures(inner):
                    side[composed(picture.stem)].append(picture)
    return layout


def composed(stem: str) -> str:
    """A name with its accents in one character each: macOS keeps names with accents apart."""
    return unicodedata.normalize("NFC", stem)


def _by_suffix(pictures: Iterable[Path], words: tuple[str, str]) -> Layout:
    layout = Layout(f"x_{words[0]} and x_{words[1]}")
    for word, side in zip(words, (layout.before, layout.after), strict=True):
        pattern = re.compile(rf"(?:(.+)[-_. ])?{word}", re.IGNORECASE | re.DOTALL)
        for picture in pictures:
            if match := pattern.fullmatch(composed(picture.stem)):
                side[match[1] or picture.parent.name].append(picture)
    return layout


def _paired(folder: Path, layout: Layout, pictures: list[Path]) -> list[Pair]:
    for side in (layout.before, layout.after):
        for files in side.values():
            if len(files) > 1:
                raise PairsError(
                    f"two pictures are one side of one pair: {_some(f.name for f in files)}",
                    where=str(files[0].parent),
                    do="Move or rename all but one of them.",
                )
    strays = [*_unpaired(layout), *_leftover(layout, pictures)]
    if strays:
        raise PairsError(
            f"some pictures, read as {layout.title}, have no partner: "
            + _some(str(f.relative_to(folder)) for f in strays),
            where=str(folder),
            do="Add the missing pictures, or move these elsewhere; capitals count in names.",
        )
    return [Pair(name, layout.before[name][0], layout.after[name][0]) for name in _names(layout)]


def _beside_originals(
    folder: Path, copies: Layout, pictures: list[Path], report: Reporter
) -> list[Pair]:
    """Pairs of originals and edited copies; the folder may hold pictures without a copy too."""
    paired = copies.files()
    left = [picture.name for picture in pictures if picture not in paired]
    pairs = _paired(folder, copies, sorted(paired))
    shown = _some(f"{pair.before.name} and {pair.after.name}" for pair in pairs)
    report(Message(f"{_count(len(pairs), 'pair')} by name, before and after: {shown}"))
    if left:
        report(Message(f"{_count(len(left), 'picture')} without an edited copy: {_some(left)}"))
    return pairs


def _unpaired(layout: Layout) -> list[Path]:
    one_sided = layout.before.keys() ^ layout.after.keys()
    return [f for name in sorted(one_sided) for f in (layout.before | layout.after)[name]]


def _leftover(layout: Layout, pictures: list[Path]) -> list[Path]:
    """Pictures among the pairs that are named like none of them: misspelt sides, most likely."""
    mine = layout.files()
    return [f for f in pictures if f not in mine] if mine & set(pictures) else []


def _nothing_found(folder: Path, pictures: list[Path]) -> PairsError:
    folders = sorted(f"{f.name}/" for f in folder.iterdir() if f.is_dir())
    seen = _some([*folders, *(f.name for f in pictures)]) or "no picture and no folder"
    return PairsError(
        f"no pairs found here; there is {seen}",
        where=str(folder),
        do="Put the pictures into before/ and after/ under equal names, "
        "name them x_before and x_after or x and x-Edit, or list them in a CSV manifest.",
    )


def _folders_in(folder: Path) -> set[str]:
    """The names of the folders in a folder, in small letters."""
    return {inner.name.lower() for inner in folder.iterdir() if inner.is_dir()}


def _check_not_one_side(folder: Path) -> None:
    """See that a folder is not one of two that hold the sides of pairs.

    Raises:
        PairsError: it is.
    """
    named = folder if folder.name else folder.absolute()
    for one, other in (*WORDS, *((after, before) for before, after in WORDS)):
        if named.name.lower() == one and other in _folders_in(named.parent):
            raise PairsError(
                "this folder has one side of the pairs only",
                where=str(folder),
                do=f"Give {named.parent}, which has both.",
            )


def _names(layout: Layout) -> list[str]:
    return sorted(layout.before.keys() | layout.after.keys())


def _count(number: int, what: str) -> str:
    return f"{number} {what}{'s' * (number != 1)}"


def _some(names: Iterable[str]) -> str:
    listed = list(names)
    more = f" and {len(listed) - SHOWN} more" if len(listed) > SHOWN else ""
    return ", ".join(listed[:SHOWN]) + more
