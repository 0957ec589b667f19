"""`brushctl mix`: make a new brush out of others."""

import contextlib
import math
import re
from collections.abc import Iterator
from dataclasses import replace
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from brushctl.brushes.cache import destination, names_brush, open_brush, store
from brushctl.brushes.header import read_metadata
from brushctl.cli._options import Base, Json, Overwrite, complete_names
from brushctl.cli._output import print_json, say
from brushctl.errors import BrushFormatError, UsageError
from brushctl.files import sweep

if TYPE_CHECKING:
    from brushctl.brushes.file import Brush
    from brushctl.brushes.provenance import Provenance

WEIGHTED = re.compile(r"(?P<brush>.+):(?P<weight>[^:/\\]*)")
RANGED = re.compile(r"(?P<brush>.+)@(?P<first>[0-9]+)(-(?P<last>[0-9]+))?")


class Method(StrEnum):
    """How the features of several brushes become those of one."""

    BLEND = "blend"
    STACK = "stack"


def mix(
    brushes: Annotated[
        list[str] | None,
        typer.Argument(
            help="Brushes with weights (warm:0.7 grain:0.3) or buckets (warm@3-4 grain@0-2).",
            autocompletion=complete_names,
        ),
    ] = None,
    *,
    output: Annotated[str, typer.Option("--output", "-o", help="The new brush: a name or a file.")],
    method: Annotated[
        Method | None, typer.Option(help="How to mix weighted brushes; if not given, blend.")
    ] = None,
    coarse: Annotated[
        str | None,
        typer.Option(help="The brush for layout and colour.", autocompletion=complete_names),
    ] = None,
    fine: Annotated[
        str | None,
        typer.Option(help="The brush for texture.", autocompletion=complete_names),
    ] = None,
    base: Base = None,
    overwrite: Overwrite = False,
    json: Json = False,
) -> None:
    """Make a new brush out of others. Those with instructions must be of one base model.

    Blend takes the weighted mean: between the edits. Stack takes every edit at once: grades one
    after the other, in the order given, and the tokens of all instructions. Given buckets, or
    --coarse and --fine, each stretch of the denoising follows one of the brushes, and the grade is
    the coarse one's.

    Examples:
        brushctl mix golden-hour:0.7 grain:0.3 -o mine
        brushctl mix golden-hour grain --method stack -o both
        brushctl mix --coarse golden-hour --fine grain -o mine
    """
    from brushctl.app.mix import schedule
    from brushctl.brushes.file import encode_brush
    from brushctl.brushes.provenance import Provenance

    target = destination(output, overwrite=True)
    provenance = Provenance.today(target.stem)
    if not overwrite:
        provenance = _as_it_was_begun(provenance, target)
    arguments = brushes or []
    if coarse or fine or any(RANGED.fullmatch(a) for a in arguments):
        if method:
            raise UsageError(
                "--method is for brushes with weights, and these have buckets",
                where=f"--method {method}",
                do="Leave --method out.",
            )
        choice = _chosen(arguments, coarse, fine)
        mixed = schedule(choice, provenance, base=base)
    else:
        choice = []
        mixed = _weighted(arguments, method or Method.BLEND, provenance, base)
    data = encode_brush(mixed)
    if target.is_file() and target.read_bytes() == data:
        sweep(target.parent, target.name)  # a run was killed right after it had written it
    else:
        store(data, output, overwrite=overwrite)
    if json:
        print_json(
            {"brush": provenance.name, "path": str(target), "metadata": mixed.metadata.to_dict()}
        )
    else:
        say(f"mixed {provenance.name}: {target}")
        for line in _which_grade(choice):
            say(line)


def _as_it_was_begun(provenance: "Provenance", target: Path) -> "Provenance":
    """With the day of the brush that is there: the same mix is then the same bytes."""
    with contextlib.suppress(OSError, BrushFormatError):
        return replace(provenance, created=read_metadata(target).created)
    return provenance


def _which_grade(choice: "list[Brush]") -> Iterator[str]:
    """Whose grade a schedule has, where any of its brushes has one."""
    graded = {b.metadata.name: b.metadata.grade for b in choice if b.metadata.grade}
    if graded:
        coarse = choice[-1].metadata.name
        left_out = sorted(set(graded) - {coarse})
        taken = f"the grade is {coarse}'s" if coarse in graded else f"{coarse} has no grade"
        yield taken + (f"; that of {', '.join(left_out)} is left out" if left_out else "")


def _weighted(
    arguments: list[str], method: Method, provenance: "Provenance", base: str | None
) -> "Brush":
    from brushctl.app.mix import blend, stack
    from brushctl.brushes.mixing import Share

    if len(arguments) < 2:
        raise UsageError("a mix needs at least two brushes", do="Give them as A:0.7 B:0.3.")
    shares = [Share(open_brush(name), weight) for name, weight in map(_weight, arguments)]
    return (stack if method is Method.STACK else blend)(shares, provenance, base=base)


def _weight(argument: str) -> tuple[str, float]:
    """`BRUSH:WEIGHT`; without a weight it is 1."""
    match = WEIGHTED.fullmatch(argument)
    if not match:
        _check_no_weight(argument)
        return argument, 1.0
    try:
        weight = float(match["weight"])
    except ValueError:
        weight = math.nan
    if not math.isfinite(weight):
        raise UsageError(
            f"{match['weight']!r} is not a weight", where=argument, do="Write it as in warm:0.7."
        )
    return match["brush"], weight


def _check_no_weight(name: str) -> None:
    """See that a brush is named, and not a weight by itself.

    Raises:
        UsageError: it is a weight.
    """
    with contextlib.suppress(ValueError):
        float(name)
        if not names_brush(name):
            do = f"Write it as in warm:{name}."
            raise UsageError("a weight stands behind its brush", where=name, do=do)


def _chosen(arguments: list[str], coarse: str | None, fine: str | None) -> "list[Brush]":
    """One brush for each bucket."""
    if coarse or fine:
        if not (coarse and fine) or arguments:
            raise UsageError(
                "--coarse and --fine go together, without other brushes",
                do="For other divisions give buckets: warm@3-4 grain@0-2.",
            )
        early, late = open_brush(coarse), open_brush(fine)
        j = early.metadata.instruction_part().buckets.count
        return [late] * (j // 2) + [early] * (j - j // 2)
    return _by_bucket(arguments)


def _by_bucket(arguments: list[str]) -> "list[Brush]":
    """One brush for each bucket from 0 on, out of `BRUSH@FIRST-LAST` arguments."""
    chosen: dict[int, Brush] = {}
    for argument in arguments:
        match = RANGED.fullmatch(argument)
        if not match:
            raise UsageError(
                "has no buckets", where=argument, do="Write them as in warm@3-4, or warm@0."
            )
        brush = open_brush(match["brush"])
        first = int(match["first"])
        last = int(match["last"] or first)
        j = brush.metadata.instruction_part().buckets.count
        if not first <= last < j:
            raise UsageError(f"is not within the buckets 0 to {j - 1}", where=argument)
        for bucket in range(first, last + 1):
            if bucket in chosen:
                raise UsageError(f"bucket {bucket} is given to two brushes", where=argument)
            chosen[bucket] = brush
    missing = sorted(set(range(max(chosen) + 1)) - set(chosen))
    if missing:
        raise UsageError(
            f"bucket {missing[0]} is given to no brush", do="Give every bucket to one."
        )
    return [chosen[bucket] for bucket in sorted(chosen)]
