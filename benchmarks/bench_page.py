"""One or more runs of `brushctl bench` as one document, and as the tables of docs/bench.md.

    uv run python -m benchmarks.bench_page docs/results/topbench-mini.json MORE/results.json

writes the first file anew with the cases of all, and prints the tables. Runs may differ in number
format, machine, methods and shots; in what decides a figure otherwise they must agree. Of a case
that several runs have, the last one's counts. Each case says from which of `runs` it is.
"""

import argparse
import json
from collections.abc import Iterator, Sequence
from itertools import product
from pathlib import Path
from statistics import fmean
from typing import Any

from brushctl.bench.cases import Case
from brushctl.bench.methods.registry import METHODS
from brushctl.bench.report import results_text
from brushctl.bench.summary import Summary, summarise
from brushctl.bench.tables import printed

COMMON = ("base", "steps", "seed", "guidance_grid", "measures")
OF_A_RUN = ("command", "dtype", "machine", "device", "seconds")
BRUSHES = ("instructbrush", "instructbrush-paper", "brush")
NEAR = 0.5
"""PSNR in dB below the best method of an effect that is as good."""
HEADINGS = (
    "", "effects", "Global", "Local", "all", "held out", "SSIM", "tower", "direction",
    "at 7.5 / 1.5", "paper, SD 1.5",
)  # fmt: skip


def runs_of(facts: dict[str, Any]) -> list[dict[str, Any]]:
    """What each run of a document was."""
    return facts.get("runs") or [{key: facts[key] for key in OF_A_RUN}]


def merged(documents: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """All cases of all documents; the same case of a later one replaces that of an earlier."""
    first, order = documents[0], list(METHODS)
    runs: list[dict[str, Any]] = []
    cases: dict[tuple[int, int, str], dict[str, Any]] = {}
    for facts in documents:
        assert all(facts[key] == first[key] for key in COMMON), "of other settings"
        for case in facts["cases"]:
            place = order.index(case["method"]), -case["shots"], case["effect"]
            cases[place] = {**case, "run": case.get("run", 0) + len(runs)}
        runs += runs_of(facts)
    ordered = [cases[place] for place in sorted(cases, key=lambda place: place[:2])]
    rows = summarise([case_of(facts) for facts in ordered], first["seed"])
    return {
        "command": "; ".join(run["command"] for run in runs),
        "runs": runs,
        "seconds": round(sum(case["seconds"] for case in ordered), 1),
        **{key: first[key] for key in COMMON},
        "held_out": list(dict.fromkeys(name for facts in documents for name in facts["held_out"])),
        "rows": [row.to_dict() for row in rows],
        "cases": ordered,
    }


def case_of(facts: dict[str, Any]) -> Case:
    """A case of a document, which may say from which run it is."""
    return Case.from_dict({key: value for key, value in facts.items() if key != "run"})


def by_method(rows: Sequence[Summary], shots: int) -> Iterator[str]:
    """A table of the means over effects."""
    yield from headed(HEADINGS)
    for method in METHODS:
        of = {(r.split, r.guidance): r for r in rows if (r.method, r.shots) == (method, shots)}
        if ("all", "best") not in of:
            continue
        whole, paper = of["all", "best"], printed(method, "all", shots)
        low, high = whole.intervals["psnr"]
        by_paper = of.get(("all", "paper"))
        yield row(
            f"`{method}`",
            str(whole.effects),
            *(psnr_of(of.get((split, "best"))) for split in ("global", "local")),
            f"{whole.psnr:.2f} ({low:.1f} to {high:.1f})",
            psnr_of(of.get(("held-out", "best"))),
            *(f"{x:.3f}" for x in (whole.ssim, whole.perceptual, whole.direction)),
            psnr_of(by_paper),
            f"{paper[0]:.2f}" if paper and not method.endswith("-paper") else "",
        )


def against(cases: Sequence[Case], shots: int, ours: str) -> Iterator[str]:
    """A recipe of the brush against each other method, on those effects that both have."""
    yield from headed(
        (f"`{ours}` against", "effects", "PSNR", "ahead on", "perceptual", "direction")
    )
    mine = {(c.method, c.effect): c for c in cases if c.shots == shots}
    for method, held_out in product(METHODS, (False, True)):
        pairs = [
            (mine[ours, effect].best, case.best)
            for (name, effect), case in mine.items()
            if name == method != ours and (ours, effect) in mine
            if case.held_out or not held_out
        ]
        if pairs:
            gains = [fmean(brush.psnr) - fmean(other.psnr) for brush, other in pairs]
            nearer = [
                fmean(f(brush) for brush, _ in pairs) / fmean(f(other) for _, other in pairs) - 1
                for f in (lambda run: fmean(run.perceptual), lambda run: run.direction)
            ]
            yield row(
                f"`{method}`" + ", held out" * held_out,
                str(len(pairs)),
                f"{fmean(gains):+.2f} dB",
                str(sum(gain > 0 for gain in gains)),
                *(f"{share:+.0%}" for share in nearer),
            )


def by_effect(cases: Sequence[Case], shots: int) -> Iterator[str]:
    """A table of each effect's mean PSNR under the best guidance."""
    mine = [case for case in cases if case.shots == shots]
    methods = [method for method in METHODS if any(case.method == method for case in mine)]
    yield from headed(["", *(f"`{method}`" for method in methods)])
    for effect in dict.fromkeys(case.effect for case in mine):
        of = {case.method: case for case in mine if case.effect == effect}
        name = effect + " *" * next(iter(of.values())).held_out
        yield row(name, *(best_psnr(of.get(method)) for method in methods))


def near_the_best(cases: Sequence[Case], shots: int, ours: str) -> str:
    """On how many effects a method is as good as the best of all."""
    mine = {(c.method, c.effect): fmean(c.best.psnr) for c in cases if c.shots == shots}
    effects = [effect for method, effect in mine if method == ours]
    best = {effect: max(v for (_, e), v in mine.items() if e == effect) for effect in effects}
    near = sum(mine[ours, effect] >= best[effect] - NEAR for effect in effects)
    return f"`{ours}` is within {NEAR} dB of the best on {near} of {len(effects)}"


def best_psnr(case: Case | None) -> str:
    """A case's mean PSNR under its best guidance; empty where it was not run."""
    return f"{fmean(case.best.psnr):.1f}" if case else ""


def psnr_of(summary: Summary | None) -> str:
    """Its PSNR; empty where there is none."""
    return f"{summary.psnr:.2f}" if summary else ""


def headed(names: Sequence[str]) -> Iterator[str]:
    """The first two lines of a table."""
    yield row(*names)
    yield row(*("---" for _ in names))


def row(*cells: str) -> str:
    """A line of a table."""
    return f"| {' | '.join(cells)} |"


def main() -> None:
    """Merge, write, print."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("results", type=Path, nargs="+")
    files: list[Path] = options.parse_args().results
    facts = merged([json.loads(path.read_text()) for path in files])
    files[0].write_text(results_text(facts))
    cases = [case_of(each) for each in facts["cases"]]
    rows = summarise(cases, facts["seed"])
    for shots in sorted({case.shots for case in cases}, reverse=True):
        recipes = [
            ours for ours in BRUSHES if any((c.method, c.shots) == (ours, shots) for c in cases)
        ]
        comparisons = (against(cases, shots, ours) for ours in recipes)
        parts = by_method(rows, shots), *comparisons, by_effect(cases, shots)
        near = (near_the_best(cases, shots, ours) for ours in recipes)
        print(f"With {shots} training pairs", *map("\n".join, parts), *near, "", sep="\n\n")


if __name__ == "__main__":
    main()
