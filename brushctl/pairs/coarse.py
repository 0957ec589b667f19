"""Whether an edited picture was saved so coarsely that its edit is hard to tell from that."""

import numpy as np

from brushctl.photos.formats.jpeg import Tables
from brushctl.photos.photo import Photo

COARSE = 40.0
"""The mean of a JPEG's table for luminance from which blocks are seen. The standard's own (ITU-T
T.81, table K.1) has 58; as most programs count, quality 60 has 46, 70 has 35 and 90 has 12."""
PALETTE = 256
"""Colours that a palette has at most."""
TIMES = 4
"""So many times the colours of the edited picture its original has, if they were lost in saving."""
LOOKED_AT = 2**16
"""Pixels, from all over a picture, whose colours are counted."""


def saved_coarsely(before: Photo, after: Photo) -> str | None:
    """How the edited picture was saved, for people, if that was coarse."""
    how = after.encoding
    if isinstance(how, Tables) and np.mean(how.quantization[0]) > COARSE:
        return "the edited picture is a JPEG of low quality"
    colours = _colours(after)
    if 1 < colours <= PALETTE and _colours(before) >= TIMES * colours:
        return f"the edited picture has {colours} colours, as those with a palette"
    return None


def _colours(photo: Photo) -> int:
    """How many colours a picture has; 0 where all are greys, of which there are no more anyway."""
    codes = photo.codes.reshape(-1, photo.codes.shape[-1])
    codes = codes[:: max(1, len(codes) // LOOKED_AT)]
    if codes.shape[1] < 3 or (codes == codes[:, :1]).all():
        return 0
    return len(np.unique(codes, axis=0))
