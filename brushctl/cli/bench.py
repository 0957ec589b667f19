"""`brushctl bench`: the paper's evaluation."""

import shlex
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from brushctl.cli.arguments import Base, Device, Dtype, Json, Quiet, Seed
from brushctl.cli.output import follow, out_console, print_json, say
from brushctl.errors import UsageError
from brushctl.settings import TINY

if TYPE_CHECKING:
    from brushctl.bench.effects import Effect
    from brushctl.engine.base import BaseModel

Names = Annotated[
    str | None, typer.Option("--effects", help="Effects, comma-separated; all if not given.")
]
MethodNames = Annotated[
    str | None, typer.Option("--methods", help="Methods, comma-separated; all if not given.")
]
WORK = Path("brushctl-bench")


def bench(
    folder: Annotated[
        Path | None,
        typer.Argument(help="TOP-Bench's folder; without it, TOP-Bench mini is drawn."),
    ] = None,
    *,
    effects: Names = None,
    methods: MethodNames = None,
    shots: Annotated[
        list[int], typer.Option("--shots", min=1, help="Training pairs used; may be repeated.")
    ] = [10],  # noqa: B006  (Typer copies it)
    limit: Annotated[
        int | None, typer.Option("--limit", min=1, help="Test pairs of each effect.")
    ] = None,
    steps: Annotated[
        int | None, typer.Option("--steps", min=1, help="Steps in place of the recipes' own.")
    ] = None,
    work: Annotated[
        Path, typer.Option("--work", help="What is done is kept here, and not done again.")
    ] = WORK,
    report_only: Annotated[
        bool,
        typer.Option("--report-only", help="Run nothing: tables and files of what is done."),
    ] = False,
    results: Annotated[
        Path | None, typer.Option("--results", help="Also write the figures into this JSON file.")
    ] = None,
    sheet: Annotated[
        Path | None,
        typer.Option("--sheet", help="Also draw a contact sheet, a row for each effect."),
    ] = None,
    base: Base = None,
    device: Device = "auto",
    dtype: Dtype = None,
    seed: Seed = 0,
    json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Compare InstructBrush with text, Visii, a LUT and its own ablations on 25 effects.

    The tables are the paper's; its own figures stand beside ours. A run that was stopped goes on
    where it was when the same command is given again. Pictures and figures of every case are in
    WORK/report.html.
    """
    if folder is not None and not folder.is_dir():
        raise UsageError("there is no such folder", where=str(folder), do="Check the path.")

    from brushctl.bench.methods import METHODS

    chosen = _chosen("--methods", methods, list(METHODS))

    from brushctl.bench.methods import Bench
    from brushctl.bench.report import contact, html_report
    from brushctl.bench.results import results_of, results_text
    from brushctl.bench.running import Plan, run_bench
    from brushctl.bench.tables import tables
    from brushctl.brushes.atomic import write_atomically
    from brushctl.engine.base import open_base
    from brushctl.engine.clip import default_clip, load_clip
    from brushctl.engine.device import resolve_device, resolve_dtype

    where = resolve_device(device)
    model = open_base(base or TINY, where, resolve_dtype(dtype, where))
    clip = load_clip(default_clip(model.id), where)
    drawn = _effects(folder, effects, model, seed)
    plan = Plan(drawn, chosen, shots, limit, work, report_only)
    outcome = follow(run_bench(Bench(model, clip, steps, seed), plan), quiet=quiet)

    if not outcome.cases:
        raise UsageError("nothing is done yet", where=str(work), do="Leave --report-only out.")
    facts = results_of(outcome, plan, command=shlex.join(["brushctl", *sys.argv[1:]]))
    text = results_text(facts)
    for target in (work / "results.json", *([results] if results else [])):
        write_atomically(target, text.encode())
    write_atomically(work / "report.html", html_report(outcome, plan, facts).encode())
    if sheet:
        contact(outcome, plan).save(sheet)
    if json:
        print_json(facts)
        return
    for table in tables(outcome):
        out_console().print(table)
    if not quiet:
        say(f"pictures and figures of every case: {work / 'report.html'}")


def _effects(
    folder: Path | None, names: str | None, model: "BaseModel", seed: int
) -> "list[Effect]":
    from brushctl.bench.effects import TABLE_3, draw_effects
    from brushctl.bench.folder import effects_in, load_effect

    if folder is None:
        return draw_effects(_chosen("--effects", names, list(TABLE_3)), model.resolution, seed)
    there = effects_in(folder)
    chosen = _chosen("--effects", names, list(there))
    return [load_effect(name, there[name], model.resolution) for name in chosen]


def _chosen(option: str, asked: str | None, known: list[str]) -> list[str]:
    """The names asked for, all if none are.

    Raises:
        UsageError: a name is not known.
    """
    if asked is None:
        return known
    names = [name.strip() for name in asked.split(",") if name.strip()]
    unknown = [name for name in names if name not in known]
    if unknown or not names:
        raise UsageError(
            f"there is no {', '.join(map(repr, unknown)) or 'name'}",
            where=f"{option} {asked}",
            do=f"Choose from {', '.join(known)}.",
        )
    return list(dict.fromkeys(names))
