"""A brush file that any command accepts: right in form, learned from nothing."""

from functools import cache
from pathlib import Path

import numpy as np

from brushctl.brushes.file import Brush, write_brush
from brushctl.brushes.metadata import Apply, Base, Buckets, Instruction, Metadata, Segment
from brushctl.engine.model.find import EMBEDDED
from brushctl.engine.model.fingerprint import identity


@cache
def _tiny() -> str:
    """The U-Net of the embedded base, of which a brush must be to be applied."""
    return identity(EMBEDDED / "unet")


def make_brush(path: Path, name: str = "dusk", value: float = 0.5) -> Path:
    """Write one with a single site; `value` sets it apart from others of its name."""
    metadata = Metadata(
        name=name,
        created="2026-01-01T00:00:00Z",
        tool="brushctl 0.1.0",
        instruction=Instruction(phrase=None, m=2, segments=(Segment(2),)),
        buckets=Buckets.even(5, 1000),
        base=Base(id="tiny-ip2p", architecture="tests", model_sha256=_tiny()),
        apply=Apply(s_T=7.5, s_I=1.5, steps=20, resolution=64),
    )
    features = np.full((5, 2, 4), value, np.float32)
    write_brush(Brush(metadata, {"down.attn2.k": features, "down.attn2.v": features}), path)
    return path
