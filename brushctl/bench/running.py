"""All cases of a bench, those that are done taken from the work folder."""

from collections.abc import Callable, Generator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from brushctl.bench.cases import Case, Judges, Shelf, run_case, stem_of, strip_of
from brushctl.bench.effects import Effect
from brushctl.bench.methods.lpips import LPIPS_ALEX, has_lpips, lpips_distance, tower_distance
from brushctl.bench.methods.registry import Bench
from brushctl.bench.metrics import Pixels
from brushctl.events import Advance, Event, Stage, Warned


@dataclass(frozen=True, slots=True)
class Plan:
    """What is run.

    Attributes:
        effects: with all their pairs.
        methods: keys of `brushctl.bench.methods.registry.METHODS`.
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


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of a plan.

    Attributes:
        judges: what it was measured with.
        shelf: where its pictures are kept.
        by_stem: every case, by its name there, in the plan's order.
    """

    judges: Judges
    shelf: Shelf
    by_stem: Mapping[str, Case]

    @property
    def cases(self) -> list[Case]:
        """Every case, in the plan's order."""
        return list(self.by_stem.values())


def judges_for(bench: Bench) -> Judges:
    """The perceptual distance that this machine has the weights for."""
    models = bench.models_digest()
    if has_lpips():
        return Judges(lpips_distance(), LPIPS_ALEX, bench, models)
    return Judges(tower_distance(bench.clip), f"{bench.clip_name}-tower", bench, models)


@dataclass(frozen=True, slots=True)
class Todo:
    """A case to run.

    Attributes:
        stem: its name in the work folder.
        method: a key of `METHODS`.
        shots: training pairs.
        effect: with no more pairs than that.
    """

    stem: str
    method: str
    shots: int
    effect: Effect


@dataclass(frozen=True, slots=True)
class CaseDone:
    """A case that has been run, and its strip of edited pictures as a PNG file."""

    stem: str
    case: Case
    strip: bytes


Runner = Callable[[Judges, Sequence[Todo]], Generator[Event | CaseDone, None, None]]


def one_by_one(judges: Judges, todo: Sequence[Todo]) -> Generator[Event | CaseDone, None, None]:
    """Run cases in this process."""
    for each in todo:
        work = run_case(judges, each.effect, each.method, each.shots)
        case, edited = yield from _quietly(work)
        yield CaseDone(each.stem, case, strip_of(edited))


def run_bench(
    bench: Bench, plan: Plan, runner: Runner = one_by_one
) -> Generator[Event, None, Outcome]:
    """Run a plan, method by method, so that early results compare few methods on all effects."""
    judges = judges_for(bench)
    shelf, todo = Shelf(plan.work), _todo(judges, plan)
    kept = {stem: case for stem in todo if (case := shelf.load(stem))}
    yield Stage("cases", total=len(todo))
    yield Advance(len(kept))
    missing = [] if plan.report_only else [each for stem, each in todo.items() if stem not in kept]
    for event in runner(judges, missing):
        if not isinstance(event, CaseDone):
            yield event
            continue
        case = kept[event.stem] = event.case
        shelf.keep(event.stem, case, event.strip)
        told = f"{case.method}, {case.shots} shots, {case.effect}: {case.seconds:.0f} s"
        yield Advance(len(kept), told)
    return Outcome(judges, shelf, {stem: kept[stem] for stem in todo if stem in kept})


def _todo(judges: Judges, plan: Plan) -> dict[str, Todo]:
    """Every case of a plan by its name, in order."""
    cases: dict[str, Todo] = {}
    for method in plan.methods:
        for shots in plan.shots:
            for whole in plan.effects:
                effect = whole.limited(shots, plan.limit)
                stem = stem_of(judges, effect, method, shots)
                cases[stem] = Todo(stem, method, shots, effect)
    return cases


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
