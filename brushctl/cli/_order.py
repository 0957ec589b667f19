"""Arguments in another order, or of another number: one brush to apply, one source of pairs."""

import sys
from collections.abc import Sequence
from pathlib import Path, PurePath
from shlex import quote

from brushctl.brushes.cache import is_name, names_brush
from brushctl.errors import UsageError
from brushctl.files import expanded, is_there
from brushctl.photos.formats import SUFFIXES
from brushctl.runs.inputs import MAGIC

MOST_SHOWN = 3
"""Photographs that a corrected command names: a shell may have put thousands for one pattern."""


def check_order(brush: str, inputs: Sequence[str]) -> None:
    """See that one brush is named, and before the photographs.

    Args:
        brush: the first argument.
        inputs: those behind it.

    Raises:
        UsageError: photographs stand in the brush's place, or another brush in theirs.
    """
    if not names_brush(brush) and _is_photographs(brush):
        meant = next((name for name in inputs if names_brush(name)), None)
        if meant is None:
            raise UsageError(
                "these are photographs, and the brush before them is missing",
                where=brush,
                do=f"Run `brushctl apply BRUSH {quote(brush)} -o EDITED`.",
            )
        photographs = [brush, *(name for name in inputs if name != meant)]
        raise UsageError(
            "the brush comes before the photographs",
            do=f"Run `{_corrected(sys.argv, meant, photographs)}`.",
        )
    second = next((name for name in inputs if names_brush(name) and not _is_photographs(name)), "")
    if second:
        both = f"{quote(brush)} {quote(second)}"
        raise UsageError(
            "this is a second brush, and apply takes one",
            where=second,
            do="Apply them one after the other, or mix them: "
            f"`brushctl mix {both} --method stack -o BOTH`.",
        )


def check_one_source(pairs: Path, others: Sequence[str], *, command: str = "learn") -> None:
    """See that one folder or manifest of pairs is named.

    Args:
        pairs: the first argument.
        others: those behind it.
        command: that takes them; only `learn` makes a brush, which has a name.

    Raises:
        UsageError: there are others: the other side of the pairs, or a name without its `-o`.
    """
    if not others:
        return
    named = [str(pairs), *others]
    there = [name for name in named if is_there(expanded(name))]
    missing = [name for name in named if name not in there]
    if len(there) == len(missing) == 1 and command != "learn":
        told = "the pairs are all that it takes, and more is named"
        do = f"Run `brushctl {command} {quote(there[0])}`."
    elif len(there) == len(missing) == 1 and is_name(missing[0]):
        told = "the name of a new brush stands behind -o"
        do = f"Run `brushctl learn {quote(there[0])} -o {missing[0]}`."
    elif len(named) == 2 and _are_sides(pairs, Path(others[0])):
        told, do = "one folder holds both sides of the pairs", f"Name {pairs.parent} alone."
    else:
        told = "the pairs come from one folder or list, and more are named"
        do = "Put the pictures into before/ and after/ in one folder, and name that."
    raise UsageError(told, do=do)


def _are_sides(one: Path, other: Path) -> bool:
    """Whether these are the two folders of pairs, as `before` and `after`, in one folder."""
    from brushctl.pairs.find import WORDS

    names = one.name.lower(), other.name.lower()
    return one.parent == other.parent and (names in WORDS or names[::-1] in WORDS)


def _is_photographs(name: str) -> bool:
    """Whether a name is one of a photograph, of a folder of them or of a pattern."""
    suffix = PurePath(name).suffix.lower()
    return suffix in SUFFIXES or bool(MAGIC.search(name)) or _is_folder(name)


def _is_folder(name: str) -> bool:
    path = expanded(name)
    return is_there(path) and path.is_dir()


def _corrected(words: Sequence[str], brush: str, photographs: Sequence[str]) -> str:
    """A command with the brush moved to the front, and at most a few of the photographs."""
    places = [k for k, word in enumerate(words) if word == brush]
    moved = min(places, key=lambda k: words[k - 1].startswith("-"))  # behind -o it is a folder
    rest = [word for k, word in enumerate(words) if k != moved][2:]
    if len(photographs) > MOST_SHOWN:
        first = rest.index(photographs[0])
        options = [word for word in rest[first:] if word not in photographs]
        rest = [*rest[:first], photographs[0], "...", *options]
    return " ".join(["brushctl apply", quote(brush), *map(quote, rest)])
