"""`brushctl label`: say of a brush who made it, under which licence, and show what it does."""

from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any

import typer

from brushctl.brushes.cache import find
from brushctl.brushes.fields import as_usage_errors, line, prose
from brushctl.cli._options import BrushName, Json
from brushctl.cli._output import print_json, say
from brushctl.errors import UsageError


def label(
    brush: BrushName,
    *,
    title: Annotated[str | None, typer.Option(help="A title for people to read.")] = None,
    author: Annotated[str | None, typer.Option(help="Who made it.")] = None,
    licence: Annotated[
        str | None, typer.Option("--license", help="What others may do with it.")
    ] = None,
    note: Annotated[str | None, typer.Option(help="Anything else; may have several lines.")] = None,
    preview: Annotated[
        tuple[Path, Path] | None,
        typer.Option(metavar="BEFORE AFTER", help="Two photographs to keep in it, small."),
    ] = None,
    no_preview: Annotated[
        bool, typer.Option("--no-preview", help="Take the photographs out again.")
    ] = False,
    json: Json = False,
) -> None:
    """Say of a brush who made it, under which licence, and show what it does.

    An empty text takes a label away. The edit and its hash stay as they are.

    Examples:
        brushctl label golden-hour --author 'Anna Example' --license CC-BY-4.0
        brushctl label golden-hour --preview before.jpg after.jpg
        brushctl label golden-hour --note ''
    """
    path = find(brush)
    labels = _labels({"title": title, "author": author, "license": licence, "note": note})
    if preview and no_preview:
        raise UsageError(
            "--preview and --no-preview contradict each other", do="Leave one of them out."
        )
    if preview:
        from brushctl.photos.preview import preview_of

        labels["preview"] = preview_of(*preview)
    if no_preview:
        labels["preview"] = None
    if not labels:
        raise UsageError("no label is given", do="Give --title, --author, --license or another.")

    from brushctl.brushes.file import read_brush, write_brush

    bare = read_brush(path)
    labelled = replace(bare, metadata=replace(bare.metadata, **labels))
    write_brush(labelled, path)
    if json:
        print_json({"brush": path.stem, "path": str(path), "metadata": labelled.metadata.to_dict()})
    else:
        say(f"labelled {path.stem}: {path}")


def _labels(given: dict[str, str | None]) -> dict[str, Any]:
    """The labels that were given; None for one that is taken away.

    Raises:
        UsageError: the format has no room for one.
    """
    labels = {key: text or None for key, text in given.items() if text is not None}
    with as_usage_errors():
        for key, text in labels.items():
            (prose if key == "note" else line)(text or "", f"--{key}")
    return labels
