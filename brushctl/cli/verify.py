"""`brushctl verify`: read whole brushes again and name what is damaged."""

from typing import Annotated

import typer

from brushctl.brushes.cache import names, open_brush
from brushctl.cli._options import Json, complete_names
from brushctl.cli._output import print_error, print_fields, print_json, say
from brushctl.errors import BrushctlError, BrushError, NameInvalidError, disk_error


def verify(
    brushes: Annotated[
        list[str] | None,
        typer.Argument(
            help="Brushes by name or file; all of the cache if none is given.",
            autocompletion=complete_names,
        ),
    ] = None,
    *,
    json: Json = False,
) -> None:
    """Read brushes whole, hash them again, and name what is damaged. Status 5 if any is.

    Examples:
        brushctl verify
        brushctl verify golden-hour copy.brush
    """
    whole: list[str] = []
    damaged: dict[str, BrushctlError] = {}
    for target in brushes or names():
        try:
            open_brush(target)
            whole.append(target)
        except (BrushError, NameInvalidError) as error:
            damaged[target] = error
        except OSError as error:
            damaged[target] = disk_error(error)
    if json:
        broken = [{"brush": target, "error": e.to_dict()} for target, e in damaged.items()]
        print_json({"whole": whole, "damaged": broken})
    else:
        for target in whole:
            print_fields(target, "whole")
        for target in damaged:
            print_fields(target, "damaged")
        for failure in damaged.values():
            print_error(str(failure))
        say(f"{len(whole)} whole, {len(damaged)} damaged")
    if damaged:
        raise typer.Exit(BrushError.exit_status)
