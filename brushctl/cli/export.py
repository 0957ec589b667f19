"""`brushctl export`: copy a brush out of the cache."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from brushctl.brushes.cache import SUFFIX, find_name, store
from brushctl.brushes.header import blaming
from brushctl.cli.arguments import CachedName, Overwrite
from brushctl.cli.output import say
from brushctl.errors import UsageError

STREAM = "-"


def export(
    brush: CachedName,
    target: Annotated[
        str, typer.Argument(help="A .brush file or a folder to copy to; - is stdout.")
    ] = ".",
    *,
    overwrite: Overwrite = False,
) -> None:
    """Copy a brush out of the cache, byte for byte, after checking that it is whole."""
    from brushctl.brushes.file import decode_brush

    source = find_name(brush)
    data = source.read_bytes()
    with blaming(str(source)):
        decode_brush(data)
    if target == STREAM:
        sys.stdout.buffer.write(data)
        return
    path = Path(target).expanduser()
    path = path / source.name if path.is_dir() else path
    if path.suffix != SUFFIX:
        raise UsageError(f"the file's name must end in {SUFFIX}", where=target)
    store(data, str(path), overwrite=overwrite)
    say(f"exported {brush}: {path}")
