"""Means over effects with bootstrap intervals: the rows of the paper's tables."""

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from brushctl.bench.cases import GUIDANCES, Case, Run
from brushctl.bench.effects import GLOBAL, LOCAL

SPLITS = (GLOBAL, LOCAL, "all", "held-out")
MEASURES = ("psnr", "ssim", "perceptual", "direction")
LOWER_IS_BETTER = ("perceptual", "direction")
RESAMPLES = 2000
"""Bootstrap samples of the effects: their 2.5 and 97.5 percentiles move by a hundredth or so."""

Interval = tuple[float, float]


@dataclass(frozen=True, slots=True)
class Summary:
    """A method on a split of the effects.

    Attributes:
        method: its key.
        shots: training pairs.
        split: "global", "local", "all" or "held-out".
        guidance: "best" or "paper".
        psnr: mean over effects of the mean over their test pictures, in dB.
        ssim: likewise.
        perceptual: likewise.
        direction: mean over effects.
        effects: how many there are.
        intervals: of each measure, 95 % bootstrap over effects.
    """

    method: str
    shots: int
    split: str
    guidance: str
    psnr: float
    ssim: float
    perceptual: float
    direction: float
    effects: int
    intervals: dict[str, Interval]

    def to_dict(self) -> dict[str, Any]:
        """The row as the results file has it."""
        return asdict(self)


def summarise(cases: Sequence[Case], seed: int) -> list[Summary]:
    """Rows in the order of the methods as run; splits without an effect are left out."""
    rows = []
    for method, shots in dict.fromkeys((case.method, case.shots) for case in cases):
        mine = [case for case in cases if (case.method, case.shots) == (method, shots)]
        for split in SPLITS:
            for guidance in GUIDANCES:
                runs = list(_runs(mine, split, guidance))
                if runs:
                    rows.append(_summary(method, shots, split, guidance, runs, seed))
    return rows


def belongs(case: Case, split: str) -> bool:
    """Whether a case counts into a split."""
    return split == "all" or (case.held_out if split == "held-out" else case.scope == split)


def _runs(cases: Iterable[Case], split: str, guidance: str) -> Iterable[Run]:
    for case in cases:
        if belongs(case, split):
            yield from (run for run in case.runs if run.guidance == guidance)


def _summary(
    method: str, shots: int, split: str, guidance: str, runs: Sequence[Run], seed: int
) -> Summary:
    by_effect = {name: [float(np.mean(getattr(run, name))) for run in runs] for name in MEASURES}
    means = {name: round(float(np.mean(values)), 4) for name, values in by_effect.items()}
    return Summary(
        method,
        shots,
        split,
        guidance,
        **means,
        effects=len(runs),
        intervals={name: bootstrap(values, seed) for name, values in by_effect.items()},
    )


def bootstrap(values: Sequence[float], seed: int) -> Interval:
    """The 95 % percentile interval of the mean, resampling the effects."""
    rng = np.random.default_rng(seed)
    samples = rng.choice(np.asarray(values), size=(RESAMPLES, len(values))).mean(1)
    low, high = np.percentile(samples, (2.5, 97.5))
    return round(float(low), 4), round(float(high), 4)
