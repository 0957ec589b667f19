"""Tone edits in words: a small grammar over shadows, midtones and highlights, and monochromes.

They give the base model a wide space of tone edits to be steered in, far wider than the named
looks, so that a photographer's own grade lies near something it can do. Monochromes are black and
white as through a filter, and duotones.
"""

from dataclasses import dataclass

import numpy as np

from brushctl.tiny.world.looks import luma
from brushctl.tiny.world.pen import FloatImage
from brushctl.tiny.world.things import COLOURS

ZONES = ("shadows", "midtones", "highlights")
CHANNELS: dict[str, tuple[float, float, float]] = {
    "light": (1.0, 1.0, 1.0),
    "red": (1.0, 0.0, 0.0),
    "green": (0.0, 1.0, 0.0),
    "blue": (0.0, 0.0, 1.0),
    "colour": (0.0, 0.0, 0.0),
}
"""What a clause adds to; "colour" scales saturation instead."""
AMOUNTS: dict[str, float] = {
    "slightly more": 0.5,
    "more": 1.0,
    "much more": 1.7,
    "slightly less": -0.5,
    "less": -1.0,
    "much less": -1.7,
}
STEP = 0.22
"""How far "more" moves a channel where its zone is strongest, in [0, 1] units."""

FILTERS: dict[str, tuple[float, float, float]] = {
    "yellow": (0.5, 0.6, -0.1),
    "orange": (0.75, 0.5, -0.25),
    "red": (1.1, 0.2, -0.3),
    "green": (0.0, 1.1, -0.1),
    "blue": (-0.1, 0.2, 0.9),
}
"""What each lets through of R, G, B; white stays white."""

INKS = tuple(name for name in COLOURS if name != "white")
PAPERS = tuple(name for name in COLOURS if name != "black")
DEPTH = 0.35
"""How much of a colour an ink has, over black, and a paper, over white."""


@dataclass(frozen=True, slots=True)
class Clause:
    """One thing to do: an amount of a channel in a zone."""

    amount: str
    channel: str
    zone: str

    def words(self) -> str:
        """As an instruction says it."""
        return f"{self.amount} {self.channel} in the {self.zone}"


def zone_weight(y: FloatImage, zone: str) -> FloatImage:
    """How much a brightness belongs to a zone; the three weights sum to 1."""
    dark, bright = (1 - y) ** 2, y**2
    weight = {"shadows": dark, "highlights": bright, "midtones": 1 - dark - bright}[zone]
    return np.asarray(weight, np.float32)


def grade(x: FloatImage, clauses: tuple[Clause, ...]) -> FloatImage:
    """Apply the clauses one after another; values in [0, 1]."""
    for clause in clauses:
        y = luma(x)
        weight = zone_weight(y, clause.zone) * np.float32(AMOUNTS[clause.amount])
        if clause.channel == "colour":
            x = y + (x - y) * (1 + 0.6 * weight)
        else:
            x = x + STEP * weight * np.array(CHANNELS[clause.channel], np.float32)
        x = np.clip(x, 0, 1)
    return x


def random_clauses(rng: np.random.Generator) -> tuple[Clause, ...]:
    """One to three clauses about different (channel, zone)."""
    cells = [(c, z) for c in CHANNELS for z in ZONES]
    chosen = rng.choice(len(cells), size=int(rng.integers(1, 4)), replace=False)
    amounts = list(AMOUNTS)
    return tuple(Clause(amounts[int(rng.integers(len(amounts)))], *cells[int(k)]) for k in chosen)


def filtered(x: FloatImage, name: str) -> FloatImage:
    """Black and white through a filter."""
    grey = (x @ np.array(FILTERS[name], np.float32))[..., None]
    return np.repeat(np.clip(grey, 0, 1), 3, axis=2)


def duotone(x: FloatImage, ink: str, paper: str) -> FloatImage:
    """Brightness alone, from a dark colour to a pale one."""
    dark = np.array(COLOURS[ink], np.float32) / 255 * DEPTH
    pale = 1 - (1 - np.array(COLOURS[paper], np.float32) / 255) * DEPTH
    return dark + luma(x) * (pale - dark)
