"""`brushctl verify`: read whole brushes again and name those that are not whole."""

from collections import Counter
from typing import Annotated, Any

import typer

from brushctl.brushes.cache import names, open_brush
from brushctl.brushes.defects import VersionError
from brushctl.cli._options import Json, complete_names
from brushctl.cli._output import print_error, print_fields, print_json, say
from brushctl.errors import (
    BrushctlError,
    BrushError,
    BrushFormatError,
    DiskError,
    NameInvalidError,
    disk_error,
)

STATES: tuple[tuple[type[BrushctlError], str], ...] = (
    (VersionError, "newer"),
    (BrushFormatError, "damaged"),
    (DiskError, "unreadable"),
    (BrushctlError, "missing"),
)
"""What a brush is that is not whole, by the first of these errors that reading it raises."""


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
    """Read brushes whole, hash them again, and name what is damaged.

    Status 5 if one is damaged, missing, unreadable, or of a newer version than this brushctl reads.

    Examples:
        brushctl verify
        brushctl verify golden-hour copy.brush
    """
    whole: list[str] = []
    failures: dict[str, BrushctlError] = {}
    for target in brushes or names():
        try:
            open_brush(target)
            whole.append(target)
        except (BrushError, NameInvalidError) as error:
            failures[target] = error
        except OSError as error:
            failures[target] = disk_error(error)
    if json:
        print_json(_report(whole, failures))
    else:
        for target in whole:
            print_fields(target, "whole")
        for target, failure in failures.items():
            print_fields(target, state_of(failure))
        for failure in failures.values():
            print_error(str(failure))
        say(_counts(whole, failures))
    if failures:
        raise typer.Exit(BrushError.exit_status)


def state_of(error: BrushctlError) -> str:
    """What a brush is that cannot be read: one of `STATES`."""
    return next(state for kind, state in STATES if isinstance(error, kind))


def _report(whole: list[str], failures: dict[str, BrushctlError]) -> dict[str, Any]:
    """The brushes by their state, those that are not whole with their errors."""
    report: dict[str, Any] = {"whole": whole, **{state: [] for _, state in STATES}}
    for target, error in failures.items():
        report[state_of(error)].append({"brush": target, "error": error.to_dict()})
    return report


def _counts(whole: list[str], failures: dict[str, BrushctlError]) -> str:
    """How many there are of each state, for people; of damaged ones always."""
    counts = Counter(map(state_of, failures.values()))
    told = [
        f"{counts[state]} {state}" for _, state in STATES if counts[state] or state == "damaged"
    ]
    return ", ".join([f"{len(whole)} whole", *told])
