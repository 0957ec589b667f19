"""The 25 effects of TOP-Bench (Table 3), and TOP-Bench mini: the same, drawn by the program.

TOP-Bench's own pictures cannot be shipped. The mini set has its effects, its words and its sizes,
in the world that tiny-ip2p was trained on; nine of the changes are kept out of that training.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from brushctl.bench.metrics import Pixels
from brushctl.errors import UsageError
from brushctl.tiny.world import sampling
from brushctl.tiny.world.edits import HELD_OUT
from brushctl.tiny.world.looks import NAMED, UNNAMED, Look
from brushctl.tiny.world.pictures import draw_picture, draw_scene

TRAIN, TEST = 10, 5
"""Pairs of an effect to learn from and to test on (section 5)."""
GLOBAL, LOCAL = "global", "local"

TABLE_3: dict[str, tuple[str, str]] = {
    "boy2girl": (LOCAL, "make boy and dog into a girl and cat"),
    "midnight": (GLOBAL, "make it nighttime"),
    "sea painting": (GLOBAL, "turn it into a painting"),
    "sketch style": (GLOBAL, "make the image a pencil sketch"),
    "summer": (GLOBAL, "make it summer"),
    "wallpaper": (GLOBAL, "make it snow"),
    "charcoal": (GLOBAL, "turn it into a charcoal drawing"),
    "glasses": (LOCAL, "add a pair of glasses"),
    "painting": (GLOBAL, "Make it a painting"),
    "painting snow": (GLOBAL, "make it snow"),
    "pencil sketch": (GLOBAL, "as a pencil sketch"),
    "purple": (GLOBAL, "make the sky a deep purple"),
    "snow": (GLOBAL, "have it snow"),
    "watercolor": (GLOBAL, "as a watercolor painting"),
    "4dboy": (LOCAL, "Turn the boy into a girl"),
    "apple": (LOCAL, "Turn peaches into apples"),
    "cake": (LOCAL, "Make it a chocolate cake"),
    "cloud kitty": (LOCAL, "Make the cat into a bear"),
    "dog2cat": (LOCAL, "Make the dog into a cat"),
    "juice": (LOCAL, "Make it a lemonade"),
    "lava": (GLOBAL, "Turn it into lava"),
    "rain": (GLOBAL, "Turn the rain into snow"),
    "read books": (LOCAL, "Make newspapers into books"),
    "smile": (LOCAL, "Add a smile"),
    "traffic lights": (LOCAL, "make it a heart-shaped light"),
}
"""Name: (editing type, instruction)."""


@dataclass(frozen=True, slots=True)
class Effect:
    """One editing effect with its pairs.

    Attributes:
        name: as Table 3 has it.
        scope: "global" or "local"; "" for an effect that Table 3 does not list.
        instruction: the edit in words.
        train: before and after, each (n, s, s, 3), to learn from.
        test: the same, to test on.
        held_out: whether no training pair of the base made this change, and no words asked for it.
        reference: the pairs that eq. 8 compares with; None for those of `train`.
    """

    name: str
    scope: str
    instruction: str
    train: tuple[Pixels, Pixels]
    test: tuple[Pixels, Pixels]
    held_out: bool = False
    reference: tuple[Pixels, Pixels] | None = None

    def limited(self, shots: int, limit: int | None) -> "Effect":
        """With the first `shots` pairs to learn from and the first `limit` to test on.

        All of them stay the reference: in the paper the direction of a method that learns nothing
        is the same in Tables 1 and 4, with ten shots and with one.

        Raises:
            UsageError: there are not so many.
        """
        x, y = self.train
        u, v = self.test
        if shots > len(x):
            raise UsageError(
                f"the effect has {len(x)} training pairs only",
                where=f"--shots {shots}, {self.name}",
                do=f"Use --shots {len(x)}.",
            )
        reference = self.reference or self.train
        return replace(
            self, train=(x[:shots], y[:shots]), test=(u[:limit], v[:limit]), reference=reference
        )


DrawPair = Callable[[np.random.Generator, int], tuple[Pixels, Pixels]]
"""From a source of chance and a side in pixels: a picture before and after."""


def change(family: str, before: dict[str, Any], after: dict[str, Any]) -> DrawPair:
    """Fields of a scene set so before the edit, and then otherwise."""

    def draw(rng: np.random.Generator, side: int) -> tuple[Pixels, Pixels]:
        scene: Any = replace(sampling.FAMILIES[family](rng), **before)  # type: ignore[type-var]
        light = int(rng.integers(2**32))
        x = draw_scene(scene, light, side)
        y = draw_scene(replace(scene, **after), light, side)
        return x.pixels, y.pixels

    return draw


def look(after: Look, family: str | None = None, *, before: Look | None = None) -> DrawPair:
    """Looks of one picture, a scene of a family or anything: one before, another after."""

    def draw(rng: np.random.Generator, side: int) -> tuple[Pixels, Pixels]:
        if family:
            picture = draw_scene(sampling.FAMILIES[family](rng), int(rng.integers(2**32)), side)
        else:
            picture = draw_picture(rng, side)
        plain = picture.pixels
        return _clipped(before(plain) if before else plain), _clipped(after(plain))

    return draw


def _either(*draws: DrawPair) -> DrawPair:
    def draw(rng: np.random.Generator, side: int) -> tuple[Pixels, Pixels]:
        return draws[int(rng.integers(len(draws)))](rng, side)

    return draw


def _clipped(pixels: Pixels) -> Pixels:
    return np.clip(pixels, 0, 1).astype(np.float32)


_BOY_TO_GIRL = change("portrait", {"person": "boy"}, {"person": "girl"})
_DOG_TO_CAT = change("animal", {"animal": "dog"}, {"animal": "cat"})
_SNOW, _PAINTING = NAMED["snow"][0], NAMED["painting"][0]

DRAWN: dict[str, DrawPair] = {
    "boy2girl": _either(_BOY_TO_GIRL, _DOG_TO_CAT),
    "midnight": look(NAMED["night"][0]),
    "sea painting": look(_PAINTING, "landscape"),
    "sketch style": look(NAMED["pencil"][0], "portrait"),
    "summer": look(NAMED["summer"][0], "landscape"),
    "wallpaper": look(_SNOW, "landscape"),
    "charcoal": look(UNNAMED["charcoal"][0]),
    "glasses": change("portrait", {"glasses": False}, {"glasses": True}),
    "painting": look(_PAINTING),
    "painting snow": look(lambda x: _SNOW(_clipped(_PAINTING(x))), "landscape", before=_PAINTING),
    "pencil sketch": look(NAMED["pencil"][0]),
    "purple": change("landscape", {"sky": "blue"}, {"sky": "purple"}),
    "snow": look(_SNOW, "street"),
    "watercolor": look(UNNAMED["watercolour"][0]),
    "4dboy": _BOY_TO_GIRL,
    "apple": change("table", {"fruit": "peach"}, {"fruit": "apple"}),
    "cake": change("table", {"fruit": None, "cake": "vanilla"}, {"cake": "chocolate"}),
    "cloud kitty": change("animal", {"place": "cloud", "animal": "cat"}, {"animal": "bear"}),
    "dog2cat": _DOG_TO_CAT,
    "juice": change("table", {"fruit": None, "drink": "orange juice"}, {"drink": "lemonade"}),
    "lava": change("landscape", {"ground": "sea"}, {"ground": "lava"}),
    "rain": look(_SNOW, before=NAMED["rain"][0]),
    "read books": change("portrait", {"reading": "newspaper"}, {"reading": "book"}),
    "smile": change("portrait", {"smile": False}, {"smile": True}),
    "traffic lights": change("street", {"lamp": "round"}, {"lamp": "heart"}),
}
"""How each effect's pairs are drawn. No scene of the world has both a boy and a dog: of
`boy2girl`, each pair shows one of the two."""

KEPT_BACK: dict[str, tuple[str, str, str]] = {
    "charcoal": ("look", "", "charcoal"),
    "purple": ("sky", "blue", "purple"),
    "watercolor": ("look", "", "watercolour"),
    "cake": ("cake", "vanilla", "chocolate"),
    "cloud kitty": ("animal", "cat", "bear"),
    "juice": ("drink", "orange juice", "lemonade"),
    "lava": ("ground", "sea", "lava"),
    "rain": ("look", "rain", "snow"),
    "traffic lights": ("lamp", "round", "heart"),
}
"""Effects whose change (field, from, to) no training pair of tiny-ip2p makes and no training
instruction names."""


def held_out(name: str) -> bool:
    """Whether tiny-ip2p has never been shown the effect's change, nor told to make it."""
    if name not in KEPT_BACK:
        return False
    field, old, new = KEPT_BACK[name]
    return (old, new) in HELD_OUT[field]


def draw_effects(names: Sequence[str], side: int, seed: int) -> list[Effect]:
    """Effects of TOP-Bench mini; each one's pairs depend on the seed and its place in Table 3."""
    return [_drawn(name, side, seed) for name in names]


def _drawn(name: str, side: int, seed: int) -> Effect:
    scope, instruction = TABLE_3[name]
    rng = np.random.default_rng((seed, list(TABLE_3).index(name)))
    pairs = [DRAWN[name](rng, side) for _ in range(TRAIN + TEST)]
    before, after = (np.stack(pictures) for pictures in zip(*pairs, strict=True))
    return Effect(
        name,
        scope,
        instruction,
        train=(before[:TRAIN], after[:TRAIN]),
        test=(before[TRAIN:], after[TRAIN:]),
        held_out=held_out(name),
    )
