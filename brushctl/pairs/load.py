"""Find before/after pairs in the layouts people keep them in, and open them for the model.

A path is one of
    a folder with two folders in it, `before/` and `after/`, of pictures with equal names;
    a folder of pictures `x_before.jpg`, `x_after.jpg` (or `x_0.png`, `x_1.png`);
    a manifest, CSV or JSON, that names the two files of each pair.
`input/output`, `source/target` and `original/edited` do as well as `before/after`.
"""

import hashlib
from collections.abc import Sequence

import numpy as np

from brushctl.files import naming
from brushctl.pairs.align import aligned
from brushctl.pairs.find import Pair
from brushctl.photos.icc import Pixels
from brushctl.photos.photo import open_photo, resize
from brushctl.reading import open_file


def pair_sha256(pair: Pair) -> str:
    """A hash of both files' contents, in their order: what a brush keeps instead of paths.

    Raises:
        OSError: a file cannot be read; it names the file.
    """
    both = hashlib.sha256()
    for path in (pair.before, pair.after):
        with naming(path), open_file(path) as file:
            both.update(hashlib.file_digest(file, "sha256").digest())
    return both.hexdigest()


def load_pairs(
    pairs: Sequence[Pair], resolution: int, *, align: bool = False
) -> tuple[Pixels, Pixels]:
    """The pictures as the model learns them: short side to `resolution` pixels, centre-cropped.

    Args:
        pairs: the files.
        resolution: s, the side in pixels of the model's pictures.
        align: crop both pictures of a pair to what they share, where one has moved.

    Returns:
        before and after, each (n, s, s, 3) float32, sRGB-encoded in [0, 1].

    Raises:
        PhotoError: a file cannot be decoded.
    """
    before, after = [], []
    for pair in pairs:
        x, y = open_photo(pair.before).pixels, open_photo(pair.after).pixels
        if align:
            x, y = aligned(x, y)
        before.append(square(x, resolution))
        after.append(square(y, resolution))
    return np.stack(before), np.stack(after)


def square(pixels: Pixels, side: int) -> Pixels:
    """(h, w, 3) -> the middle (side, side, 3) of the picture at the scale that just covers it."""
    h, w = pixels.shape[:2]
    scale = side / min(h, w)
    scaled = resize(pixels, (max(side, round(w * scale)), max(side, round(h * scale))))
    top, left = (scaled.shape[0] - side) // 2, (scaled.shape[1] - side) // 2
    return scaled[top : top + side, left : left + side]
