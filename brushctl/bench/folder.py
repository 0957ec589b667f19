"""TOP-Bench, or anything like it, from a folder of the user's.

Each effect is a folder in it, named as in Table 3 (case, blanks, `-` and `_` do not count), with
`train/` and `test/` (or `training/` and `testing/`) of pairs in any layout that `learn` reads;
or with pairs alone, of which the first ten are for training. `instruction.txt` says the edit in
words; without it, Table 3 does.
"""

import re
from pathlib import Path

from brushctl.bench.effects import TABLE_3, TRAIN, Effect
from brushctl.errors import PairsError
from brushctl.pairs.find import Pair, find_pairs
from brushctl.pairs.load import load_pairs

TRAINING, TESTING = ("train", "training"), ("test", "testing")
INSTRUCTION_FILE = "instruction.txt"
MARK = ".brushctl-bench"
"""A file that tells a bench's work folder from an effect's."""


def effects_in(folder: Path) -> dict[str, Path]:
    """The folders of effects by name, in Table 3's order, others after them.

    Raises:
        PairsError: there is none.
    """
    by_key = {_key(name): name for name in TABLE_3}
    inner = sorted(f for f in folder.iterdir() if f.is_dir() and not f.name.startswith("."))
    inner = [f for f in inner if not (f / MARK).is_file()]
    found = {by_key.get(_key(f.name), f.name): f for f in inner}
    if len(found) < len(inner):
        raise PairsError(
            "two folders have the name of one effect",
            where=str(folder),
            do="Case, blanks, - and _ do not count: rename one of them.",
        )
    if not found:
        raise PairsError(
            "there is no folder of an effect here",
            where=str(folder),
            do="Give the folder that holds one folder for each effect.",
        )
    order = list(TABLE_3)
    ranked = sorted(found, key=lambda name: order.index(name) if name in order else len(order))
    return {name: found[name] for name in ranked}


def load_effect(name: str, folder: Path, resolution: int) -> Effect:
    """An effect with its pictures at the model's resolution.

    Raises:
        PairsError: its pairs cannot be found, or no words are known for it, or its own words are
            not UTF-8.
    """
    train, test = _split(folder)
    scope, instruction = TABLE_3.get(name, ("", ""))
    written = folder / INSTRUCTION_FILE
    if written.is_file():
        instruction = _words_in(written)
    if not instruction:
        raise PairsError(
            "this effect is not in TOP-Bench, and nothing says it in words",
            where=str(folder),
            do=f"Write the instruction into {INSTRUCTION_FILE} in its folder.",
        )
    return Effect(
        name,
        scope,
        instruction,
        train=load_pairs(train, resolution),
        test=load_pairs(test, resolution),
    )


def _words_in(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8-sig").strip()
    except UnicodeDecodeError:
        raise PairsError("this is not UTF-8", where=str(file), do="Save it as UTF-8.") from None


def _split(folder: Path) -> tuple[list[Pair], list[Pair]]:
    train, test = _inner(folder, TRAINING), _inner(folder, TESTING)
    if train and test:
        return find_pairs(train), find_pairs(test)
    pairs = sorted(find_pairs(folder), key=lambda pair: _natural(pair.name))
    if len(pairs) <= TRAIN:
        raise PairsError(
            f"{len(pairs)} pairs leave none to test on",
            where=str(folder),
            do=f"Put them into train/ and test/, or give more than {TRAIN}.",
        )
    return pairs[:TRAIN], pairs[TRAIN:]


def _natural(name: str) -> list[str | int]:
    """A key that puts 2 before 10."""
    return [int(part) if part.isdigit() else part for part in re.split(r"(\d+)", name)]


def _inner(folder: Path, names: tuple[str, ...]) -> Path | None:
    return next((f for f in folder.iterdir() if f.is_dir() and f.name.lower() in names), None)


def _key(name: str) -> str:
    return re.sub(r"[\s_-]", "", name).lower()
