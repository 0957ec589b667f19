"""The figures of a bench as one JSON document."""

from dataclasses import asdict
from typing import Any

from brushctl.bench.cases import GRID
from brushctl.bench.running import Outcome, Plan
from brushctl.bench.summary import summarise


def results_of(outcome: Outcome, plan: Plan, *, command: str) -> dict[str, Any]:
    """Rows by method, shots, split and guidance; under `cases`, every picture's figures."""
    judges, bench = outcome.judges, outcome.judges.bench
    return {
        "command": command,
        "base": {"id": bench.base.id, "unet_sha256": bench.base.unet_sha256},
        "dtype": str(bench.base.dtype).removeprefix("torch."),
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
