"""The small picture that a brush may carry: before on the left, after on the right."""

import base64
import io
from pathlib import Path

import numpy as np
from PIL import Image

from brushctl.photos.icc import Pixels, quantise
from brushctl.photos.photo import open_photo, resize

HEIGHT, WIDEST = 128, 512
"""Of either side, in pixels."""


def preview_of(before: Path, after: Path) -> str:
    """Two photographs as one small JPEG, in a data URI.

    Raises:
        PhotoError: one of them cannot be read.
    """
    both = np.concatenate([_side(before), _side(after)], axis=1)
    stream = io.BytesIO()
    Image.fromarray(quantise(both, 8)).save(stream, "JPEG", quality=85)
    return f"data:image/jpeg;base64,{base64.b64encode(stream.getvalue()).decode()}"


def _side(path: Path) -> Pixels:
    photo = open_photo(path)
    width, height = photo.size
    return resize(photo.pixels, (min(max(1, round(HEIGHT * width / height)), WIDEST), HEIGHT))
