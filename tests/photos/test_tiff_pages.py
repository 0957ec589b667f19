"""Of the pages of a TIFF one is the photograph: previews and masks are none (NewSubfileType)."""

import io

import numpy as np
import pytest
import tifffile

from brushctl.errors import PhotoError
from brushctl.photos.photo import decode_photo
from brushctl.photos.source import megapixels_of
from tests.photos import makers

FULL, REDUCED, MASK = 0, 1, 4


def tiff(*pages: tuple[np.ndarray, int], below: int = 0, order: str = "<", **how: object) -> bytes:
    """A TIFF of pictures and their kinds; so many of them stand below the first."""
    stream = io.BytesIO()
    with tifffile.TiffWriter(stream, byteorder=order) as file:
        for number, (codes, kind) in enumerate(pages):
            model = "rgb" if codes.ndim == 3 else "mask" if kind & MASK else "minisblack"
            more = {"subifds": below} if below and not number else {}
            file.write(codes, photometric=model, subfiletype=kind, metadata=None, **more, **how)
    return stream.getvalue()


def codes_of(bits: int) -> np.ndarray:
    return makers.picture() if bits == 8 else makers.deep_picture()


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("bits", [8, 16])
@pytest.mark.parametrize("below", [0, 1])
def test_the_full_picture_is_the_photograph_and_not_its_preview(bits, below, order):
    full = codes_of(bits)
    data = tiff((full[::4, ::4], REDUCED), (full, FULL), below=below, order=order)
    photo = decode_photo(data, "in.tif")
    assert photo.depth == bits
    assert megapixels_of(io.BytesIO(data)) == 96 * 64 / 1e6
    assert photo.auxiliary == ()
    np.testing.assert_allclose(photo.pixels, full / (2**bits - 1), atol=1e-6)


@pytest.mark.parametrize("orientation", [3, 6])
@pytest.mark.parametrize("bits", [8, 16])
def test_the_full_picture_stands_as_the_first_page_says(bits, orientation):
    full = codes_of(bits)
    extra = {"extratags": [(274, 3, 1, orientation, True)]}
    for below in (0, 1):
        stream = io.BytesIO()
        with tifffile.TiffWriter(stream) as file:
            file.write(full[::4, ::4], photometric="rgb", subfiletype=REDUCED, **extra,
                       **({"subifds": 1} if below else {}))  # fmt: skip
            file.write(full, photometric="rgb", subfiletype=FULL, **({} if below else extra))
        upright = np.rot90(full, {3: 2, 6: 3}[orientation])
        photo = decode_photo(stream.getvalue(), "in.tif")
        np.testing.assert_allclose(photo.pixels, upright / (2**bits - 1), atol=1e-6)


def test_a_preview_behind_the_photograph_is_no_second_picture():
    full = makers.picture()
    photo = decode_photo(tiff((full, FULL), (full[::4, ::4], REDUCED)), "in.tif")
    assert (photo.size, photo.auxiliary) == ((96, 64), ())


def test_a_mask_behind_the_photograph_is_told_from_it():
    full = makers.picture()
    photo = decode_photo(tiff((full, FULL), (full[..., 0] > 128, MASK)), "in.tif")
    assert photo.auxiliary == ("masks (channels besides colour and transparency)",)


def test_two_full_pictures_are_two():
    full = makers.picture()
    data = tiff((full, FULL), (full, FULL))
    with pytest.raises(PhotoError, match="it holds 2 pictures"):
        decode_photo(data, "in.tif")
    below = decode_photo(tiff((full, FULL), (full[:32], FULL), below=1), "in.tif")
    assert below.auxiliary == ("other pictures",)
    assert below.size == (96, 64)


@pytest.mark.parametrize(("green", "warns"), [((0.30, 0.60), False), ((0.21, 0.71), True)])
def test_primaries_that_are_not_srgb_s_are_told_of(green, warns):
    """TIFF 6.0, section 20: few programs heed them, and a result does not state them."""
    stated = [(round(x * 1000), 1000) for x in (0.64, 0.33, *green, 0.15, 0.06)]
    flat = tuple(number for pair in stated for number in pair)
    stream = io.BytesIO()
    how = {"photometric": "rgb", "metadata": None, "extratags": [(319, 5, 6, flat, True)]}
    tifffile.imwrite(stream, makers.picture(), **how)
    told = ("its primaries or its white point are other than sRGB's; taken as sRGB",)
    assert decode_photo(stream.getvalue(), "in").warnings == (told if warns else ())
