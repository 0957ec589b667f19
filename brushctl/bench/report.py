"""The bench for looking at: a self-contained HTML page, and a contact sheet."""

import base64
import html
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
from PIL import Image

from brushctl.bench.cases import Case
from brushctl.bench.contact_sheet import Row, as_png, contact_sheet
from brushctl.bench.effects import Effect
from brushctl.bench.metrics import Pixels
from brushctl.bench.running import Outcome, Plan
from brushctl.bench.summary import MEASURES
from brushctl.bench.tables import headings
from brushctl.photos.icc import quantise

STYLE = """
body { font: 15px/1.4 system-ui, sans-serif; margin: 2rem; color: #222; background: #fafaf8 }
table { border-collapse: collapse; margin: 0 0 2rem }
th, td { padding: .2rem .7rem .2rem 0; text-align: right; vertical-align: top }
th:first-child, td:first-child { text-align: left }
img { width: 128px; image-rendering: pixelated; display: block }
small { color: #777 }
"""


def html_report(outcome: Outcome, plan: Plan, facts: dict[str, Any]) -> str:
    """Tables and every effect's test pictures: before, truth, each method; no other file needed."""
    sections = [_section(outcome, effect, plan) for effect in plan.effects]
    base, measures = facts["base"], facts["measures"]
    told = (
        f"Base {base['id']}, U-Net {base['unet_sha256'][:12]}. Command: {facts['command']}. "
        f"Perceptual distance: {measures['perceptual']}; direction: {measures['direction']}. "
        "Pictures are edited under each method's best guidance."
    )
    return (
        "<!doctype html><html lang=en><meta charset=utf-8><title>brushctl bench</title>"
        f"<style>{STYLE}</style><h1>brushctl bench</h1><p>{html.escape(told)}</p>"
        f"{_figures(outcome, facts['rows'])}{''.join(sections)}</html>\n"
    )


def contact(outcome: Outcome, plan: Plan) -> Image.Image:
    """The first test picture of every effect: before, truth, each method."""
    shots = plan.shots[0]
    rows = []
    for effect in plan.effects:
        pictures = [effect.test[0][0], effect.test[1][0]]
        made = {case.method: (case, strip[0]) for case, strip in _of(outcome, effect, shots)}
        blank = np.ones_like(pictures[0])
        pictures += [made[method][1] if method in made else blank for method in plan.methods]
        scores = ", ".join(f"{case.method} {case.best.psnr[0]:.1f}" for case, _ in made.values())
        rows.append(Row(pictures, f"{effect.name}   PSNR: {scores} dB"))
    title = (
        f"The first test picture of each effect, on {outcome.judges.bench.base.id}, {shots}-shot"
    )
    return contact_sheet(title, ("before", "truth", *plan.methods), rows)


def _figures(outcome: Outcome, rows: Sequence[dict[str, Any]]) -> str:
    names = ["method", "shots", "split", "guidance", "effects", *headings(outcome.judges).values()]
    keys = ["method", "shots", "split", "guidance", "effects", *MEASURES]
    body = "".join(
        "<tr>" + "".join(f"<td>{html.escape(str(row[key]))}" for key in keys) for row in rows
    )
    head = "".join(f"<th>{html.escape(name)}" for name in names)
    return f"<table><tr>{head}{body}</table>"


def _section(outcome: Outcome, effect: Effect, plan: Plan) -> str:
    tables = []
    for shots in plan.shots:
        cases = list(_of(outcome, effect, shots))
        count = len(cases[0][1]) if cases else 0
        columns: list[tuple[str, str, Sequence[Pixels]]] = [
            ("before", "", list(effect.test[0])),
            ("truth", "", list(effect.test[1])),
            *((case.method, _told(case), strip) for case, strip in cases),
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


def _of(outcome: Outcome, effect: Effect, shots: int) -> Iterable[tuple[Case, list[Pixels]]]:
    for stem, case in outcome.by_stem.items():
        if (case.effect, case.shots) == (effect.name, shots):
            yield case, outcome.shelf.pictures(stem)


def _told(case: Case) -> str:
    run = case.best
    guided = f" at {run.s_T:g} / {run.s_I:g}" if run.s_T is not None else ""
    started = f", from “{case.phrase}”" if case.phrase else ""
    return f"{np.mean(run.psnr):.2f} dB{guided}{started}"


def _image(picture: Pixels) -> str:
    data = base64.b64encode(as_png(Image.fromarray(quantise(picture, 8)))).decode()
    return f'<img alt="" src="data:image/png;base64,{data}">'
