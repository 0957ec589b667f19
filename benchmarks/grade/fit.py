"""How near an edit comes to photographs that it was not learned from, at full size.

`python -m benchmarks.grade fit PAIRS` learns every edit of the folder by several methods, and
judges each on all unseen photographs, as they would be saved in 8 bits: means of PSNR and of
CIEDE2000. Rows are added to those of docs/results/grade.json as they are measured, in place of
older ones of the same edit, pairs and method.
"""

import argparse
import json
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.grade.methods import METHODS, Learned, Task, lut
from benchmarks.grade.pairs import Codes, Pair, edits_in, make_own, pairs_in, read_codes
from benchmarks.results import command
from brushctl.bench.metrics import ciede2000

OUT = Path("docs/results/grade.json")
USUAL = ("nothing", "lut", "grade")
CLASSES = {"mix": "place"}
"""Of edits whose first word is not their class: a look and a vignette, say."""
LOOKS_ONLY = ("lutsmith",)
"""Methods for looks: they make tables, and take a minute to."""
FLOOR = 1e-6
"""Added to the mean squared error: a result that is right to the last bit has 60 dB."""

Row = dict[str, Any]


def psnr(result: Codes, truth: Codes) -> float:
    """In dB. Of the bench's own, which ends at 50, a good look would show nothing."""
    error = np.square(np.subtract(result, truth, dtype=np.float32)).mean(dtype=np.float64)
    return float(-10 * np.log10(error / 255**2 + FLOOR))


def judge(learned: Learned, unseen: Sequence[tuple[Path, Codes]]) -> Row:
    """Mean PSNR in dB, and mean CIEDE2000, over photographs and their truths."""
    scores = []
    for path, truth in unseen:
        result = learned.edit(path)
        in_unit = (x.astype(np.float32) / 255 for x in (result, truth))
        scores.append((psnr(result, truth), ciede2000(*in_unit)))
    return dict(zip(("psnr", "de2000"), np.round(np.mean(scores, axis=0), 2).tolist(), strict=True))


def measure(
    edit: str,
    pairs: Sequence[Pair],
    unseen: Sequence[Pair],
    counts: Sequence[int],
    methods: Sequence[str],
    peers: Path | None,
) -> None:
    """Learn an edit from so many pairs by each method, and note how near each comes."""
    kind = CLASSES.get(word := edit.split("-", maxsplit=1)[0], word)
    truths = [(pair.before, read_codes(pair.after)) for pair in unseen]
    for method in methods:
        if method in LOOKS_ONLY and kind != "look":
            continue
        for count in [0] if method == "nothing" else counts:
            with tempfile.TemporaryDirectory() as folder:
                photographs = [path for path, _ in truths]
                learned = METHODS[method](Task(pairs[:count], photographs, Path(folder), peers))
                figures = judge(learned, truths)
            seconds = learned.fit_cpu_seconds
            row = {"edit": edit, "class": kind, "pairs": count, "method": method, **figures}
            row["fit_cpu_seconds"] = None if seconds is None else round(seconds, 1)
            row |= learned.facts
            note(OUT, rows=[row])
            print(json.dumps(row), flush=True)


def note(out: Path, *, rows: Sequence[Row] = (), apply: Sequence[Row] | None = None) -> None:
    """Add figures to the file of results, with the command that they are of."""
    known = json.loads(out.read_text()) if out.exists() else {"rows": [], "apply": []}
    commands = known["command"].split("; ") if "command" in known else []

    def key(row: Row) -> tuple[str, int, str]:
        return row["edit"], row["pairs"], row["method"]

    fresh = {key(row) for row in rows}
    all_rows = [row for row in known["rows"] if key(row) not in fresh] + list(rows)
    facts = {
        "command": "; ".join(dict.fromkeys([*commands, command()])),
        "mean_psnr": means(all_rows),
        "rows": all_rows,
        "apply": known["apply"] if apply is None else apply,
    }
    out.write_text(json.dumps(facts, indent=1) + "\n")


def means(rows: Sequence[Row]) -> dict[str, dict[str, float]]:
    """The PSNR of each class, by method and number of pairs, over its edits."""
    groups: dict[str, dict[str, list[float]]] = {}
    for row in rows:
        kind = f"{row['method']}, {row['pairs']} pairs"
        groups.setdefault(row["class"], {}).setdefault(kind, []).append(row["psnr"])
    return {
        name: {kind: round(float(np.mean(psnrs)), 1) for kind, psnrs in kinds.items()}
        for name, kinds in groups.items()
    }


def warm_up(unseen: Sequence[Pair]) -> None:
    """Have what is compiled read from the disk: it belongs to no method."""
    with tempfile.TemporaryDirectory() as folder:
        lut(Task(unseen[:1], (), Path(folder)))


def main(arguments: Sequence[str]) -> None:
    """Learn, judge, write."""
    options = argparse.ArgumentParser(prog="fit", description=__doc__)
    options.add_argument("folder", type=Path, nargs="?")
    options.add_argument("--pairs", type=int, nargs="+", default=[8])
    options.add_argument("--edits", nargs="+")
    options.add_argument("--methods", nargs="+", choices=METHODS, default=USUAL)
    options.add_argument("--peers", type=Path, help="an interpreter that has the other programs")
    chosen = options.parse_args(arguments)
    with tempfile.TemporaryDirectory() as own:
        folder = chosen.folder or make_own(Path(own))
        for n, edit in enumerate(chosen.edits or edits_in(folder)):
            learn, unseen = (pairs_in(folder, edit, part) for part in ("learn", "unseen"))
            if n == 0:
                warm_up(unseen)
            counts = sorted({min(count, len(learn)) for count in chosen.pairs})
            measure(edit, learn, unseen, counts, chosen.methods, chosen.peers)
