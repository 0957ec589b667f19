"""All cases of a bench, one after another, those that are done taken from the work folder."""

from collections.abc import Generator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from brushctl.bench.cases import Case, Judges, Shelf, run_case, stem_of
from brushctl.bench.effects import Effect
from brushctl.bench.methods import Bench
from brushctl.bench.metrics import Pixels
from brushctl.engine.perception import LPIPS_ALEX, has_lpips, lpips_distance, tower_distance
from brushctl.events import Advance, Event, Stage, Warned


@dataclass(frozen=True, slots=True)
class Plan:
    """What is run.

    Attributes:
        effects: with all their pairs.
        methods: keys of `brushctl.bench.methods.METHODS`.
        shots: how many training pairs are used, one number or several.
        limit: test pairs of each effect; None for all.
        work: the folder of what is done.
        report_only: whether what is missing is left out instead of run.
    """

    effects: Sequence[Effect]
    methods: Sequence[str]
    shots: Sequence[int]
    limit: int | None
    work: Path
    report_only: bool = False


@dataclass(slots=True)
class Outcome:
    """Every case of a plan, what it was measured with, and where its pictures are kept."""

    judges: Judges
    shelf: Shelf
    cases: list[Case] = field(default_factory=list)
    stems: list[str] = field(default_factory=list)


def judges_for(bench: Bench) -> Judges:
    """The perceptual distance that this machine has the weights for."""
    if has_lpips():
        return Judges(lpips_distance(), LPIPS_ALEX, bench)
    return Judges(tower_distance(bench.clip), f"{bench.clip_name}-tower", bench)


def run_bench(bench: Bench, plan: Plan) -> Generator[Event, None, Outcome]:
    """Run a plan, method by method, so that early results compare few methods on all effects."""
    judges = judges_for(bench)
    outcome = Outcome(judges, Shelf(plan.work))
    todo = [(m, s, e) for m in plan.methods for s in plan.shots for e in plan.effects]
    yield Stage("cases", total=len(todo))
    for done, (method, shots, whole) in enumerate(todo, 1):
        effect = whole.limited(shots, plan.limit)
        stem = stem_of(bench, judges, effect, method, shots)
        case = outcome.shelf.load(stem)
        if case is None and plan.report_only:
            continue
        if case is None:
            case, edited = yield from _quietly(run_case(judges, effect, method, shots))
            outcome.shelf.keep(stem, case, edited)
        outcome.cases.append(case)
        outcome.stems.append(stem)
        yield Advance(done, f"{method}, {shots} shots, {effect.name}: {case.seconds:.0f} s")
    return outcome


def _quietly(
    work: Generator[Event, None, tuple[Case, list[Pixels]]],
) -> Generator[Event, None, tuple[Case, list[Pixels]]]:
    """Warnings pass; the stages within a case would hide how far the bench has come."""
    try:
        while True:
            event = next(work)
            if isinstance(event, Warned):
                yield event
    except StopIteration as end:
        return end.value
