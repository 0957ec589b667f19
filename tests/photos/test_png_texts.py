"""What a PNG says in texts, whoever wrote them, comes back; blocks among it are read."""

import zlib
from dataclasses import replace

import imagecodecs
import numpy as np
import pytest
from PIL import Image, PngImagePlugin

from brushctl.photos.formats.jpeg import comments_of
from brushctl.photos.formats.png import _chunk, read_chunks
from brushctl.photos.icc import quantise
from brushctl.photos.metadata.blocks import Metadata
from brushctl.photos.metadata.iptc import iptc_resource
from brushctl.photos.photo import open_photo
from tests.photos import makers


def raw_profile(kind: str, block: bytes) -> str:
    digits = block.hex()
    lines = [digits[at : at + 72] for at in range(0, len(digits), 72)]
    return f"\n{kind}\n{len(block):8}\n" + "\n".join(lines) + "\n"


@pytest.mark.parametrize("deep", [False, True])
@pytest.mark.parametrize("behind", [False, True])
@pytest.mark.parametrize("kinds", [("exif", "xmp", "iptc"), ("APP1", "xmp", "iptc")])
def test_metadata_that_a_png_holds_as_texts_is_read(tmp_path, deep, behind, kinds):
    """As ImageMagick writes it."""
    exif, iptc = makers.exif(6).tobytes(), iptc_resource(makers.CAPTION)
    texts = [
        f"Raw profile type {kind}\0\0".encode() + zlib.compress(raw_profile(kind, block).encode())
        for kind, block in zip(kinds, (exif, makers.XMP, iptc), strict=True)
    ]
    chunks = b"".join(_chunk(b"zTXt", text) for text in texts)
    whole = imagecodecs.png_encode(makers.deep_picture() if deep else makers.picture())
    at = len(whole) - 12 if behind else 33
    path = tmp_path / "in.png"
    path.write_bytes(whole[:at] + chunks + whole[at:])
    photo = open_photo(path)
    assert photo.size == (64, 96)
    makers.save(tmp_path / "out.jpg", photo.pixels, photo)
    again = open_photo(tmp_path / "out.jpg")
    assert again.size == (64, 96)
    assert b"Kamera AG" in again.metadata.exif.block
    assert b'xmp:Rating="5"' in (again.metadata.xmp or b"")
    assert again.metadata.resources == iptc


@pytest.mark.parametrize(
    "keyword", ["dpi", "xmp", "iptc", "exif", "interlace", "transparency", "icc_profile", "gamma"]
)
def test_no_text_of_a_png_is_taken_for_what_pillow_calls_so(tmp_path, keyword):
    plain = imagecodecs.png_encode(makers.picture())
    text = (b"tEXt", keyword.encode() + b"\0x300")
    (tmp_path / "in.png").write_bytes(plain[:33] + _chunk(*text) + plain[33:])
    photo = open_photo(tmp_path / "in.png")
    assert photo.warnings == ()
    assert photo.metadata == Metadata(texts=(text,))
    np.testing.assert_array_equal(quantise(photo.pixels, 8), makers.picture())


def test_a_png_may_hold_more_text_than_pillow_reads(tmp_path):
    plain = imagecodecs.png_encode(makers.picture())
    text = (b"zTXt", b"workflow\0\0" + zlib.compress(b"a" * 100_000_000))
    (tmp_path / "in.png").write_bytes(plain[:33] + _chunk(*text) + plain[33:])
    assert open_photo(tmp_path / "in.png").metadata.texts == (text,)


@pytest.mark.parametrize("kind", ["iptc", "8bim"])
@pytest.mark.parametrize("depth", [8, 16])
def test_iptc_in_a_png_comes_back_in_a_png(tmp_path, kind, depth):
    iptc = iptc_resource(makers.CAPTION)
    said = f"Raw profile type {kind}\0\0".encode() + zlib.compress(raw_profile(kind, iptc).encode())
    plain = imagecodecs.png_encode(makers.picture())
    (tmp_path / "in.png").write_bytes(plain[:33] + _chunk(b"zTXt", said) + plain[33:])
    photo = replace(open_photo(tmp_path / "in.png"), depth=depth)
    assert photo.metadata.texts == ()
    makers.save(tmp_path / "out.png", photo.pixels, photo)
    assert open_photo(tmp_path / "out.png").metadata.resources == iptc


def test_a_profile_and_xmp_in_any_kind_of_text_are_read(tmp_path):
    icc = makers.profile(makers.DISPLAY_P3, 2.2)
    texts = [
        (b"zTXt", b"Raw profile type icc\0\0" + zlib.compress(raw_profile("icc", icc).encode())),
        (b"tEXt", b"XML:com.adobe.xmp\0" + makers.XMP),
    ]
    plain = imagecodecs.png_encode(makers.picture())
    chunks = b"".join(_chunk(*text) for text in texts)
    (tmp_path / "in.png").write_bytes(plain[:33] + chunks + plain[33:])
    photo = open_photo(tmp_path / "in.png")
    assert photo.colour.icc == icc
    assert b'xmp:Rating="5"' in (photo.metadata.xmp or b"")
    assert photo.metadata.texts == ()


@pytest.mark.parametrize("text", ["", "\nexif\n", "\nexif\n 4\nnone", "exif 3 abc"])
def test_a_text_that_holds_no_metadata_says_nothing(tmp_path, text):
    texts = PngImagePlugin.PngInfo()
    texts.add_text("Raw profile type exif", text)
    Image.fromarray(makers.picture()).save(tmp_path / "in.png", pnginfo=texts)
    assert open_photo(tmp_path / "in.png").metadata.exif is None


@pytest.mark.parametrize("depth", [8, 16])
def test_what_a_png_says_under_keywords_comes_back(tmp_path, depth):
    said = {"Copyright": "\xa9 Anna", "parameters": "a harbour\nSteps: 20", "Title": "\u6e2f"}
    texts = PngImagePlugin.PngInfo()
    for keyword, text in said.items():
        texts.add_text(keyword, text)
    texts.add_itxt("XML:com.adobe.xmp", makers.XMP.decode())
    Image.fromarray(makers.picture()).save(tmp_path / "in.png", pnginfo=texts)
    photo = replace(open_photo(tmp_path / "in.png"), depth=depth)
    makers.save(tmp_path / "out.png", photo.pixels, photo)
    with Image.open(tmp_path / "out.png") as image:
        written = image.text
    assert written.pop("XML:com.adobe.xmp")
    assert written == said


@pytest.mark.parametrize("depth", [8, 16])
def test_texts_of_a_png_that_hardly_a_reader_understands_come_back_as_they_were(tmp_path, depth):
    texts = [
        (b"tEXt", b"Author\0Anna"),
        (b"tEXt", b"Author\0Berta"),
        (b"zTXt", b"Notes\0\0" + zlib.compress(b"long " * 99)),
        (b"iTXt", b"Place\0\0\0de\0Ort\0Z\xfcrich"),
        (b"tEXt", b"no keyword"),
        (b"tEXt", b"Raw profile type xyz\0\nxyz\n 2\n00ff\n"),
    ]
    whole = imagecodecs.png_encode(makers.picture())
    chunks = b"".join(_chunk(*text) for text in texts)
    (tmp_path / "in.png").write_bytes(whole[:33] + chunks + whole[33:])
    photo = replace(open_photo(tmp_path / "in.png"), depth=depth)
    makers.save(tmp_path / "out.png", photo.pixels, photo)
    written = read_chunks((tmp_path / "out.png").read_bytes()).texts
    assert list(written) == texts


@pytest.mark.parametrize(
    ("comment", "read"),
    [("by Anna \u6e2f".encode(), "by Anna \u6e2f"), (b"Z\xfcrich", "Z\xfcrich")],
)
def test_a_comment_is_the_same_in_a_png_and_in_a_jpeg_made_of_that(tmp_path, comment, read):
    makers.write_jpeg(tmp_path / "in.jpg", makers.picture(), comment=comment)
    photo = open_photo(tmp_path / "in.jpg")
    makers.save(tmp_path / "out.png", photo.pixels, photo)
    with Image.open(tmp_path / "out.png") as image:
        assert image.text["Comment"] == read
    photo = open_photo(tmp_path / "out.png")
    makers.save(tmp_path / "again.jpg", photo.pixels, photo)
    with Image.open(tmp_path / "again.jpg") as image:
        assert image.info["comment"] == comment


@pytest.mark.parametrize(
    ("text", "comment"),
    [
        ((b"zTXt", b"Comment\0\0" + zlib.compress(b"by Anna")), b"by Anna"),
        ((b"iTXt", b"Comment\0\1\0de\0\0" + zlib.compress("g\xfcn".encode())), "g\xfcn".encode()),
        ((b"iTXt", b"Comment\0\0\0\0\0green"), b"green"),
        ((b"tEXt", b"Comment\0" + b"x" * 70_000), b"x" * 65_533),
        ((b"zTXt", b"Comment\0\0damaged"), b""),
        ((b"iTXt", b"Comment"), b""),
    ],
)
def test_a_png_s_comment_is_what_a_jpeg_can_say_of_it(text, comment):
    assert list(comments_of(Metadata(texts=(text,)))) == [comment]
