"""The bench as files: its figures as JSON, a self-contained HTML page, and a contact sheet."""

import base64
import html
import json
import os
import platform
from collections.abc import Iterable, Sequence
from dataclasses import asdict
from typing import Any

import numpy as np
from PIL import Image

from brushctl.bench.cases import GRID, Case
from brushctl.bench.contact_sheet import Row, as_png, contact_sheet
from brushctl.bench.effects import Effect
from brushctl.bench.metrics import Pixels
from brushctl.bench.running import BenchPlan, BenchResult
from brushctl.bench.summary import MEASURES, summarise
from brushctl.bench.tables import headings
from brushctl.engine.devices import name_of
from brushctl.engine.flow.model import FlowModel
from brushctl.photos.icc import quantise

STYLE = """
body { font: 15px/1.4 system-ui, sans-serif; margin: 2rem; color: #222; background: #fafaf8 }
table { border-collapse: collapse; margin: 0 0 2rem }
th, td { padding: .2rem .7rem .2rem 0; text-align: right; vertical-align: top }
th:first-child, td:first-child { text-align: left }
img { width: 128px; image-rendering: pixelated; display: block }
small { color: #777 }
"""


def results_of(result: BenchResult, plan: BenchPlan, *, command: str) -> dict[str, Any]:
    """Rows by method, shots, split and guidance; under `cases`, every picture's figures."""
    evaluator, bench = result.evaluator, result.evaluator.bench
    flow = isinstance(bench.base, FlowModel)
    return {
        "command": command,
        "base": {"id": bench.base.id, "model_sha256": bench.base.model_sha256},
        "dtype": str(bench.base.dtype).removeprefix("torch."),
        "machine": f"{platform.system()} {platform.machine()}, {os.cpu_count()} cores",
        "device": name_of(bench.base.device),
        "seconds": round(sum(case.seconds for case in result.cases), 1),
        "steps": bench.steps,
        "seed": bench.seed,
        "guidance_grid": [] if flow else [[s.s_T, s.s_I] for s in GRID],
        "measures": {
            "perceptual": evaluator.distance_name,
            "direction": f"eq. 8 in {bench.clip_name}",
        },
        "held_out": [effect.name for effect in plan.effects if effect.held_out],
        "rows": [row.to_dict() for row in summarise(result.cases, bench.seed)],
        "cases": [asdict(case) for case in result.cases],
    }


def results_text(facts: dict[str, Any]) -> str:
    """The document with one row and one case on a line: a diff shows what changed."""
    parts = [f"{json.dumps(key)}: {_listed(value)}" for key, value in facts.items()]
    return "{\n " + ",\n ".join(parts) + "\n}\n"


def _listed(value: object) -> str:
    if not (isinstance(value, list) and value and isinstance(value[0], dict)):
        return json.dumps(value)
    return "[\n  " + ",\n  ".join(map(json.dumps, value)) + "\n ]"


def html_report(result: BenchResult, plan: BenchPlan, facts: dict[str, Any]) -> str:
    """Tables and every effect's test pictures: before, truth, each method; no other file needed."""
    sections = [_section(result, effect, plan) for effect in plan.effects]
    base, measures = facts["base"], facts["measures"]
    summary = (
        f"Base {base['id']} ({base['model_sha256'][:12]}). Command: {facts['command']}. "
        f"Perceptual distance: {measures['perceptual']}; direction: {measures['direction']}. "
        "Under guidance, pictures are edited under each method's best."
    )
    return (
        "<!doctype html><html lang=en><meta charset=utf-8><title>brushctl bench</title>"
        f"<style>{STYLE}</style><h1>brushctl bench</h1><p>{html.escape(summary)}</p>"
        f"{_figures(result, facts['rows'])}{''.join(sections)}</html>\n"
    )


def contact(result: BenchResult, plan: BenchPlan) -> Image.Image:
    """The first test picture of every effect: before, truth, each method."""
    shots = plan.shots[0]
    rows = []
    for effect in plan.effects:
        pictures = [effect.test[0][0], effect.test[1][0]]
        made = {case.method: (case, strip[0]) for case, strip in _of(result, effect, shots)}
        blank = np.ones_like(pictures[0])
        pictures += [made[method][1] if method in made else blank for method in plan.methods]
        scores = ", ".join(f"{case.method} {case.best.psnr[0]:.1f}" for case, _ in made.values())
        rows.append(Row(pictures, f"{effect.name}   PSNR: {scores} dB"))
    title = (
        f"The first test picture of each effect, on {result.evaluator.bench.base.id}, {shots}-shot"
    )
    return contact_sheet(title, ("before", "truth", *plan.methods), rows)


def _figures(result: BenchResult, rows: Sequence[dict[str, Any]]) -> str:
    names = [
        "method",
        "shots",
        "split",
        "guidance",
        "effects",
        *headings(result.evaluator).values(),
    ]
    keys = ["method", "shots", "split", "guidance", "effects", *MEASURES]
    body = "".join(
        "<tr>" + "".join(f"<td>{html.escape(str(row[key]))}" for key in keys) for row in rows
    )
    head = "".join(f"<th>{html.escape(name)}" for name in names)
    return f"<table><tr>{head}{body}</table>"


def _section(result: BenchResult, effect: Effect, plan: BenchPlan) -> str:
    tables = []
    for shots in plan.shots:
        cases = list(_of(result, effect, shots))
        count = len(cases[0][1]) if cases else 0
        columns: list[tuple[str, str, Sequence[Pixels]]] = [
            ("before", "", list(effect.test[0])),
            ("truth", "", list(effect.test[1])),
            *((case.method, _note(case), strip) for case, strip in cases),
        ]
        head = "".join(
            f"<th>{html.escape(name)}<br><small>{html.escape(note)}</small>"
            for name, note, _ in columns
        )
        body = "".join(
            "<tr>" + "".join(f"<td>{_image(pictures[k])}" for _, _, pictures in columns)
            for k in range(count)
        )
        tables.append(f"<p>{shots}-shot<table><tr>{head}{body}</table>")
    unknown = ", unknown to the base" if effect.held_out else ""
    title = f"{effect.name} ({effect.scope}{unknown}): “{effect.instruction}”"
    return f"<h2>{html.escape(title)}</h2>{''.join(tables)}"


def _of(result: BenchResult, effect: Effect, shots: int) -> Iterable[tuple[Case, list[Pixels]]]:
    for stem, case in result.by_stem.items():
        if (case.effect, case.shots) == (effect.name, shots):
            yield case, result.store.pictures(stem)


def _note(case: Case) -> str:
    run = case.best
    guided = f" at {run.s_T:g} / {run.s_I:g}" if run.s_T is not None else ""
    started = f", from “{case.phrase}”" if case.phrase else ""
    return f"{np.mean(run.psnr):.2f} dB{guided}{started}"


def _image(picture: Pixels) -> str:
    data = base64.b64encode(as_png(Image.fromarray(quantise(picture, 8)))).decode()
    return f'<img alt="" src="data:image/png;base64,{data}">'
