"""`brushctl apply`'s engine against diffusers' own pipeline, as a user writes the loop.

    uv run python -m benchmarks.apply         # docs/results/apply.json, some four minutes

The same pictures at the model's size, read from files and written to files, with the same noise
and steps, in turns, the best round of each; on the CPU with tiny-ip2p. Diffusers runs three
branches, as whoever edits by words does: brushes of fewer are compared with that, and one of one
branch also with diffusers at guidance 1, which runs one (`equal_passes`). Models are loaded before.
The peak of memory is that of the whole process, not of each contender.
"""

import argparse
import json
import resource
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch
from diffusers import EulerAncestralDiscreteScheduler, StableDiffusionInstructPix2PixPipeline
from PIL import Image
from torch.utils.flop_counter import FlopCounterMode

from brushctl.engine.base import BaseModel, open_base
from brushctl.engine.editing import Editor
from brushctl.engine.guidance import Scales
from brushctl.engine.instruction import initial
from brushctl.photos.batch import edit_photographs
from brushctl.photos.choices import Detail
from brushctl.photos.inputs import find_inputs
from brushctl.photos.plan import plan_folder
from brushctl.photos.treating import Treatment
from brushctl.tiny.world.pictures import draw_picture

OUT = Path("docs/results/apply.json")
PHRASE = "turn daylight into night"
SCALES = {3: Scales(7.5, 1.5), 2: Scales(7.5, 1.0), 1: Scales(1.0, 1.0)}
BATCH = 8
"""Pictures in a call of the pipeline that is given several."""


class Clock:
    """Seconds spent inside the networks."""

    def __init__(self, base: BaseModel) -> None:
        self.seconds, self._began = 0.0, 0.0
        for part in (base.unet, base.vae.encoder, base.vae.decoder, base.family.text_encoder):
            part.register_forward_pre_hook(self._start)
            part.register_forward_hook(self._stop)

    def _start(self, *_: object) -> None:
        self._began = time.perf_counter()

    def _stop(self, *_: object) -> None:
        self.seconds += time.perf_counter() - self._began


def pipeline(base: BaseModel) -> StableDiffusionInstructPix2PixPipeline:
    """Diffusers' pipeline on the same parts."""
    pipe = StableDiffusionInstructPix2PixPipeline(
        vae=base.vae, text_encoder=base.family.text_encoder, tokenizer=base.tokenizer, unet=base.unet,
        scheduler=EulerAncestralDiscreteScheduler.from_config(base.scheduler_config),
        safety_checker=None, feature_extractor=None, requires_safety_checker=False,
    )  # fmt: skip
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
    for _ in edit_photographs(plan, plan.jobs, editor, how, journal=None):
        pass


def matrix_rate() -> float:
    """Float operations a second of a product of 1,024 by 1,024 float32 matrices, the best of 20."""
    a = torch.randn(1024, 1024)
    times = [seconds(lambda: a @ a) for _ in range(20)]
    return 2 * 1024**3 / min(times)


def seconds(run: Callable[[], Any]) -> float:
    """Of one call."""
    began = time.perf_counter()
    run()
    return time.perf_counter() - began


def main() -> None:
    """Measure in turns, and write the file."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--images", type=int, default=16)
    options.add_argument("--steps", type=int, default=20)
    options.add_argument("--rounds", type=int, default=3)
    options.add_argument("--out", type=Path, default=OUT)
    given = options.parse_args()
    base = open_base(None, torch.device("cpu"), torch.float32)
    rng, clock, pipe = np.random.default_rng(0), Clock(base), pipeline(base)
    instruction = initial(base, PHRASE, 5)
    best: dict[str, float] = {}
    inside: dict[str, float] = {}
    flops: dict[str, float] = {}
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        files = []
        for k in range(given.images):
            files.append(folder / f"{k:04}.png")
            pixels = np.rint(draw_picture(rng).pixels * 255).astype(np.uint8)
            Image.fromarray(pixels).save(files[-1])

        def run(kind: str, turn: int) -> None:
            out = folder / f"{kind}-{turn}"
            out.mkdir()
            scales = SCALES[1 if kind.endswith("1") else int(kind) if kind.isdigit() else 3]
            editor = Editor(base, instruction, scales=scales, steps=given.steps, seed=0)
            if kind.isdigit():
                with editor:
                    work(lambda: by_brushctl(editor, files, out), kind, turn)
            else:
                batch = BATCH if kind.startswith("batched") else 1
                edit = {"batch": batch, "steps": given.steps, "scales": scales}
                work(lambda: by_diffusers(pipe, editor, files, out, **edit), kind, turn)

        def work(edit: Callable[[], None], kind: str, turn: int) -> None:
            if not turn:  # counting slows: it warms up, and is not timed
                with FlopCounterMode(display=False) as counter:
                    edit()
                flops[kind] = float(counter.get_total_flops())
                return
            clock.seconds = 0.0
            took = seconds(edit)
            if took < best.get(kind, float("inf")):
                best[kind], inside[kind] = took, clock.seconds

        for turn in range(given.rounds + 1):
            for kind in ("loop", "3", "batched", "2", "loop-1", "1", "batched-1"):
                run(kind, turn)
    rate = matrix_rate()
    rows = [
        {
            "device": "cpu", "model": "tiny-ip2p", "branches": branches,
            "ratio_loop": round(best[loop] / best[kind], 3),
            "ratio_batched": round(best[batched] / best[kind], 3),
            "outside_model_share": round(1 - inside[kind] / best[kind], 4),
            "images_per_second": round(given.images / best[kind], 3),
            "passes_per_image": branches * given.steps,
            "matrix_rate_share": round(flops[kind] / best[kind] / rate, 3),
            "equal_passes": branches == passes,
        }
        for branches, passes, kind, loop, batched in (
            (3, 3, "3", "loop", "batched"), (2, 3, "2", "loop", "batched"),
            (1, 3, "1", "loop", "batched"), (1, 1, "1", "loop-1", "batched-1"),
        )
    ]  # fmt: skip
    report = {
        "command": "uv run python -m benchmarks.apply",
        "images": given.images, "steps": given.steps, "rounds": given.rounds,
        "threads": torch.get_num_threads(), "torch": torch.__version__,
        "matrix_gflops": round(rate / 1e9, 1),
        "peak_mb_all": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e3),
        "diffusers_images_per_second": {
            kind: round(given.images / best[kind], 3)
            for kind in ("loop", "batched", "loop-1", "batched-1")
        },
        "rows": rows,
    }  # fmt: skip
    given.out.write_text(json.dumps(report, indent=1) + "\n")
    print(json.dumps(report, indent=1))


if __name__ == "__main__":
    main()
