"""What a brush's features look like, site by site."""

from dataclasses import dataclass

import numpy as np

from brushctl.brushes.file import Brush, Features


@dataclass(frozen=True, slots=True)
class SiteStatistics:
    """The features of one cross-attention layer.

    Attributes:
        width: d, before the split into heads.
        k_rms: root mean square of the keys.
        v_rms: root mean square of the values.
        k_max: the largest magnitude among the keys.
        v_max: the largest magnitude among the values.
        k_spread: how far the buckets' keys lie from their mean over buckets, as part of `k_rms`.
        v_spread: the same of the values.
    """

    width: int
    k_rms: float
    v_rms: float
    k_max: float
    v_max: float
    k_spread: float
    v_spread: float


def site_statistics(brush: Brush) -> dict[str, SiteStatistics]:
    """The statistics of every site, by name; none of a brush without an instruction."""
    tensors = brush.instruction_tensors()
    return {
        site: _statistics(tensors[f"{site}.k"], tensors[f"{site}.v"])
        for site in sorted({key[:-2] for key in tensors})
    }


def _statistics(k: Features, v: Features) -> SiteStatistics:
    K, V = k.astype(np.float64), v.astype(np.float64)  # (j, m, d)
    return SiteStatistics(
        width=k.shape[-1],
        k_rms=_rms(K),
        v_rms=_rms(V),
        k_max=float(np.abs(K).max()),
        v_max=float(np.abs(V).max()),
        k_spread=_spread(K),
        v_spread=_spread(V),
    )


def _rms(features: Features) -> float:
    return float(np.sqrt(np.mean(features**2)))


def _spread(features: Features) -> float:
    """0 where every bucket has the same features, and where all are zero."""
    rms = _rms(features)
    return _rms(features - features.mean(axis=0)) / rms if rms else 0.0
