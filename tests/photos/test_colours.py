"""Colours that a file states without an ICC profile are seen, and come back with one."""

import io
import struct
import zlib
from contextlib import suppress

import imagecodecs
import numpy as np
import pytest
from PIL import Image, ImageCms

from brushctl.errors import PhotoError
from brushctl.photos.formats import tiff
from brushctl.photos.formats.codec import Picture
from brushctl.photos.formats.heif_items import Items
from brushctl.photos.formats.isobmff import read_boxes
from brushctl.photos.formats.png import _chunk
from brushctl.photos.icc import from_profile
from brushctl.photos.photo import decode_photo, open_photo
from tests.photos import makers

SRGB_CURVE, BT709_CURVE, LINEAR, PQ, HLG = 13, 1, 8, 16, 18
BT709, UNSPECIFIED, REC_2020, P3 = 1, 2, 9, 12


def write_heic(path, primaries, curve):
    Image.fromarray(makers.picture()).save(
        path,
        quality=95,
        color_primaries=primaries,
        transfer_characteristics=curve,
        matrix_coefficients=6,
        full_range_flag=1,
    )


def write_avif(path, primaries, curve):
    Image.fromarray(makers.picture()).save(path, quality=95)
    data = path.read_bytes()
    at = data.index(b"colrnclx") + 8
    path.write_bytes(data[:at] + struct.pack(">HH", primaries, curve) + data[at + 4 :])


def write_png(path, primaries, curve):
    Image.fromarray(makers.picture()).save(path)
    data = path.read_bytes()
    path.write_bytes(data[:33] + _chunk(b"cICP", bytes([primaries, curve, 0, 1])) + data[33:])


WRITERS = {"heic": write_heic, "avif": write_avif, "png": write_png}
each_format = pytest.mark.parametrize("suffix", WRITERS)


@each_format
@pytest.mark.parametrize(
    ("primaries", "name", "red"),
    [(P3, "Display P3", (0.680, 0.320)), (REC_2020, "Rec. 2020", (0.708, 0.292))],
)
def test_wide_primaries_become_a_profile(tmp_path, suffix, primaries, name, red):
    source = tmp_path / f"in.{suffix}"
    WRITERS[suffix](source, primaries, SRGB_CURVE)
    photo = open_photo(source)
    assert photo.warnings == ()
    assert photo.pixels.min() < 0 or photo.pixels.max() > 1, "sRGB cannot show all of it"
    makers.save(tmp_path / f"out.{suffix}", photo.pixels, photo)
    with Image.open(tmp_path / f"out.{suffix}") as image:
        profile = ImageCms.ImageCmsProfile(io.BytesIO(image.info["icc_profile"]))
    assert ImageCms.getProfileDescription(profile).strip() == name
    assert profile.profile.chromaticity[0][:2] == pytest.approx(red, abs=1e-4)
    again = open_photo(tmp_path / f"out.{suffix}")
    assert np.abs(again.pixels - photo.pixels).mean() < 0.01


@each_format
def test_display_p3_is_seen_as_its_own_profile_shows_it(tmp_path, suffix):
    source = tmp_path / f"in.{suffix}"
    WRITERS[suffix](source, P3, SRGB_CURVE)
    with Image.open(source) as image:
        codes = np.asarray(image.convert("RGB"))
    # A curve of one gamma comes near to sRGB's.
    near = from_profile(makers.profile(makers.DISPLAY_P3, 2.2), 3).to_srgb(codes)
    assert np.abs(open_photo(source).pixels - near).mean() < 0.01


@each_format
@pytest.mark.parametrize(
    "points",
    [(BT709, SRGB_CURVE), (BT709, BT709_CURVE), (UNSPECIFIED, UNSPECIFIED)],
)
def test_ordinary_colours_need_no_profile(tmp_path, suffix, points):
    source = tmp_path / f"in.{suffix}"
    WRITERS[suffix](source, *points)
    photo = open_photo(source)
    assert photo.colour.icc is None
    assert photo.warnings == ()


@each_format
@pytest.mark.parametrize(("curve", "name"), [(PQ, "PQ"), (HLG, "HLG")])
def test_an_hdr_picture_is_refused_by_name(tmp_path, suffix, curve, name):
    source = tmp_path / f"in.{suffix}"
    WRITERS[suffix](source, REC_2020, curve)
    with pytest.raises(PhotoError, match=rf"in\.{suffix}: it is an HDR picture \({name}\)"):
        open_photo(source)


@each_format
def test_unknown_colours_are_a_warning(tmp_path, suffix):
    source = tmp_path / f"in.{suffix}"
    WRITERS[suffix](source, BT709, LINEAR)
    assert open_photo(source).warnings == (
        "it states unknown colours (primaries 1, curve 8); taken as sRGB",
    )


@pytest.mark.parametrize(
    ("chunks", "warned"),
    [
        ({b"gAMA": [45455]}, False),
        ({b"gAMA": [100_000]}, True),
        ({b"sRGB": [], b"gAMA": [55556]}, False),
        ({b"cHRM": [31270, 32900, 64000, 33000, 30000, 60000, 15000, 6000]}, False),
        ({b"cHRM": [31270, 32900, 68000, 32000, 26500, 69000, 15000, 6000]}, True),
    ],
)
def test_colours_that_a_png_states_without_a_profile_are_warned_of(tmp_path, chunks, warned):
    data = imagecodecs.png_encode(makers.picture())
    said = b"".join(
        _chunk(kind, struct.pack(f">{len(n)}I", *n) or b"\0") for kind, n in chunks.items()
    )
    (tmp_path / "in.png").write_bytes(data[:33] + said + data[33:])
    told = ("its gAMA or cHRM states other colours than sRGB's; taken as sRGB",)
    assert open_photo(tmp_path / "in.png").warnings == (told if warned else ())


@pytest.mark.parametrize("suffix", ["heic", "avif"])
def test_boxes_that_are_damaged_state_nothing(tmp_path, suffix):
    source = tmp_path / f"in.{suffix}"
    WRITERS[suffix](source, P3, SRGB_CURVE)
    data = source.read_bytes()
    assert Items(read_boxes(data, "")).code_points == (P3, SRGB_CURVE)
    end = data.index(b"colrnclx") + 12
    assert all(Items(read_boxes(data[:cut], "")).code_points is None for cut in range(end))
    for at in range(end):
        with suppress(PhotoError):  # a table that lists more than the limit
            assert Items(read_boxes(data[:at] + b"\xff" + data[at + 1 :], "")).auxiliary is not None


@pytest.mark.parametrize("suffix", ["jpg", "tif", "png", "webp", "avif", "heic"])
@pytest.mark.parametrize(
    ("space", "option", "adobe"),
    [
        (0xFFFF, "R03", True),
        (2, "R03", True),
        (2, "R98", True),
        (1, "R98", False),
        (0xFFFF, "R98", False),
    ],
)
def test_a_cameras_adobe_rgb_is_adobe_rgb(tmp_path, suffix, space, option, adobe):
    """Exif 3.0 (ColorSpace) and DCF 2.0; the 2 of some cameras is ExifTool's "Adobe RGB"."""
    source = tmp_path / f"in.{suffix}"
    how: dict[str, object] = {} if suffix == "tif" else {"exif": camera_exif(space, option)}
    if suffix == "heic":
        how |= {"color_primaries": UNSPECIFIED, "full_range_flag": 1}
    Image.fromarray(makers.picture()).save(source, **how)
    data = source.read_bytes()
    if suffix == "avif":
        data = data.replace(*(b"colrnclx" + bytes([0, p, 0, 13]) for p in (BT709, UNSPECIFIED)))
    if suffix == "tif":
        makers.write_jpeg(source, makers.picture(), exif=camera_exif(space, option), xmp=b"")
        metadata = open_photo(source).metadata
        data = tiff.encode(Picture(makers.picture(), alpha=False, icc=None, metadata=metadata))
    photo = decode_photo(data, "in.file")
    with Image.open(io.BytesIO(data)) as image:
        codes = np.asarray(image)
    shown = from_profile(makers.profile(makers.ADOBE_RGB, 563 / 256), 3).to_srgb(codes)
    expected = shown if adobe else codes / 255
    np.testing.assert_allclose(photo.pixels, expected, atol=2e-3)
    assert (photo.colour.icc is not None) == adobe


def camera_exif(space: int, option: str) -> Image.Exif:
    """What a camera writes of the colours that were chosen in its menu."""
    said = Image.Exif()
    said[0x8769] = {0xA001: space, 0xA005: {1: option, 2: b"0100"}}
    return said


SAYS_SRGB = {
    "sRGB": _chunk(b"sRGB", b"\0"),
    "cHRM": _chunk(
        b"cHRM", struct.pack(">8I", 31270, 32900, 64000, 33000, 30000, 60000, 15000, 6000)
    ),
    "cICP": _chunk(b"cICP", bytes([BT709, SRGB_CURVE, 0, 1])),
}


def png_of_camera(*chunks: bytes) -> bytes:
    """A PNG whose EXIF says Adobe RGB, with chunks before it."""
    stream = io.BytesIO()
    Image.fromarray(makers.picture()).save(stream, "PNG", exif=camera_exif(0xFFFF, "R03"))
    return stream.getvalue()[:33] + b"".join(chunks) + stream.getvalue()[33:]


@pytest.mark.parametrize("chunk", SAYS_SRGB.values(), ids=SAYS_SRGB)
def test_a_pngs_own_word_comes_before_its_exif(tmp_path, chunk):
    """PNG, third edition, 4.3. A result whose EXIF says otherwise has a profile that says so."""
    photo = decode_photo(png_of_camera(chunk), "in.png")
    np.testing.assert_allclose(photo.pixels, makers.picture() / 255, atol=1e-6)
    for suffix in ("png", "jpg", "tif", "webp"):
        makers.save(tmp_path / f"out.{suffix}", photo.pixels, photo)
        again = open_photo(tmp_path / f"out.{suffix}")
        assert np.abs(again.pixels - photo.pixels).mean() < (0.02 if suffix in "jpg webp" else 1e-3)
        assert (
            b"sRGB"
            in ImageCms.ImageCmsProfile(
                io.BytesIO(again.colour.icc)
            ).profile.profile_description.encode()
        )


def test_an_avifs_own_word_comes_before_its_exif():
    stream = io.BytesIO()
    image = Image.fromarray(makers.picture())
    image.save(stream, "AVIF", exif=camera_exif(0xFFFF, "R03"))
    assert b"colrnclx" + bytes([0, BT709, 0, SRGB_CURVE]) in stream.getvalue()
    assert decode_photo(stream.getvalue(), "in.avif").colour.icc is None


def test_primaries_of_adobe_rgb_in_a_png_are_no_contradiction_to_its_exif():
    adobe = _chunk(
        b"cHRM", struct.pack(">8I", 31270, 32900, 64000, 33000, 21000, 71000, 15000, 6000)
    )
    photo = decode_photo(png_of_camera(_chunk(b"gAMA", struct.pack(">I", 45455)), adobe), "in.png")
    assert photo.warnings == ()
    assert np.abs(photo.pixels - makers.picture() / 255).max() > 0.02


def pq(x: np.ndarray) -> np.ndarray:
    """Light of 10,000 cd/m2 by its code (SMPTE ST 2084, 5.2)."""
    root = x ** (1 / 78.84375)
    return (np.maximum(root - 0.8359375, 0) / (18.8515625 - 18.6875 * root)) ** (
        1 / 0.1593017578125
    )


def hlg(x: np.ndarray) -> np.ndarray:
    """Light of the scene by its code (ARIB STD-B67)."""
    a, b, c = 0.17883277, 0.28466892, 0.55991073
    return np.where(x <= 0.5, x**2 / 3, (np.exp((x - c) / a) + b) / 12)


def with_curve(light: np.ndarray) -> bytes:
    """A profile of Rec. 2020's primaries and a curve."""
    values = np.rint(light.clip(0, 1) * 65535).astype(">u2")
    curve = b"curv\0\0\0\0" + struct.pack(">I", len(values)) + values.tobytes()
    return makers.matrix_profile(makers.REC_2020, curve)


CODES = np.linspace(0, 1, 1024)
HDR_PROFILES = {
    "PQ": with_curve(pq(CODES)),
    "PQ up to 1,000 cd/m2": with_curve(pq(CODES) * 10),
    "HLG": with_curve(hlg(CODES)),
    "PQ, stated": makers.matrix_profile(
        makers.REC_2020, makers.gamma_curve(2.2), {b"cicp": b"cicp\0\0\0\0\x09\x10\0\1"}
    ),
}


@pytest.mark.parametrize("kind", HDR_PROFILES)
@pytest.mark.parametrize("suffix", ["jpg", "png", "tif", "webp", "avif", "heic"])
def test_an_hdr_picture_is_refused_if_its_profile_says_so(tmp_path, suffix, kind):
    source = tmp_path / f"in.{suffix}"
    Image.fromarray(makers.picture()).save(source, icc_profile=HDR_PROFILES[kind])
    with pytest.raises(PhotoError, match=rf"it is an HDR picture \({kind[:2]}"):
        open_photo(source)


@pytest.mark.parametrize("gamma", [1, 1.8, 2.2, 2.6, 3])
def test_an_ordinary_profile_is_none_of_hdr(tmp_path, gamma):
    icc = makers.profile(makers.PROPHOTO, gamma)
    Image.fromarray(makers.picture()).save(tmp_path / "in.png", icc_profile=icc)
    assert open_photo(tmp_path / "in.png").colour.icc == icc


def chunked(*chunks: bytes) -> bytes:
    data = bytes(imagecodecs.png_encode(makers.picture()))
    return data[:33] + b"".join(chunks) + data[33:]


def test_code_points_of_a_png_come_before_its_profile():
    """PNG, third edition, 4.3: the first of cICP, iCCP, sRGB that is understood counts."""
    icc = makers.profile(makers.ADOBE_RGB, 2.2)
    profile = _chunk(b"iCCP", b"a\0\0" + zlib.compress(icc))
    srgb, p3, unknown, hdr = (
        _chunk(b"cICP", bytes(points))
        for points in ((1, 13, 0, 1), (12, 13, 0, 1), (1, 8, 0, 1), (9, 16, 0, 1))
    )
    assert decode_photo(chunked(srgb, profile), "").colour.icc is None
    name = ImageCms.ImageCmsProfile(io.BytesIO(decode_photo(chunked(p3, profile), "").colour.icc))
    assert ImageCms.getProfileDescription(name).strip() == "Display P3"
    assert decode_photo(chunked(unknown, profile), "").colour.icc == icc
    with pytest.raises(PhotoError, match="HDR"):
        decode_photo(chunked(hdr, profile), "")
