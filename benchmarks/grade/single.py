"""What a single pair says of its grade, beside what the grade comes to on other pictures.

    uv run python -m benchmarks.grade single PAIRS      # docs/results/grade-single.json

For each effect of TOP-Bench mini and each edit of the folder, a grade is fitted to the first pair:
PSNR in dB on quarters of its picture that were held out, on its colours that were, and on other
pictures. `brushctl.grade.fit.Fitted.elsewhere` takes one of the first two.
"""

import argparse
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from statistics import fmean
from typing import Any

from benchmarks.grade.pairs import edits_in, pairs_in, read
from benchmarks.results import report
from brushctl.bench.effects import TABLE_3, draw_effects
from brushctl.bench.metrics import psnr
from brushctl.grade import apply_grade
from brushctl.grade.fit import fit_grade

SIDE = 64
"""Pixels of a drawn picture: those of tiny-ip2p."""
OUT = Path("docs/results/grade-single.json")
Pixels = Any
Pair = tuple[Pixels, Pixels]


def drawn() -> Iterator[tuple[str, Pair, Sequence[Pair]]]:
    """Every effect of the bench: its name, its first pair, and its test pairs."""
    for effect in draw_effects(list(TABLE_3), SIDE, 0):
        first, *_ = zip(*effect.train, strict=True)
        yield effect.name, first, list(zip(*effect.test, strict=True))


def photographed(folder: Path) -> Iterator[tuple[str, Pair, Iterable[Pair]]]:
    """Every edit of a folder: its name, its first pair, and its unseen pairs as they are read."""
    for edit in edits_in(folder):
        first, *_ = pairs_in(folder, edit, "learn")
        unseen = pairs_in(folder, edit, "unseen")
        yield (
            edit,
            (read(first.before), read(first.after)),
            ((read(pair.before), read(pair.after)) for pair in unseen),
        )


def row(name: str, pair: Pair, others: Iterable[Pair]) -> dict[str, Any]:
    """The figures of one edit."""
    fitted = fit_grade([pair])
    known = fitted.grade.lattice is not None
    return {
        "edit": name,
        "quarters": round(fitted.chosen.psnr, 1),
        "colours": round(fitted.on_other_colours(), 1) if known else None,
        "others": round(fmean(psnr(apply_grade(fitted.grade, x), y) for x, y in others), 1),
    }


def main(arguments: Sequence[str]) -> None:
    """Measure, and write the file."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("pairs", type=Path, metavar="PAIRS")
    folder = options.parse_args(arguments).pairs
    kinds = {"drawn": drawn(), "photographs": photographed(folder)}
    facts = {kind: [row(*each) for each in edits] for kind, edits in kinds.items()}
    print(report(OUT, facts))
