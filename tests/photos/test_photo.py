"""Photographs come back as they went in: upright, in their own colours, with their data."""

import dataclasses
import io
import os
import shutil
from pathlib import Path

import numpy as np
import pytest
import tifffile
from PIL import Image

from brushctl.errors import PhotoError
from brushctl.photos.metadata.blocks import Provenance
from brushctl.photos.photo import check_seen, open_photo, resize
from tests.photos import makers

LOSSLESS = {"png": {}, "tif": {}, "webp": {"lossless": True}}
LOSSY = {"jpg": {"quality": 95}, "avif": {"quality": 90}, "heic": {"quality": 95}}
PROVENANCE = Provenance("golden-hour", "ab" * 32, "brushctl 0.1.0")


def rotate(pixels: np.ndarray, orientation: int) -> np.ndarray:
    """What EXIF 3.0 (4.6.5.1.6) says about each orientation, written out."""
    return {
        1: lambda p: p,
        2: lambda p: p[:, ::-1],
        3: lambda p: p[::-1, ::-1],
        4: lambda p: p[::-1],
        5: lambda p: p.transpose(1, 0, 2),
        6: lambda p: p[::-1].transpose(1, 0, 2),
        7: lambda p: p[::-1, ::-1].transpose(1, 0, 2),
        8: lambda p: p[:, ::-1].transpose(1, 0, 2),
    }[orientation](pixels)


def rewrite(source: Path, name: str = "out", **options: object) -> Path:
    target = source.with_name(name + source.suffix)
    photo = open_photo(source)
    makers.save(target, photo.pixels, photo, **options)
    return target


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("suffix", [*LOSSLESS, *LOSSY])
def test_every_orientation_is_applied_exactly_once(tmp_path, suffix, orientation):
    stored = makers.picture()
    exif = makers.exif(orientation).tobytes()
    source = tmp_path / f"in.{suffix}"
    Image.fromarray(stored).save(source, exif=exif, **(LOSSLESS | LOSSY)[suffix])
    upright = rotate(stored, orientation) / 255
    tolerance = 1e-6 if suffix in LOSSLESS else 0.1
    once = open_photo(source)
    twice = open_photo(rewrite(source))
    np.testing.assert_allclose(once.pixels, upright, atol=tolerance)
    np.testing.assert_allclose(twice.pixels, upright, atol=tolerance)


@pytest.mark.parametrize("suffix", ["png", "tif"])
@pytest.mark.parametrize("orientation", [3, 6])
def test_16_bit_orientation_is_applied_exactly_once(tmp_path, suffix, orientation):
    stored = makers.deep_picture()
    source = tmp_path / f"in.{suffix}"
    if suffix == "tif":
        extra = [(274, 3, 1, orientation, True)]
        makers.write_deep_tiff(source, stored, extratags=extra)
    else:
        deep_png(source, stored, exif=makers.exif(orientation).tobytes())
    upright = rotate(stored, orientation)
    target = rewrite(source)
    np.testing.assert_array_equal(read_deep(target), upright)


@pytest.mark.parametrize("suffix", ["jpg", "png", "tif", "webp", "avif"])
def test_the_orientation_in_xmp_turns_nothing(tmp_path, suffix):
    makers.write_jpeg(tmp_path / "like.jpg", makers.picture(), xmp=b"")
    photo = open_photo(tmp_path / "like.jpg")
    says_6 = dataclasses.replace(photo.metadata, xmp=makers.XMP)
    makers.save(
        tmp_path / f"in.{suffix}", photo.pixels, dataclasses.replace(photo, metadata=says_6)
    )
    assert open_photo(tmp_path / f"in.{suffix}").size == photo.size == (96, 64)


@pytest.mark.parametrize("suffix", ["jpg", "png", "tif", "webp", "avif", "heic"])
def test_capture_data_and_xmp_and_resolution_survive(tmp_path, suffix):
    source = tmp_path / f"in.{suffix}"
    makers.write_jpeg(tmp_path / "in.jpg", makers.picture(), exif=makers.exif(6))
    if suffix != "jpg":
        photo = open_photo(tmp_path / "in.jpg")
        makers.save(source, photo.pixels, photo)
    target = rewrite(source)
    with Image.open(target) as image:
        image.load()
        told = image.getexif()
        assert (told[271], told[315]) == ("Kamera AG", "Anna")
        inner = told.get_ifd(0x8769)
        assert inner[0xA434] == "50mm F1.8"
        assert inner[0x927C] == b"maker\0note"
        assert (inner[0xA002], inner[0xA003]) == image.size == (64, 96)
        assert told.get_ifd(0x8825)[1] == "N"
        assert told.get(274, 1) == 1
    again = open_photo(target)
    assert again.metadata.xmp is not None
    assert b'xmp:Rating="5"' in again.metadata.xmp
    assert b'tiff:Orientation="1"' in again.metadata.xmp
    if suffix in ("jpg", "png", "tif"):
        assert again.metadata.dpi == pytest.approx((240, 240), abs=0.01)
    if suffix in ("jpg", "tif"):
        assert again.metadata.resources == makers.RESOURCES


@pytest.mark.parametrize("suffix", ["png", "tif"])
def test_16_bit_photographs_stay_16_bit_with_their_data(tmp_path, suffix):
    makers.write_jpeg(tmp_path / "like.jpg", makers.picture())
    like = open_photo(tmp_path / "like.jpg").metadata
    source = tmp_path / f"in.{suffix}"
    codes = makers.deep_picture(channels=4)
    icc = makers.profile(makers.ADOBE_RGB, 2.2)
    if suffix == "tif":
        makers.write_deep_tiff(source, codes, extrasamples=("unassalpha",), iccprofile=icc)
    else:
        deep_png(source, codes)
    photo = open_photo(source)
    carrying = dataclasses.replace(photo, metadata=like)
    target = tmp_path / f"out.{suffix}"
    makers.save(target, photo.pixels, carrying)
    assert photo.depth == 16
    off = np.abs(read_deep(target).astype(int) - codes)[codes[..., 3] > 0]
    assert off.max() <= (8 if suffix == "tif" else 0)  # Adobe RGB goes through float curves
    again = open_photo(target)
    assert again.metadata.dpi == pytest.approx((240, 240), abs=0.01)
    assert again.metadata.xmp == like.xmp
    with Image.open(target) as image:
        assert image.getexif()[271] == "Kamera AG"
        assert image.getexif().get_ifd(0x8769)[0xA434] == "50mm F1.8"
        assert image.getexif().get_ifd(0x8825)[1] == "N"
        assert image.info.get("icc_profile") == (icc if suffix == "tif" else None)


def test_jpeg_is_compressed_as_its_original_was(tmp_path):
    source = tmp_path / "in.jpg"
    makers.write_jpeg(source, makers.picture(), quality=71, subsampling="4:2:2", progressive=True)
    with Image.open(source) as before, Image.open(rewrite(source)) as after:
        assert after.quantization == before.quantization
        assert after.layer == before.layer
        assert after.info.get("progressive")


def test_embedded_preview_of_the_unedited_photograph_is_dropped(tmp_path):
    preview = io.BytesIO()
    Image.fromarray(makers.picture(16, 12)).save(preview, "JPEG")
    data = bytearray(makers.exif().tobytes().removeprefix(b"Exif\0\0"))
    order = "little" if data[:2] == b"II" else "big"
    entries = int.from_bytes(data[8:10], order)
    link = 10 + 12 * entries
    data[link : link + 4] = len(data).to_bytes(4, order)
    at = len(data) + 2 + 24 + 4
    data += (2).to_bytes(2, order)
    for tag, value in ((0x0201, at), (0x0202, len(preview.getvalue()))):
        data += tag.to_bytes(2, order) + (4).to_bytes(2, order)
        data += (1).to_bytes(4, order) + value.to_bytes(4, order)
    data += bytes(4) + preview.getvalue()
    source = tmp_path / "in.jpg"
    makers.write_jpeg(source, makers.picture(), exif=b"Exif\0\0" + bytes(data))
    assert preview.getvalue() in source.read_bytes()
    target = rewrite(source)
    assert preview.getvalue()[:64] not in target.read_bytes()
    with Image.open(target) as image:
        assert not image.getexif().get_ifd(1)


@pytest.mark.parametrize("suffix", ["jpg", "png", "tif", "webp", "avif", "heic"])
def test_provenance_is_written_once_however_often_edited(tmp_path, suffix):
    makers.write_jpeg(tmp_path / "first.jpg", makers.picture())
    photo = open_photo(tmp_path / "first.jpg")
    target = tmp_path / f"out.{suffix}"
    makers.save(target, photo.pixels, photo, provenance=PROVENANCE)
    target = rewrite(target, "again", provenance=PROVENANCE)
    xmp = open_photo(target).metadata.xmp
    assert xmp is not None
    assert xmp.count(b"DigitalSourceType=") == 1
    assert b"compositeWithTrainedAlgorithmicMedia" in xmp
    assert b'brushctl:brush="golden-hour"' in xmp
    assert b"ab" * 32 in xmp
    assert b'xmp:Rating="5"' in xmp


def test_strip_leaves_no_person_place_or_camera(tmp_path):
    source = tmp_path / "in.jpg"
    makers.write_jpeg(source, makers.picture())
    written = rewrite(source, strip=True).read_bytes()
    for private in (b"Anna", b"Kamera", b"Sonne", b"Rating", b"50mm"):
        assert private in source.read_bytes()
        assert private not in written


def test_what_a_format_cannot_take_is_told_as_such_and_with_what_to_do(tmp_path):
    Image.new("RGB", (66_000, 700)).save(tmp_path / "in.png")
    photo = open_photo(tmp_path / "in.png")
    with pytest.raises(PhotoError, match="cannot be written as JPEG") as refused:
        makers.save(tmp_path / "out.jpg", photo.pixels, photo)
    assert "another format" in refused.value.do


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGB", "RGBA", "CMYK"])
def test_every_mode_of_pillow_opens(tmp_path, mode):
    source = tmp_path / ("in.tif" if mode == "CMYK" else "in.png")
    Image.fromarray(makers.picture()).convert(mode).save(source)
    photo = open_photo(source)
    assert photo.pixels.shape == (64, 96, 3)
    assert photo.pixels.dtype == np.float32
    assert (photo.alpha is not None) == mode.endswith("A")
    rewrite(source)


def test_grey_stays_grey_until_an_edit_colours_it(tmp_path):
    source = tmp_path / "in.png"
    Image.fromarray(makers.picture()).convert("L").save(source)
    photo = open_photo(source)
    makers.save(tmp_path / "grey.png", photo.pixels, photo)
    makers.save(tmp_path / "sepia.png", photo.pixels * np.float32([1, 0.9, 0.7]), photo)
    assert Image.open(tmp_path / "grey.png").mode == "L"
    assert Image.open(tmp_path / "sepia.png").mode == "RGB"


def test_animations_and_pages_need_first_frame(tmp_path):
    frames = [Image.fromarray(makers.picture(seed=s)) for s in range(3)]
    for name in ("in.webp", "in.tif", "in.png"):
        frames[0].save(tmp_path / name, save_all=True, append_images=frames[1:])
        with pytest.raises(PhotoError, match=r"holds 3 pictures.*--first-frame"):
            open_photo(tmp_path / name)
        assert open_photo(tmp_path / name, first_frame=True).size == (96, 64)


def test_damaged_files_are_photo_errors_that_name_the_file(tmp_path):
    makers.write_jpeg(tmp_path / "whole.jpg", makers.picture(400, 300))
    whole = (tmp_path / "whole.jpg").read_bytes()
    damaged = {
        "empty.jpg": b"",
        "truncated.jpg": whole[: len(whole) // 2],
        "text.jpg": b"this is no photograph",
        "noise.png": b"\x89PNG\r\n\x1a\n" + bytes(range(256)),
        "half.tif": b"II*\0\x08\0\0\0\xff\xff",
    }
    for name, data in damaged.items():
        (tmp_path / name).write_bytes(data)
        with pytest.raises(PhotoError, match=name):
            open_photo(tmp_path / name)
    with pytest.raises(PhotoError, match=r"gone\.jpg: no such file"):
        open_photo(tmp_path / "gone.jpg")


def test_bombs_are_refused_before_they_are_decoded(tmp_path):
    Image.new("1", (30_000, 12_000)).save(tmp_path / "bomb.png")
    with pytest.raises(PhotoError, match="over the limit of 300 megapixels"):
        open_photo(tmp_path / "bomb.png")


def test_a_strip_is_a_photograph_that_no_model_would_see_anything_of(tmp_path):
    Image.new("L", (1000, 2)).save(tmp_path / "strip.png")
    strip = open_photo(tmp_path / "strip.png")
    with pytest.raises(PhotoError, match="too narrow"):
        check_seen(strip.size, "strip.png")


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_file_without_permission_is_a_photo_error(tmp_path):
    makers.write_jpeg(tmp_path / "in.jpg", makers.picture())
    (tmp_path / "in.jpg").chmod(0)
    with pytest.raises(PhotoError, match="permission denied"):
        open_photo(tmp_path / "in.jpg")


def test_a_failed_write_leaves_the_old_file_and_nothing_else(tmp_path):
    source = tmp_path / "in.jpg"
    makers.write_jpeg(source, makers.picture())
    photo = open_photo(source)
    target = tmp_path / "out.png"
    shutil.copy(source, target)
    with pytest.raises(PhotoError):
        makers.save(target, photo.pixels, photo, kind="NOPE")
    assert target.read_bytes() == source.read_bytes()
    assert sorted(p.name for p in tmp_path.iterdir()) == ["in.jpg", "out.png"]


def test_resize_averages_down_and_stays_in_range():
    checks = np.indices((64, 64)).sum(0)[..., None].repeat(3, 2) % 2 * 2.0 - 0.5
    small = resize(checks.astype(np.float32), (8, 4))
    assert small.shape == (4, 8, 3)
    np.testing.assert_allclose(small[1:-1, 1:-1], 0.5, atol=0.02)
    large = resize(small, (100, 30))
    assert large.shape == (30, 100, 3)
    assert 0 <= large.min() <= large.max() <= 1


def deep_png(path: Path, codes: np.ndarray, exif: bytes | None = None) -> None:
    import imagecodecs

    from brushctl.photos.formats.png import _chunk

    data = imagecodecs.png_encode(codes)
    extra = _chunk(b"eXIf", exif.removeprefix(b"Exif\0\0")) if exif else b""
    path.write_bytes(data[:33] + extra + data[33:])


def read_deep(path: Path) -> np.ndarray:
    import imagecodecs

    if path.suffix == ".png":
        return imagecodecs.png_decode(path.read_bytes())
    return tifffile.imread(path)
