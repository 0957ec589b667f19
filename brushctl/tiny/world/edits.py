"""Edits: pairs of pictures with the words that name the change, and which are held out."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from brushctl.tiny.world import sampling
from brushctl.tiny.world.grading import (
    FILTERS,
    INKS,
    PAPERS,
    duotone,
    filtered,
    grade,
    random_clauses,
)
from brushctl.tiny.world.looks import NAMED, UNNAMED, Look
from brushctl.tiny.world.pictures import Picture, draw_picture, draw_scene
from brushctl.tiny.world.sampling import pick
from brushctl.tiny.world.scenes import FUR, GROUNDS, HAIR, SEASONS, SKIES, Scene, plural
from brushctl.tiny.world.things import ANIMALS, CAKES, COLOURS, DRINKS, FRUITS, LAMPS, READING, TOYS

HELD_OUT: dict[str, frozenset[tuple[str, str]]] = {
    "sky": frozenset((a, "purple") for a in SKIES),
    "ground": frozenset((a, "lava") for a in GROUNDS),
    "animal": frozenset({("cat", "bear")}),
    "cake": frozenset((a, "chocolate") for a in CAKES),
    "drink": frozenset((a, "lemonade") for a in DRINKS),
    "lamp": frozenset((a, "heart") for a in LAMPS),
    "toy": frozenset({("ball", "mushroom"), ("cube", "flower")}),
    "look": frozenset((a, b) for a in ("", "rain") for b in UNNAMED) | {("rain", "snow")},
    "wear": frozenset({("portrait", "beard"), ("animal", "collar")}),
    "filter": frozenset({("", "red")}),
    "duotone": frozenset({("blue", "yellow")}),
}
"""(from, to) of the changes that no training pair makes and no training instruction names."""


@dataclass(frozen=True, slots=True)
class Pair:
    """An edit made: the same picture before and after, and the words that name the change."""

    before: Picture
    after: Picture
    instruction: str

    @property
    def mask(self) -> NDArray[np.bool_]:
        """(h, w): where the edit changes the picture by more than a trace."""
        change = np.abs(self.after.pixels - self.before.pixels)
        return np.asarray(change.max(axis=2) > TRACE)


Change = tuple[Scene, Scene, str, str, str]
"""Scene before, scene after, an instruction, the phrase before, the phrase after."""


@dataclass(frozen=True, slots=True)
class Edit:
    """A kind of edit: global ones change every pixel, local ones a thing in a scene."""

    name: str
    scope: str
    share: float
    """How often it is drawn in training, relative to the others."""
    make: Callable[[np.random.Generator, int], Pair]


HARD = {"neon": 2.0, "comic": 2.0, "poster": 1.7, "pencil": 1.5, "negative": 1.5, "snow": 1.5}
"""Shares of the looks that are learned slowest."""

TRACE = 0.03
"""Changes below this (of 1) are not counted into an edit's region."""


def _worded(rng: np.random.Generator, instructions: tuple[str, ...], old: str, new: str) -> str:
    """One of the instructions, or the template that phrase extraction makes (section 4.2)."""
    draw = rng.random()
    if draw < 0.7:
        return pick(rng, instructions)
    return f"turn it into {new}" if draw < 0.85 or not old else f"turn {old} into {new}"


def look_pair(picture: Picture, look: Look, instruction: str, phrase: str) -> Pair:
    """The picture before and after a look."""
    pixels = np.clip(look(picture.pixels), 0, 1).astype(np.float32)
    return Pair(picture, Picture(pixels, (*picture.phrases, phrase)), instruction)


def _look(name: str) -> Edit:
    look, instructions, phrase = NAMED[name]

    def make(rng: np.random.Generator, size: int) -> Pair:
        picture = draw_picture(rng, size)
        return look_pair(picture, look, _worded(rng, instructions, "", phrase), phrase)

    return Edit(name, "global", HARD.get(name, 1.0), make)


def _grade(rng: np.random.Generator, size: int) -> Pair:
    clauses = random_clauses(rng)
    words = ", ".join(c.words() for c in clauses)
    picture = draw_picture(rng, size)
    after = grade(picture.pixels, clauses)
    return Pair(picture, Picture(after, picture.phrases), words)


def _filter(rng: np.random.Generator, size: int) -> Pair:
    name = pick(rng, (f for f in FILTERS if ("", f) not in HELD_OUT["filter"]))
    picture = draw_picture(rng, size)
    after = Picture(filtered(picture.pixels, name), picture.phrases)
    return Pair(picture, after, f"black and white, {name} filter")


def _duotone(rng: np.random.Generator, size: int) -> Pair:
    ink = pick(rng, INKS)
    paper = pick(rng, (p for p in PAPERS if p != ink and (ink, p) not in HELD_OUT["duotone"]))
    picture = draw_picture(rng, size)
    after = Picture(duotone(picture.pixels, ink, paper), picture.phrases)
    return Pair(picture, after, f"{ink} and {paper} duotone")


def _nothing(rng: np.random.Generator, size: int) -> Pair:
    """Without an instruction the picture stays as it is: the null branch of the guidance."""
    picture = draw_picture(rng, size)
    return Pair(picture, picture, "")


def _local(name: str, share: float, change: Callable[[np.random.Generator], Change]) -> Edit:
    def make(rng: np.random.Generator, size: int) -> Pair:
        old, new, instruction, before, after = change(rng)
        light = int(rng.integers(2**32))
        words = _worded(rng, (instruction,), before, after)
        return Pair(draw_scene(old, light, size), draw_scene(new, light, size), words)

    return Edit(name, "local", share, make)


def _swap(
    family: str,
    field: str,
    options: dict[str, Any],
    say: str,
    phrase: str,
    called: Callable[[str], str] = str,
    **fixed: str | None,
) -> Callable[[np.random.Generator], Change]:
    """A change of one field of a scene to another of its values, held-out ones excepted.

    `say` and `phrase` are filled with the scene's fields, `a` the old value and `b` the new,
    as they are called.
    """
    kept_back = HELD_OUT.get(field, frozenset())

    def change(rng: np.random.Generator) -> Change:
        drawn: Any = sampling.FAMILIES[family](rng)
        scene: Any = replace(drawn, **fixed)
        a = getattr(scene, field)
        if a is None:
            a = pick(rng, options)
            scene = replace(scene, **{field: a})
        b = pick(rng, (v for v in options if v != a and (a, v) not in kept_back))
        facts = {f: getattr(scene, f) for f in scene.__dataclass_fields__}
        old = phrase.format(**{**facts, field: a, "v": called(a)})
        new = phrase.format(**{**facts, field: b, "v": called(b)})
        instruction = say.format(**facts, a=called(a), b=called(b))
        return scene, replace(scene, **{field: b}), instruction, old, new

    return change


def _wear(
    family: str, field: str, say: str, before: str, after: str
) -> Callable[[np.random.Generator], Change]:
    """A change of a yes/no field from no to yes."""
    assert (family, field) not in HELD_OUT["wear"]

    def change(rng: np.random.Generator) -> Change:
        scene: Any = replace(sampling.FAMILIES[family](rng), **{field: False})  # type: ignore[type-var]
        return scene, replace(scene, **{field: True}), say, before, after

    return change


_LOCAL: tuple[Edit, ...] = (
    _local("toy", 3.0, _swap("landscape", "toy", TOYS, "turn the {a} into a {b}", "a {v}")),
    _local(
        "colour", 2.0, _swap("landscape", "colour", COLOURS, "make the {toy} {b}", "a {v} {toy}")
    ),
    _local("sky", 1.5, _swap("landscape", "sky", SKIES, "make the sky {b}", "a {v} sky")),
    _local("ground", 2.0, _swap("landscape", "ground", GROUNDS, "turn the {a} into {b}", "{v}")),
    _local(
        "season",
        2.5,
        _swap("landscape", "season", SEASONS, "make it look like {b}", "{v}", ground="grass"),
    ),
    _local("moon", 0.7, _wear("landscape", "moon", "add a moon", "", "a moon")),
    _local("animal", 4.5, _swap("animal", "animal", ANIMALS, "turn the {a} into a {b}", "a {v}")),
    _local("fur", 1.7, _swap("animal", "fur", FUR, "make the {animal} {b}", "a {v} {animal}")),
    _local("animal hat", 1.2, _wear("animal", "hat", "give it a hat", "", "a hat")),
    _local("fruit", 3.0, _swap("table", "fruit", FRUITS, "turn the {a} into {b}", "{v}", plural)),
    _local(
        "cake", 1.0, _swap("table", "cake", CAKES, "make it a {b} cake", "a {v} cake", fruit=None)
    ),
    _local("drink", 1.0, _swap("table", "drink", DRINKS, "make it {b}", "{v}", fruit=None)),
    _local(
        "cloth",
        1.2,
        _swap("table", "cloth", COLOURS, "make the tablecloth {b}", "a {v} tablecloth"),
    ),
    _local(
        "person",
        1.5,
        _swap("portrait", "person", {"boy": 0, "girl": 0}, "turn the {a} into a {b}", "a {v}"),
    ),
    _local("smile", 1.2, _wear("portrait", "smile", "add a smile", "a serious face", "a smile")),
    _local("glasses", 1.2, _wear("portrait", "glasses", "add a pair of glasses", "", "glasses")),
    _local("hat", 1.2, _wear("portrait", "hat", "add a hat", "", "a hat")),
    _local("hair", 1.0, _swap("portrait", "hair", HAIR, "make the hair {b}", "{v} hair")),
    _local(
        "reading", 2.5, _swap("portrait", "reading", READING, "turn the {a} into a {b}", "a {v}")
    ),
    _local(
        "lamp", 1.5, _swap("street", "lamp", LAMPS, "make the lights {b}", "{v} traffic lights")
    ),
    _local(
        "lit",
        1.0,
        _swap(
            "street",
            "lit",
            {"red": 0, "yellow": 0, "green": 0},
            "turn the light {b}",
            "a {v} traffic light",
        ),
    ),
)

EDITS: dict[str, Edit] = {
    edit.name: edit
    for edit in (
        *(_look(name) for name in NAMED),
        Edit("grade", "global", 10.0, _grade),
        Edit("filter", "global", 3.0, _filter),
        Edit("duotone", "global", 3.0, _duotone),
        Edit("nothing", "global", 4.0, _nothing),
        *_LOCAL,
    )
}
"""Every edit of the training set."""


def draw_pair(rng: np.random.Generator, size: int = 64) -> Pair:
    """A training pair, its edit drawn by share."""
    shares = np.array([e.share for e in EDITS.values()])
    edit = list(EDITS.values())[int(rng.choice(len(shares), p=shares / shares.sum()))]
    return edit.make(rng, size)
