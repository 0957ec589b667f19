"""`brushctl export`: copy a brush out of the cache, or turn it into a LUT."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from brushctl.app.export_lut import SUFFIX, export_lut
from brushctl.brushes.cache import checked_file, find_name, store
from brushctl.brushes.header import blaming
from brushctl.cli._options import Base, Device, complete_names
from brushctl.cli._output import say
from brushctl.cli._progress import reporting
from brushctl.cli._status import exit_with_failed
from brushctl.cli._streams import check_stdout_takes_bytes
from brushctl.errors import UsageError
from brushctl.files import STREAM, expanded, read_bytes

TABLE = "As a table of colours"


def export(
    brush: Annotated[
        str,
        typer.Argument(
            help="A brush's name in the cache; with --lut a file too.",
            autocompletion=complete_names,
        ),
    ],
    targets: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[TARGET | PICTURES...]",
            help="A .brush file or a folder to copy to; - is stdout. With --lut: pictures.",
        ),
    ] = None,
    *,
    lut: Annotated[
        Path | None,
        typer.Option(
            help="A .cube file: the grade's table, or one fitted to pictures.",
            rich_help_panel=TABLE,
        ),
    ] = None,
    force: Annotated[
        bool,
        typer.Option(
            "--force", help="Write it even if it carries little of the edit.", rich_help_panel=TABLE
        ),
    ] = False,
    base: Base = None,
    device: Device = "auto",
    overwrite: Annotated[
        bool, typer.Option("--overwrite", help="Replace a file of that name.")
    ] = False,
) -> None:
    """Copy a brush out of the cache, or write it as a LUT (--lut).

    The copy is byte for byte, after checking that the brush is whole. A LUT is for other programs.
    A grade of colours alone is one already, and needs no pictures. Of any other brush it is what a
    table of colours can carry, fitted to what it does to pictures, and refused if that is little.
    Status 3: it is written, but some pictures could not be read.

    Examples:
        brushctl export golden-hour for-anna/
        brushctl export golden-hour - > golden-hour.brush
        brushctl export golden-hour --lut golden-hour.cube photos/
    """
    named = targets or []
    if lut:
        with reporting() as report:
            exported = export_lut(
                brush,
                expanded(lut),
                named,
                force=force,
                overwrite=overwrite,
                base=base,
                device=device,
                report=report,
            )
        judged = "on pictures left out of the fit" if exported.fitted else "its grade's own table"
        carried = f"{exported.share:.0%} of the edit, {judged}"
        say(f"exported {brush}: {expanded(lut)} ({carried})")
        exit_with_failed(exported.failed, fine=1)
        return
    for option, given in {"--force": force, "--base": base, "--device": device != "auto"}.items():
        if given:
            raise UsageError(f"{option} is for a LUT", do="Add --lut FILE, or leave it out.")
    if len(named) > 1:
        raise UsageError("a brush is copied to one place", do="Name one, or pass --lut.")
    _copy(brush, named[0] if named else ".", overwrite=overwrite)


def _copy(brush: str, target: str, *, overwrite: bool) -> None:
    from brushctl.brushes.file import decode_brush

    if target == STREAM:
        check_stdout_takes_bytes("a brush", "Name a file or a folder, or > FILE.")
    source = find_name(brush)
    data = read_bytes(source)
    with blaming(str(source)):
        decode_brush(data)
    if target == STREAM:
        sys.stdout.buffer.write(data)
        return
    path = expanded(target)
    path = path / source.name if path.is_dir() or target.endswith(("/", "\\")) else path
    if path.suffix.lower() == SUFFIX:
        raise UsageError(
            "this is a LUT's name, and --lut is missing",
            where=target,
            do=f"Run `brushctl export {brush} --lut {target}`.",
        )
    store(data, str(checked_file(path)), overwrite=overwrite)
    say(f"exported {brush}: {path}")
