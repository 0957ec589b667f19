"""Cases of a bench run by the processes of a cluster, each with models and pictures of its own."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial

from brushctl.bench.cases import Evaluator, case_stem, run_case, strip_of
from brushctl.bench.effects import Effect
from brushctl.bench.running import CaseDone, PendingCase, Runner, evaluator_for
from brushctl.bench.settings import BenchSettings
from brushctl.errors import BrushctlError
from brushctl.events import Reporter
from brushctl.runs.executors.ray import Pool, spread


@dataclass(frozen=True, slots=True)
class CaseReference:
    """A case by its names: its pictures would be too much to send."""

    stem: str
    method: str
    shots: int
    effect: str
    tests: int


class BenchWorker:
    """The work of one process: opens the models once, then runs case after case."""

    def __init__(self, settings: BenchSettings) -> None:
        self._settings = settings
        self._evaluator = evaluator_for(settings.open())
        self._effect: Effect | None = None

    def __call__(self, cases: Sequence[CaseReference]) -> Iterator[CaseDone]:
        """The cases, run.

        Raises:
            BrushctlError: pictures or models on this machine are not those of the one that asked.
        """
        for each in cases:
            effect = self._whole(each.effect).limited(each.shots, each.tests)
            stem = case_stem(self._evaluator, effect, each.method, each.shots)
            if stem != each.stem:
                raise BrushctlError(
                    "pictures, models or measures are others on a machine of the cluster",
                    where=each.effect,
                    do="Have every machine of it see the same folder, and install the same things.",
                )
            case, edited = run_case(self._evaluator, effect, each.method, each.shots)
            yield CaseDone(stem, case, strip_of(edited))

    def _whole(self, name: str) -> Effect:
        if self._effect is None or self._effect.name != name:
            resolution = self._evaluator.bench.base.resolution
            (self._effect,) = self._settings.effects([name], resolution)
        return self._effect


def on_cluster(settings: BenchSettings, pool: Pool) -> Runner:
    """What runs cases on the cluster that is joined, each process opening `settings`."""

    def run(
        _evaluator: Evaluator, pending: Sequence[PendingCase], _report: Reporter
    ) -> Iterator[CaseDone]:
        references = [
            CaseReference(
                each.stem, each.method, each.shots, each.effect.name, len(each.effect.test[0])
            )
            for each in pending
        ]
        unfinished = {each.stem for each in pending}
        for block in spread(references, partial(BenchWorker, settings), pool):
            for _, done in block:
                unfinished.discard(done.stem)
                yield done
        if unfinished:
            raise BrushctlError(
                f"every process that was to run {len(unfinished)} of the cases died",
                where=min(unfinished),
                do="Run the same command again for these; too little memory is the likeliest.",
            )

    return run
