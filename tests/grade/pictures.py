"""Pictures for the tests of the grade: photographs of scikit-image, small, and edits of them."""

import numpy as np
from skimage import data
from skimage.transform import resize

SHIPPED = {
    "astronaut": data.astronaut,
    "chelsea": data.chelsea,
    "coffee": data.coffee,
    "rocket": data.rocket,
}
NAMES = tuple(SHIPPED)
LUMA = np.array([0.2126, 0.7152, 0.0722])


def photograph(name: str, size: tuple[int, int] = (160, 200)) -> np.ndarray:
    """(height, width, 3) float32 in [0, 1], in steps of 8 bits."""
    small = resize(SHIPPED[name]().astype(np.float64) / 255, size, anti_aliasing=True)
    return in_steps(small)


def in_steps(picture: np.ndarray) -> np.ndarray:
    """The picture in 8 bits, as float32."""
    return (np.round(np.clip(picture, 0, 1) * 255) / 255).astype(np.float32)


def pairs_of(edit, names=NAMES, size=(160, 200)) -> list[tuple[np.ndarray, np.ndarray]]:
    """Photographs and what an edit makes of them, in 8 bits."""
    return [(x, in_steps(edit(x))) for x in (photograph(name, size) for name in names)]


def psnr(picture: np.ndarray, truth: np.ndarray) -> float:
    return float(-10 * np.log10(np.square(np.clip(picture, 0, 1) - truth).mean() + 1e-10))


def warm(x: np.ndarray) -> np.ndarray:
    """A look: an S-curve, less saturation, warmer."""
    curved = x * x * (3 - 2 * x)
    grey = (curved @ LUMA)[..., None]
    return (grey + 0.8 * (curved - grey)) * np.array([1.0, 0.96, 0.85])


def monochrome(x: np.ndarray) -> np.ndarray:
    """Luma, with more contrast."""
    return np.repeat(((x @ LUMA) ** 1.3)[..., None], 3, axis=2)


def vignette(x: np.ndarray) -> np.ndarray:
    """Corners darker, as the fourth power of the cosine."""
    h, w = x.shape[:2]
    v, u = np.meshgrid((np.arange(h) + 0.5) - h / 2, (np.arange(w) + 0.5) - w / 2, indexing="ij")
    return x * (np.cos(np.hypot(u, v) / np.hypot(h, w) * 1.6) ** 4)[..., None]


def auto_gamma(x: np.ndarray) -> np.ndarray:
    """Each picture's mean brought to one half."""
    return x ** (np.log(0.5) / np.log(x.mean()))
