"""All cases of a bench, those that are done taken from the work folder."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from brushctl.bench.cases import Case, CaseStore, Evaluator, case_stem, run_case, strip_of
from brushctl.bench.effects import Effect
from brushctl.bench.methods.lpips import LPIPS_ALEX, has_lpips, lpips_distance, tower_distance
from brushctl.bench.methods.registry import Bench
from brushctl.events import Advance, Event, Reporter, Stage, Warned, silent


@dataclass(frozen=True, slots=True)
class BenchPlan:
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
class BenchResult:
    """What came of a plan.

    Attributes:
        evaluator: what it was measured with.
        store: where its pictures are kept.
        by_stem: every case, by its name there, in the plan's order.
    """

    evaluator: Evaluator
    store: CaseStore
    by_stem: Mapping[str, Case]

    @property
    def cases(self) -> list[Case]:
        """Every case, in the plan's order."""
        return list(self.by_stem.values())


def evaluator_for(bench: Bench) -> Evaluator:
    """The perceptual distance that this machine has the weights for."""
    models = bench.models_digest()
    if has_lpips():
        return Evaluator(lpips_distance(), LPIPS_ALEX, bench, models)
    return Evaluator(tower_distance(bench.clip), f"{bench.clip_name}-tower", bench, models)


@dataclass(frozen=True, slots=True)
class PendingCase:
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


Runner = Callable[[Evaluator, Sequence[PendingCase], Reporter], Iterator[CaseDone]]
"""What runs cases, and gives each as it is done: this process, or a cluster."""


def one_by_one(
    evaluator: Evaluator, pending: Sequence[PendingCase], report: Reporter
) -> Iterator[CaseDone]:
    """Run cases in this process."""

    def warn(
        event: Event,
    ) -> None:  # the stages within a case would hide how far the bench has come
        if isinstance(event, Warned):
            report(event)

    for each in pending:
        case, edited = run_case(evaluator, each.effect, each.method, each.shots, report=warn)
        yield CaseDone(each.stem, case, strip_of(edited))


def run_bench(
    bench: Bench, plan: BenchPlan, runner: Runner = one_by_one, *, report: Reporter = silent
) -> BenchResult:
    """Run a plan, method by method, so that early results compare few methods on all effects."""
    evaluator = evaluator_for(bench)
    store, pending = CaseStore(plan.work), _pending_cases(evaluator, plan)
    kept = {stem: case for stem in pending if (case := store.load(stem))}
    report(Stage("cases", total=len(pending)))
    report(Advance(len(kept)))
    missing = (
        [] if plan.report_only else [each for stem, each in pending.items() if stem not in kept]
    )
    for done in runner(evaluator, missing, report):
        case = kept[done.stem] = done.case
        store.keep(done.stem, case, done.strip)
        note = f"{case.method}, {case.shots} shots, {case.effect}: {case.seconds:.0f} s"
        report(Advance(len(kept), note))
    return BenchResult(evaluator, store, {stem: kept[stem] for stem in pending if stem in kept})


def _pending_cases(evaluator: Evaluator, plan: BenchPlan) -> dict[str, PendingCase]:
    """Every case of a plan by its name, in order."""
    cases: dict[str, PendingCase] = {}
    for method in plan.methods:
        for shots in plan.shots:
            for whole in plan.effects:
                effect = whole.limited(shots, plan.limit)
                stem = case_stem(evaluator, effect, method, shots)
                cases[stem] = PendingCase(stem, method, shots, effect)
    return cases
