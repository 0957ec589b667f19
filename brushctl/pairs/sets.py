"""Lists of sets of pairs, a brush to be learned from each: CSV, or JSON with the same keys.

    pairs,name,phrase,steps
    golden-hour/,,,
    dusk/pairs.csv,dusk,make it dusk,500

`pairs` is a folder or a manifest of pairs, from the list's own folder; `name` the brush's, or that
of its pairs if empty. Other columns are options of `learn`; what is empty, the command line says.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from brushctl.errors import PairsError
from brushctl.pairs.manifest import MANIFESTS, read_rows
from brushctl.settings import LARGEST_SEED

KINDS: dict[str, type] = {
    "base": str,
    "recipe": str,
    "steps": int,
    "phrase": str,
    "no_phrase": bool,
    "hold_out": int,
    "cross_validate": bool,
    "align": bool,
    "seed": int,
}
"""The options that a set may have of its own."""
LEAST = {"steps": 1, "hold_out": 0, "seed": 0}
MOST = {"seed": LARGEST_SEED}
COLUMNS = ("pairs", "name", *KINDS)
TRUTHS = {"yes": True, "true": True, "1": True, "no": False, "false": False, "0": False}


@dataclass(frozen=True, slots=True)
class PairSet:
    """Pairs that a brush is to be learned from.

    Attributes:
        pairs: a folder or a manifest.
        name: the brush's.
        options: those of `KINDS` that are its own.
    """

    pairs: Path
    name: str
    options: dict[str, Any] = field(default_factory=dict)


def read_sets(path: Path) -> list[PairSet]:
    """The sets in a list, in its order; whether their pairs are there is not looked at.

    Raises:
        PairsError: the list is malformed or empty, or gives two brushes one name.
    """
    sets = [_checked(path, number, row) for number, row in enumerate(read_rows(path), 1)]
    names = [each.name.casefold() for each in sets]  # on some disks one file
    if twice := sorted({name for name in names if names.count(name) > 1}):
        raise PairsError(
            f"two sets would become the brush {twice[0]}",
            where=str(path),
            do="Give one of them another `name`.",
        )
    return sets


def _checked(path: Path, number: int, row: object) -> PairSet:
    where = f"{path}, set {number}"
    if not isinstance(row, dict):
        raise _wrong("this is not a set of pairs", where, COLUMNS)
    # A row of a CSV that is too long has its rest under None.
    if unknown := [str(key) for key in row if key not in COLUMNS]:
        raise _wrong(f"there is no option {unknown[0]}", where, COLUMNS)
    given = {key: value for key, value in row.items() if value not in (None, "")}
    pairs, name = given.pop("pairs", None), given.pop("name", "")
    if not isinstance(pairs, str) or not isinstance(name, str):
        raise _wrong("the set does not name its pairs", where, ("pairs",))
    options = {key: _value(key, value, where) for key, value in given.items()}
    where_pairs = Path(pairs)
    is_list = where_pairs.suffix.lower() in MANIFESTS
    own = where_pairs.stem if is_list else where_pairs.name
    return PairSet(path.parent / where_pairs, name or own, options)


def _value(key: str, value: object, where: str) -> object:
    """What a cell says, or a JSON value of the right kind already."""
    kind = KINDS[key]
    read: object = value
    if isinstance(value, str) and kind is bool:
        read = TRUTHS.get(value.lower(), value)
    elif isinstance(value, str) and kind is int:
        read = int(value) if value.strip().isdecimal() else value
    if type(read) is not kind or (isinstance(read, int) and not _within(key, read)):
        wanted = {bool: ("yes", "no"), int: ("a whole number",), str: ("text",)}[kind]
        raise _wrong(f"{key} cannot be {value!r}", where, wanted)
    return read


def _within(key: str, number: int) -> bool:
    return LEAST.get(key, 0) <= number <= MOST.get(key, number)


def _wrong(what: str, where: str, known: Sequence[str]) -> PairsError:
    return PairsError(what, where=where, do=f"It may have: {', '.join(known)}.")
