"""How close a grade comes to an edit on photographs that it was not fitted to, at full size.

    uv run python -m benchmarks.grade PAIRS           # docs/results/grade.json, a minute an edit
    uv run python -m benchmarks.grade PAIRS --pairs 1 3 5 8 --edits look-bw place-vignette
    uv run python -m benchmarks.grade                 # edits of its own, of installed photographs

PAIRS is a folder with before/learn/*.png, before/unseen/*.png and, for each edit,
after/EDIT/learn/*.png and after/EDIT/unseen/*.png of the same names; an edit's class is its name up
to the first hyphen. Whoever runs this makes it, with the programs that are to be learned from.

Without it, photographs that scikit-image and scikit-learn install are edited here, in the classes
that the grade is for. They are few and small: figures of the two kinds are not to be compared.
"""

import argparse
import json
import time
from collections.abc import Callable, Iterator, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image
from scipy.ndimage import gaussian_filter

from benchmarks.results import report
from brushctl.grade import apply_grade
from brushctl.grade.features import GROUPS, LUMA
from brushctl.grade.fit import Fitted, fit_grade

OUT = Path("docs/results/grade.json")
INSTALLED = {
    "skimage": "data",
    "sklearn": "datasets/images",
}
LEARN = ("astronaut.png", "coffee.png", "motorcycle_left.png", "china.jpg", "hubble_deep_field.jpg")
UNSEEN = ("chelsea.png", "rocket.jpg", "flower.jpg")
COLOURS_JUDGED = 100_000
"""Pixels of a photograph whose difference of colour is measured, which costs far more than PSNR."""
METHODS: dict[str, tuple[str, ...]] = {"lattice": (), "grade": GROUPS}

Pixels = Any
Edit = Callable[[Pixels], Pixels]
Photograph = Callable[[], Pixels]


def luma(x: Pixels) -> Pixels:
    """(h, w, 1)."""
    return (x @ LUMA)[..., None]


def from_centre(x: Pixels) -> Pixels:
    """Each pixel's distance, in parts of the half diagonal, (h, w, 1)."""
    h, w = x.shape[:2]
    v, u = np.mgrid[:h, :w]
    return (np.hypot(v - h / 2, u - w / 2) / np.hypot(h / 2, w / 2))[..., None]


def blurred(x: Pixels, part: float) -> Pixels:
    """By a Gaussian of so many parts of the diagonal."""
    return gaussian_filter(x, (part * np.hypot(*x.shape[:2]),) * 2 + (0,))


def stretched(x: Pixels) -> Pixels:
    """Each channel from its darkest to its lightest hundredth."""
    low, high = np.quantile(x, [0.01, 0.99], axis=(0, 1))
    return (x - low) / (high - low)


OWN: dict[str, Edit] = {
    "look-warm": lambda x: luma(x) + 0.8 * (x * x * (3 - 2 * x) - luma(x)) * (1, 0.95, 0.85),
    "look-monochrome": lambda x: np.repeat(luma(x) ** 1.3, 3, axis=2),
    "adaptive-gamma": lambda x: x ** (np.log(0.5) / np.log(x.mean())),
    "adaptive-stretch": stretched,
    "place-vignette": lambda x: x * np.cos(0.8 * from_centre(x)) ** 4,
    "place-graduated": lambda x: x * (1 - 0.5 * np.linspace(1, 0, len(x))[:, None, None]),
    "surroundings-glow": lambda x: 1 - (1 - x) * (1 - 0.4 * blurred(x, 0.01) ** 2),
    "surroundings-local": lambda x: x + 0.5 * (luma(x) - blurred(luma(x), 0.015)),
}


def read(path: Path) -> Pixels:
    """(h, w, 3) float32."""
    return np.asarray(Image.open(path).convert("RGB"), np.float32) / np.float32(255)


def in_steps(x: Pixels) -> Pixels:
    """In 8 bits, as a program saves it."""
    return (np.round(np.clip(x, 0, 1) * 255) / 255).astype(np.float32)


Pairs = Sequence[tuple[Path, Callable[[Pixels], Pixels]]]
"""Photographs and what becomes of their pixels."""


def pairs_of_folder(folder: Path, edit: str, part: str) -> Pairs:
    """The pairs that a folder has of an edit."""
    after = folder / "after" / edit / part

    def saved(name: str) -> Edit:
        return lambda _: read(after / name)

    return [(p, saved(p.name)) for p in sorted((folder / "before" / part).glob("*.png"))]


def own_pairs(edit: str, part: str) -> Pairs:
    """Installed photographs under an edit of `OWN`."""
    found = {}
    for package, inside in INSTALLED.items():
        spec = find_spec(package)
        if spec and spec.origin:
            found |= {p.name: p for p in (Path(spec.origin).parent / inside).iterdir()}
    names = LEARN if part == "learn" else UNSEEN
    return [(found[name], lambda x: in_steps(OWN[edit](x))) for name in names if name in found]


def loaded(pairs: Pairs) -> Iterator[tuple[Pixels, Pixels]]:
    """Before and after, one pair at a time."""
    for path, edited in pairs:
        before = read(path)
        yield before, edited(before)


def judged(pairs: Pairs, graded: Edit) -> dict[str, float]:
    """Mean PSNR in dB, and mean CIEDE2000, over photographs."""
    from skimage.color import deltaE_ciede2000, rgb2lab

    psnr, difference = [], []
    for before, after in loaded(pairs):
        result = np.clip(graded(before), 0, 1)
        psnr.append(-10 * np.log10(np.square(result - after).mean(dtype=np.float64) + 1e-6))
        some = np.random.default_rng(0).integers(result[..., 0].size, size=COLOURS_JUDGED)
        colours = (rgb2lab(picture.reshape(-1, 3)[some]) for picture in (result, after))
        difference.append(deltaE_ciede2000(*colours).mean())
    return {"psnr": round(float(np.mean(psnr)), 2), "de2000": round(float(np.mean(difference)), 2)}


def fitted(pairs: Pairs, groups: Sequence[str]) -> tuple[Fitted, float]:
    """A fit and its CPU seconds, reading the pairs not counted."""
    pictures = list(loaded(pairs))
    start = time.process_time()
    return fit_grade(pictures, groups), round(time.process_time() - start, 1)


def measured(edit: str, learn: Pairs, unseen: Pairs, counts: Sequence[int]) -> list[dict[str, Any]]:
    """The rows of one edit."""
    about = {"edit": edit, "class": edit.split("-", maxsplit=1)[0]}
    rows: list[dict[str, Any]] = [
        {**about, "pairs": 0, "method": "untouched", **judged(unseen, lambda x: x)}
    ]
    for count in sorted({min(count, len(learn)) for count in counts}):
        for method, groups in METHODS.items():
            fit, seconds = fitted(learn[:count], groups)
            grade = fit.grade
            said = {"network": list(grade.groups), "fit_cpu_seconds": seconds}
            figures = judged(unseen, lambda x, grade=grade: apply_grade(grade, x))
            rows.append({**about, "pairs": count, "method": method, **figures, **said})
    return rows


def main() -> None:
    """Fit, judge, write."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("folder", type=Path, nargs="?")
    options.add_argument("--pairs", type=int, nargs="+", default=[8])
    options.add_argument("--edits", nargs="+")
    options.add_argument("--out", type=Path, default=OUT)
    chosen = options.parse_args()
    folder = chosen.folder
    known = sorted(p.name for p in (folder / "after").iterdir()) if folder else list(OWN)
    rows: list[dict[str, Any]] = []
    for edit in chosen.edits or known:
        parts = ("learn", "unseen")
        pairs = [pairs_of_folder(folder, edit, p) if folder else own_pairs(edit, p) for p in parts]
        for row in measured(edit, *pairs, chosen.pairs):
            rows.append(row)
            print(json.dumps(row), flush=True)
    means: dict[str, dict[str, float]] = {}
    for row in rows:
        kind = f"{row['method']}, {row['pairs']} pairs"
        alike = [r for r in rows if all(r[k] == row[k] for k in ("class", "method", "pairs"))]
        means.setdefault(row["class"], {})[kind] = round(
            float(np.mean([r["psnr"] for r in alike])), 1
        )
    report(chosen.out, {"mean_psnr": means, "rows": rows})


if __name__ == "__main__":
    main()
