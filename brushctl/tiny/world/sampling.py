"""Drawing scenes at random: every choice comes from the generator that is passed in."""

from collections.abc import Callable, Iterable
from typing import TypeVar

import numpy as np

from brushctl.tiny.world.scenes import (
    FUR,
    GROUNDS,
    HAIR,
    PLACES,
    SEASONS,
    SKIES,
    SKIN,
    Animal,
    Landscape,
    Portrait,
    Scene,
    Street,
    Table,
)
from brushctl.tiny.world.things import (
    ANIMALS,
    CAKES,
    COLOURS,
    DRINKS,
    FRUITS,
    LAMPS,
    READING,
    TOYS,
)

Item = TypeVar("Item")


def pick(rng: np.random.Generator, items: Iterable[Item]) -> Item:
    """One of the items, all equally likely."""
    choices = list(items)
    return choices[int(rng.integers(len(choices)))]


def _spots(
    rng: np.random.Generator, n: int, low: float, high: float
) -> tuple[tuple[float, float], ...]:
    return tuple((float(rng.uniform(0.08, 0.92)), float(rng.uniform(low, high))) for _ in range(n))


def landscape(rng: np.random.Generator) -> Landscape:
    """A landscape with a toy in front."""
    horizon = float(rng.uniform(0.42, 0.6))
    return Landscape(
        sky=pick(rng, SKIES),
        ground=pick(rng, GROUNDS),
        season=pick(rng, SEASONS),
        toy=pick(rng, TOYS),
        colour=pick(rng, COLOURS),
        x=float(rng.uniform(0.2, 0.8)),
        y=float(rng.uniform(horizon + 0.15, 0.82)),
        r=float(rng.uniform(0.12, 0.18)),
        horizon=horizon,
        hills=tuple(float(h) for h in rng.uniform(0.0, 0.2, size=6)),
        trees=_spots(rng, int(rng.integers(0, 4)), 0.08, 0.15),
        house=float(rng.uniform(0.15, 0.85)) if rng.random() < 0.4 else None,
        sun=(float(rng.uniform(0.1, 0.5)), float(rng.uniform(0.08, 0.2)))
        if rng.random() < 0.5
        else None,
        clouds=_spots(rng, int(rng.integers(0, 3)), 0.08, 0.25),
    )


def animal(rng: np.random.Generator) -> Animal:
    """An animal, close."""
    return Animal(
        animal=pick(rng, ANIMALS),
        fur=pick(rng, FUR),
        place=pick(rng, PLACES),
        x=float(rng.uniform(0.35, 0.65)),
        y=float(rng.uniform(0.46, 0.56)),
        r=float(rng.uniform(0.19, 0.25)),
    )


def table(rng: np.random.Generator) -> Table:
    """A still life."""
    wall, cloth = rng.choice(list(COLOURS), size=2, replace=False)
    left = (float(rng.uniform(0.2, 0.34)), float(rng.uniform(0.55, 0.75)))
    right = (float(rng.uniform(0.66, 0.8)), float(rng.uniform(0.55, 0.75)))
    between = (float(rng.uniform(0.44, 0.56)), float(rng.uniform(0.7, 0.82)))
    return Table(
        wall=str(wall),
        cloth=str(cloth),
        fruit=pick(rng, FRUITS) if rng.random() < 0.5 else None,
        cake=pick(rng, CAKES),
        drink=pick(rng, DRINKS),
        spots=(left, right, between)[: 2 + int(rng.integers(0, 2))],
        r=float(rng.uniform(0.12, 0.16)),
    )


def portrait(rng: np.random.Generator) -> Portrait:
    """A face."""
    background, shirt = rng.choice(list(COLOURS), size=2, replace=False)
    return Portrait(
        person=pick(rng, ("boy", "girl")),
        skin=int(rng.integers(len(SKIN))),
        hair=pick(rng, HAIR),
        background=str(background),
        shirt=str(shirt),
        x=float(rng.uniform(0.42, 0.58)),
        r=float(rng.uniform(0.22, 0.27)),
        smile=bool(rng.random() < 0.5),
        glasses=bool(rng.random() < 0.25),
        hat=bool(rng.random() < 0.25),
        beard=bool(rng.random() < 0.15),
        reading=pick(rng, READING) if rng.random() < 0.35 else None,
    )


def street(rng: np.random.Generator) -> Street:
    """A street with a traffic light."""
    return Street(
        sky=pick(rng, SKIES),
        lamp=pick(rng, LAMPS),
        lit=pick(rng, ("red", "yellow", "green")),
        x=float(rng.uniform(0.3, 0.7)),
        houses=tuple(
            (
                0.25 * k + float(rng.uniform(-0.02, 0.02)),
                float(rng.uniform(0.25, 0.6)),
                pick(rng, COLOURS),
            )
            for k in range(4)
        ),
    )


FAMILIES: dict[str, Callable[[np.random.Generator], Scene]] = {
    "landscape": landscape,
    "animal": animal,
    "table": table,
    "portrait": portrait,
    "street": street,
}
