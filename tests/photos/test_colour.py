"""Colour management agrees with LittleCMS, keeps what sRGB cannot show, and undoes itself."""

import io
import struct

import numpy as np
import pytest
import tifffile
from PIL import Image, ImageCms

from brushctl.photos.icc import BrokenProfile, from_profile
from brushctl.photos.photo import open_photo
from tests.photos import makers

WIDE = {
    "Display P3": makers.profile(makers.DISPLAY_P3, 2.2),
    "Adobe RGB": makers.profile(makers.ADOBE_RGB, 563 / 256),
    "ProPhoto": makers.profile(makers.PROPHOTO, 1.8),
}


def srgb_icc() -> bytes:
    return ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()


@pytest.mark.parametrize("name", WIDE)
def test_matrix_profiles_agree_with_littlecms(name):
    codes = makers.picture(64, 48)
    ours = from_profile(WIDE[name], 3).to_srgb(codes)
    own = ImageCms.ImageCmsProfile(io.BytesIO(WIDE[name]))
    srgb = ImageCms.createProfile("sRGB")
    theirs = ImageCms.profileToProfile(Image.fromarray(codes), own, srgb, renderingIntent=1)
    np.testing.assert_allclose(ours.clip(0, 1), np.asarray(theirs) / 255, atol=1.6 / 255)


@pytest.mark.parametrize("name", WIDE)
@pytest.mark.parametrize("depth", [8, 16])
def test_an_unedited_wide_gamut_photograph_is_unchanged(name, depth):
    space = from_profile(WIDE[name], 3)
    rng = np.random.default_rng(1)
    codes = rng.integers(0, 2**depth, (40, 50, 3), dtype=np.uint8 if depth == 8 else np.uint16)
    pixels = space.to_srgb(codes)
    assert pixels.min() < 0 or pixels.max() > 1, "the picture should leave sRGB's gamut"
    off = np.abs(space.from_srgb(pixels, depth).astype(int) - codes)
    # The steepest stretch of a gamma curve, close to black, costs 16-bit codes the most.
    assert off.max() <= (0 if depth == 8 else 40)
    assert np.median(off) <= (0 if depth == 8 else 1)


@pytest.mark.parametrize("name", WIDE)
def test_pixels_that_an_edit_leaves_alone_keep_their_codes(tmp_path, name):
    """Of 16 bits some are lost on the way through sRGB: most in dark channels of strong colours."""
    codes = np.random.default_rng(0).integers(0, 2**16, (40, 50, 3), np.uint16)
    codes[:, :25, 1] = np.arange(25)
    source, target = tmp_path / "in.tif", tmp_path / "out.tif"
    makers.write_deep_tiff(source, codes, iccprofile=WIDE[name])
    photo = open_photo(source)
    edited = photo.pixels
    edited[20:] *= np.float32(0.5)
    makers.save(target, edited, photo)
    written = tifffile.imread(target)
    np.testing.assert_array_equal(written[:20], codes[:20])
    assert (written[20:] < codes[20:]).any(axis=2).all()


def test_srgb_profiles_are_recognised_and_cost_nothing():
    codes = makers.picture()
    space = from_profile(srgb_icc(), 3)
    np.testing.assert_array_equal(space.to_srgb(codes), (codes * np.float32(1 / 255)))
    np.testing.assert_array_equal(space.from_srgb(space.to_srgb(codes), 8), codes)


def test_grey_profiles_decode_their_own_curve():
    codes = np.arange(256, dtype=np.uint8).reshape(16, 16, 1)
    space = from_profile(makers.grey_profile(1.0), 1)
    pixels = space.to_srgb(codes)
    linear = codes / 255
    srgb = np.where(linear > 0.0031308, 1.055 * linear ** (1 / 2.4) - 0.055, 12.92 * linear)
    np.testing.assert_allclose(pixels, srgb.repeat(3, 2), atol=1e-5)
    np.testing.assert_array_equal(space.from_srgb(pixels, 8), codes)


@pytest.mark.parametrize("name", WIDE)
def test_files_keep_their_profile_and_their_codes(tmp_path, name):
    source, target = tmp_path / "in.png", tmp_path / "out.png"
    Image.fromarray(makers.picture()).save(source, icc_profile=WIDE[name])
    photo = open_photo(source)
    makers.save(target, photo.pixels, photo)
    with Image.open(source) as before, Image.open(target) as after:
        assert after.info["icc_profile"] == WIDE[name]
        np.testing.assert_array_equal(np.asarray(after), np.asarray(before))


def test_a_profile_in_a_png_may_be_of_megabytes(tmp_path):
    source, target = tmp_path / "in.png", tmp_path / "out.png"
    icc = WIDE["Display P3"] + np.random.default_rng(0).bytes(2**21)  # Pillow reads 2^20
    Image.fromarray(makers.picture()).save(source, icc_profile=icc)
    photo = open_photo(source)
    assert photo.colour.icc == icc
    makers.save(target, photo.pixels, photo)
    assert open_photo(target).colour.icc == icc


@pytest.mark.parametrize("icc", [None, makers.cmyk_profile()], ids=["bare", "with a profile"])
def test_cmyk_jpeg_comes_back_as_cmyk(tmp_path, icc):
    source, target = tmp_path / "in.jpg", tmp_path / "out.jpg"
    cmyk = Image.fromarray(makers.picture()).convert("CMYK")
    cmyk.save(source, quality=95, icc_profile=icc)
    photo = open_photo(source)
    assert np.abs(photo.pixels - makers.picture() / 255).mean() < 0.04
    makers.save(target, photo.pixels, photo)
    with Image.open(target) as after:
        assert after.mode == "CMYK"
        assert after.info.get("icc_profile") == icc
    again = open_photo(target)
    assert np.abs(again.pixels - photo.pixels).mean() < 0.03


def test_inks_that_an_edit_leaves_alone_are_the_same(tmp_path):
    """Colours alone do not tell how much of them was black."""
    inks = np.random.default_rng(0).integers(0, 256, (20, 30, 4), np.uint8)
    tifffile.imwrite(tmp_path / "in.tif", inks, photometric="separated")
    photo = open_photo(tmp_path / "in.tif")
    makers.save(tmp_path / "out.tif", photo.pixels, photo)
    np.testing.assert_array_equal(tifffile.imread(tmp_path / "out.tif"), inks)


def flat(profile: bytes) -> bytes:
    """Its red curve a parametric one of type 1, (0 x + 1)^1 above -1 / 0."""
    curve = b"para" + struct.pack(">IHH3i", 0, 1, 0, 65536, 0, 65536)
    entry = profile.index(b"rTRC") + 4  # where the tag lies, and its size
    place = struct.pack(">II", len(profile), len(curve))
    return profile[:entry] + place + profile[entry + 8 :] + curve


@pytest.mark.parametrize(
    "broken",
    [
        b"nonsense",
        WIDE["ProPhoto"][:200],
        WIDE["ProPhoto"].replace(b"rTRC", b"xTRC"),
        flat(WIDE["ProPhoto"]),
    ],
    ids=["nonsense", "cut short", "without a curve", "with a curve that divides by nought"],
)
def test_a_broken_profile_is_a_warning_and_srgb(tmp_path, broken):
    with pytest.raises(BrokenProfile):
        from_profile(broken, 3)
    Image.fromarray(makers.picture()).save(tmp_path / "in.png", icc_profile=broken)
    photo = open_photo(tmp_path / "in.png")
    np.testing.assert_allclose(photo.pixels, makers.picture() / 255, atol=1e-6)
    assert len(photo.warnings) == 1
    assert "taken as sRGB" in photo.warnings[0]
    makers.save(tmp_path / "out.png", photo.pixels, photo)
    assert "icc_profile" not in Image.open(tmp_path / "out.png").info


def test_a_profile_of_tables_keeps_16_bits_and_what_srgb_cannot_show(tmp_path):
    levels = np.linspace(5000, 60000, 4096).astype(np.uint16)
    codes = np.stack([levels, levels[::-1], np.full_like(levels, 20000)], -1).reshape(64, 64, 3)
    source, target = tmp_path / "in.tif", tmp_path / "out.tif"
    makers.write_deep_tiff(source, codes, iccprofile=makers.scanner_profile())
    photo = open_photo(source)
    assert photo.pixels.min() < -0.05
    makers.save(target, photo.pixels, photo)
    back = tifffile.imread(target)
    assert len(np.unique(back[..., 0])) > 3000
    assert np.abs(back.astype(int) - codes).mean() < 0.02 * 65535  # of tables of 9 steps
    with Image.open(target) as image:
        assert image.info["icc_profile"] == makers.scanner_profile()


@pytest.mark.parametrize("depth", [8, 16])
def test_a_profile_of_tables_agrees_with_littlecms_in_8_bits(depth):
    icc, codes = makers.scanner_profile(), makers.picture()
    stored = codes if depth == 8 else codes.astype(np.uint16) * 257
    ours = from_profile(icc, 3).to_srgb(stored)
    own, srgb = ImageCms.ImageCmsProfile(io.BytesIO(icc)), ImageCms.createProfile("sRGB")
    theirs = ImageCms.profileToProfile(Image.fromarray(codes), own, srgb, renderingIntent=1)
    # In 8 bits LittleCMS clips between the steps of a table that it makes anew.
    assert np.abs(ours.clip(0, 1) - np.asarray(theirs) / 255).mean() < (1e-4, 1 / 255)[depth == 16]


def test_a_profile_for_another_colour_model_is_broken():
    with pytest.raises(BrokenProfile):
        from_profile(makers.grey_profile(2.2), 3)


@pytest.mark.parametrize("name", WIDE)
@pytest.mark.parametrize("depth", [8, 16])
def test_greys_of_a_profile_are_greys_to_the_bit_and_come_back(name, depth):
    space = from_profile(WIDE[name], 3)
    top = 2**depth - 1
    ramp = np.linspace(0, top, 4096).round().astype(np.uint8 if depth == 8 else np.uint16)
    codes = np.repeat(ramp[None, :, None], 3, axis=2)
    pixels = space.to_srgb(codes)
    assert (np.ptp(pixels, axis=2) == 0).all()
    assert pixels[0, -1, 0] == 1
    assert (np.ptp(space.from_srgb(pixels * np.float32(0.7), depth), axis=2) == 0).all()
