"""Scenes: what is in a picture, as data that local edits change, and how each is drawn."""

from dataclasses import dataclass
from typing import Protocol

from brushctl.tiny.world.pen import Colour, FloatImage, Pen, shade
from brushctl.tiny.world.things import (
    ANIMALS,
    CAKES,
    COLOURS,
    DRINKS,
    FRUITS,
    LAMPS,
    READING,
    TOYS,
    cake,
    drink,
)

SKIES: dict[str, tuple[Colour, Colour]] = {
    "blue": ((72, 134, 214), (186, 216, 240)),
    "grey": ((128, 134, 142), (196, 200, 204)),
    "pink": ((214, 104, 150), (252, 206, 196)),
    "green": ((54, 132, 110), (186, 226, 190)),
    "orange": ((222, 108, 44), (252, 212, 132)),
    "purple": ((70, 28, 122), (178, 122, 206)),
}
GROUNDS: dict[str, tuple[Colour, Colour]] = {
    "grass": ((92, 160, 66), (60, 116, 46)),
    "sand": ((230, 204, 150), (204, 168, 108)),
    "sea": ((54, 122, 176), (24, 74, 128)),
    "soil": ((138, 98, 64), (96, 64, 40)),
    "ice": ((214, 234, 246), (160, 200, 226)),
    "lava": ((250, 150, 30), (176, 30, 14)),
}
SEASONS: dict[str, tuple[Colour, Colour]] = {
    "spring": ((246, 172, 196), (128, 190, 84)),
    "summer": ((40, 122, 48), (86, 164, 50)),
    "autumn": ((214, 104, 30), (170, 142, 64)),
    "winter": ((206, 214, 222), (236, 240, 244)),
}
"""Crown and grass colours of each season."""
FUR: dict[str, Colour] = {
    "grey": (140, 140, 148),
    "brown": (140, 92, 54),
    "ginger": (222, 142, 66),
    "white": (232, 228, 220),
}
HAIR: dict[str, Colour] = {
    "black": (36, 30, 32),
    "brown": (104, 66, 38),
    "blond": (226, 190, 100),
    "red": (178, 72, 34),
}
SKIN: tuple[Colour, ...] = ((246, 214, 186), (226, 178, 140), (176, 124, 88), (116, 76, 54))
PLACES: dict[str, tuple[Colour, Colour]] = {
    "meadow": ((150, 196, 230), (96, 160, 72)),
    "room": ((204, 186, 166), (150, 116, 88)),
    "cloud": ((96, 150, 222), (226, 234, 244)),
}


class Scene(Protocol):
    """What a picture shows; drawable at any size, describable in phrases."""

    def draw(self, size: int) -> FloatImage:
        """The scene as (size, size, 3) in [0, 1]."""
        ...

    def phrases(self) -> tuple[str, ...]:
        """What a person would say is in the picture."""
        ...


@dataclass(frozen=True, slots=True)
class Landscape:
    """Sky, hills, ground, trees, perhaps a house, and a toy in front."""

    sky: str
    ground: str
    season: str
    toy: str
    colour: str
    x: float
    y: float
    r: float
    horizon: float
    hills: tuple[float, ...]
    trees: tuple[tuple[float, float], ...]
    house: float | None
    sun: tuple[float, float] | None
    clouds: tuple[tuple[float, float], ...]
    moon: bool = False

    def draw(self, size: int) -> FloatImage:
        """See `Scene.draw`."""
        pen = Pen(size)
        pen.gradient(*SKIES[self.sky], until=self.horizon + 0.02)
        self._draw_sky(pen)
        self._draw_land(pen)
        TOYS[self.toy](pen, self.x, self.y, self.r, COLOURS[self.colour])
        return pen.picture()

    def _draw_sky(self, pen: Pen) -> None:
        if self.sun:
            pen.disc(*self.sun, 0.07, (252, 238, 170))
        if self.moon:
            pen.disc(0.8, 0.14, 0.08, (246, 246, 226))
            pen.disc(0.77, 0.13, 0.07, SKIES[self.sky][0])
        for x, y in self.clouds:
            for dx, dy in ((-0.08, 0.01), (0, -0.02), (0.08, 0.01)):
                pen.ellipse(x + dx, y + dy, 0.08, 0.04, (246, 246, 248))

    def _draw_land(self, pen: Pen) -> None:
        crown, meadow = SEASONS[self.season]
        n = len(self.hills) - 1
        ridge = [(k / n, self.horizon - h) for k, h in enumerate(self.hills)]
        pen.shape([(0, 1), *ridge, (1, 1)], shade(meadow, 0.75))
        near, far = GROUNDS[self.ground]
        if self.ground == "grass":
            near, far = meadow, shade(meadow, 0.8)
        pen.box(0, self.horizon, 1, 1, near)
        pen.box(0, (1 + self.horizon) / 2, 1, 1, shade(far, 1.08))
        if self.house is not None:
            self._draw_house(pen, self.house)
        for x, r in self.trees:
            pen.box(
                x - 0.12 * r, self.horizon - r, x + 0.12 * r, self.horizon + 0.3 * r, (92, 62, 40)
            )
            pen.disc(x, self.horizon - 1.3 * r, 0.8 * r, crown)
            pen.disc(x - 0.2 * r, self.horizon - 1.5 * r, 0.45 * r, shade(crown, 1.18))

    def _draw_house(self, pen: Pen, x: float) -> None:
        base = self.horizon + 0.04
        pen.box(x - 0.11, base - 0.16, x + 0.11, base, (226, 204, 176))
        pen.shape(
            [(x - 0.14, base - 0.16), (x, base - 0.28), (x + 0.14, base - 0.16)], (160, 62, 48)
        )
        pen.box(x - 0.03, base - 0.1, x + 0.03, base, (96, 60, 42))

    def phrases(self) -> tuple[str, ...]:
        """See `Scene.phrases`."""
        phrases = [f"a {self.colour} {self.toy}", f"a {self.toy}", self.ground, f"a {self.sky} sky"]
        phrases += [self.season] if self.trees or self.ground == "grass" else []
        phrases += ["trees"] if self.trees else []
        phrases += ["a house"] if self.house is not None else []
        phrases += ["a moon"] if self.moon else []
        return tuple(phrases)


@dataclass(frozen=True, slots=True)
class Animal:
    """One animal, close."""

    animal: str
    fur: str
    place: str
    x: float
    y: float
    r: float
    hat: bool = False
    collar: bool = False

    def draw(self, size: int) -> FloatImage:
        """See `Scene.draw`."""
        pen = Pen(size)
        sky, floor = PLACES[self.place]
        pen.gradient(sky, shade(sky, 1.2))
        if self.place == "cloud":
            for k in range(6):
                pen.disc(k / 5, 0.86 + 0.05 * (k % 2), 0.2, floor)
        else:
            pen.box(0, 0.7, 1, 1, floor)
        ANIMALS[self.animal](pen, self.x, self.y, self.r, FUR[self.fur])
        if self.collar:
            pen.box(
                self.x - 0.7 * self.r,
                self.y + 0.95 * self.r,
                self.x + 0.7 * self.r,
                self.y + 1.2 * self.r,
                (208, 44, 40),
            )
        if self.hat:
            _draw_hat(pen, self.x, self.y - 0.75 * self.r, 0.8 * self.r)
        return pen.picture()

    def phrases(self) -> tuple[str, ...]:
        """See `Scene.phrases`."""
        phrases = [f"a {self.animal}", f"a {self.fur} {self.animal}", f"a {self.place}"]
        phrases += ["a hat"] if self.hat else []
        phrases += ["a red collar"] if self.collar else []
        return tuple(phrases)


@dataclass(frozen=True, slots=True)
class Table:
    """A still life: fruit of one kind, or a cake and a drink."""

    wall: str
    cloth: str
    fruit: str | None
    cake: str
    drink: str
    spots: tuple[tuple[float, float], ...]
    r: float

    def draw(self, size: int) -> FloatImage:
        """See `Scene.draw`."""
        pen = Pen(size)
        pen.gradient(shade(COLOURS[self.wall], 0.9), shade(COLOURS[self.wall], 1.15))
        pen.box(0, 0.58, 1, 1, COLOURS[self.cloth])
        pen.box(0, 0.58, 1, 0.62, shade(COLOURS[self.cloth], 0.75))
        if self.fruit:
            for x, y in self.spots:
                FRUITS[self.fruit](pen, x, y, self.r)
        else:
            (x0, y0), (x1, y1) = self.spots[:2]
            cake(pen, x0, y0, 1.25 * self.r, CAKES[self.cake])
            drink(pen, x1, y1 - 0.05, 1.25 * self.r, DRINKS[self.drink])
        return pen.picture()

    def phrases(self) -> tuple[str, ...]:
        """See `Scene.phrases`."""
        place = f"a {self.cloth} tablecloth"
        if self.fruit:
            return (plural(self.fruit), place)
        return (f"a {self.cake} cake", self.drink, place)


@dataclass(frozen=True, slots=True)
class Portrait:
    """A face; the person may hold something to read."""

    person: str
    skin: int
    hair: str
    background: str
    shirt: str
    x: float
    r: float
    smile: bool = False
    glasses: bool = False
    hat: bool = False
    beard: bool = False
    reading: str | None = None

    def draw(self, size: int) -> FloatImage:
        """See `Scene.draw`."""
        pen = Pen(size)
        pen.gradient(shade(COLOURS[self.background], 1.1), shade(COLOURS[self.background], 0.8))
        x, y, r = self.x, 0.42, self.r
        hair, skin = HAIR[self.hair], SKIN[self.skin]
        if self.person == "girl":
            pen.ellipse(x, y + 0.35 * r, 1.25 * r, 1.5 * r, hair)
        pen.ellipse(x, y + 2.1 * r, 1.6 * r, 1.1 * r, COLOURS[self.shirt])
        pen.box(x - 0.3 * r, y + 0.7 * r, x + 0.3 * r, y + 1.25 * r, shade(skin, 0.85))
        pen.ellipse(x, y - 0.25 * r, 1.02 * r, 1.0 * r, hair)
        pen.ellipse(x, y + 0.1 * r, 0.86 * r, 1.0 * r, skin)
        if self.person == "girl":
            pen.ellipse(x - 0.2 * r, y - 0.72 * r, 0.8 * r, 0.3 * r, hair)
        else:
            pen.box(x - 0.8 * r, y - 0.8 * r, x + 0.8 * r, y - 0.5 * r, hair)
        self._draw_face(pen, x, y, r)
        if self.reading:
            READING[self.reading](pen, x, 0.84, 0.2)
        return pen.picture()

    def _draw_face(self, pen: Pen, x: float, y: float, r: float) -> None:
        if self.beard:
            pen.ellipse(x, y + 0.75 * r, 0.62 * r, 0.42 * r, shade(HAIR[self.hair], 0.9))
        for side in (-1, 1):
            pen.disc(x + side * 0.35 * r, y, 0.14 * r, (250, 250, 248))
            pen.disc(x + side * 0.35 * r, y, 0.09 * r, (36, 30, 30))
        if self.smile:
            pen.ellipse(x, y + 0.6 * r, 0.4 * r, 0.22 * r, (150, 30, 44))
            pen.box(x - 0.32 * r, y + 0.42 * r, x + 0.32 * r, y + 0.58 * r, (252, 250, 246))
        else:
            pen.box(x - 0.26 * r, y + 0.54 * r, x + 0.26 * r, y + 0.64 * r, (150, 60, 62))
        if self.glasses:
            for side in (-1, 1):
                pen.arc(x + side * 0.36 * r, y, 0.3 * r, (0, 360), (24, 22, 26), 0.09 * r)
            pen.line([(x - 0.1 * r, y), (x + 0.1 * r, y)], (24, 22, 26), 0.08 * r)
        if self.hat:
            _draw_hat(pen, x, y - 0.72 * r, 1.05 * r)

    def phrases(self) -> tuple[str, ...]:
        """See `Scene.phrases`."""
        phrases = [f"a {self.person}", f"{self.hair} hair", f"a {self.shirt} shirt"]
        phrases += ["a smile"] if self.smile else ["a serious face"]
        phrases += ["glasses"] if self.glasses else []
        phrases += ["a hat"] if self.hat else []
        phrases += ["a beard"] if self.beard else []
        phrases += [f"a {self.reading}"] if self.reading else []
        return tuple(phrases)


@dataclass(frozen=True, slots=True)
class Street:
    """Houses, a road, and a traffic light in front."""

    sky: str
    lamp: str
    lit: str
    x: float
    houses: tuple[tuple[float, float, str], ...]

    def draw(self, size: int) -> FloatImage:
        """See `Scene.draw`."""
        pen = Pen(size)
        pen.gradient(*SKIES[self.sky])
        for left, height, colour in self.houses:
            pen.box(left, 0.75 - height, left + 0.22, 0.78, shade(COLOURS[colour], 0.85))
            for row in range(int(height / 0.14)):
                for column in (0.04, 0.13):
                    y = 0.75 - height + 0.05 + 0.14 * row
                    pen.box(left + column, y, left + column + 0.05, y + 0.06, (232, 224, 180))
        pen.box(0, 0.78, 1, 1, (96, 96, 100))
        for k in range(4):
            pen.box(0.05 + 0.27 * k, 0.88, 0.18 + 0.27 * k, 0.91, (230, 230, 224))
        pen.box(self.x - 0.02, 0.6, self.x + 0.02, 0.95, (60, 60, 64))
        pen.box(self.x - 0.12, 0.1, self.x + 0.12, 0.64, (30, 32, 34))
        for k, colour in enumerate(("red", "yellow", "green")):
            fill = COLOURS[colour] if colour == self.lit else shade(COLOURS[colour], 0.35)
            LAMPS[self.lamp](pen, self.x, 0.2 + 0.17 * k, 0.07, fill)
        return pen.picture()

    def phrases(self) -> tuple[str, ...]:
        """See `Scene.phrases`."""
        return (
            f"a {self.lit} traffic light",
            f"{self.lamp} traffic lights",
            "a street",
            f"a {self.sky} sky",
        )


def _draw_hat(pen: Pen, x: float, y: float, r: float) -> None:
    pen.ellipse(x, y, 1.15 * r, 0.2 * r, (40, 44, 92))
    pen.box(x - 0.7 * r, y - 0.8 * r, x + 0.7 * r, y, (52, 58, 120))
    pen.box(x - 0.7 * r, y - 0.25 * r, x + 0.7 * r, y - 0.05 * r, (206, 60, 50))


def plural(fruit: str) -> str:
    """Several of it."""
    return fruit + ("es" if fruit.endswith("ch") else "s")
