"""What a grade does to colours, measured for people who ask what a brush does."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from brushctl.brushes.graded import Look, Place, Zone
from brushctl.grade.apply import AnyGrade, Blend, Stack, apply_grade

Array = NDArray[Any]

GREYS = (20.0, 50.0, 80.0)
"""L* of shadows, midtones and highlights."""
HUES = 24
"""Directions in which colours are looked at, evenly around the circle."""
CHROMA, LIGHTNESSES = 25.0, (40.0, 60.0)
"""C* and L* of those colours: at both, all hues lie within sRGB, as most of a photograph does."""
CHART_ROUNDS, PATCH = 20, 8
"""How often each colour stands in the chart of a network, and the side in pixels of its patches."""
INSIDE, OUTSIDE = 0.5, 1.0
"""Radii of the centre and of the edges, where a side of the frame is at 1."""
CHARTED = 33
"""Greys that curves are drawn of: those of the nodes of most lattices."""
DECIMALS = 2
"""Finer differences of colour are not seen."""
TO_XYZ = np.array([[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]])
"""Of linear sRGB (IEC 61966-2-1)."""
WHITE = TO_XYZ.sum(axis=1)
"""D65 as this matrix has it, so that greys have no hue."""
EPSILON, KAPPA = 216 / 24389, 24389 / 27
"""Where CIELAB's cube root gives way to a line, and the slope of that (CIE 15:2004)."""


def look_of(grade: AnyGrade) -> Look:
    """What becomes of greys and of colours of all hues.

    Where a network takes part, what becomes of a colour depends on its picture: then they stand in
    a chart, each all over it, and what is measured is the mean over the chart.
    """
    greys = np.array([(L, 0.0, 0.0) for L in GREYS])
    angles = np.arange(HUES) * 2 * np.pi / HUES
    hues = np.array(
        [(L, CHROMA * np.cos(h), CHROMA * np.sin(h)) for L in LIGHTNESSES for h in angles]
    )
    grey_pixels = np.repeat(_to_srgb(greys)[:, :1], 3, axis=1)  # equal to the last bit
    pixels = np.concatenate([grey_pixels, _to_srgb(hues)])
    graded, place = _graded(grade, pixels), None
    if not is_colours_alone(grade):
        graded, place = _graded_in_chart(grade, pixels)
        place = place if _reads_place(grade) else None
    ours, around = np.split(graded, [len(greys)])
    shadows, midtones, highlights = (_zone(change) for change in ours - greys)
    around = around[:, 1:].reshape(len(LIGHTNESSES), HUES, 2)
    chroma = np.linalg.norm(around - around.mean(1, keepdims=True), axis=2).mean()
    return Look(
        shadows=shadows,
        midtones=midtones,
        highlights=highlights,
        contrast=_rounded((ours[2, 0] - ours[0, 0]) / (GREYS[2] - GREYS[0])),
        saturation=_rounded(chroma / CHROMA),
        place=place,
    )


def _graded_in_chart(grade: AnyGrade, colours: Array) -> tuple[Array, Place]:
    """Colours as a grade makes them in the mean over a chart, in CIELAB; and its effect by place.

    Args:
        grade: it.
        colours: (n, 3).
    """
    rng = np.random.default_rng(0)
    cells = np.concatenate([rng.permutation(len(colours)) for _ in range(CHART_ROUNDS)])
    side = int(len(cells) ** 0.5)
    cells = cells[: side * side]
    chart = colours[cells].reshape(side, side, 3).repeat(PATCH, 0).repeat(PATCH, 1)
    whole = apply_grade(grade, chart.astype(np.float32), threads=1)
    patches = whole.reshape(side, PATCH, side, PATCH, 3).mean((1, 3)).reshape(-1, 3)
    lab = _to_lab(np.clip(patches, 0, 1).astype(np.float64))
    means = np.array([lab[cells == k].mean(0) for k in range(len(colours))])
    return means, _by_place((lab - means[cells])[:, 0].reshape(side, side))


def _by_place(lightness: Array) -> Place:
    """How much lighter some parts of a square frame are than others."""
    side = len(lightness)
    at = (np.arange(side) + 0.5) / side * 2 - 1
    radius = np.hypot(at[None], at[:, None])
    third = side // 3
    return Place(
        edges=_rounded(lightness[radius > OUTSIDE].mean() - lightness[radius < INSIDE].mean()),
        top=_rounded(lightness[:third].mean() - lightness[-third:].mean()),
        left=_rounded(lightness[:, :third].mean() - lightness[:, -third:].mean()),
    )


@dataclass(frozen=True, slots=True)
class Chart:
    """What a grade of colours alone makes of greys, from black to white, in codes of 8 bits."""

    grey: tuple[int, ...]
    red: tuple[int, ...]
    green: tuple[int, ...]
    blue: tuple[int, ...]


def chart_of(grade: AnyGrade) -> Chart | None:
    """The curves of a grade; None where a network takes part."""
    if not is_colours_alone(grade):
        return None
    codes = np.rint(np.linspace(0, 255, CHARTED))
    greys = np.repeat(codes[:, None] / 255, 3, axis=1).astype(np.float32)
    graded = np.clip(apply_grade(grade, greys[None], threads=1)[0], 0, 1)
    channels = (codes, *np.rint(graded * 255).T)
    return Chart(*(tuple(map(int, channel)) for channel in channels))


def is_colours_alone(grade: AnyGrade) -> bool:
    """Whether what becomes of a pixel depends on its own colour and on nothing else."""
    match grade:
        case Blend(terms=terms):
            return all(is_colours_alone(each) for _, each in terms)
        case Stack(grades=grades):
            return all(map(is_colours_alone, grades))
        case _:
            return grade.network is None


def _reads_place(grade: AnyGrade) -> bool:
    match grade:
        case Blend(terms=terms):
            return any(_reads_place(each) for _, each in terms)
        case Stack(grades=grades):
            return any(map(_reads_place, grades))
        case _:
            return "place" in grade.groups


def _zone(change: Array) -> Zone:
    lightness, tint, warmth = map(_rounded, change)
    return Zone(lightness=lightness, warmth=warmth, tint=tint)


def _rounded(value: float) -> float:
    return round(float(value), DECIMALS) + 0.0  # no -0.0


def _graded(grade: AnyGrade, pixels: Array) -> Array:
    """(n, 3) pixels as graded, in CIELAB."""
    graded = apply_grade(grade, pixels.astype(np.float32)[None], threads=1)[0]
    return _to_lab(np.clip(graded, 0, 1).astype(np.float64))


def _to_lab(srgb: Array) -> Array:
    linear = np.where(srgb <= 0.04045, srgb / 12.92, ((srgb + 0.055) / 1.055) ** 2.4)
    xyz = linear @ TO_XYZ.T / WHITE
    x, y, z = np.where(xyz > EPSILON, np.cbrt(xyz), (KAPPA * xyz + 16) / 116).T
    return np.stack([116 * y - 16, 500 * (x - y), 200 * (y - z)], 1)


def _to_srgb(lab: Array) -> Array:
    y = (lab[:, 0] + 16) / 116
    f = np.stack([y + lab[:, 1] / 500, y, y - lab[:, 2] / 200], 1)
    xyz = np.where(f**3 > EPSILON, f**3, (116 * f - 16) / KAPPA) * WHITE
    linear = np.clip(xyz @ np.linalg.inv(TO_XYZ).T, 0, 1)
    return np.where(linear <= 0.0031308, linear * 12.92, 1.055 * linear ** (1 / 2.4) - 0.055)
