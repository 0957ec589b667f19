"""The figures on tiny-ip2p's card, measured again from the weights in the package.

    uv run python -m benchmarks.tiny_ip2p     # docs/results/tiny-ip2p.json, and a table on stdout

Scenes are drawn from a seed that training never used. Text is the world's own instruction for each
edit, in the base's default steps, at the guidance that is best for the edit on other pictures. All
figures are PSNR in dB unless said.
"""

import argparse
import json

import numpy as np
import torch

from benchmarks.card import command, note
from brushctl.bench.metrics import psnr
from brushctl.engine.brush.instruction import from_text
from brushctl.engine.brush.scales import Scales
from brushctl.engine.model.base import EMBEDDED, BaseModel, open_base
from brushctl.engine.sampler import Editor
from brushctl.tiny.train.photographs import photographs
from brushctl.tiny.world.edits import EDITS, Edit
from brushctl.tiny.world.pictures import draw_picture

SEED = 987_654
GRID = (Scales(1, 1), Scales(1.5, 1), Scales(2, 1), Scales(1, 1.2))
STEPS = (1, 2, 5, 10, 20)
"""Numbers of sampling steps that are compared, on one picture of each edit."""


def through_autoencoder(base: BaseModel, pictures: list[np.ndarray]) -> float:
    """Mean PSNR of D(E(x))."""
    null = from_text(base, "")
    with Editor(base, null, scales=Scales(1, 1), steps=1, seed=0) as editor:
        return float(np.mean([psnr(editor.edit([x])[0].before, x) for x in pictures]))


def followed(
    base: BaseModel, edit: Edit, n: int, scales: Scales, *, steps: int, seed: int = SEED
) -> tuple[float, float, float]:
    """Mean over n unseen pictures: doing nothing, the text, the text inside the edit's mask."""
    rng = np.random.default_rng(seed)
    rows = []
    for _ in range(n):
        pair = edit.make(rng, 64)
        words = from_text(base, pair.instruction)
        with Editor(base, words, scales=scales, steps=steps, seed=0) as editor:
            after = editor.edit([pair.before.pixels])[0].after
        truth, inside = pair.after.pixels, pair.mask
        region = psnr(after[inside], truth[inside]) if inside.any() else np.nan
        rows.append((psnr(pair.before.pixels, truth), psnr(after, truth), region))
    return tuple(float(x) for x in np.nanmean(rows, 0))


def best_scales(base: BaseModel, edit: Edit) -> Scales:
    """The guidance at which the text comes closest to an edit, told from pictures of its own."""
    steps = base.defaults.steps
    return max(GRID, key=lambda s: followed(base, edit, 3, s, steps=steps, seed=SEED + 1)[1])


def main() -> None:
    """Measure, print, write."""
    parser = argparse.ArgumentParser()
    parser.add_argument("-n", type=int, default=8, help="unseen pictures for each edit")
    n = parser.parse_args().n
    base = open_base(None, torch.device("cpu"), torch.float32)
    rng = np.random.default_rng(SEED)
    world = [draw_picture(rng, 64).pixels for _ in range(100)]
    photos = [p.astype(np.float32) / 255 for p in photographs()]
    scales, table, by_steps = {}, {}, {}
    for name, edit in EDITS.items():
        scales[name] = best_scales(base, edit)
        table[name] = followed(base, edit, n, scales[name], steps=base.defaults.steps)
        told = f"{scales[name].s_T} {scales[name].s_I}"
        print(f"{name:12} {edit.scope:7}", *(f"{x:6.2f}" for x in table[name]), told, flush=True)

    def mean(scope: str, column: int) -> float:
        rows = [table[k][column] for k, e in EDITS.items() if e.scope == scope and k != "nothing"]
        return round(float(np.mean(rows)), 2)

    for steps in STEPS:
        every = [followed(base, e, 1, scales[k], steps=steps)[1] for k, e in EDITS.items()]
        by_steps[f"text_psnr_{steps}_steps"] = round(float(np.mean(every)), 2)

    files = [f for f in EMBEDDED.rglob("*") if f.is_file()]
    figures = {
        "command": command(),
        "vae_psnr_world": round(through_autoencoder(base, world), 2),
        "vae_psnr_photos": round(through_autoencoder(base, photos), 2),
        "nothing_psnr_global": mean("global", 0),
        "text_psnr_global": mean("global", 1),
        "nothing_psnr_local": mean("local", 0),
        "text_psnr_local": mean("local", 1),
        "text_psnr_local_inside_mask": mean("local", 2),
        "null_psnr": round(table["nothing"][1], 2),
        **by_steps,
        "weights_mb": round(sum(f.stat().st_size for f in files) / 1e6, 1),
    }
    note(base.unet_sha256, figures)
    print(json.dumps(figures, indent=2))


if __name__ == "__main__":
    main()
