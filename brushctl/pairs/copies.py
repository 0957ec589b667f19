"""Edited copies beside their originals, named as photo programs name them.

    IMG_1.jpg and IMG_1-Edit.tif      Lightroom, of an edit in another program
    IMG_1.jpg and IMG_1-edited.jpg    Google Photos; `IMG_1_edited` and `IMG_1 edited` too
    IMG_1.jpg and IMG_1-2.jpg         Lightroom, where the name was taken when it exported
    IMG_1.jpg and IMG_1_01.jpg        darktable, likewise

A number says little: `harbour-2.jpg` may be another photograph of the harbour. A numbered copy
counts only where both pictures show one scene.
"""

import re
from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path

from brushctl.errors import PhotoError
from brushctl.pairs.align import shows_same_scene
from brushctl.pairs.find import Layout, composed
from brushctl.photos.photo import open_photo

WORD = re.compile(r"(.+)[-_. ]\(?edit(?:ed)?\)?", re.IGNORECASE | re.DOTALL)
NUMBER = re.compile(r"(.+)(?:-[2-9]|_0[1-9])", re.DOTALL)


def find_copies(pictures: Sequence[Path]) -> Layout:
    """The originals among `pictures` that have an edited copy beside them, and these copies.

    A copy that is named by a word and has no original is in `after` alone: it is a mistake. One
    that is named by a number is then a photograph of its own.
    """
    by_name: dict[str, list[Path]] = defaultdict(list)
    for picture in pictures:
        by_name[composed(picture.stem)].append(picture)
    originals = _by_word(by_name)
    originals |= _by_number(by_name, originals)
    layout = Layout("x and x-Edit")
    for copy, original in sorted(originals.items()):
        layout.after[original].extend(by_name[copy])
        if original in by_name:
            layout.before[original] = by_name[original]
    return layout


def _by_word(names: Collection[str]) -> dict[str, str]:
    """The originals' names by those of their copies; none if the word means something else here."""
    originals = {name: match[1] for name in names if (match := WORD.fullmatch(name))}
    return originals if any(original in names for original in originals.values()) else {}


def _by_number(by_name: Mapping[str, list[Path]], known: Mapping[str, str]) -> dict[str, str]:
    """Likewise, of photographs that have no part in the `known` copies."""
    free = by_name.keys() - known.keys() - set(known.values())
    originals: dict[str, str] = {}
    for name in sorted(free):  # `x` and `x-2` come before `x-2-2`, which is then none of `x-2`
        match = NUMBER.fullmatch(name)
        original = match[1] if match else ""
        if original not in free - originals.keys():
            continue
        if _show_same_scene(by_name[original][0], by_name[name][0]):
            originals[name] = original
    return originals


def _show_same_scene(before: Path, after: Path) -> bool:
    try:
        return shows_same_scene(open_photo(before).pixels, open_photo(after).pixels)
    except PhotoError:
        return False
