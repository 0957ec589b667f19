"""A pen that draws anti-aliased shapes in fractions of the picture's side."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

Colour = tuple[int, int, int]
Point = tuple[float, float]
FloatImage = NDArray[np.floating[Any]]
"""Pixels, (h, w, c) in [0, 1]."""

SUPERSAMPLING = 2
"""Shapes are drawn at twice the size and box-downsampled: Pillow has no anti-aliasing."""


class Pen:
    """Draws on a square canvas whose side is 1."""

    def __init__(self, size: int, paper: Colour = (255, 255, 255)) -> None:
        self.side = size * SUPERSAMPLING
        self.canvas = Image.new("RGB", (self.side, self.side), paper)
        self._draw = ImageDraw.Draw(self.canvas)

    def ellipse(self, x: float, y: float, rx: float, ry: float, fill: Colour) -> None:
        """An ellipse around (x, y)."""
        s = self.side
        self._draw.ellipse(((x - rx) * s, (y - ry) * s, (x + rx) * s, (y + ry) * s), fill=fill)

    def disc(self, x: float, y: float, r: float, fill: Colour) -> None:
        """A filled circle around (x, y)."""
        self.ellipse(x, y, r, r, fill)

    def box(self, left: float, top: float, right: float, bottom: float, fill: Colour) -> None:
        """A filled rectangle."""
        s = self.side
        self._draw.rectangle((left * s, top * s, right * s - 1, bottom * s - 1), fill=fill)

    def shape(self, points: Sequence[Point], fill: Colour) -> None:
        """A filled polygon."""
        self._draw.polygon([(x * self.side, y * self.side) for x, y in points], fill=fill)

    def line(self, points: Sequence[Point], fill: Colour, width: float) -> None:
        """A polyline, `width` a fraction of the side."""
        scaled = [(x * self.side, y * self.side) for x, y in points]
        self._draw.line(scaled, fill=fill, width=max(1, round(width * self.side)), joint="curve")

    def arc(
        self, x: float, y: float, r: float, span: tuple[float, float], fill: Colour, width: float
    ) -> None:
        """An arc of a circle, `span` in degrees clockwise from three o'clock."""
        s = self.side
        self._draw.arc(
            ((x - r) * s, (y - r) * s, (x + r) * s, (y + r) * s),
            *span,
            fill=fill,
            width=max(1, round(width * s)),
        )

    def gradient(self, top: Colour, bottom: Colour, until: float = 1.0) -> None:
        """A vertical gradient over the upper `until` of the canvas."""
        height = round(until * self.side)
        ramp = np.linspace(0, 1, height, dtype=np.float32)[:, None]
        rows = np.array(top) * (1 - ramp) + np.array(bottom) * ramp
        strip = Image.fromarray(rows[:, None, :].astype(np.uint8)).resize((self.side, height))
        self.canvas.paste(strip, (0, 0))

    def picture(self) -> FloatImage:
        """What has been drawn, (h, w, 3) in [0, 1]."""
        small = self.canvas.reduce(SUPERSAMPLING)
        return np.asarray(small, dtype=np.float32) / 255


def shade(colour: Colour, factor: float) -> Colour:
    """The colour, darker (factor < 1) or lighter (> 1)."""
    r, g, b = (min(255, round(c * factor)) for c in colour)
    return r, g, b
