"""How small tiny-ip2p's keys and values should be for the published recipe, whose rate is absolute.

    uv run python -m benchmarks.gauge       # docs/results/gauge.json, and a table on stdout

The gauge changes no prediction, only how far a step of 1e-3 carries. Two tones that are among
neither the eight of `benchmarks.unnamed` nor the world's looks, ten pairs each, judged on five
unseen pictures, under each brush's own best guidance. Cases that are done are kept in --work.
"""

import argparse
import json
from pathlib import Path

import torch

from benchmarks.card import base_of, report
from benchmarks.photographs import curve, faded
from benchmarks.unnamed import Edit, reached
from brushctl.bench.effects import GLOBAL, look
from brushctl.bench.methods.registry import Bench
from brushctl.engine.devices import resolve_dtype
from brushctl.engine.model.base import open_base
from brushctl.engine.phrases.clip import default_clip, load_clip
from brushctl.tiny.train.key_value_scale import set_gauge

OUT = Path("docs/results/gauge.json")
EDITS: dict[str, Edit] = {
    "faded film": (GLOBAL, "make it faded", look(faded)),
    "s curve": (GLOBAL, "more contrast", look(curve)),
}
METHODS = ("nothing", "instructbrush-paper")
POWERS = (-10, -12, -14)
"""Of two: RMS(W_K) : RMS(W_Q) and RMS(W_V) : RMS(W_out)."""


def main() -> None:
    """Learn under each gauge, print, write."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--work", type=Path, default=Path("brushctl-gauge"))
    chosen = options.parse_args()
    cpu = torch.device("cpu")
    base = open_base(None, cpu, resolve_dtype(None, cpu))
    bench = Bench(base, load_clip(default_clip(base.id), cpu), None, 0)
    rows = []
    for power in POWERS:
        set_gauge(base.unet, 2.0**power)
        work = chosen.work / f"gauge{power}"
        for name, figures in reached(bench, EDITS, METHODS, work).items():
            psnr = {method: round(figure, 2) for method, figure in figures.items()}
            rows.append({"log2_ratio": power, "edit": name, **psnr})
            print(json.dumps(rows[-1]), flush=True)
    report(OUT, {"base": base_of(base), "rows": rows})


if __name__ == "__main__":
    main()
