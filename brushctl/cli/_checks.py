"""What the check of the pairs found, told to people and to programs."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import typer

from brushctl.cli._output import out_console, print_json, print_table, shown
from brushctl.cli._progress import reporting
from brushctl.errors import PairsError
from brushctl.events import Loading

if TYPE_CHECKING:
    from brushctl.pairs.find import Pair
    from brushctl.pairs.findings import Finding


def show_checks(pairs: "Sequence[Pair]", *, align: bool, json: bool, quiet: bool) -> None:
    """Print what the check finds; exits with 2 if nothing can be learned from the pairs."""
    with reporting(quiet=quiet) as report:
        report(Loading("loading"))
        from brushctl.pairs.check import check_pairs
        from brushctl.pairs.findings import Severity

        findings = check_pairs(pairs, align=align, report=report)
    if json:
        print_json(
            {
                "pairs": [
                    {"name": p.name, "before": str(p.before), "after": str(p.after)} for p in pairs
                ],
                "findings": [f.to_dict() for f in findings],
            }
        )
    else:
        _table(pairs, findings)
    if any(f.severity is Severity.error for f in findings):
        raise typer.Exit(PairsError.exit_status)


def _table(pairs: "Sequence[Pair]", findings: "Sequence[Finding]") -> None:
    from rich.table import Table
    from rich.text import Text

    from brushctl.pairs.findings import sentence

    table = Table(box=None, pad_edge=False, header_style="dim")
    for column in ("pair", "before", "after", "found"):
        table.add_column(column, overflow="fold")
    for pair in pairs:
        mine = [shown(f"{f.severity}: {f.what}. {f.do}") for f in findings if f.pair == pair.name]
        table.add_row(
            *(Text(shown(name)) for name in (pair.name, pair.before.name, pair.after.name)),
            Text("\n".join(mine) or "fine"),
        )
    print_table(table, out_console())
    for finding in findings:
        if finding.pair is None:
            out_console().print(Text(shown(f"{finding.severity}: {sentence(finding)}")))
