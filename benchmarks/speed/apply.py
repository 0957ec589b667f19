"""`brushctl apply`'s engine against diffusers' own pipeline, as a user writes the loop.

    uv run python -m benchmarks.speed apply         # docs/results/apply.json, some ten minutes

The same pictures at the model's size, read from files and written to files, with the same noise
and steps, in turns, the best round of each; on the CPU with tiny-ip2p. Diffusers runs three
branches, as whoever edits by words does: brushes of fewer are compared with that, and one of one
branch also with diffusers at guidance 1, which runs one (`equal_passes`). Diffusers loads a model
in float32 unless told otherwise: `ratio_loop` and `ratio_batched` are over that, and
`ratio_loop_same_dtype` and `ratio_batched_same_dtype` over diffusers in the format of the row.
Models are loaded before. The peak of memory is that of the whole process, not of each contender.
"""

import argparse
import resource
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from diffusers import EulerAncestralDiscreteScheduler, StableDiffusionInstructPix2PixPipeline
from PIL import Image
from torch.utils.flop_counter import FlopCounterMode

from benchmarks.results import base_of, report
from brushctl.engine.brush.instruction import initial
from brushctl.engine.brush.scales import PAPER_SCALES, Scales
from brushctl.engine.model.base import BaseModel, open_base
from brushctl.engine.sampler import Editor
from brushctl.photos.choices import Detail
from brushctl.photos.icc import quantise
from brushctl.runs.executors.threads import edit_photographs
from brushctl.runs.inputs import find_inputs
from brushctl.runs.plan import plan_folder
from brushctl.runs.steps import Treatment
from brushctl.tiny.world.pictures import draw_picture

OUT = Path("docs/results/apply.json")
PHRASE = "turn daylight into night"
SCALES = {3: PAPER_SCALES, 2: Scales(7.5, 1.0), 1: Scales(1.0, 1.0)}
KINDS = ("loop", "3", "batched", "2", "loop-1", "1", "batched-1")
"""Contenders: diffusers one at a time and several, at three branches and at one; a brush of so many
branches."""
ROWS = (
    (3, "3", "loop", "batched"),
    (2, "2", "loop", "batched"),
    (1, "1", "loop", "batched"),
    (1, "1", "loop-1", "batched-1"),
)
"""Branches of the brush, its kind, and the kinds that it is compared with."""
DTYPES = (torch.float32, torch.bfloat16)
BATCH = 8
"""Pictures in a call of the pipeline that is given several."""


class Clock:
    """Core seconds spent inside the networks."""

    def __init__(self, base: BaseModel) -> None:
        self.seconds, self._began = 0.0, 0.0
        for part in (base.unet, base.vae.encoder, base.vae.decoder, base.family.text_encoder):
            part.register_forward_pre_hook(self._start)
            part.register_forward_hook(self._stop)

    def _start(self, *_: object) -> None:
        self._began = time.process_time()

    def _stop(self, *_: object) -> None:
        self.seconds += time.process_time() - self._began


def pipeline(base: BaseModel) -> StableDiffusionInstructPix2PixPipeline:
    """Diffusers' pipeline on the same parts."""
    pipe = StableDiffusionInstructPix2PixPipeline(
        vae=base.vae,
        text_encoder=base.family.text_encoder,
        tokenizer=base.tokenizer,
        unet=base.unet,
        scheduler=EulerAncestralDiscreteScheduler.from_config(base.scheduler_config),
        safety_checker=None,
        feature_extractor=None,
        requires_safety_checker=False,
    )
    pipe.set_progress_bar_config(disable=True)
    return pipe


def by_diffusers(
    pipe: StableDiffusionInstructPix2PixPipeline, editor: Editor, files: list[Path], out: Path,
    *, batch: int, steps: int, scales: Scales,
) -> None:  # fmt: skip
    """The loop a user writes; the noise is the engine's."""
    for k in range(0, len(files), batch):
        part = files[k : k + batch]
        images = [Image.open(file).convert("RGB") for file in part]
        sources = [editor.noise_source(np.asarray(x, np.float32) / 255) for x in images]
        edited = pipe(
            [PHRASE] * len(part), image=images, generator=sources, num_inference_steps=steps,
            guidance_scale=scales.s_T, image_guidance_scale=scales.s_I,
        ).images  # fmt: skip
        for file, picture in zip(part, edited, strict=True):
            picture.save(out / file.name)


def by_brushctl(editor: Editor, files: list[Path], out: Path) -> None:
    """The pipeline of `apply`, from files to files."""
    plan = plan_folder(find_inputs([], [str(file) for file in files]), out)
    how = Treatment(settings={}, detail=Detail.MODEL)
    edit_photographs(plan, plan.jobs, editor, how, journal=None)


def matrix_rate(dtype: torch.dtype) -> float:
    """Operations a second of a product of 1,024 by 1,024 matrices, the best of 20."""
    a = torch.randn(1024, 1024).to(dtype)
    times = [seconds(lambda: a @ a) for _ in range(20)]
    return 2 * 1024**3 / min(times)


def seconds(run: Callable[[], Any]) -> float:
    """Core seconds of one call: other work on the machine does not count."""
    began = time.process_time()
    run()
    return time.process_time() - began


def make_pictures(folder: Path, count: int) -> list[Path]:
    """Of the world, at the model's size."""
    rng, files = np.random.default_rng(0), []
    for k in range(count):
        files.append(folder / f"{k:04}.png")
        Image.fromarray(quantise(draw_picture(rng).pixels, 8)).save(files[-1])
    return files


class Contest:
    """One base in one number format, and what each contender takes on it."""

    def __init__(self, dtype: torch.dtype, files: list[Path], steps: int) -> None:
        self.base = open_base(None, torch.device("cpu"), dtype)
        self.clock, self.pipe = Clock(self.base), pipeline(self.base)
        self.instruction = initial(self.base, PHRASE, 5)
        self.files, self.steps = files, steps
        self.best: dict[str, float] = {}
        self.inside: dict[str, float] = {}
        self.flops: dict[str, float] = {}

    def run(self, kind: str, out: Path) -> None:
        """Edit all pictures into `out`."""
        out.mkdir(parents=True)
        scales = SCALES[1 if kind.endswith("1") else int(kind) if kind.isdigit() else 3]
        editor = Editor(self.base, self.instruction, scales=scales, steps=self.steps, seed=0)
        if kind.isdigit():
            with editor:
                by_brushctl(editor, self.files, out)
        else:
            batch = BATCH if kind.startswith("batched") else 1
            edit = {"batch": batch, "steps": self.steps, "scales": scales}
            by_diffusers(self.pipe, editor, self.files, out, **edit)

    def count(self, kind: str, out: Path) -> None:
        """Operations of a run; it warms up too, and is not timed, for counting slows."""
        with FlopCounterMode(display=False) as counter:
            self.run(kind, out)
        self.flops[kind] = float(counter.get_total_flops())

    def time(self, kind: str, out: Path) -> None:
        """Core seconds of a run, kept if it is the best."""
        self.clock.seconds = 0.0
        took = seconds(lambda: self.run(kind, out))
        if took < self.best.get(kind, float("inf")):
            self.best[kind], self.inside[kind] = took, self.clock.seconds

    def row(
        self, branches: int, kind: str, loop: str, batched: str, *, plain: "Contest", rate: float
    ) -> dict[str, Any]:
        """A brush of so many branches, against `plain` and against diffusers on this base."""
        mine = self.best[kind]
        return {
            "device": "cpu", "model": "tiny-ip2p", "branches": branches,
            "dtype": str(self.base.dtype).removeprefix("torch."),
            "ratio_loop": round(plain.best[loop] / mine, 3),
            "ratio_batched": round(plain.best[batched] / mine, 3),
            "ratio_loop_same_dtype": round(self.best[loop] / mine, 3),
            "ratio_batched_same_dtype": round(self.best[batched] / mine, 3),
            "outside_model_share": round(1 - self.inside[kind] / mine, 4),
            "images_per_core_second": round(len(self.files) / mine, 3),
            "passes_per_image": branches * self.steps,
            "matrix_rate_share": round(self.flops[kind] / mine / rate, 3),
            "equal_passes": branches == (1 if loop.endswith("1") else 3),
        }  # fmt: skip


def main(arguments: Sequence[str]) -> None:
    """Measure in turns, and write the file."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--images", type=int, default=16)
    options.add_argument("--steps", type=int, default=20)
    options.add_argument("--rounds", type=int, default=3)
    options.add_argument("--out", type=Path, default=OUT)
    given = options.parse_args(arguments)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        files = make_pictures(folder, given.images)
        contests = [Contest(dtype, files, given.steps) for dtype in DTYPES]
        for turn in range(given.rounds + 1):
            for kind in KINDS:
                for n, contest in enumerate(contests):
                    work = contest.time if turn else contest.count
                    work(kind, folder / f"{n}" / f"{kind}-{turn}")
    plain = contests[0]
    rates = [matrix_rate(dtype) for dtype in DTYPES]
    rows = [
        contest.row(*row, plain=plain, rate=rate)
        for contest, rate in zip(contests, rates, strict=True)
        for row in ROWS
    ]
    facts = {
        "base": base_of(plain.base),
        "images": given.images, "steps": given.steps, "rounds": given.rounds,
        "threads": torch.get_num_threads(), "torch": torch.__version__,
        "matrix_gflops": [round(rate / 1e9, 1) for rate in rates],
        "peak_mb_all": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e3),
        "diffusers_images_per_core_second": {
            kind: round(given.images / plain.best[kind], 3) for kind in KINDS if not kind.isdigit()
        },
        "rows": rows,
    }  # fmt: skip
    print(report(given.out, facts))
