"""Pictures: pixels with the phrases that describe them."""

from dataclasses import dataclass

import numpy as np

from brushctl.tiny.world.pen import FloatImage
from brushctl.tiny.world.sampling import FAMILIES, pick
from brushctl.tiny.world.scenes import Scene
from brushctl.tiny.world.textures import lit, texture

TEXTURE_SHARE = 0.3
"""How many pictures are textures: they teach the autoencoder photographs, the looks generality."""


@dataclass(frozen=True, slots=True)
class Picture:
    """(h, w, 3) in [0, 1], and what a person would say is in it."""

    pixels: FloatImage
    phrases: tuple[str, ...]


def draw_scene(scene: Scene, light_seed: int, size: int) -> Picture:
    """The scene under the light that belongs to `light_seed`: the same for before and after."""
    light = np.random.default_rng(light_seed)
    return Picture(lit(light, scene.draw(size)), scene.phrases())


def draw_picture(rng: np.random.Generator, size: int = 64) -> Picture:
    """A picture of any kind."""
    if rng.random() < TEXTURE_SHARE:
        return Picture(texture(rng, size), ())
    scene = FAMILIES[pick(rng, FAMILIES)](rng)
    return draw_scene(scene, int(rng.integers(2**32)), size)
