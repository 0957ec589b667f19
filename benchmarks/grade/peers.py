"""Other programs that learn colours from pictures, run by an interpreter that has them.

    PYTHON peers.py NAME < request.json

It needs nothing of brushctl. The request names `pairs` of files, `photographs`, and the folder
`out`, in which each photograph is written as the program edits it. The answer is the CPU seconds of
learning. Every program works with its defaults, at 33 nodes.

- lut-estimator (PyPI) takes one pair: the pairs are put one below the other, narrow ones repeated
  in the mirror to the width of the widest.
- color-matcher (PyPI) knows no pairs: every photograph gets the colours of the first picture after
  the edit, by the method that its manual begins with.
- lutsmith (github.com/davidtorcivia/lutsmith) takes all pairs, and is given files.
"""

import argparse
import json
import os
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

Codes = Any
"""(h, w, 3) uint8."""
Edit = Callable[[Codes], Codes]
Pairs = Sequence[tuple[str, str]]

NODES = 33
"""Along each channel of a table."""
SEED = 0


def read(path: str) -> Codes:
    """A picture, in 8 bits."""
    import numpy as np
    from PIL import Image

    with Image.open(path) as image:
        return np.asarray(image.convert("RGB"))


def montage(paths: Sequence[str]) -> Codes:
    """Pictures one below the other."""
    import numpy as np

    pictures = [read(path) for path in paths]
    width = max(picture.shape[1] for picture in pictures)
    wide = [
        np.pad(picture, ((0, 0), (0, width - picture.shape[1]), (0, 0)), mode="symmetric")
        for picture in pictures
    ]
    return np.concatenate(wide)


def lut_estimator(pairs: Pairs) -> tuple[Edit, float]:
    """An edit, and the CPU seconds of learning it."""
    from lut_estimator import apply_lut_trilinear, estimate_lut

    before, after = (montage(side) for side in zip(*pairs, strict=True))
    start = cpu_seconds()
    table = estimate_lut(before, after, lut_size=NODES, seed=SEED)
    seconds = cpu_seconds() - start
    return lambda x: apply_lut_trilinear(x, table), seconds


def color_matcher(pairs: Pairs) -> tuple[Edit, float]:
    """An edit, and no seconds: each photograph is matched for itself."""
    import numpy as np
    from color_matcher import ColorMatcher

    reference = read(pairs[0][1])

    def edit(x: Codes) -> Codes:
        matched = ColorMatcher().transfer(src=x, ref=reference, method="mkl")
        return np.round(np.clip(matched, 0, 255)).astype(np.uint8)

    return edit, 0.0


def lutsmith(pairs: Pairs) -> tuple[Edit, float]:
    """An edit, and the CPU seconds of learning it, reading its files included."""
    import numpy as np
    from lutsmith.core.interpolation import apply_lut_to_colors
    from lutsmith.core.types import PipelineConfig
    from lutsmith.pipeline.runner import run_multi_pipeline

    start = cpu_seconds()
    # Some pictures look to it like film in a logarithmic encoding; these are all photographs.
    result = run_multi_pipeline(pairs, PipelineConfig(lut_size=NODES), allow_mixed_transfer=True)
    seconds = cpu_seconds() - start
    table = result.lut.array

    def edit(x: Codes) -> Codes:
        flat = apply_lut_to_colors(x.reshape(-1, 3).astype(np.float32) / 255, table, NODES)
        return np.round(np.clip(flat, 0, 1) * 255).astype(np.uint8).reshape(x.shape)

    return edit, seconds


PEERS = {
    "lut-estimator": lut_estimator,
    "color-matcher": color_matcher,
    "lutsmith": lutsmith,
}


def cpu_seconds() -> float:
    """Of this process, and of those that it has started and waited for."""
    return sum(os.times()[:4])


def main() -> None:
    """Learn, and edit photographs."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("name", choices=PEERS)
    name = options.parse_args().name
    request = json.load(sys.stdin)

    from PIL import Image

    edit, seconds = PEERS[name](request["pairs"])
    for photograph in request["photographs"]:
        edited = Image.fromarray(edit(read(photograph)))
        edited.save(Path(request["out"], f"{Path(photograph).stem}.bmp"))
    sys.stdout.write(json.dumps({"fit_cpu_seconds": seconds}))


if __name__ == "__main__":
    main()
