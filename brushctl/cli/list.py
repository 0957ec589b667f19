"""`brushctl list`: the brushes in the cache."""

import sys
from typing import TYPE_CHECKING, Annotated, Any

import typer

from brushctl.brushes.cache import names, path_of
from brushctl.brushes.checkpoint import begun_in
from brushctl.brushes.header import read_metadata
from brushctl.brushes.metadata import Metadata
from brushctl.brushes.words import grade_in_brief
from brushctl.cli._options import Json
from brushctl.cli._output import out_console, print_fields, print_json, print_table, say, shown
from brushctl.cli.verify import state_of
from brushctl.errors import BrushctlError, BrushFormatError, disk_error
from brushctl.settings import brush_cache

if TYPE_CHECKING:
    from rich.table import Table


def list_brushes(
    *,
    path: Annotated[bool, typer.Option("--path", help="Only print where the cache is.")] = False,
    json: Json = False,
) -> None:
    """List the brushes in the cache: a table on a terminal, one name a line elsewhere.

    Examples:
        brushctl list
        brushctl list --path
    """
    if path:
        print_fields(str(brush_cache()))
        return
    found, begun = names(), begun_in(brush_cache())
    if json:
        entries = [_entry(name) for name in found]
        print_json({"cache": str(brush_cache()), "brushes": entries, "unfinished": begun})
        return
    if not sys.stdout.isatty():
        for name in found:
            print_fields(name)
        return
    print_table(_table(found, begun), out_console())
    unfinished = f" and {len(begun)} unfinished" if begun else ""
    say(f"{len(found)} brush{'es' * (len(found) != 1)}{unfinished} in {brush_cache()}")


def _entry(name: str) -> dict[str, Any]:
    entry: dict[str, Any] = {"name": name, "path": str(path_of(name))}
    metadata = _metadata(name)
    failed = isinstance(metadata, BrushctlError)
    return {**entry, "error" if failed else "metadata": metadata.to_dict()}


def _metadata(name: str) -> Metadata | BrushctlError:
    """What a brush says of itself, or why it cannot be read: one bad file hides no other."""
    try:
        return read_metadata(path_of(name))
    except BrushFormatError as error:
        return error
    except OSError as error:
        return disk_error(error)


def _table(found: list[str], begun: list[str]) -> "Table":
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, pad_edge=False, header_style="dim")
    for column in ("name", "edit", "base model", "made"):
        table.add_column(column, overflow="fold")
    for name in found:
        metadata = _metadata(name)
        if isinstance(metadata, BrushctlError):
            table.add_row(
                Text(name), Text(f"{state_of(metadata)}: {shown(metadata.what)}", style="red")
            )
        else:
            table.add_row(*(Text(shown(cell)) for cell in _row(name, metadata)))
    for name in begun:
        table.add_row(
            Text(name),
            Text("unfinished: go on with learn --resume, or delete it with rm", "yellow"),
        )
    return table


def _row(name: str, meta: Metadata) -> tuple[str, str, str, str]:
    if meta.lineage:
        start = f"{meta.lineage.method} of {', '.join(p.name for p in meta.lineage.parents)}"
    else:
        parts = [grade_in_brief(meta)] if meta.grade else []
        if meta.instruction:
            parts.append(f"from {meta.instruction.phrase or 'no phrase'}")
        start = "; ".join(parts)
    return name, start, meta.base.id if meta.base else "none needed", meta.created[:10]
