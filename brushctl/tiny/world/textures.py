"""Textures with the statistics of photographs: 1/f noise, dead leaves, soft light.

Dead leaves: Lee, Mumford & Huang 2001 (occluding discs with power-law radii reproduce the
scale invariance of natural images). Power spectra near 1/f^2: Field 1987.
"""

import numpy as np
from PIL import Image, ImageFilter

from brushctl.photos.icc import quantise
from brushctl.tiny.world.pen import FloatImage, Pen

REDUCED = 3
"""How many times as large `detailed` draws its pictures."""


def noise_field(rng: np.random.Generator, size: int, slope: float) -> FloatImage:
    """Noise of amplitude spectrum 1/f^slope, (size, size, 1), zero mean, unit deviation."""
    f = np.hypot(np.fft.fftfreq(size)[:, None], np.fft.rfftfreq(size)[None, :])
    f[0, 0] = 1
    spectrum = np.fft.rfft2(rng.standard_normal((size, size))) / f**slope
    spectrum[0, 0] = 0
    field = np.fft.irfft2(spectrum, s=(size, size))
    return (field / field.std()).astype(np.float32)[..., None]


def coloured_noise(rng: np.random.Generator, size: int) -> FloatImage:
    """A cloud of correlated colours around a random mean."""
    slope = float(rng.uniform(0.7, 1.8))
    axes = rng.normal(size=(3, 3)) * np.array([[0.2], [0.07], [0.03]])
    # Natural colours vary mostly in brightness: the first axis is near grey.
    axes[0] = 0.2 + 0.05 * axes[0]
    fields = np.concatenate([noise_field(rng, size, slope) for _ in range(3)], axis=2)
    mean = rng.uniform(0.2, 0.8, size=3)
    return np.clip(mean + fields @ axes, 0, 1).astype(np.float32)


def dead_leaves(
    rng: np.random.Generator,
    size: int,
    count: tuple[int, int] = (40, 260),
    smallest: float = 0.012,
) -> FloatImage:
    """Occluding shapes with power-law sizes, each with a shading and a grain of its own.

    Args:
        rng: the source of all that is drawn.
        size: the picture's side in pixels.
        count: how many shapes there are, from and to.
        smallest: radius of a shape, a fraction of the side.
    """
    base = rng.uniform(20, 235, size=3)
    spread = rng.uniform(20, 90)
    pen = Pen(size, tuple(base.astype(int)))
    n = int(rng.integers(*count))
    radii = np.sort(rng.uniform(1 / 0.4, 1 / smallest, size=n) ** -1.0)[::-1]
    for r in radii:
        x, y = (float(v) for v in rng.uniform(-0.05, 1.05, size=2))
        grey = rng.normal(0, spread)
        red, green, blue = (
            int(np.clip(b + grey + rng.normal(0, spread / 3), 0, 255)) for b in base
        )
        if rng.random() < 0.6:
            pen.ellipse(x, y, float(r), float(r * rng.uniform(0.4, 1)), (red, green, blue))
        else:
            corners = rng.normal((x, y), r, size=(4, 2))
            pen.shape([(float(a), float(b)) for a, b in corners], (red, green, blue))
    leaves = pen.picture()
    grain = noise_field(rng, size, float(rng.uniform(0.3, 1.5)))
    return np.clip(leaves * (1 + 0.12 * rng.random() * grain), 0, 1).astype(np.float32)


def as_image(x: FloatImage) -> Image.Image:
    """A picture as Pillow has it: (h, w, 3) in [0, 1], cut to whole codes."""
    return Image.fromarray((np.clip(x, 0, 1) * 255).astype(np.uint8))


def blur(x: FloatImage, radius: float) -> FloatImage:
    """Gaussian blur, `radius` a fraction of the side."""
    soft = as_image(x).filter(ImageFilter.GaussianBlur(radius * x.shape[0]))
    return np.asarray(soft, dtype=np.float32) / 255


def texture(rng: np.random.Generator, size: int) -> FloatImage:
    """A texture: leaves before noise, sharp in places and out of focus in others, lit unevenly."""
    image = dead_leaves(rng, size) if rng.random() < 0.75 else coloured_noise(rng, size)
    if rng.random() < 0.5:
        other = coloured_noise(rng, size) if rng.random() < 0.5 else dead_leaves(rng, size)
        edge = noise_field(rng, size, 2.0)
        mask = np.clip(edge * float(rng.uniform(0.5, 8)) + 0.5, 0, 1)
        image = image * mask + blur(other, float(rng.uniform(0, 0.04))) * (1 - mask)
    return lit(rng, image, strength=0.3)


def detailed(rng: np.random.Generator, size: int) -> FloatImage:
    """As full of detail as a photograph that was reduced to this size: drawn large, and reduced."""
    large = dead_leaves(rng, REDUCED * size, count=(200, 2500), smallest=0.003)
    grey = large.mean(2, keepdims=True)
    drawn = lit(rng, grey + rng.uniform(0.2, 1) * (large - grey), strength=0.3)
    picture = Image.fromarray(quantise(drawn, 8)).resize((size, size), Image.Resampling.LANCZOS)
    return np.asarray(picture, dtype=np.float32) / 255


def lit(rng: np.random.Generator, image: FloatImage, strength: float = 0.12) -> FloatImage:
    """The picture under uneven light, with a little grain."""
    size = image.shape[0]
    light = 1 + strength * rng.random() * noise_field(rng, size, 1.6)
    grain = 0.02 * rng.random() * rng.standard_normal((size, size, 1))
    return np.clip(image * light + grain, 0, 1).astype(np.float32)
