"""Each part of a file has a limit, and what is over it is told."""

import io
import struct
import zlib
from collections.abc import Callable
from pathlib import Path

import imagecodecs
import numpy as np
import pytest
import tifffile
from PIL import Image

from brushctl.errors import PhotoError
from brushctl.photos import limits
from brushctl.photos.formats.jpeg import comments_of
from brushctl.photos.formats.png import _chunk
from brushctl.photos.icc import BrokenProfile, from_profile
from brushctl.photos.metadata.blocks import Metadata, Provenance, within_limits
from brushctl.photos.metadata.exif import Exif
from brushctl.photos.metadata.extended_xmp import EXTENDED_XMP
from brushctl.photos.metadata.iptc import PHOTOSHOP
from brushctl.photos.metadata.xmp import XMP_NAME
from brushctl.photos.photo import decode_photo
from brushctl.photos.source import megapixels_of
from tests.photos import makers
from tests.photos.growth import memory

MEBIBYTE = 2**20
PROVENANCE = Provenance("dusk", "0" * 64, "tests")
RESOURCE = b"8BIM\x04\x05\0\0\0\0\0\0"
LEVELS = makers.picture()


def encoded(kind: str) -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(LEVELS).save(buffer, kind)
    return buffer.getvalue()


def jpeg_with(*segments: tuple[int, bytes], behind: bytes = b"") -> bytes:
    whole = encoded("JPEG")
    made = (bytes((0xFF, kind)) + struct.pack(">H", len(b) + 2) + b for kind, b in segments)
    return whole[:2] + b"".join(made) + whole[2:] + behind


def png_with(*chunks: bytes) -> bytes:
    whole = imagecodecs.png_encode(LEVELS)
    return whole[:33] + b"".join(chunks) + whole[33:]


def tiff_with(*tags: tuple[int, int, int, object, bool], **how: object) -> bytes:
    buffer = io.BytesIO()
    tifffile.imwrite(buffer, LEVELS, photometric="rgb", extratags=tags, metadata=None, **how)
    return buffer.getvalue()


def pages(count: int) -> bytes:
    """A TIFF, and behind its page so many without any content."""
    data = bytearray(encoded("TIFF"))
    (first,) = struct.unpack_from("<I", data, 4)
    (tags,) = struct.unpack_from("<H", data, first)
    struct.pack_into("<I", data, first + 2 + 12 * tags, len(data))
    for number in range(1, count):
        data += struct.pack("<HI", 0, len(data) + 6 if number < count - 1 else 0)
    return bytes(data)


def packed(keyword: bytes, said: bytes) -> bytes:
    return _chunk(b"zTXt", keyword + b"\0\0" + zlib.compress(said))


def profile(*tags: bytes, data: bytes) -> bytes:
    """A profile whose tags are all one and the same."""
    head = makers.profile(makers.DISPLAY_P3, 2.2)[:128] + struct.pack(">I", len(tags))
    place = len(head) + 12 * len(tags)
    return head + b"".join(struct.pack(">4sII", tag, place, len(data)) for tag in tags) + data


def curve(count: int) -> bytes:
    return b"curv\0\0\0\0" + struct.pack(">I", count) + bytes(2 * count)


REFUSED: dict[str, tuple[Callable[[], bytes], str]] = {
    "chunks": (lambda: png_with(_chunk(b"juNk", b"") * 10_001), "more chunks than the limit"),
    "segments": (lambda: jpeg_with(*((0xE4, b""),) * 10_001), "more than 10,000 segments"),
    "padding": (lambda: b"\xff\xd8" + b"\xff" * 10_001 + jpeg_with()[2:], "10,000"),
    "EXIF": (lambda: jpeg_with(*((0xE1, b"Exif\0\0more"),) * 65), "more than 64 segments"),
    "metadata": (lambda: jpeg_with(*((0xE5, bytes(65_000)),) * 517), "more than 33,554,432 bytes"),
    "boxes": (lambda: encoded("AVIF") + b"\0\0\0\x08free" * 10_001, "more than 10,000 boxes"),
    "items": (lambda: makers.avif_with_items(10_001), "more than 10,000 boxes and items"),
    "scans behind bytes that are no marker": (
        lambda: jpeg_with()[:-2] + b"\0\0\xfe\xfe" + b"\xff\xda\0\2\0" * 101,
        "more than 100 scans",
    ),
    "segments behind the pixels": (
        lambda: jpeg_with()[:-2] + b"\xff\xfe\0\2" * 10_001,
        "more than 10,000 segments",
    ),
    "a tag twice": (
        lambda: tiff_with(*((tag, 3, 1, 1, True) for tag in (50_001, 50_002))).replace(
            struct.pack("<HH", 50_002, 3), struct.pack("<HH", 50_001, 3)
        ),
        "has the tag 50001 twice",
    ),
    "WebP": (lambda: encoded("WEBP") + b"junk\0\0\0\0" * 10_001, "more than 10,000 chunks"),
    "tags": (
        lambda: tiff_with(*((tag, 3, 1, 1, True) for tag in range(50_000, 51_001))),
        "more than 1,000 tags",
    ),
    "values": (
        lambda: tiff_with(description="d" * (4 * MEBIBYTE + 1)),
        "more than 4,194,304 bytes",
    ),
    "pages": (lambda: pages(12_000), "more than 10,000 pictures"),
}  # fmt: skip


@pytest.mark.parametrize("part", REFUSED)
def test_a_file_with_more_than_any_photograph_has_is_refused(part: str) -> None:
    make, told = REFUSED[part]
    with pytest.raises(PhotoError, match=told) as refused:
        decode_photo(make(), "in.file")
    assert refused.value.where == "in.file"


def test_a_picture_is_gone_through_only_so_often() -> None:
    """Each scan that follows costs a decoder the whole picture; these have no content."""
    scan = b"\xff\xda\0\x02"
    decode_photo(jpeg_with() + scan * (limits.SCANS + 1), "")
    whole = jpeg_with()[:-2] + scan * limits.SCANS + b"\xff\xd9"
    with pytest.raises(PhotoError, match="more than 100 scans"):
        decode_photo(whole, "")


DROPPED: dict[str, tuple[Callable[[], bytes], str]] = {
    "a profile's size": (
        lambda: png_with(_chunk(b"iCCP", b"a\0\0" + zlib.compress(bytes(17 * MEBIBYTE)))),
        "the profile has more than 16,777,216 bytes; taken as sRGB",
    ),
    "resources": (
        lambda: jpeg_with(*((0xED, PHOTOSHOP + RESOURCE * 5000),) * 3),
        "it has more than 10,000 image resources; they are left out",
    ),
    "XMP": (
        lambda: png_with(packed(b"XML:com.adobe.xmp", bytes(33 * MEBIBYTE))),
        "1 of its texts are left out: blocks in them have more than 33,554,432 bytes",
    ),
    "blocks": (
        lambda: png_with(*[packed(b"Raw profile type x", bytes(9 * MEBIBYTE))] * 20),
        "17 of its texts are left out: blocks in them have more than 33,554,432 bytes",
    ),
    "EXIF": (
        lambda: png_with(
            _chunk(b"eXIf", b"II*\0\x08\0\0\0" + struct.pack("<H", 1001) + bytes(13_000))
        ),
        "its EXIF is left out: a directory of it has more than 1,000 tags",
    ),
}


@pytest.mark.parametrize("part", DROPPED)
def test_of_what_comes_with_a_photograph_the_part_over_the_limit_is_left_out(part: str) -> None:
    make, told = DROPPED[part]
    photo = decode_photo(make(), "in.file")
    assert photo.warnings == (told,)
    assert photo.size == (96, 64)
    assert photo.metadata.xmp is photo.metadata.exif is photo.metadata.resources is None


def test_a_block_over_the_limit_is_left_out_by_name() -> None:
    large = bytes(limits.METADATA + 1)
    kept, warnings = within_limits(Metadata(exif=Exif(large), xmp=large, resources=large))
    assert kept == Metadata()
    assert warnings == [
        f"its {name} has more than 33,554,432 bytes and is left out"
        for name in ("EXIF", "XMP", "IPTC")
    ]


def test_a_profiles_tags_are_not_copied_and_a_curve_has_its_limit() -> None:
    names = [b"t%03d" % n for n in range(90)]
    colours = [b"rXYZ", b"gXYZ", b"bXYZ", b"rTRC", b"gTRC", b"bTRC"]
    with pytest.raises(BrokenProfile, match="65,536 entries"):
        from_profile(profile(*colours, data=curve(65_537)), 3)
    large = profile(*names, *colours, data=curve(0) + bytes(15 * MEBIBYTE))

    def read() -> None:
        with pytest.raises(BrokenProfile):
            from_profile(large, 3)

    assert memory(read) < 100 * MEBIBYTE  # 1.4 GB, if each were one of its own


def test_exif_that_announces_more_tags_than_it_has_says_upright_all_the_same() -> None:
    exif = bytearray(makers.exif(6).tobytes().removeprefix(b"Exif\0\0"))
    order = {b"II": "<", b"MM": ">"}[bytes(exif[:2])]
    struct.pack_into(order + "H", exif, 8, 65535)
    turned = Exif(bytes(exif)).upright(6, (96, 64)).block
    read = Image.Exif()
    read.load(turned)
    assert read[274] == 1


def test_of_many_long_comments_as_much_is_told_as_a_jpeg_may_hold() -> None:
    text = (b"zTXt", b"Comment\0\0" + zlib.compress(bytes(65_533)))
    told = list(comments_of(Metadata(texts=(text,) * 520)))
    assert sum(map(len, told)) == limits.METADATA


def test_the_size_of_a_photograph_is_told_without_reading_what_comes_with_it() -> None:
    bomb = png_with(*[_chunk(b"iCCP", b"a\0\0" + zlib.compress(bytes(MEBIBYTE)))] * 100)
    assert memory(lambda: megapixels_of(io.BytesIO(bomb))) < MEBIBYTE
    assert megapixels_of(io.BytesIO(bomb)) == 96 * 64 / 1e6
    assert megapixels_of(io.BytesIO(jpeg_with(*((0xE1, b"Exif\0\0x"),) * 100))) == 0


def test_of_several_profiles_of_a_png_the_first_is_taken() -> None:
    icc = makers.profile(makers.DISPLAY_P3, 2.2)
    chunks = [_chunk(b"iCCP", b"a\0\0" + zlib.compress(data)) for data in (icc, b"other")]
    assert decode_photo(png_with(*chunks), "").colour.icc == icc


def odd_files() -> list[bytes]:
    """Large or odd metadata, harmless to decoders: as much as is allowed, and somewhat more."""
    note = makers.XMP.replace(b'Rating="5"', b'HasExtendedXMP="' + b"A" * 32 + b'"')
    head = EXTENDED_XMP + b"A" * 32 + bytes(8)
    spaces = makers.XMP.replace(b"</rdf:RDF>", b" " * MEBIBYTE + b"</rdf:RDF>")
    previews = makers.XMP.replace(b"</rdf:RDF>", b"<xmp:Thumbnails>" * 60_000 + b"</rdf:RDF>")
    elements = makers.XMP.replace(b"</rdf:RDF>", b"<a/>" * 5000 + b"</rdf:RDF>")
    numbers = np.zeros(MEBIBYTE, np.uint16)
    return [
        *(png_with(packed(b"XML:com.adobe.xmp", xmp)) for xmp in (spaces, previews, elements)),
        png_with(*[packed(b"Raw profile type exif", b" " * 20 * MEBIBYTE)] * 50),
        png_with(_chunk(b"tEXt", b"a\0b") * 2000),
        jpeg_with((0xE1, XMP_NAME + note), *((0xE1, head + bytes(60_000)),) * 300),
        jpeg_with(*((0xED, PHOTOSHOP + bytes(60_000)),) * 300),
        jpeg_with(*((0xFE, bytes(60_000)),) * 300),
        pages(12_000),
        tiff_with((65_000, 3, len(numbers), numbers, True)),
    ]


def test_a_batch_of_odd_files_needs_no_more_memory_than_one_of_them(tmp_path: Path) -> None:
    def batch() -> None:
        for number, data in enumerate(files):
            try:
                photo = decode_photo(data, str(number))
            except PhotoError:
                continue
            target = tmp_path / f"{number}.{photo.format.lower()}"
            makers.save(target, photo.pixels, photo, provenance=PROVENANCE)

    files = odd_files() * 2
    assert memory(batch) < 200 * MEBIBYTE
