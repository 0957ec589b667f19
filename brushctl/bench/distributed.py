"""Cases of a bench run by the processes of a cluster, each with models and pictures of its own."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial

from brushctl.bench.cases import Judges, run_case, stem_of, strip_of
from brushctl.bench.effects import Effect
from brushctl.bench.opening import Setting
from brushctl.bench.running import CaseDone, Runner, Todo, judges_for
from brushctl.errors import BrushctlError
from brushctl.events import Reporter
from brushctl.runs.executors.ray import Pool, spread


@dataclass(frozen=True, slots=True)
class Named:
    """A case by its names: its pictures would be too much to send."""

    stem: str
    method: str
    shots: int
    effect: str
    tests: int


class BenchWorker:
    """The work of one process: opens the models once, then runs case after case."""

    def __init__(self, setting: Setting) -> None:
        self._setting = setting
        self._judges = judges_for(setting.bench())
        self._effect: Effect | None = None

    def __call__(self, cases: Sequence[Named]) -> Iterator[CaseDone]:
        """The cases, run.

        Raises:
            BrushctlError: pictures or models on this machine are not those of the one that asked.
        """
        for each in cases:
            effect = self._whole(each.effect).limited(each.shots, each.tests)
            stem = stem_of(self._judges, effect, each.method, each.shots)
            if stem != each.stem:
                raise BrushctlError(
                    "pictures, models or measures are others on a machine of the cluster",
                    where=each.effect,
                    do="Have every machine of it see the same folder, and install the same things.",
                )
            case, edited = run_case(self._judges, effect, each.method, each.shots)
            yield CaseDone(stem, case, strip_of(edited))

    def _whole(self, name: str) -> Effect:
        if self._effect is None or self._effect.name != name:
            resolution = self._judges.bench.base.resolution
            (self._effect,) = self._setting.effects([name], resolution)
        return self._effect


def on_cluster(setting: Setting, pool: Pool) -> Runner:
    """What runs cases on the cluster that is joined, each process opening `setting`."""

    def run(_judges: Judges, todo: Sequence[Todo], _report: Reporter) -> Iterator[CaseDone]:
        named = [
            Named(each.stem, each.method, each.shots, each.effect.name, len(each.effect.test[0]))
            for each in todo
        ]
        left = {each.stem for each in todo}
        for block in spread(named, partial(BenchWorker, setting), pool):
            for _, done in block:
                left.discard(done.stem)
                yield done
        if left:
            raise BrushctlError(
                f"every process that was to run {len(left)} of the cases died",
                where=min(left),
                do="Run the same command again for these; too little memory is the likeliest.",
            )

    return run
