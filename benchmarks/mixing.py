"""What each way of mixing does to pictures: two brushes learned on tiny-ip2p, and their mixes.

    uv run python -m benchmarks.mixing     # docs/images/mixing.png and docs/results/mixing.json

Both brushes are learned from ten pairs of the procedural world, without a phrase, so that they have
equally many tokens. All of them then edit the same pictures, which neither has seen. The figures
are root mean square differences (of 1) between a mix's pictures and those of either parent: of the
whole pictures; of their coarse part, the means of blocks of 8 x 8 pixels, which hold layout and
colour; and of the fine part that is left, which holds texture.
"""

import argparse
import sys
import time
from pathlib import Path

import numpy as np
import torch
from PIL import Image

from benchmarks.card import base_of, report
from brushctl.bench.contact_sheet import Row, contact_sheet
from brushctl.brushes.file import Brush
from brushctl.brushes.mixing import Share, blend, schedule, stack
from brushctl.brushes.provenance import Provenance
from brushctl.cli._output import reporting
from brushctl.engine.model.base import BaseModel, open_base
from brushctl.engine.sampler import editor_on
from brushctl.engine.training.make_brush import InitialPhrase, make_brush
from brushctl.engine.training.recipes import RECIPES
from brushctl.tiny.world.looks import NAMED
from brushctl.tiny.world.pictures import draw_picture

PAIRS, BLOCK, SHOWN = 10, 8, 5
SHEET, FIGURES = Path("docs/images/mixing.png"), Path("docs/results/mixing.json")


def pictures(seed: int, count: int, size: int) -> np.ndarray:
    """(n, s, s, 3) of the procedural world."""
    rng = np.random.default_rng(seed)
    return np.stack([draw_picture(rng, size).pixels for _ in range(count)])


def learned(base: BaseModel, look: str, recipe: str, seed: int) -> Brush:
    """A brush for one look, from pairs that no other part of this script uses."""
    before = pictures(1000 + seed, PAIRS, base.resolution)
    after = np.stack([np.clip(NAMED[look][0](x), 0, 1) for x in before])
    with reporting() as report:
        return make_brush(
            base,
            before,
            after,
            initial_phrase=InitialPhrase(None),
            recipe=RECIPES[recipe],
            seed=seed,
            provenance=Provenance.today(look),
            pair_hashes=["0" * 64] * PAIRS,
            report=report,
        )


def edited(base: BaseModel, brush: Brush, images: np.ndarray) -> np.ndarray:
    """(n, s, s, 3): the pictures after the brush, at its own settings."""
    with editor_on(base, brush) as editor:
        return np.stack([editor.edit([image])[0].after for image in images])


def mixes(a: Brush, b: Brush) -> dict[str, Brush]:
    """Every way of mixing, by the name it has in the sheet."""
    provenance = Provenance.today("mix")
    j = a.metadata.buckets.count
    coarse_a = [b] * (j // 2) + [a] * (j - j // 2)
    coarse_b = [a] * (j // 2) + [b] * (j - j // 2)
    return {
        "blend .75 A .25 B": blend([Share(a, 0.75), Share(b, 0.25)], provenance),
        "blend .5 A .5 B": blend([Share(a, 0.5), Share(b, 0.5)], provenance),
        "blend .25 A .75 B": blend([Share(a, 0.25), Share(b, 0.75)], provenance),
        "stack A B": stack([Share(a, 1), Share(b, 1)], provenance),
        "coarse A fine B": schedule(coarse_a, provenance),
        "coarse B fine A": schedule(coarse_b, provenance),
    }


def distances(x: np.ndarray, y: np.ndarray) -> dict[str, float]:
    """Root mean square differences of the whole, the coarse part and the fine part."""
    difference = (x - y).astype(np.float64)
    n, h, w, c = difference.shape
    blocks = difference.reshape(n, h // BLOCK, BLOCK, w // BLOCK, BLOCK, c)
    means = blocks.mean(axis=(2, 4), keepdims=True)
    parts = {"whole": difference, "coarse": means, "fine": blocks - means}
    return {name: round(float(np.sqrt(np.mean(part**2))), 4) for name, part in parts.items()}


def sheet(columns: dict[str, np.ndarray]) -> Image.Image:
    """A column for each method under its name, a row for each picture."""
    rows = [Row([images[k] for images in columns.values()]) for k in range(SHOWN)]
    return contact_sheet("Two brushes and their mixes (tiny-ip2p)", list(columns), rows)


def main() -> None:
    """Learn, mix, edit, measure, and write the sheet and the figures."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("-a", default="sunset", choices=NAMED)
    options.add_argument("-b", default="pencil", choices=NAMED)
    options.add_argument("--recipe", default="default", choices=RECIPES)
    options.add_argument("--count", type=int, default=24, help="held-out pictures")
    options.add_argument("--device", default="cpu")
    chosen = options.parse_args()
    started = time.monotonic()
    base = open_base(None, torch.device(chosen.device), torch.float32)
    a, b = (
        learned(base, look, chosen.recipe, seed) for seed, look in enumerate((chosen.a, chosen.b))
    )
    images = pictures(7, max(chosen.count, SHOWN), base.resolution)
    of_a, of_b = edited(base, a, images), edited(base, b, images)
    columns = {"input": images, f"A: {chosen.a}": of_a, f"B: {chosen.b}": of_b}
    rows = [{"method": "A", "to_b": distances(of_a, of_b)}]
    for name, brush in mixes(a, b).items():
        columns[name] = edited(base, brush, images)
        to_a, to_b = distances(columns[name], of_a), distances(columns[name], of_b)
        rows.append({"method": name, "to_a": to_a, "to_b": to_b})
        sys.stdout.write(f"{name:20} to A {to_a}  to B {to_b}\n")
    SHEET.parent.mkdir(parents=True, exist_ok=True)
    FIGURES.parent.mkdir(parents=True, exist_ok=True)
    sheet(columns).save(SHEET)
    facts = {
        "base": base_of(base),
        "pictures": len(images),
        "seconds": round(time.monotonic() - started, 1),
        "rows": rows,
    }
    report(FIGURES, facts)


if __name__ == "__main__":
    main()
