"""The things that stand in scenes: each is drawn around (x, y) with a radius r."""

import math
from collections.abc import Callable

from brushctl.tiny.world.pen import Colour, Pen, shade

Plain = Callable[[Pen, float, float, float], None]
"""Draws a thing of its own colours at (x, y), r large."""
Drawer = Callable[[Pen, float, float, float, Colour], None]
"""Draws one in a colour."""

COLOURS: dict[str, Colour] = {
    "red": (208, 44, 40),
    "orange": (236, 134, 36),
    "yellow": (240, 208, 50),
    "green": (54, 150, 62),
    "blue": (42, 92, 200),
    "purple": (126, 56, 168),
    "pink": (238, 130, 170),
    "white": (240, 240, 236),
    "brown": (122, 78, 44),
    "black": (38, 36, 40),
}


def _regular(
    x: float, y: float, radii: tuple[float, ...], turn: float
) -> list[tuple[float, float]]:
    n = len(radii)
    angles = [turn + 2 * math.pi * k / n for k in range(n)]
    return [(x + q * math.cos(a), y + q * math.sin(a)) for q, a in zip(radii, angles, strict=True)]


def ball(pen: Pen, x: float, y: float, r: float, fill: Colour) -> None:
    """A ball with a highlight."""
    pen.disc(x, y, r, shade(fill, 0.8))
    pen.disc(x - 0.08 * r, y - 0.08 * r, 0.86 * r, fill)
    pen.disc(x - 0.35 * r, y - 0.4 * r, 0.2 * r, shade(fill, 1.5))


def star(pen: Pen, x: float, y: float, r: float, fill: Colour) -> None:
    """A five-pointed star."""
    pen.shape(_regular(x, y, (r * 1.15, r * 0.5) * 5, -math.pi / 2), fill)


def cube(pen: Pen, x: float, y: float, r: float, fill: Colour) -> None:
    """A box seen from above its corner."""
    h = 0.8 * r
    pen.shape([(x, y - r), (x + r, y - h / 2), (x, y), (x - r, y - h / 2)], shade(fill, 1.25))
    pen.shape([(x - r, y - h / 2), (x, y), (x, y + r), (x - r, y + h / 2)], fill)
    pen.shape([(x + r, y - h / 2), (x, y), (x, y + r), (x + r, y + h / 2)], shade(fill, 0.7))


def heart(pen: Pen, x: float, y: float, r: float, fill: Colour) -> None:
    """A heart."""
    q = 0.55 * r
    pen.disc(x - q * 0.9, y - 0.35 * r, q, fill)
    pen.disc(x + q * 0.9, y - 0.35 * r, q, fill)
    pen.shape([(x - 1.02 * r, y - 0.2 * r), (x + 1.02 * r, y - 0.2 * r), (x, y + r)], fill)


def flower(pen: Pen, x: float, y: float, r: float, fill: Colour) -> None:
    """A flower on a stem."""
    pen.line([(x, y), (x, y + 1.2 * r)], (40, 120, 50), 0.18 * r)
    for px, py in _regular(x, y - 0.1 * r, (0.55 * r,) * 6, 0.3):
        pen.disc(px, py, 0.36 * r, fill)
    pen.disc(x, y - 0.1 * r, 0.32 * r, (246, 214, 80))


def mushroom(pen: Pen, x: float, y: float, r: float, fill: Colour) -> None:
    """A spotted mushroom."""
    pen.box(x - 0.28 * r, y, x + 0.28 * r, y + r, (236, 226, 206))
    pen.ellipse(x, y, r, 0.75 * r, fill)
    pen.box(x - r, y + 0.1 * r, x + r, y + 0.2 * r, shade(fill, 0.75))
    for dx in (-0.5, 0.05, 0.55):
        pen.disc(x + dx * r, y - 0.25 * r, 0.15 * r, (250, 244, 236))


def kite(pen: Pen, x: float, y: float, r: float, fill: Colour) -> None:
    """A kite with a tail."""
    pen.line([(x, y + r), (x + 0.3 * r, y + 1.4 * r)], (90, 70, 60), 0.1 * r)
    pen.shape([(x, y - 1.1 * r), (x + 0.8 * r, y), (x, y + r), (x - 0.8 * r, y)], fill)
    pen.shape([(x, y - 1.1 * r), (x + 0.8 * r, y), (x, y)], shade(fill, 1.3))


def _head(pen: Pen, x: float, y: float, r: float, fill: Colour) -> None:
    pen.ellipse(x, y + 1.05 * r, 0.85 * r, 0.6 * r, shade(fill, 0.85))
    pen.disc(x, y, r, fill)
    for side in (-1, 1):
        pen.disc(x + side * 0.4 * r, y - 0.15 * r, 0.16 * r, (250, 250, 246))
        pen.disc(x + side * 0.4 * r, y - 0.13 * r, 0.1 * r, (24, 22, 26))


def cat(pen: Pen, x: float, y: float, r: float, fill: Colour) -> None:
    """A cat: pointed ears, whiskers."""
    for side in (-1, 1):
        ear = [(x + side * 0.95 * r, y - 1.3 * r), (x + side * 0.2 * r, y - 0.8 * r)]
        pen.shape([*ear, (x + side * 0.95 * r, y - 0.2 * r)], fill)
    _head(pen, x, y, r, fill)
    pen.shape(
        [(x - 0.14 * r, y + 0.2 * r), (x + 0.14 * r, y + 0.2 * r), (x, y + 0.4 * r)],
        (232, 130, 140),
    )
    for side in (-1, 1):
        for tilt in (0.2, 0.5):
            pen.line(
                [(x + side * 0.3 * r, y + 0.4 * r), (x + side * 1.15 * r, y + tilt * r)],
                (60, 56, 56),
                0.05 * r,
            )


def dog(pen: Pen, x: float, y: float, r: float, fill: Colour) -> None:
    """A dog: hanging ears, a muzzle, a tongue."""
    _head(pen, x, y, r, fill)
    for side in (-1, 1):
        pen.ellipse(x + side * 0.95 * r, y + 0.05 * r, 0.3 * r, 0.75 * r, shade(fill, 0.6))
    pen.ellipse(x, y + 0.45 * r, 0.5 * r, 0.38 * r, shade(fill, 1.35))
    pen.ellipse(x, y + 0.28 * r, 0.2 * r, 0.14 * r, (30, 26, 26))
    pen.ellipse(x, y + 0.82 * r, 0.16 * r, 0.24 * r, (232, 96, 110))


def bear(pen: Pen, x: float, y: float, r: float, fill: Colour) -> None:
    """A bear: round ears, a wide muzzle."""
    for side in (-1, 1):
        pen.disc(x + side * 0.75 * r, y - 0.8 * r, 0.4 * r, fill)
        pen.disc(x + side * 0.75 * r, y - 0.8 * r, 0.2 * r, shade(fill, 1.4))
    _head(pen, x, y, r, fill)
    pen.ellipse(x, y + 0.42 * r, 0.55 * r, 0.42 * r, shade(fill, 1.6))
    pen.ellipse(x, y + 0.25 * r, 0.24 * r, 0.16 * r, (30, 26, 26))


def rabbit(pen: Pen, x: float, y: float, r: float, fill: Colour) -> None:
    """A rabbit: long ears, teeth."""
    for side in (-1, 1):
        pen.ellipse(x + side * 0.4 * r, y - 1.4 * r, 0.26 * r, 0.85 * r, fill)
        pen.ellipse(x + side * 0.4 * r, y - 1.35 * r, 0.12 * r, 0.6 * r, (240, 170, 180))
    _head(pen, x, y, r, fill)
    pen.disc(x, y + 0.3 * r, 0.12 * r, (232, 130, 140))
    pen.box(x - 0.14 * r, y + 0.5 * r, x + 0.14 * r, y + 0.78 * r, (252, 252, 250))


def _round_fruit(pen: Pen, x: float, y: float, r: float, fill: Colour) -> None:
    pen.disc(x, y, r, shade(fill, 0.82))
    pen.disc(x - 0.1 * r, y - 0.1 * r, 0.84 * r, fill)


def apple(pen: Pen, x: float, y: float, r: float) -> None:
    """An apple: red, with a stem and a leaf."""
    _round_fruit(pen, x, y, r, (204, 36, 40))
    pen.disc(x - 0.4 * r, y - 0.4 * r, 0.16 * r, (250, 170, 160))
    pen.line([(x, y - 0.8 * r), (x + 0.1 * r, y - 1.3 * r)], (90, 60, 30), 0.14 * r)
    pen.ellipse(x + 0.4 * r, y - 1.15 * r, 0.34 * r, 0.16 * r, (70, 160, 60))


def peach(pen: Pen, x: float, y: float, r: float) -> None:
    """A peach: pale orange with a cleft."""
    _round_fruit(pen, x, y, r, (250, 176, 128))
    pen.disc(x + 0.35 * r, y + 0.1 * r, 0.45 * r, (244, 146, 112))
    pen.arc(x + 0.6 * r, y, 0.9 * r, (140, 220), (206, 104, 84), 0.1 * r)


def lemon(pen: Pen, x: float, y: float, r: float) -> None:
    """A lemon: yellow, pointed at both ends."""
    pen.ellipse(x, y, 1.1 * r, 0.75 * r, (238, 206, 40))
    pen.ellipse(x - 0.1 * r, y - 0.1 * r, 0.8 * r, 0.5 * r, (252, 230, 90))
    pen.disc(x + 1.05 * r, y, 0.2 * r, (226, 190, 40))


def pear(pen: Pen, x: float, y: float, r: float) -> None:
    """A pear: green, narrow above."""
    pen.disc(x, y + 0.25 * r, 0.85 * r, (150, 182, 60))
    pen.ellipse(x, y - 0.5 * r, 0.45 * r, 0.65 * r, (150, 182, 60))
    pen.line([(x, y - r), (x, y - 1.4 * r)], (90, 60, 30), 0.14 * r)


def cake(pen: Pen, x: float, y: float, r: float, fill: Colour) -> None:
    """A layer cake in the given colour, with a cherry."""
    pen.ellipse(x, y + 0.9 * r, 1.3 * r, 0.25 * r, (214, 214, 220))
    pen.box(x - r, y - 0.2 * r, x + r, y + 0.85 * r, fill)
    pen.box(x - r, y + 0.28 * r, x + r, y + 0.42 * r, shade(fill, 0.75))
    pen.ellipse(x, y - 0.2 * r, r, 0.28 * r, shade(fill, 1.15))
    pen.disc(x, y - 0.5 * r, 0.2 * r, (206, 30, 50))


def drink(pen: Pen, x: float, y: float, r: float, fill: Colour) -> None:
    """A glass of something in the given colour, with a straw."""
    pen.line([(x + 0.2 * r, y), (x + 0.75 * r, y - 1.5 * r)], (236, 236, 240), 0.14 * r)
    pen.shape(
        [
            (x - 0.75 * r, y - 1.0 * r),
            (x + 0.75 * r, y - 1.0 * r),
            (x + 0.5 * r, y + r),
            (x - 0.5 * r, y + r),
        ],
        (214, 228, 236),
    )
    pen.shape(
        [
            (x - 0.65 * r, y - 0.65 * r),
            (x + 0.65 * r, y - 0.65 * r),
            (x + 0.45 * r, y + 0.9 * r),
            (x - 0.45 * r, y + 0.9 * r),
        ],
        fill,
    )


def newspaper(pen: Pen, x: float, y: float, r: float) -> None:
    """An open newspaper: pale, with columns of print."""
    pen.box(x - 1.2 * r, y - 0.7 * r, x + 1.2 * r, y + 0.8 * r, (226, 224, 214))
    pen.box(x - 1.05 * r, y - 0.55 * r, x + 1.05 * r, y - 0.35 * r, (70, 70, 74))
    for k in range(5):
        for left in (-1.05, 0.1):
            pen.box(
                x + left * r,
                y + (-0.2 + 0.2 * k) * r,
                x + (left + 0.95) * r,
                y + (-0.12 + 0.2 * k) * r,
                (150, 150, 150),
            )


def book(pen: Pen, x: float, y: float, r: float) -> None:
    """A closed book in a coloured cover."""
    pen.box(x - 0.9 * r, y - 0.75 * r, x + 0.9 * r, y + 0.85 * r, (170, 40, 52))
    pen.box(x - 0.9 * r, y - 0.75 * r, x - 0.65 * r, y + 0.85 * r, (112, 24, 36))
    pen.box(x - 0.35 * r, y - 0.4 * r, x + 0.65 * r, y - 0.1 * r, (240, 214, 120))


def phone(pen: Pen, x: float, y: float, r: float) -> None:
    """A telephone: a dark slab with a lit screen."""
    pen.box(x - 0.5 * r, y - 0.8 * r, x + 0.5 * r, y + 0.9 * r, (34, 34, 40))
    pen.box(x - 0.4 * r, y - 0.65 * r, x + 0.4 * r, y + 0.7 * r, (110, 190, 230))


def square(pen: Pen, x: float, y: float, r: float, fill: Colour) -> None:
    """A plain square."""
    pen.box(x - 0.85 * r, y - 0.85 * r, x + 0.85 * r, y + 0.85 * r, fill)


TOYS: dict[str, Drawer] = {
    "ball": ball,
    "star": star,
    "cube": cube,
    "heart": heart,
    "flower": flower,
    "mushroom": mushroom,
    "kite": kite,
}
ANIMALS: dict[str, Drawer] = {"cat": cat, "dog": dog, "bear": bear, "rabbit": rabbit}
FRUITS: dict[str, Plain] = {"apple": apple, "peach": peach, "lemon": lemon, "pear": pear}
READING: dict[str, Plain] = {"newspaper": newspaper, "book": book, "phone": phone}
LAMPS: dict[str, Drawer] = {"round": Pen.disc, "square": square, "star": star, "heart": heart}
CAKES: dict[str, Colour] = {
    "strawberry": (240, 150, 170),
    "vanilla": (244, 228, 190),
    "lime": (190, 220, 130),
    "chocolate": (92, 54, 34),
}
DRINKS: dict[str, Colour] = {
    "orange juice": (244, 150, 30),
    "cola": (72, 34, 22),
    "milk": (246, 244, 240),
    "lemonade": (246, 236, 130),
}
