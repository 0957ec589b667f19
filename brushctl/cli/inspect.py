"""`brushctl inspect`: what a brush does, on which base, learned how well."""

import sys
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import typer

from brushctl.brushes.cache import find
from brushctl.brushes.header import Header, blaming, read_file_header, read_header, read_whole
from brushctl.cli._options import BrushNames, Json
from brushctl.cli._output import print_error, print_json
from brushctl.errors import BrushctlError, BrushError, NameInvalidError, disk_error
from brushctl.files import STREAM


def inspect(
    brushes: BrushNames,
    *,
    tensors: Annotated[
        bool, typer.Option("--tensors", help="Read the features too, and measure each site.")
    ] = False,
    json: Json = False,
) -> None:
    """Show what brushes do, which base they belong to and how well they were learned.

    Only the header is read, whatever the file's size, unless --tensors is given. Status 5 if one
    of them is not there or invalid; the others are shown.
    """
    entries: list[dict[str, Any]] = []
    failures: list[BrushctlError] = []
    for target in brushes:
        try:
            source, header, statistics = _read(target, tensors=tensors)
        except (BrushError, NameInvalidError, OSError) as error:
            failures.append(disk_error(error) if isinstance(error, OSError) else error)
            entries.append({"source": target, "error": failures[-1].to_dict()})
            continue
        entries.append(_entry(source, header, statistics))
        if not json:
            from brushctl.cli._panel import show_brush

            show_brush(source, header, statistics)
    if json:
        print_json({"brushes": entries})
    else:
        for failure in failures:
            print_error(str(failure))
    if failures:
        raise typer.Exit(BrushError.exit_status)


def _read(target: str, *, tensors: bool) -> tuple[str, Header, dict[str, Any] | None]:
    """Where it is, its header, and the statistics of its sites if they are asked for."""
    path = None if target == STREAM else find(target)
    source = str(path or STREAM)
    if not tensors:
        return source, _header(path), None
    from io import BytesIO

    from brushctl.brushes.file import decode_brush, read_brush
    from brushctl.brushes.statistics import site_statistics

    if path:
        header, brush = read_file_header(path), read_brush(path)
    else:
        with blaming(STREAM):
            data = read_whole(sys.stdin.buffer)
            header, brush = read_header(BytesIO(data)), decode_brush(data)
    return source, header, {site: asdict(s) for site, s in site_statistics(brush).items()}


def _header(path: Path | None) -> Header:
    if path:
        return read_file_header(path)
    with blaming(STREAM):
        return read_header(sys.stdin.buffer)


def _entry(source: str, header: Header, statistics: dict[str, Any] | None) -> dict[str, Any]:
    entry = {"source": source, "bytes": header.size, "metadata": header.metadata.to_dict()}
    return entry if statistics is None else {**entry, "tensors": statistics}
