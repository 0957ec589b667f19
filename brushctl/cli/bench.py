"""`brushctl bench`: the paper's evaluation."""

import shlex
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from brushctl.app.machines import Machines
from brushctl.cli._options import (
    Base,
    Cores,
    Device,
    EngineName,
    Json,
    LearningDtype,
    PerGpu,
    Quiet,
    RayAddress,
    Seed,
    Workers,
)
from brushctl.cli._output import out_console, print_json, print_table, say
from brushctl.cli._progress import reporting
from brushctl.errors import UsageError
from brushctl.files import unwritable, write_atomically
from brushctl.photos.choices import Engine
from brushctl.settings import TINY

if TYPE_CHECKING:
    from brushctl.bench.running import BenchPlan, BenchResult
    from brushctl.bench.settings import BenchSettings
    from brushctl.engine.model.base import AnyBase

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
        list[int],
        typer.Option("--shots", min=1, help="Training pairs to use; may be given several times."),
    ] = [10],  # noqa: B006  (Typer copies it)
    limit: Annotated[
        int | None, typer.Option("--limit", min=1, help="Test pairs of each effect.")
    ] = None,
    steps: Annotated[
        int | None,
        typer.Option(
            "--steps",
            min=1,
            help="Steps in place of the default recipe's; -paper methods keep theirs.",
        ),
    ] = None,
    work: Annotated[
        Path, typer.Option("--work", help="Keep finished cases here, and do not repeat them.")
    ] = WORK,
    report_only: Annotated[
        bool,
        typer.Option("--report-only", help="Run nothing; write tables and files of what is done."),
    ] = False,
    results: Annotated[
        Path | None, typer.Option("--results", help="Also write the figures into this JSON file.")
    ] = None,
    sheet: Annotated[
        Path | None,
        typer.Option("--sheet", help="Also draw a contact sheet, a row for each effect."),
    ] = None,
    engine: EngineName = Engine.LOCAL,
    ray_address: RayAddress = None,
    workers: Workers = None,
    cores: Cores = 1,
    per_gpu: PerGpu = 1,
    base: Base = None,
    device: Device = "auto",
    dtype: LearningDtype = None,
    seed: Seed = 0,
    json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Compare InstructBrush with text, Visii, a LUT and its own ablations on 25 effects.

    The tables are the paper's; its own figures stand beside ours. A run that was stopped goes on
    where it was when the same command is given again. Pictures and figures of every case are in
    WORK/report.html.

    Examples:
        brushctl bench --effects lava,cake --shots 5
        brushctl bench TOP-Bench/ --limit 2 --work bench/
        brushctl bench --report-only --sheet sheet.png
    """
    machines = Machines(ray_address, workers, cores, per_gpu, device)
    machines.check(engine)
    if folder is not None and not folder.is_dir():
        raise UsageError("there is no such folder", where=str(folder), do="Check the path.")

    from brushctl.bench.methods.registry import METHODS, methods_on

    chosen = _chosen("--methods", methods, list(METHODS)) if methods else None
    if sheet:
        _check_sheet(sheet)

    from brushctl.bench.contact_sheet import as_png
    from brushctl.bench.report import contact, html_report, results_of, results_text
    from brushctl.bench.running import BenchPlan
    from brushctl.bench.settings import BenchSettings
    from brushctl.bench.tables import tables

    there = folder.absolute() if folder else None
    settings = BenchSettings(base or TINY, device, dtype, steps, seed, there)
    names = _chosen("--effects", effects, settings.known())

    def planned(base: "AnyBase") -> "BenchPlan":
        on_base = methods_on(base, chosen)
        drawn = settings.effects(names, base.resolution)
        return BenchPlan(drawn, on_base, shots, limit, work, report_only)

    plan, result = _run(settings, planned, machines if engine is Engine.RAY else None, quiet=quiet)

    if not result.cases:
        raise UsageError("nothing is done yet", where=str(work), do="Leave --report-only out.")
    facts = results_of(result, plan, command=shlex.join(["brushctl", *sys.argv[1:]]))
    text = results_text(facts)
    for target in (work / "results.json", *([results] if results else [])):
        write_atomically(target, text.encode())
    write_atomically(work / "report.html", html_report(result, plan, facts).encode())
    if sheet:
        write_atomically(sheet, as_png(contact(result, plan)))
    if json:
        print_json(facts)
        return
    for table in tables(result):
        print_table(table, out_console())
    if not quiet:
        say(f"pictures and figures of every case: {work / 'report.html'}")


def _check_sheet(path: Path) -> None:
    """See that a contact sheet can be written, before the hours that go into it.

    Raises:
        UsageError: it cannot.
    """
    if path.suffix.lower() != ".png":
        raise UsageError("a contact sheet is a PNG", where=str(path), do="End its name in .png.")
    if why := unwritable(path.parent):
        raise UsageError(why[1], where=str(why[0]), do="Choose another place.")


def _run(
    settings: "BenchSettings",
    planned: "Callable[[AnyBase], BenchPlan]",
    machines: Machines | None,
    *,
    quiet: bool,
) -> "tuple[BenchPlan, BenchResult]":
    """Run the plan made for a base, here or on a cluster."""
    from brushctl.bench.running import run_bench

    if machines is None:
        with reporting(quiet=quiet) as report:
            bench = settings.open(report=report)
            plan = planned(bench.base)
            return plan, run_bench(bench, plan, report=report)

    from brushctl.bench.distributed import on_cluster

    with reporting(quiet=quiet) as report, machines.joined(report) as pool:
        # This process only plans and keeps; names of cases tell the number format.
        dtype = machines.dtype(settings.dtype, pool)
        anywhere = replace(settings, dtype=dtype, base=machines.base(settings.base) or TINY)
        bench = replace(settings, device="cpu", dtype=dtype).open(report=report)
        plan = planned(bench.base)
        return plan, run_bench(bench, plan, on_cluster(anywhere, pool), report=report)


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
