"""The speed of this program in one flat file, from the files of results that measured it.

    uv run python -m benchmarks.speed summary       # docs/results/speed.json

Ratios of CPU time are over the build that `--against` had: commit bdb2ed5. Those of learning are of
the default recipe over the one before it, on the effects of `benchmarks.study variations`.
"""

import argparse
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from benchmarks.results import report

RESULTS = Path("docs/results")
OUT = RESULTS / "speed.json"
LEARNED = "lava, cake, charcoal, apple, 10 shots"
BEFORE, NOW, AS_LONG = (
    f"{name}, {LEARNED}" for name in ("300 steps, five buckets each", "default", "520 steps")
)
EQUAL_PASSES = 3
"""Branches of the row whose brush runs what diffusers runs."""


def main(arguments: Sequence[str]) -> None:
    """Gather, and write."""
    argparse.ArgumentParser(description=__doc__).parse_args(arguments)
    startup, bulk, apply, rerun, tried = (
        json.loads((RESULTS / f"{name}.json").read_text())
        for name in ("startup", "bulk", "apply", "rerun", "experiments")
    )
    now, before = rerun["now"], rerun["before"]
    facts = {
        "before": "bdb2ed5",
        "cold_instruction_ratio": startup["cold_instruction_ratio"],
        "cold_grade_ratio": startup["cold_grade_ratio"],
        "init_phrase_ratio": startup["init_phrase_ratio"],
        "learn_ratio_equal_psnr": ratio(tried[NOW]["seconds"], tried[BEFORE]["seconds"]),
        "learn_psnr_difference_db": round(tried[NOW]["psnr_5"] - tried[BEFORE]["psnr_5"], 2),
        "learn_gain_equal_time_db": round(tried[AS_LONG]["psnr_5"] - tried[BEFORE]["psnr_5"], 2),
        "bulk_24mp_ratio": bulk["bulk_24mp_ratio"],
        **beside_diffusers(apply["rows"]),
        "rerun_100k_ratio": ratio(now["second run"]["together"], before["second run"]["together"]),
        "rerun_100k_mb": round(now["second run"]["memory"] / 1e6),
        "watch_20k_core_share": now["core at rest"],
    }
    print(report(OUT, facts))


def beside_diffusers(rows: Sequence[dict[str, Any]]) -> dict[str, float]:
    """How many times as fast as diffusers at equal passes, one at a time and eight."""
    equal = [row for row in rows if row["branches"] == EQUAL_PASSES]
    return {
        f"diffusers_{name}_{row['dtype']}": row[f"ratio_{name}_same_dtype"]
        for row in equal
        for name in ("loop", "batched")
    }


def ratio(now: float, before: float) -> float:
    """Of this build's figure over that of the build before."""
    return round(now / before, 3)
