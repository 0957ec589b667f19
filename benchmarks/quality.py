"""What `brushctl apply --quality` costs, in PSNR against the truth and in time.

    uv run python -m benchmarks.quality      # docs/results/quality.json, some ten minutes

A brush by the default recipe from the ten training pairs of each effect, applied to its five test
pictures with each quality's share of the base's own steps, in turns; on tiny-ip2p.
"""

import argparse
import json
import time
from pathlib import Path
from statistics import fmean

import numpy as np
import torch

from benchmarks.card import base_of, report
from benchmarks.lessons import learnt
from brushctl.bench.effects import draw_effects
from brushctl.bench.metrics import psnr, ssim
from brushctl.engine.devices import resolve_dtype
from brushctl.engine.model.base import open_base
from brushctl.engine.phrases.clip import default_clip, load_clip
from brushctl.engine.sampler import Editor
from brushctl.photos.choices import Quality

OUT = Path("docs/results/quality.json")
EFFECTS = ("lava", "cake", "charcoal", "watercolor", "midnight", "apple", "snow", "dog2cat")
"""Half of them of the whole picture, half unknown to the base."""


def main() -> None:
    """Learn, apply, measure, write."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--effects", nargs="+", default=EFFECTS)
    chosen = options.parse_args()
    cpu = torch.device("cpu")
    base = open_base(None, cpu, resolve_dtype(None, cpu))
    clip = load_clip(default_clip(base.id), cpu)
    steps = {q: q.fewer(base.defaults.steps) or base.defaults.steps for q in Quality}
    found: dict[Quality, list[tuple[float, float, float]]] = {q: [] for q in Quality}
    for effect in draw_effects(chosen.effects, base.resolution, 0):
        learned = learnt(base, clip, *effect.train)
        before, truth = effect.test
        for quality in Quality:
            with Editor(base, learned.instruction, steps=steps[quality]) as editor:
                began = time.monotonic()
                edited = [x.after for x in editor.edit(list(before))]
                took = (time.monotonic() - began) / len(before)
            both = list(zip(edited, truth, strict=True))
            figures = [float(np.mean([f(x, y) for x, y in both])) for f in (psnr, ssim)]
            found[quality].append((*figures, took))
        print(effect.name, {str(q): round(found[q][-1][0], 2) for q in Quality}, flush=True)
    rows = [
        {
            "quality": str(q),
            "steps": steps[q],
            "psnr": round(fmean(f[0] for f in found[q]), 3),
            "ssim": round(fmean(f[1] for f in found[q]), 4),
            "model_seconds_each": round(fmean(f[2] for f in found[q]), 4),
        }
        for q in Quality
    ]
    facts = {
        "base": base_of(base),
        "dtype": str(base.dtype).removeprefix("torch."),
        "effects": list(chosen.effects),
        "rows": rows,
    }
    report(OUT, facts)
    print(json.dumps(rows, indent=1))


if __name__ == "__main__":
    main()
