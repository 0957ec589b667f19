"""`brushctl inspect`: what a brush does, on which base, learned how well."""

import sys
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from brushctl.brushes.cache import find
from brushctl.brushes.graded import single_grades
from brushctl.brushes.header import Header, blaming, read_file_header, read_header, read_whole
from brushctl.brushes.words import grade_in_words
from brushctl.cli._options import BrushNames, Json
from brushctl.cli._output import print_error, print_json
from brushctl.cli._streams import check_stdin_gives_bytes
from brushctl.errors import BrushctlError, BrushError, NameInvalidError, disk_error
from brushctl.files import STREAM

if TYPE_CHECKING:
    from brushctl.brushes.file import Brush


def inspect(
    brushes: BrushNames,
    *,
    tensors: Annotated[
        bool,
        typer.Option(
            "--tensors", help="Read the tensors too: the grade's curves, and figures of each site."
        ),
    ] = False,
    json: Json = False,
) -> None:
    """Show what brushes do, which base they belong to and how well they were learned.

    Only the header is read, whatever the file's size, unless --tensors is given. Status 5 if one
    of them is not there or invalid; the others are shown.

    Examples:
        brushctl inspect golden-hour
        brushctl inspect golden-hour grain.brush --json
        brushctl inspect golden-hour --tensors
    """
    entries: list[dict[str, Any]] = []
    failures: list[BrushctlError] = []
    for target in brushes:
        try:
            source, header, measured = _read(target, tensors=tensors)
        except (BrushError, NameInvalidError, OSError) as error:
            failures.append(disk_error(error) if isinstance(error, OSError) else error)
            entries.append({"source": target, "error": failures[-1].to_dict()})
            continue
        entries.append(_entry(source, header, measured))
        if not json:
            from brushctl.cli._panel import show_brush

            show_brush(source, header, measured)
    if json:
        print_json({"brushes": entries})
    else:
        for failure in failures:
            print_error(str(failure))
    if failures:
        raise typer.Exit(BrushError.exit_status)


def _read(target: str, *, tensors: bool) -> tuple[str, Header, dict[str, Any]]:
    """Where it is, its header, and what is measured of its tensors if that is asked for."""
    if target == STREAM:
        check_stdin_gives_bytes("the brush")
    path = None if target == STREAM else find(target)
    source = str(path or STREAM)
    if not tensors:
        return source, _header(path), {}
    from io import BytesIO

    from brushctl.brushes.file import decode_brush, read_brush
    from brushctl.brushes.statistics import site_statistics

    if path:
        header, brush = read_file_header(path), read_brush(path)
    else:
        with blaming(STREAM):
            data = read_whole(sys.stdin.buffer)
            header, brush = read_header(BytesIO(data)), decode_brush(data)
    sites = {site: asdict(s) for site, s in site_statistics(brush).items()}
    return source, header, {"tensors": sites, **_curves(brush)}


def _curves(brush: "Brush") -> dict[str, Any]:
    """What a grade of colours alone makes of greys; nothing of other brushes."""
    info = brush.metadata.grade
    if info is None or any(one.network for _, one in single_grades(info)):
        return {}
    from brushctl.grade.look import chart_of
    from brushctl.grade.stored import grade_of

    grade = grade_of(brush)
    chart = chart_of(grade) if grade else None
    return {"curves": asdict(chart)} if chart else {}


def _header(path: Path | None) -> Header:
    if path:
        return read_file_header(path)
    with blaming(STREAM):
        return read_header(sys.stdin.buffer)


def _entry(source: str, header: Header, measured: dict[str, Any]) -> dict[str, Any]:
    metadata = header.metadata
    return {
        "source": source,
        "bytes": header.size,
        "parts": list(metadata.parts),
        "does": list(grade_in_words(metadata)),
        "metadata": metadata.to_dict(),
        **measured,
    }
