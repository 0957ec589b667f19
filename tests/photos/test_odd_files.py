"""Files that are whole but unusual keep what sets them apart."""

import imagecodecs
import numpy as np
import pytest
import tifffile
from PIL import Image, JpegImagePlugin

from brushctl.photos.images import open_photo
from brushctl.photos.inputs import read_list
from brushctl.photos.saving import save_photo
from tests.photos import makers


def test_a_lossless_webp_with_a_profile_stays_lossless(tmp_path):
    source, target = tmp_path / "in.webp", tmp_path / "out.webp"
    icc = makers.profile(makers.DISPLAY_P3, 2.2)
    Image.fromarray(makers.picture()).save(source, lossless=True, icc_profile=icc)
    photo = open_photo(source)
    save_photo(target, photo.pixels, photo)
    with Image.open(target) as image:
        np.testing.assert_array_equal(np.asarray(image), makers.picture())


@pytest.mark.parametrize("subsampling", ["440", "411"])
def test_a_jpeg_whose_subsampling_cannot_be_written_loses_no_colour(tmp_path, subsampling):
    source, target = tmp_path / "in.jpg", tmp_path / "out.jpg"
    source.write_bytes(imagecodecs.jpeg8_encode(makers.picture(), 95, subsampling=subsampling))
    photo = open_photo(source)
    save_photo(target, photo.pixels, photo)
    with Image.open(target) as image:
        assert JpegImagePlugin.get_sampling(image) == 0  # 4:4:4


def test_colours_multiplied_by_their_transparency_are_told_apart_from_it(tmp_path):
    codes = makers.deep_picture(channels=4)
    multiplied = codes.copy()
    multiplied[..., :3] = np.rint(codes[..., :3] * (codes[..., 3:] / 65535))
    source = tmp_path / "in.tif"
    tifffile.imwrite(source, multiplied, photometric="rgb", extrasamples=("assocalpha",))
    photo = open_photo(source)
    opaque = photo.alpha > 0.2
    np.testing.assert_allclose(photo.pixels[opaque], codes[opaque][:, :3] / 65535, atol=1e-4)
    np.testing.assert_allclose(photo.alpha, codes[..., 3] / 65535, atol=1e-6)


def test_a_name_as_long_as_names_can_be_is_written(tmp_path):
    source, target = tmp_path / "in.jpg", tmp_path / ("写" * 83 + ".jpg")
    makers.write_jpeg(source, makers.picture())
    photo = open_photo(source)
    save_photo(target, photo.pixels, photo)
    assert open_photo(target).size == photo.size


def test_a_list_breaks_at_line_ends_only(tmp_path):
    names = ["a\u2028b.jpg", "c\x85d.jpg", "e.jpg"]
    (tmp_path / "unix").write_bytes("\n".join(names).encode())
    (tmp_path / "windows").write_bytes(b"\xef\xbb\xbf" + "\r\n".join([*names, ""]).encode())
    assert read_list(str(tmp_path / "unix")) == names
    assert read_list(str(tmp_path / "windows")) == names
