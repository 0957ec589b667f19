"""Files that are whole but unusual keep what sets them apart."""

from dataclasses import replace
from xml.etree import ElementTree

import imagecodecs
import numpy as np
import pytest
import tifffile
from PIL import Image, JpegImagePlugin, PngImagePlugin

from brushctl.errors import PhotoError
from brushctl.photos.encode import kind_of
from brushctl.photos.formats import tiff
from brushctl.photos.formats.jpeg import XMP_ROOM
from brushctl.photos.formats.png import _chunk
from brushctl.photos.metadata.blocks import Provenance
from brushctl.photos.metadata.directories import EXIF_IFD, INTEROPERABILITY_IFD
from brushctl.photos.metadata.extended_xmp import EXTENDED_XMP
from brushctl.photos.metadata.iptc import iptc_resource
from brushctl.photos.photo import decode_photo, open_photo
from brushctl.runs.inputs import read_list
from tests.photos import makers


def test_a_lossless_webp_with_a_profile_stays_lossless(tmp_path):
    source, target = tmp_path / "in.webp", tmp_path / "out.webp"
    icc = makers.profile(makers.DISPLAY_P3, 2.2)
    Image.fromarray(makers.picture()).save(source, lossless=True, icc_profile=icc)
    photo = open_photo(source)
    makers.save(target, photo.pixels, photo)
    with Image.open(target) as image:
        np.testing.assert_array_equal(np.asarray(image), makers.picture())


@pytest.mark.parametrize("subsampling", ["440", "411"])
def test_a_jpeg_whose_subsampling_cannot_be_written_loses_no_colour(tmp_path, subsampling):
    source, target = tmp_path / "in.jpg", tmp_path / "out.jpg"
    source.write_bytes(imagecodecs.jpeg8_encode(makers.picture(), 95, subsampling=subsampling))
    photo = open_photo(source)
    makers.save(target, photo.pixels, photo)
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
    makers.save(target, photo.pixels, photo)
    assert open_photo(target).size == photo.size


def test_a_list_breaks_at_line_ends_only(tmp_path):
    names = ["a\u2028b.jpg", "c\x85d.jpg", "e.jpg"]
    (tmp_path / "unix").write_bytes("\n".join(names).encode())
    (tmp_path / "windows").write_bytes(b"\xef\xbb\xbf" + "\r\n".join([*names, ""]).encode())
    assert read_list(str(tmp_path / "unix")) == names
    assert read_list(str(tmp_path / "windows")) == names


LAB = {"photometric": "cielab"}
INKS = {"photometric": "separated"}


@pytest.mark.parametrize(
    ("codes", "how", "what"),
    [
        (makers.deep_picture(channels=4), INKS, "16-bit CMYK"),
        (makers.picture().astype(np.float32) / 255, {}, "32-bit floating-point samples"),
        (makers.picture()[..., 0].astype(np.float32), {}, "32-bit floating-point samples"),
        (makers.picture().astype(np.uint32), {}, "32-bit integer samples"),
        (makers.picture(), LAB, "CIELAB colours"),
        (makers.deep_picture(), LAB, "CIELAB colours"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_tiff_that_would_lose_by_an_edit_is_refused_by_name(tmp_path, codes, how, what):
    source = tmp_path / "in.tif"
    colour = {"photometric": "rgb" if codes.ndim == 3 else "minisblack"}
    tifffile.imwrite(source, codes, **{**colour, **how})
    with pytest.raises(PhotoError) as refused:
        open_photo(source)
    assert refused.value.what == f"a TIFF with {what} cannot be edited without loss"


def test_a_tiff_of_twelve_bits_is_refused_by_name(tmp_path):
    source = tmp_path / "in.tif"
    tifffile.imwrite(source, makers.deep_picture()[..., 0], photometric="minisblack")
    bits = b"\x02\x01\x03\0\1\0\0\0"  # one short, tag 258
    source.write_bytes(source.read_bytes().replace(bits + b"\x10", bits + b"\x0c"))
    with pytest.raises(PhotoError, match="12-bit"):
        open_photo(source)


@pytest.mark.parametrize("kind", ["GIF", "WEBP"])
def test_an_animation_is_refused_unless_its_first_picture_is_asked_for(tmp_path, kind):
    source = tmp_path / f"in.{kind.lower()}"
    frames = [Image.fromarray(makers.picture(seed=n)) for n in range(3)]
    frames[0].save(source, kind, save_all=True, append_images=frames[1:], lossless=True)
    with pytest.raises(PhotoError) as refused:
        open_photo(source)
    if kind == "GIF":  # no photograph is a GIF: it is refused whatever it holds
        assert "not a photograph that brushctl can read" in refused.value.what
        return
    assert refused.value.what == "it holds 3 pictures (an animation or several pages)"
    first = open_photo(source, first_frame=True)
    np.testing.assert_allclose(first.pixels, makers.picture() / 255, atol=1e-6)


def packet(size: int) -> bytes:
    """An XMP packet of so many bytes that tells one long thing."""
    room = size - len(makers.XMP)
    return makers.XMP.replace(b'Rating="5"', b'Rating="' + b"5" * (room + 1) + b'"')


def xmp_of(path) -> tuple[bytes, bytes]:
    """The XMP of a JPEG: its packet, and what further segments hold, put together."""
    metadata = open_photo(path).metadata
    head = len(EXTENDED_XMP) + 32 + 8
    for segment in metadata.extended_xmp:
        assert segment[len(EXTENDED_XMP) :][:32] in metadata.xmp
    return metadata.xmp, b"".join(segment[head:] for segment in metadata.extended_xmp)


@pytest.mark.parametrize("size", [XMP_ROOM - 100, XMP_ROOM + 1, 3 * XMP_ROOM])
def test_xmp_that_a_jpeg_has_no_room_for_goes_on_in_further_segments(tmp_path, size):
    source, target = tmp_path / "in.png", tmp_path / "out.jpg"
    texts = PngImagePlugin.PngInfo()
    texts.add_itxt("XML:com.adobe.xmp", packet(size).decode())
    Image.fromarray(makers.picture()).save(source, pnginfo=texts)
    photo = open_photo(source)
    makers.save(target, photo.pixels, photo, provenance=Provenance("dusk", "0" * 64, "tests"))
    main, rest = xmp_of(target)
    rating = b"5" * (size - len(makers.XMP) + 1)
    assert rating in rest
    assert b"brushctl:brush" in main
    again = tmp_path / "again.jpg"
    makers.save(again, photo.pixels, open_photo(target))
    assert xmp_of(again) == (main, rest)


@pytest.mark.parametrize("suffix", ["png", "tif", "webp"])
def test_xmp_of_further_segments_is_whole_again_elsewhere(tmp_path, suffix):
    source = tmp_path / "in.jpg"
    photo = open_jpeg(tmp_path)
    large = replace(photo, metadata=replace(photo.metadata, xmp=packet(3 * XMP_ROOM)))
    makers.save(source, photo.pixels, large, provenance=Provenance("dawn", "0" * 64, "tests"))
    photo = open_photo(source)
    segments = photo.metadata.extended_xmp
    assert len(segments) > 2
    backwards = replace(photo.metadata, extended_xmp=(EXTENDED_XMP + b"?" * 99, *segments[::-1]))
    target = tmp_path / f"out.{suffix}"
    told = replace(photo, metadata=backwards)
    makers.save(target, photo.pixels, told, provenance=Provenance("dusk", "0" * 64, "tests"))
    xmp = open_photo(target).metadata.xmp
    assert b'xmp:Rating="' + b"5" * (3 * XMP_ROOM - len(makers.XMP) + 1) in xmp
    assert xmp.count(b"brushctl:brush=") == xmp.count(b'"dusk"') == 1
    assert b"HasExtendedXMP" not in xmp
    ElementTree.fromstring(xmp)


def test_a_jpeg_full_of_xmp_keeps_it_whole_and_says_what_it_lacks(tmp_path):
    source, target = tmp_path / "in.jpg", tmp_path / "out.jpg"
    makers.write_jpeg(source, makers.picture(), xmp=packet(XMP_ROOM - 100))
    photo = open_photo(source)
    full = replace(photo, metadata=replace(photo.metadata, extended_xmp=(EXTENDED_XMP + b"more",)))
    told = makers.save(target, photo.pixels, full, provenance=Provenance("a", "b", "c"))
    assert told == ["its XMP leaves no room to say which brush edited it"]
    assert open_photo(target).metadata.xmp == full.metadata.xmp
    assert open_photo(target).metadata.extended_xmp == full.metadata.extended_xmp


@pytest.mark.parametrize("order", ["<", ">"])
def test_iptc_that_a_tiff_declares_to_be_numbers_is_kept(tmp_path, order):
    """Old programs wrote it so; Pillow then gives the first number of it."""
    caption = makers.CAPTION + b"\0" * (-len(makers.CAPTION) % 4)
    numbers = np.frombuffer(caption, f"{order}u4").tolist()
    tag = (tiff.IPTC, "I", len(numbers), numbers, False)
    path = tmp_path / "in.tif"
    tifffile.imwrite(path, makers.picture(), photometric="rgb", byteorder=order, extratags=[tag])
    assert open_photo(path).metadata.resources == iptc_resource(caption)


RESOLUTION = b"8BIM\x03\xed\0\0" + (16).to_bytes(4, "big") + bytes(16)


@pytest.mark.parametrize("own", [b"", RESOLUTION, iptc_resource(b"own"), RESOLUTION + b"8BIM"])
def test_a_tiffs_iptc_is_kept_beside_photoshops_resources(tmp_path, own):
    tags = [(tiff.IPTC, 7, len(makers.CAPTION), makers.CAPTION, False)]
    tags += [(tiff.RESOURCES, 7, len(own), own, False)] if own else []
    path = tmp_path / "in.tif"
    tifffile.imwrite(path, makers.picture(), photometric="rgb", extratags=tags)
    photo = open_photo(path)
    makers.save(tmp_path / "out.jpg", photo.pixels, photo)
    told = (tmp_path / "out.jpg").read_bytes()
    assert (makers.CAPTION in told) == (iptc_resource(b"own") != own)
    assert own.removesuffix(b"8BIM") in told


@pytest.mark.parametrize("suffix", ["jpg", "tif", "png"])
def test_xmp_that_cannot_be_added_to_is_kept_and_that_is_told(tmp_path, suffix):
    xmp = b'<x:xmpmeta xmlns:x="adobe:ns:meta/"><RDF>by Anna</RDF></x:xmpmeta>'
    makers.write_jpeg(tmp_path / "in.jpg", makers.picture(), xmp=xmp)
    photo = open_photo(tmp_path / "in.jpg")
    told = makers.save(
        tmp_path / f"out.{suffix}", photo.pixels, photo, provenance=Provenance("a", "b", "c")
    )
    assert told == ["its XMP is kept as it is and does not say which brush edited it"]
    assert open_photo(tmp_path / f"out.{suffix}").metadata.xmp == xmp


@pytest.mark.parametrize("order", ["<", ">"])
def test_a_raw_picture_behind_a_preview_is_refused(tmp_path, order):
    """So are a camera's NEF and DNG laid out, whose result would be the preview."""
    with tifffile.TiffWriter(tmp_path / "raw.nef", byteorder=order) as file:
        preview = np.zeros((60, 80, 3), np.uint8)
        file.write(preview, photometric="rgb", subifds=1, subfiletype=1, metadata=None)
        file.write(np.zeros((300, 400), np.uint16), photometric="cfa", metadata=None)
    with pytest.raises(PhotoError, match="raw sensor data behind a preview"):
        open_photo(tmp_path / "raw.nef")


@pytest.mark.parametrize("suffix", ["tif", "jpg", "png"])
def test_a_tiff_that_states_no_resolution_has_a_result_that_states_none(tmp_path, suffix):
    Image.fromarray(makers.picture()).save(tmp_path / "in.tif")
    photo = open_photo(tmp_path / "in.tif")
    assert photo.metadata.dpi is None
    makers.save(tmp_path / f"out.{suffix}", photo.pixels, photo)
    assert open_photo(tmp_path / f"out.{suffix}").metadata.dpi is None


class AsStored(str):
    """Text that Pillow is to write as it is: it would ask for ASCII."""

    __slots__ = ()

    def encode(self, *_how: str) -> bytes:
        return super().encode()


@pytest.mark.parametrize("suffix", ["jpg", "tif"])
def test_text_beyond_ascii_comes_back_from_a_tiff(tmp_path, suffix):
    told = makers.exif()
    stored = AsStored("© 2024 José")
    inner = told.get_ifd(EXIF_IFD)
    told[33432] = inner[0xA430] = stored  # copyright, owner
    told[EXIF_IFD] = inner
    makers.write_jpeg(tmp_path / "in.jpg", makers.picture(), exif=told)
    photo = open_photo(tmp_path / "in.jpg")
    makers.save(tmp_path / "mid.tif", photo.pixels, photo)
    again = open_photo(tmp_path / "mid.tif")
    makers.save(tmp_path / f"out.{suffix}", again.pixels, again)
    assert (tmp_path / f"out.{suffix}").read_bytes().count("© 2024 José".encode()) == 2


def test_what_stands_behind_the_pixels_of_a_16_bit_png_is_read(tmp_path):
    path = tmp_path / "in.png"
    whole = imagecodecs.png_encode(makers.deep_picture())
    behind = _chunk(b"eXIf", makers.exif(6).tobytes().removeprefix(b"Exif\0\0"))
    path.write_bytes(whole[:-12] + behind + whole[-12:])
    photo = open_photo(path)
    assert photo.size == (64, 96)
    assert b"Kamera AG" in photo.metadata.exif.block


def open_jpeg(folder):
    makers.write_jpeg(folder / "in.jpg", makers.picture())
    return open_photo(folder / "in.jpg")


TOLD = {269: "scan", 306: "2024:01:01 00:00:00", 316: "desk", 18246: 5}
"""A document's name, a date, a computer and Windows' stars."""
WINDOWS_TITLE, BYTES = 40091, 1


@pytest.mark.parametrize("suffixes", [("jpg", "tif"), ("tif", "tif"), ("tif", "jpg")])
def test_all_that_a_directory_tells_of_a_photograph_is_kept(tmp_path, suffixes):
    told, title = makers.exif(), "Meer\0".encode("utf-16-le")
    inner = told.get_ifd(EXIF_IFD)
    inner[INTEROPERABILITY_IFD] = {1: "R03", 2: b"0100"}
    block = Image.Exif()
    for tag, value in (*TOLD.items(), (WINDOWS_TITLE, title), (EXIF_IFD, dict(inner))):
        block[tag] = value
    makers.write_jpeg(tmp_path / "first.jpg", makers.picture(), exif=block.tobytes())
    photo = open_photo(tmp_path / "first.jpg")
    for name in (f"in.{suffixes[0]}", f"out.{suffixes[1]}"):
        makers.save(tmp_path / name, photo.pixels, photo)
        photo = open_photo(tmp_path / name)
    with Image.open(tmp_path / name) as image:
        again = image.getexif()
        assert {tag: again.get(tag) for tag in TOLD} == TOLD
        assert again[WINDOWS_TITLE] == title
        assert again.get_ifd(EXIF_IFD)[0xA434] == "50mm F1.8"
        assert again.get_ifd(INTEROPERABILITY_IFD) == {1: "R03", 2: b"0100"}


def test_a_tiffs_own_tags_keep_their_types_and_its_structure_is_left_behind(tmp_path):
    title = "Meer\0".encode("utf-16-le")
    own = [(WINDOWS_TITLE, BYTES, len(title), title, True), (65000, "d", 2, (1.5, 2.5), True)]
    layout = [(330, "I", 1, 8, True), (50706, BYTES, 4, b"\1\4\0\0", True)]  # a raw picture's
    huge = [(65001, 7, 100_000, bytes(100_000), True)]
    path = tmp_path / "in.tif"
    how = {"photometric": "rgb", "tile": (16, 16), "resolution": (1, 1)}
    tifffile.imwrite(path, makers.picture(), extratags=[*own, *layout, *huge], **how)
    photo = open_photo(path)
    makers.save(tmp_path / "out.jpg", photo.pixels, photo)
    makers.save(tmp_path / "out.tif", photo.pixels, photo)
    with tifffile.TiffFile(tmp_path / "out.tif") as file:
        tags = file.pages[0].tags
        assert tags[WINDOWS_TITLE].dtype == BYTES
        assert tags[WINDOWS_TITLE].value == title
        assert tags[65000].value == (1.5, 2.5)
        assert not {330, 50706, 65001, 322, 324} & {tag.code for tag in tags}


@pytest.mark.parametrize(
    ("begins", "name"),
    [
        (b"\xff\x0a\xfa\x7f", "a JPEG XL picture"),
        (b"\0\0\0\x0cJXL \r\n\x87\n", "a JPEG XL picture"),
        (b"\0\0\0\x0cjP  \r\n\x87\n", "a JPEG 2000 picture"),
        (b"GIF89a", "a GIF"),
        (b"\0\0\0\x18ftypcrx \0\0\0\1", "raw sensor data"),
    ],
)
def test_a_picture_that_cannot_be_read_is_refused_by_name(begins, name):
    with pytest.raises(PhotoError) as refused:
        decode_photo(begins + bytes(100), "in.file")
    told = f"this is {name}, not a photograph that brushctl can read"
    assert refused.value.what == told


@pytest.mark.parametrize("suffix", [".JPE", ".jfif", ".MPO", ".TIF", ".HIF", ".heif"])
def test_a_result_is_of_the_format_that_its_suffix_names(suffix, tmp_path):
    photo = open_jpeg(tmp_path)
    kinds = {".tif": "TIFF", ".hif": "HEIF", ".heif": "HEIF"}
    assert kind_of(tmp_path / f"out{suffix}", None, photo) == kinds.get(suffix.lower(), "JPEG")
