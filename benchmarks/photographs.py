"""Tone brushes on real photographs, at the model's working size: leave one photograph out.

    uv run python -m benchmarks.photographs     # docs/results/photographs.json and a sheet

The photographs are those that scikit-image and scikit-learn ship; tiny-ip2p has never seen any.
Each of four retouches is learned from all photographs but one with the default recipe, in as many
steps as --steps says or its own, and applied to that one; every photograph takes its turn. PSNR in
dB against the retouched photograph. What the autoencoder alone loses of the photographs
as they are stands beside them.
"""

import argparse
import json
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch

from benchmarks.card import base_of, command, note, report
from benchmarks.lessons import learnt
from brushctl.bench.contact_sheet import Row, contact_sheet
from brushctl.bench.metrics import Pixels, mean_psnr, psnr
from brushctl.engine.devices import resolve_dtype
from brushctl.engine.model.base import BaseModel, open_base
from brushctl.engine.phrases.clip import Clip, default_clip, load_clip
from brushctl.engine.sampler import Edited, Editor
from brushctl.engine.training.recipes import DEFAULT, Recipe
from brushctl.tiny.train.photographs import photographs
from brushctl.tiny.world.looks import luma

OUT, SHEET = Path("docs/results/photographs.json"), Path("docs/images/photographs.png")


def curve(x: Pixels) -> Pixels:
    """Deeper shadows and brighter highlights: a smooth S."""
    return x + 0.9 * x * (1 - x) * (2 * x - 1)


def split_toning(x: Pixels) -> Pixels:
    """Blue-green shadows, orange highlights, a third of the colour gone."""
    y = luma(x)
    muted = y + 0.67 * (x - y)
    cold, warm = np.array((-0.10, 0.0, 0.12)), np.array((0.12, 0.03, -0.14))
    return muted + (1 - y) ** 2 * cold + y**2 * warm


def red_filter(x: Pixels) -> Pixels:
    """Black and white through a red filter, as it darkens skies."""
    grey = np.clip(x @ np.array((1.1, 0.2, -0.3)), 0, 1)
    return np.repeat(grey[..., None], 3, axis=-1)


def faded(x: Pixels) -> Pixels:
    """Lifted blacks, lowered whites, a little magenta in them."""
    return 0.14 + 0.72 * x + np.array((0.03, -0.02, 0.03)) * (1 - x)


LOOKS: dict[str, Callable[[Pixels], Pixels]] = {
    "S curve": curve,
    "split toning": split_toning,
    "red filter": red_filter,
    "faded": faded,
}


def retouched(look: str, photograph: Pixels) -> Pixels:
    """The photograph as the look makes it, in [0, 1]."""
    return np.clip(LOOKS[look](photograph), 0, 1).astype(np.float32)


def left_out(
    base: BaseModel, clip: Clip, before: Pixels, after: Pixels, k: int, recipe: Recipe
) -> Edited:
    """Photograph k, edited by a brush learned from all the others."""
    others = [n for n in range(len(before)) if n != k]
    x, y = before[others], after[others]
    learned = learnt(base, clip, x, y, recipe)
    with Editor(base, learned.instruction) as editor:
        return editor.edit([before[k]])[0]


def main() -> None:
    """Learn, edit, measure, write."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--looks", nargs="+", choices=LOOKS, default=list(LOOKS))
    options.add_argument("--steps", type=int, default=DEFAULT.steps)
    chosen = options.parse_args()
    recipe = replace(DEFAULT, steps=chosen.steps)
    started = time.monotonic()
    cpu = torch.device("cpu")
    base = open_base(None, cpu, resolve_dtype(None, cpu))
    clip = load_clip(default_clip(base.id), cpu)
    before = photographs().astype(np.float32) / 255
    rows, shown = [], []
    for name in chosen.looks:
        after = np.stack([retouched(name, x) for x in before])
        edited = [left_out(base, clip, before, after, k, recipe) for k in range(len(before))]
        row = {
            "look": name,
            "photographs": len(before),
            "nothing": round(mean_psnr(before, after), 2),
            "brush": round(mean_psnr([e.after for e in edited], after), 2),
            "autoencoder": round(mean_psnr([e.before for e in edited], before), 2),
        }
        rows.append(row)
        print(json.dumps(row), flush=True)
        shown += [
            Row(
                (before[k], edited[k].after, after[k]),
                f"{name}: brush "
                f"{psnr(edited[k].after, after[k]):.1f}, before {psnr(before[k], after[k]):.1f} dB",
            )
            for k in (0, 2)
        ]
    facts = {
        "base": base_of(base),
        "seconds": round(time.monotonic() - started, 1),
        "rows": rows,
    }
    report(OUT, facts)
    gain = sum(row["brush"] - row["nothing"] for row in rows) / len(rows)
    note(base.unet_sha256, {"photo_gain_db": round(gain, 2), "photo_command": command()})
    title = "Brushes learned from the other photographs (tiny-ip2p, 64 px)"
    contact_sheet(title, ("before", "brush", "retouched"), shown).save(SHEET)


if __name__ == "__main__":
    main()
