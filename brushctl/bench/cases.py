"""One case of the bench: a method on an effect with so many shots; kept, so that runs resume."""

import hashlib
import json
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from brushctl.bench.contact_sheet import as_png
from brushctl.bench.effects import Effect
from brushctl.bench.folder import MARK
from brushctl.bench.methods.lpips import Distance
from brushctl.bench.methods.registry import (
    METHODS,
    PUBLISHED,
    VISII,
    Bench,
    LearnedEdit,
    select_scales,
)
from brushctl.bench.metrics import Pixels, direction, psnr, ssim
from brushctl.engine.brush.scales import PAPER_SCALES, Scales
from brushctl.engine.flow.model import FlowModel
from brushctl.engine.training.recipes import DEFAULT, PAPER
from brushctl.events import Reporter, silent
from brushctl.files import write_atomically
from brushctl.photos.icc import quantise

GRID = (Scales(1, 1), Scales(2, 1), PAPER_SCALES)
"""What the best guidance is chosen from: none, some, and the paper's."""
GUIDANCES = ("best", "paper")
RECIPES = [asdict(recipe) for recipe in (DEFAULT, PAPER, VISII)]
"""What cases depend on besides their own settings."""
VERSION = 5
"""Raised when what a case measures changes, so that kept ones are not taken for new."""


@dataclass(frozen=True, slots=True)
class Run:
    """A case under one guidance.

    Attributes:
        guidance: "best" or "paper".
        s_T: text guidance scale; None where the method has none.
        s_I: image guidance scale, likewise.
        psnr: of each test picture, in dB.
        ssim: likewise.
        perceptual: likewise.
        direction: eq. 8, of all test pictures together.
    """

    guidance: str
    s_T: float | None
    s_I: float | None
    psnr: list[float]
    ssim: list[float]
    perceptual: list[float]
    direction: float


@dataclass(frozen=True, slots=True)
class Case:
    """The result of a method on an effect.

    Attributes:
        effect: its name.
        scope: "global", "local" or "".
        held_out: whether the base was never shown the effect's change, nor told to make it.
        method: a key of `METHODS`.
        shots: training pairs.
        phrase: the words the method started from.
        seconds: wall time.
        runs: the figures, by guidance.
    """

    effect: str
    scope: str
    held_out: bool
    method: str
    shots: int
    phrase: str | None
    seconds: float
    runs: list[Run]

    @property
    def best(self) -> Run:
        """The figures under the guidance that is best for it, or without any."""
        return next(run for run in self.runs if run.guidance == "best")

    @classmethod
    def from_dict(cls, facts: Mapping[str, Any]) -> "Case":
        """A case as `asdict` wrote it."""
        return cls(**{**facts, "runs": [Run(**run) for run in facts["runs"]]})


@dataclass(frozen=True, slots=True)
class Evaluator:
    """What pictures are measured with, besides arithmetic.

    Attributes:
        distance: how far two pictures are apart perceptually.
        distance_name: what it is called.
        bench: its CLIP tells the direction.
        models: a digest of the models' parts other than the U-Net, and of the phrases.
    """

    distance: Distance
    distance_name: str
    bench: Bench
    models: str

    def measure(
        self, guidance: str, scales: Scales | None, edited: Sequence[Pixels], effect: Effect
    ) -> Run:
        """The edited test pictures of an effect against their truth."""
        before, truth = effect.test
        see = self.bench.clip.encode_images
        x, y = effect.reference or effect.train
        reference = see(list(x)), see(list(y))
        return Run(
            guidance=guidance,
            s_T=scales.s_T if scales else None,
            s_I=scales.s_I if scales else None,
            psnr=[round(psnr(x, y), 4) for x, y in zip(edited, truth, strict=True)],
            ssim=[round(ssim(x, y), 5) for x, y in zip(edited, truth, strict=True)],
            perceptual=[round(d, 6) for d in self.distance(edited, list(truth))],
            direction=round(direction(see(list(before)), see(edited), reference), 5),
        )


@dataclass(frozen=True, slots=True)
class CaseStore:
    """The work folder: a JSON file and a strip of edited pictures for every case that is done."""

    root: Path

    def load(self, stem: str) -> Case | None:
        """A case that is done, or None."""
        file = self.root / f"{stem}.json"
        return Case.from_dict(json.loads(file.read_text("utf-8"))) if file.is_file() else None

    def pictures(self, stem: str) -> list[Pixels]:
        """The test pictures as the case's method made them, under its best guidance."""
        strip = np.asarray(Image.open(self.root / f"{stem}.png"), np.float32) / 255
        side = strip.shape[0]
        return [strip[:, k : k + side] for k in range(0, strip.shape[1], side)]

    def keep(self, stem: str, case: Case, strip: bytes) -> None:
        """Keep a case; the file of its figures comes last, and says that it is done."""
        write_atomically(self.root / MARK, b"")
        write_atomically(self.root / f"{stem}.png", strip)
        facts = json.dumps(asdict(case), indent=1)
        write_atomically(self.root / f"{stem}.json", facts.encode())


def strip_of(edited: Sequence[Pixels]) -> bytes:
    """Pictures side by side, as a PNG file."""
    strip = np.concatenate(list(edited), axis=1)
    return as_png(Image.fromarray(quantise(strip, 8)))


def case_stem(evaluator: Evaluator, effect: Effect, method: str, shots: int) -> str:
    """A file name for a case, which changes with everything that its figures depend on."""
    bench, base = evaluator.bench, evaluator.bench.base
    run = base.sampling if isinstance(base, FlowModel) else base.defaults
    facts = [
        VERSION,
        base.model_sha256,
        evaluator.models,
        str(base.dtype),
        asdict(run),
        {k: value for k, value in sorted(base.scheduler_config.items()) if not k.startswith("_")},
        None if method in PUBLISHED else bench.steps,
        bench.seed,
        RECIPES,
        effect.instruction,
        evaluator.distance_name,
        [[s.s_T, s.s_I] for s in GRID],
    ]
    key = hashlib.sha256(json.dumps(facts).encode())
    for pictures in (*effect.train, *effect.test, *(effect.reference or ())):
        key.update(np.ascontiguousarray(pictures, np.float32).tobytes())
    return f"{effect.name.replace(' ', '-')}.{method}.{shots}.{key.hexdigest()[:12]}"


def run_case(
    evaluator: Evaluator, effect: Effect, method: str, shots: int, *, report: Reporter = silent
) -> tuple[Case, list[Pixels]]:
    """Learn, edit the test pictures, measure; also the pictures under the best guidance."""
    bench, started = evaluator.bench, time.monotonic()
    learned = METHODS[method](bench, effect, report)
    pictures = list(effect.test[0])
    if not learned.guided:
        shown = learned.edit(bench, pictures, None)
        runs = [evaluator.measure("best", None, shown, effect)]
    else:
        runs, shown = _guided(evaluator, learned, effect, pictures)
    case = Case(
        effect=effect.name,
        scope=effect.scope,
        held_out=effect.held_out,
        method=method,
        shots=shots,
        phrase=learned.phrase,
        seconds=round(time.monotonic() - started, 1),
        runs=runs,
    )
    return case, shown


def _guided(
    evaluator: Evaluator, learned: LearnedEdit, effect: Effect, pictures: list[Pixels]
) -> tuple[list[Run], list[Pixels]]:
    best = select_scales(evaluator.bench, learned, effect.train, GRID)
    by_paper = learned.edit(evaluator.bench, pictures, PAPER_SCALES)
    shown = by_paper if best == PAPER_SCALES else learned.edit(evaluator.bench, pictures, best)
    return [
        evaluator.measure("best", best, shown, effect),
        evaluator.measure("paper", PAPER_SCALES, by_paper, effect),
    ], shown
