"""`brushctl import`: bring a brush file into the cache."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from brushctl.brushes.cache import checked_name, names_brush, store
from brushctl.brushes.header import blaming, read_whole
from brushctl.cli._options import Json, Overwrite
from brushctl.cli._output import print_json, say
from brushctl.cli._streams import check_stdin_gives_bytes
from brushctl.errors import BrushNotFoundError
from brushctl.files import STREAM, expanded, naming
from brushctl.reading import open_file
from brushctl.runs.storage.base import is_url

if TYPE_CHECKING:
    from brushctl.brushes.file import Brush


def import_brush(
    file: Annotated[str, typer.Argument(help="A .brush file; - is stdin.")],
    *,
    name: Annotated[
        str | None,
        typer.Option(
            help="Its name in the cache; if not given, the file's (from stdin, the one inside)."
        ),
    ] = None,
    overwrite: Overwrite = False,
    json: Json = False,
) -> None:
    """Bring a brush file into the cache, byte for byte; what is invalid is not stored.

    Examples:
        brushctl import golden-hour.brush
        brushctl import golden-hour.brush --name dusk
        brushctl import - --name dusk < golden-hour.brush
    """
    from brushctl.brushes.file import decode_brush

    if name:
        checked_name(name)
    with blaming(file):
        data = _read(file)
        brush = decode_brush(data)
    chosen = checked_name(name or _own_name(file, brush), "Choose one: --name NAME.")
    path = store(data, chosen, overwrite=overwrite)
    if json:
        print_json({"brush": chosen, "path": str(path), "metadata": brush.metadata.to_dict()})
    else:
        say(f"imported {chosen}: {path}")


def _read(file: str) -> bytes:
    if file == STREAM:
        check_stdin_gives_bytes("the brush")
        with naming(STREAM):
            return read_whole(sys.stdin.buffer)
    path = expanded(file)
    try:
        with naming(path), open_file(path) as opened:
            return read_whole(opened)
    except IsADirectoryError:
        do = "Name the .brush file in it."
        raise BrushNotFoundError("this is a folder, not a brush file", where=file, do=do) from None
    except FileNotFoundError:
        raise BrushNotFoundError("there is no such brush file", where=file, do=_do(file)) from None


def _do(file: str) -> str:
    if is_url(file):
        return "Download it, then import the file."
    if names_brush(file):
        return "A brush of that name is in the cache already."
    return "Check the spelling, and the folder that you are in."


def _own_name(file: str, brush: "Brush") -> str:
    return brush.metadata.name if file == STREAM else Path(file).stem
