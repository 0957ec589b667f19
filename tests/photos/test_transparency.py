"""Transparency comes back, and what it hides changes nothing."""

import numpy as np
import pytest
from PIL import Image

from brushctl.errors import PhotoError
from brushctl.photos.photo import open_photo
from tests.photos import makers
from tests.photos.test_photo import LOSSLESS, LOSSY, rewrite


@pytest.mark.parametrize("suffix", ["png", "tif", "webp", "avif", "heic"])
def test_transparency_is_kept(tmp_path, suffix):
    alpha = np.linspace(0, 255, 96 * 64).reshape(64, 96, 1).astype(np.uint8)
    source = tmp_path / f"in.{suffix}"
    picture = Image.fromarray(np.concatenate([makers.picture(), alpha], 2))
    picture.save(source, **(LOSSLESS | LOSSY)[suffix], **({"exact": True} if suffix == "webp" else {}))  # fmt: skip  # noqa: E501
    again = open_photo(rewrite(source))
    assert again.alpha is not None
    np.testing.assert_allclose(again.alpha, alpha[..., 0] / 255, atol=0.02)


@pytest.mark.parametrize("suffix", ["png", "tif", "webp"])
def test_colours_that_nobody_sees_change_nothing(tmp_path, suffix):
    """Under full transparency programs leave whatever was there."""
    alpha = np.full((64, 96, 1), 255, np.uint8)
    alpha[10:30, 20:50] = 0
    photos = []
    for hidden in (0, 255):
        codes = np.where(alpha == 0, np.uint8(hidden), makers.picture())
        how = LOSSLESS[suffix] | ({"exact": True} if suffix == "webp" else {})
        path = tmp_path / f"{hidden}.{suffix}"
        Image.fromarray(np.concatenate([codes, alpha], 2)).save(path, **how)
        photos.append(open_photo(path))
    black, white = photos
    np.testing.assert_array_equal(black.pixels, white.pixels)
    np.testing.assert_array_equal(black.rows[20:40], black.pixels[20:40])
    seen = alpha[..., 0] > 0
    np.testing.assert_allclose(black.pixels[seen], makers.picture()[seen] / 255, atol=1e-6)
    mean = black.pixels[seen].mean(0)
    np.testing.assert_allclose(black.pixels[~seen] - mean, 0, atol=1e-4)


def test_a_heic_whose_colours_are_multiplied_by_its_transparency_is_read(tmp_path):
    alpha = np.tile(np.linspace(0, 255, 96).astype(np.uint8), (64, 1))[..., None]
    whole = Image.fromarray(np.concatenate([makers.picture(), alpha], 2))
    whole.convert("RGBa").save(tmp_path / "in.heic", quality=95)
    assert b"prem" in (tmp_path / "in.heic").read_bytes()
    photo = open_photo(tmp_path / "in.heic")
    assert photo.alpha is not None
    off = np.abs(photo.pixels - makers.picture() / 255) * photo.alpha[..., None]
    assert off.mean() < 0.01
    np.testing.assert_allclose(photo.alpha, alpha[..., 0] / 255, atol=0.02)


def test_a_jpeg_of_a_transparent_photograph_is_refused(tmp_path):
    Image.new("RGBA", (20, 20)).save(tmp_path / "in.png")
    photo = open_photo(tmp_path / "in.png")
    with pytest.raises(PhotoError, match="transparency"):
        makers.save(tmp_path / "out.jpg", photo.pixels, photo)
    assert not list(tmp_path.glob("*out*"))


def test_an_alpha_channel_that_hides_nothing_is_no_transparency(tmp_path):
    Image.fromarray(makers.picture()).convert("RGBA").save(tmp_path / "in.png")
    photo = open_photo(tmp_path / "in.png")
    makers.save(tmp_path / "out.jpg", photo.pixels, photo)
    with Image.open(tmp_path / "out.jpg") as image:
        assert image.mode == "RGB"
