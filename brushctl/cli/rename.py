"""`brushctl rename`: give a brush of the cache another name."""

from typing import Annotated

import typer

from brushctl.brushes.cache import rename as rename_brush
from brushctl.cli._options import CachedName, Overwrite
from brushctl.cli._output import say


def rename(
    old: CachedName,
    new: Annotated[str, typer.Argument(help="Its new name.")],
    *,
    overwrite: Overwrite = False,
) -> None:
    """Give a brush of the cache another name; the file itself stays as it is.

    Examples:
        brushctl rename golden-hour dusk
    """
    say(f"renamed {old} to {new}: {rename_brush(old, new, overwrite=overwrite)}")
