"""An edit reaches full size with the photograph's own detail, or with the model's content."""

import os
import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image, ImageDraw
from scipy.ndimage import gaussian_filter, map_coordinates
from skimage import data
from sklearn.datasets import load_sample_image

from brushctl.photos.choices import Detail
from brushctl.photos.icc import LUMINANCE
from brushctl.photos.photo import resize
from brushctl.transfer.grid import fit, to_full_size
from brushctl.transfer.kernels import grid_slicer, slice_grid

MODEL = (128, 128)


def photograph() -> np.ndarray:
    return data.astronaut().astype(np.float32) / 255


def psnr(a: np.ndarray, b: np.ndarray) -> float:
    return float(-10 * np.log10(np.mean((np.clip(a, 0, 1) - b) ** 2)))


def night(p: np.ndarray) -> np.ndarray:
    return (p**1.8 * np.float32([0.35, 0.45, 0.8])).clip(0, 1)


def warm(p: np.ndarray) -> np.ndarray:
    return (p * np.float32([1.1, 1, 0.85]) + np.float32([0.03, 0, 0])).clip(0, 1)


def cross(p: np.ndarray) -> np.ndarray:
    r, g, b = np.moveaxis(p, -1, 0)
    return np.stack([r**0.8 - 0.05 * np.sin(6 * r), g**1.1, 0.1 + 0.8 * b], -1).clip(0, 1)


def vignette(p: np.ndarray) -> np.ndarray:
    y, x = np.mgrid[-1 : 1 : p.shape[0] * 1j, -1 : 1 : p.shape[1] * 1j]
    return (p * (1 - 0.35 * (x * x + y * y))[..., None]).astype(np.float32)


TONES = {"night": (night, 6), "warm": (warm, 6), "cross": (cross, 6), "vignette": (vignette, 2.5)}


@pytest.mark.parametrize("name", TONES)
def test_transfer_beats_upscaling_the_models_pixels(name):
    photo = photograph()
    edit, gain = TONES[name]
    before, truth = resize(photo, MODEL), edit(photo)
    after = resize(truth, MODEL)
    full = to_full_size(photo, before, after)
    assert full.path is Detail.TRANSFER
    assert psnr(full.pixels, truth) > psnr(resize(after, (512, 512)), truth) + gain


def test_a_smooth_sky_gets_no_blotches():
    photo = load_sample_image("china.jpg").astype(np.float32) / 255
    y, x = np.mgrid[-1 : 1 : photo.shape[0] * 1j, -1 : 1 : photo.shape[1] * 1j]
    truth = (photo * (1 - 0.3 * (x * x + y * y))[..., None]).astype(np.float32)
    before, after = resize(photo, (80, 56)), resize(truth, (80, 56))
    full = to_full_size(photo, before, after, Detail.TRANSFER)
    steep = gaussian_filter(np.hypot(*np.gradient(gaussian_filter(truth.mean(-1), 2))), 10)
    sky = steep <= np.quantile(steep, 0.15)

    def roughness(p: np.ndarray) -> float:
        """What stands out of the sky at 3 to 15 pixels, where blotches are."""
        grey = p.mean(-1)
        return float((gaussian_filter(grey, 3) - gaussian_filter(grey, 15))[sky].std())

    assert roughness(full.pixels) < 1.3 * roughness(truth)


def test_the_autoencoders_loss_is_no_part_of_the_edit():
    photo = photograph()
    blurred = resize(resize(photo, (40, 40)), MODEL)  # all that a poor autoencoder gives back
    full = to_full_size(photo, blurred, warm(blurred))
    assert psnr(full.pixels, warm(photo)) > 38


def test_no_edit_leaves_every_pixel_alone():
    photo = photograph()
    before = resize(photo, MODEL)
    full = to_full_size(photo, before, before)
    assert full.path is Detail.TRANSFER
    np.testing.assert_allclose(full.pixels, photo, atol=1e-3)


def test_added_content_arrives_and_detail_elsewhere_stays():
    photo = photograph()
    before = resize(photo, MODEL)
    drawn = Image.fromarray((before * 255).astype(np.uint8))
    ImageDraw.Draw(drawn).ellipse((10, 80, 50, 120), fill=(250, 220, 0))
    after = np.asarray(drawn, np.float32) / 255
    full = to_full_size(photo, before, after)
    assert full.path is Detail.MODEL
    assert "content" in full.reason
    disc = full.pixels[360:440, 80:160]
    np.testing.assert_allclose(disc.mean((0, 1)), (250 / 255, 220 / 255, 0), atol=0.03)
    assert disc.std(axis=(0, 1)).max() < 0.02, "the old detail must not show through"
    corner = np.s_[:200, 300:]
    upscaled = resize(after, (512, 512))
    assert psnr(full.pixels[corner], photo[corner]) > psnr(upscaled[corner], photo[corner]) + 6


def test_a_step_in_the_edit_makes_no_halo():
    # A dark half and a light half, of which only the light one is coloured.
    step = np.full((400, 400, 3), 0.15, np.float32)
    step[:, 200:] = 0.85
    tinted = step.copy()
    tinted[:, 200:] *= np.float32([1, 0.8, 0.6])
    full = to_full_size(step, resize(step, (64, 64)), resize(tinted, (64, 64)), Detail.TRANSFER)
    np.testing.assert_allclose(full.pixels, tinted, atol=0.02)


def test_what_was_asked_for_is_done():
    photo = photograph()
    before = resize(photo, MODEL)
    for detail in (Detail.MODEL, Detail.TRANSFER):
        full = to_full_size(photo, before, warm(before), detail)
        assert (full.path, full.reason) == (detail, "asked for")


@pytest.mark.parametrize("size", [(2048, 64), (40, 900), (1, 1), (3, 7)])
def test_panoramas_and_tiny_images_keep_their_size(size):
    w, h = size
    photo = np.random.default_rng(0).random((h, w, 3), dtype=np.float32)
    before = resize(photo, (64, 32))
    for detail in Detail:
        full = to_full_size(photo.copy(), before, night(before), detail)
        assert full.pixels.shape == (h, w, 3)
        assert np.isfinite(full.pixels).all()


def test_the_grid_has_no_seams_between_its_cells():
    smooth = np.linspace(0, 1, 600, dtype=np.float32)[None, :, None] * np.ones((300, 1, 3), "f4")
    before = resize(smooth, (256, 128))
    out = slice_grid(smooth, fit(before, vignette(before)))
    steps = np.abs(np.diff(out, axis=1))
    assert steps.max() < 6 / 600, "a jump between neighbours that the edit does not have"


@given(
    seed=st.integers(0, 2**16),
    nodes=st.tuples(*[st.integers(2, 9)] * 3),
    size=st.tuples(st.integers(1, 40), st.integers(1, 40)),
    data=st.data(),
)
def test_a_pixel_reads_the_transforms_around_it(seed, nodes, size, data):
    """As scipy reads each of the twelve numbers, whatever rows the pixel comes with."""
    rng = np.random.default_rng(seed)
    grid = rng.uniform(-1, 1, (*nodes, 3, 4)).astype(np.float32)
    pixels = rng.uniform(-0.2, 1.2, (*size, 3)).astype(np.float32)
    luminance = (pixels @ LUMINANCE.astype(np.float32)).clip(0, 1)
    down, across = ((np.arange(n) + 0.5) / n for n in size)
    y, x = np.broadcast_arrays(down[:, None], across)
    at = [part * (n - 1) for part, n in zip((y, x, luminance), nodes, strict=True)]
    read = [map_coordinates(grid[..., k, c], at, order=1) for k in range(3) for c in range(4)]
    transforms = np.moveaxis(read, 0, -1).reshape(*size, 3, 4)
    meant = np.einsum("yxkc,yxc->yxk", transforms[..., :3], pixels) + transforms[..., 3]
    sliced = slice_grid(pixels, grid)
    np.testing.assert_allclose(sliced, meant, atol=2e-5)
    first = data.draw(st.integers(0, size[0] - 1))
    part = grid_slicer(grid, size[0])(first, pixels[first:])
    np.testing.assert_array_equal(part, sliced[first:])


@pytest.mark.parametrize("detail", [Detail.TRANSFER, Detail.MODEL])
def test_rows_of_a_result_are_those_of_the_whole(detail):
    photo = photograph()
    before = resize(photo, MODEL)
    full = to_full_size(photo, before, night(before), detail)
    rows = [full.edit(first, photo[first : first + 100]) for first in range(0, 512, 100)]
    np.testing.assert_allclose(np.concatenate(rows), full.pixels, atol=1e-5)


def test_the_models_pixels_get_the_detail_that_they_lack():
    """As Lanczos resampling of whole pictures makes it."""
    photo, full = photograph(), (512, 512)
    before = resize(photo, MODEL)
    transferred = to_full_size(photo, before, night(before), Detail.TRANSFER).pixels
    detail = transferred - resize(resize(transferred, MODEL), full)
    made = to_full_size(photo, before, night(before), Detail.MODEL).pixels
    np.testing.assert_allclose(made, resize(night(before), full) + detail, atol=0.02)


def test_where_compiled_code_can_be_kept_nowhere_it_is_compiled_for_the_run():
    """As for a user of cron without a home, in a container that only reads."""
    nowhere = os.environ | {"NUMBA_CACHE_LOCATOR_CLASSES": "UserProvidedCacheLocator"}
    nowhere.pop("NUMBA_CACHE_DIR", None)
    command = [sys.executable, "-c", "import brushctl.photos.colour_kernels"]
    subprocess.run(command, env=nowhere, check=True)
