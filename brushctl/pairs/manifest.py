"""Lists of pairs: CSV with the columns `before` and `after`, or a JSON array of such objects."""

import csv
import io
import json
import stat
from pathlib import Path

from brushctl.errors import PairsError, reason
from brushctl.reading import LIST, read_file

MANIFESTS = frozenset({".csv", ".json"})
SIDES = ("before", "after")


def read_manifest(path: Path) -> list[tuple[Path, Path]]:
    """The files of each pair, in the manifest's order; relative paths start at its folder.

    Raises:
        PairsError: the manifest is malformed or empty, or names a file that is not there.
    """
    return [_checked(path, number, row) for number, row in enumerate(read_rows(path), 1)]


def read_rows(path: Path) -> list[object]:
    """The rows of a manifest, whatever they list.

    Raises:
        PairsError: it cannot be read, or has none.
    """
    try:
        rows = _csv(path) if path.suffix.lower() == ".csv" else _json(path)
    except OSError as error:
        raise PairsError(
            f"the manifest cannot be read ({reason(error)})",
            where=str(path),
            do="Check its path.",
        ) from None
    except (UnicodeDecodeError, csv.Error, json.JSONDecodeError, RecursionError) as error:
        raise PairsError(
            f"the manifest cannot be read ({error})",
            where=str(path),
            do="Save it as UTF-8 text, in CSV or JSON as its name says.",
        ) from None
    if not rows:
        raise PairsError("the manifest lists nothing", where=str(path), do="Add a row to it.")
    return rows


def _csv(path: Path) -> list[object]:
    file = io.StringIO(_text(path), newline="")
    first = file.readline()
    # Where a comma is in numbers, spreadsheets put semicolons between columns.
    delimiter = max(",;\t", key=first.count)
    (columns,) = csv.reader([first], delimiter=delimiter)
    names = [name.strip().lower() for name in columns]
    return list(csv.DictReader(file, names, delimiter=delimiter))


def _json(path: Path) -> list[object]:
    rows = json.loads(_text(path))
    if not isinstance(rows, list):
        raise PairsError(
            "the manifest is not a JSON array",
            where=str(path),
            do='Write it as [{"column": "value", ...}, ...], an object for each row.',
        )
    return rows


def _text(path: Path) -> str:
    return read_file(path, LIST).decode("utf-8-sig")


def _checked(path: Path, number: int, row: object) -> tuple[Path, Path]:
    where = f"{path}, pair {number}"
    names = [row.get(side) if isinstance(row, dict) else None for side in SIDES]
    files = [path.parent / name for name in names if isinstance(name, str) and name]
    if len(files) != len(SIDES):
        there = ", ".join(map(str, row)) if isinstance(row, dict) else "not an object"
        raise PairsError(
            f"the pair does not name two files (there is {there})",
            where=where,
            do="Give each pair a `before` and an `after`; a CSV needs them as its first row.",
        )
    for file in files:
        if why := _unlike_a_file(file):
            raise PairsError(
                why,
                where=where,
                do="Paths are taken from the manifest's folder; correct this one.",
            )
    return files[0], files[1]


def _unlike_a_file(path: Path) -> str | None:
    """Why a path leads to no file; None if it does."""
    try:
        mode = path.stat().st_mode
    except (FileNotFoundError, NotADirectoryError, ValueError):  # the last: with a zero byte
        return f"there is no file {path}"
    except (
        OSError
    ) as error:  # as of a name that is too long, which Path.is_file does not always say
        return f"{str(path)[:80]}... cannot be looked at ({reason(error)})"
    return None if stat.S_ISREG(mode) else f"{path} is not a file"
