"""A Pillow image in memory is edited as its file would be, at its full size."""

import numpy as np
import pytest
from PIL import ExifTags, Image, ImageCms

import brushctl
from brushctl.errors import PhotoError, UsageError
from tests.brushes.makers import brush_of
from tests.grade.makers import HALF, SAME, WARM

SIZE = 96, 64


def image_of(mode: str) -> Image.Image:
    """Noise, nowhere quite transparent."""
    pixels = np.random.default_rng(0).integers(1, 256, (*SIZE[::-1], 4), np.uint8)
    return Image.fromarray(pixels, "RGBA").convert(mode)


@pytest.mark.parametrize("mode", ["RGB", "RGBA", "L", "LA"])
def test_a_brush_that_changes_nothing_gives_every_byte_back(mode):
    image = image_of(mode)
    edited = brushctl.apply(image, brush_of(SAME, "same"))
    assert edited is not image
    assert (edited.mode, edited.size) == (mode, SIZE)
    assert edited.tobytes() == image.tobytes()


@pytest.mark.parametrize(
    ("mode", "comes_back"), [("RGB", "RGB"), ("CMYK", "CMYK"), ("P", "RGB"), ("1", "L")]
)
def test_an_image_becomes_what_its_file_becomes(tmp_path, mode, comes_back):
    image, brush = image_of("RGB").convert(mode), brush_of(HALF, "half")
    before = image.tobytes()
    image.save(tmp_path / "photo.tif")
    brushctl.apply(tmp_path / "photo.tif", brush, tmp_path / "edited.tif")
    edited = brushctl.apply(image, brush)
    assert edited.mode == comes_back
    np.testing.assert_array_equal(edited, Image.open(tmp_path / "edited.tif"))
    assert image.tobytes() == before


def test_a_grey_image_that_the_edit_colours_comes_back_in_colour():
    assert brushctl.apply(image_of("L"), brush_of(WARM, "warm")).mode == "RGB"


def test_an_image_comes_back_upright_with_its_profile_and_what_else_it_says():
    image = image_of("RGB")
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    image.info = {"icc_profile": profile, "dpi": (300, 300)}
    image.getexif()[ExifTags.Base.Orientation] = 6
    edited = brushctl.apply(image, brush_of(SAME, "same"))
    assert edited.size == SIZE[::-1]
    assert (edited.info["icc_profile"], edited.info["dpi"]) == (profile, (300, 300))
    assert ExifTags.Base.Orientation not in edited.getexif()
    turned = image.transpose(Image.Transpose.ROTATE_270)
    assert np.abs(np.asarray(edited).astype(int) - np.asarray(turned)).max() <= 1


def test_half_the_strength_is_half_the_edit():
    image, brush = image_of("RGB"), brush_of(HALF, "half")
    whole, half = (np.asarray(brushctl.apply(image, brush, strength=s)) for s in (1, 0.5))
    mean = (np.asarray(image).astype(float) + whole) / 2
    assert np.abs(half - mean).max() <= 1


def test_an_image_that_cannot_be_edited_is_refused():
    with pytest.raises(PhotoError, match=r"kind F .*Convert"):
        brushctl.apply(image_of("L").convert("F"), brush_of(WARM, "warm"))
    with pytest.raises(PhotoError, match=r"kind I;16 .*give a TIFF or PNG file of 16 bits"):
        brushctl.apply(image_of("L").convert("I;16"), brush_of(WARM, "warm"))
    with pytest.raises(UsageError, match="Save what this call returns"):
        brushctl.apply(image_of("RGB"), brush_of(WARM, "warm"), "edited.png")
