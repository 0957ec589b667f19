"""The figures of a bench as one JSON document."""

import json
import os
import platform
from dataclasses import asdict
from typing import Any

from brushctl.bench.cases import GRID
from brushctl.bench.running import Outcome, Plan
from brushctl.bench.summary import summarise
from brushctl.engine.devices import name_of


def results_of(outcome: Outcome, plan: Plan, *, command: str) -> dict[str, Any]:
    """Rows by method, shots, split and guidance; under `cases`, every picture's figures."""
    judges, bench = outcome.judges, outcome.judges.bench
    return {
        "command": command,
        "base": {"id": bench.base.id, "unet_sha256": bench.base.unet_sha256},
        "dtype": str(bench.base.dtype).removeprefix("torch."),
        "machine": f"{platform.system()} {platform.machine()}, {os.cpu_count()} cores",
        "device": name_of(bench.base.device),
        "seconds": round(sum(case.seconds for case in outcome.cases), 1),
        "steps": bench.steps,
        "seed": bench.seed,
        "guidance_grid": [[s.s_T, s.s_I] for s in GRID],
        "measures": {
            "perceptual": judges.distance_name,
            "direction": f"eq. 8 in {bench.clip_name}",
        },
        "held_out": [effect.name for effect in plan.effects if effect.held_out],
        "rows": [row.to_dict() for row in summarise(outcome.cases, bench.seed)],
        "cases": [asdict(case) for case in outcome.cases],
    }


def results_text(facts: dict[str, Any]) -> str:
    """The document with one row and one case on a line: a diff shows what changed."""
    parts = [f"{json.dumps(key)}: {_listed(value)}" for key, value in facts.items()]
    return "{\n " + ",\n ".join(parts) + "\n}\n"


def _listed(value: object) -> str:
    if not (isinstance(value, list) and value and isinstance(value[0], dict)):
        return json.dumps(value)
    return "[\n  " + ",\n  ".join(map(json.dumps, value)) + "\n ]"
