"""Draw docs/images/time-aware.png: figure 3 of the paper on tiny-ip2p.

    uv run python -m benchmarks.time_aware

Each row is an effect of TOP-Bench mini; each column has the learned instruction in the first k of
five stretches of denoising, and the empty instruction in the rest.
"""

import argparse
from dataclasses import replace
from pathlib import Path

from benchmarks.lessons import learnt
from brushctl.bench.contact_sheet import Row, contact_sheet
from brushctl.bench.effects import Effect, draw_effects
from brushctl.bench.metrics import Pixels, psnr
from brushctl.engine.brush.instruction import Instruction, from_noisiest
from brushctl.engine.devices import resolve_device, resolve_dtype
from brushctl.engine.model.base import BaseModel, open_base
from brushctl.engine.phrases.clip import TINY_CLIP, load_clip
from brushctl.engine.sampler import Editor
from brushctl.engine.training.recipes import DEFAULT
from brushctl.settings import TINY

OUT = Path("docs/images/time-aware.png")
EFFECTS = ("lava", "traffic lights", "pencil sketch")


def row(base: BaseModel, effect: Effect, instruction: Instruction) -> Row:
    """The first test picture: before, k = 0 to j, truth."""
    before, truth = effect.test[0][0], effect.test[1][0]
    pictures: list[Pixels] = []
    for k in range(DEFAULT.buckets + 1):
        part = from_noisiest(base, instruction, k)
        with Editor(base, part) as editor:
            pictures.append(editor.edit([before])[0].after)
    told = ", ".join(f"{psnr(picture, truth):.1f}" for picture in pictures)
    return Row([before, *pictures, truth], f"{effect.name}   PSNR for k = 0 to 5: {told} dB")


def main() -> None:
    """Learn, edit, draw."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--steps", type=int, default=DEFAULT.steps)
    parser.add_argument("--dtype", default=None)
    asked = parser.parse_args()
    device = resolve_device("cpu")
    base = open_base(TINY, device, resolve_dtype(asked.dtype, device))
    clip, recipe = load_clip(str(TINY_CLIP), device), replace(DEFAULT, steps=asked.steps)
    rows = [
        row(base, effect, learnt(base, clip, *effect.train, recipe).instruction)
        for effect in draw_effects(EFFECTS, base.resolution, seed=0)
    ]
    columns = ["before", *(f"k = {k}" for k in range(DEFAULT.buckets + 1)), "truth"]
    title = "A learned instruction in the first k of five stretches of denoising (tiny-ip2p)"
    contact_sheet(title, columns, rows, side=144).save(OUT)


if __name__ == "__main__":
    main()
