"""No part of a file takes longer to read than it is long, and each has a limit that is told."""

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
from brushctl.photos.formats import png, webp
from brushctl.photos.formats.codec import Picture
from brushctl.photos.formats.isobmff import code_points, holds_film, read_boxes
from brushctl.photos.formats.png import _chunk, read_chunks
from brushctl.photos.icc import BrokenProfile, from_profile
from brushctl.photos.metadata import directories
from brushctl.photos.metadata.blocks import (
    EXTENDED_XMP,
    PHOTOSHOP,
    XMP_NAME,
    Metadata,
    Provenance,
    comments_of,
    upright,
    within_limits,
)
from brushctl.photos.metadata.exif import Exif
from brushctl.photos.photo import Photo, decode_photo
from brushctl.photos.source import megapixels_of
from tests.photos import makers
from tests.photos.growth import grows_linearly, memory

MEBIBYTE = 2**20
PROVENANCE = Provenance("dusk", "0" * 64, "tests")
RESOURCE = b"8BIM\x04\x05\0\0\0\0\0\0"
LEVELS, DEEP = makers.picture(), np.zeros((2, 2, 3), np.uint16)


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


def items(count: int) -> bytes:
    """The box that says which properties so many items have, and before it what leads there."""
    table = bytes(4) + struct.pack(">I", count) + b"\0\2\0" * count

    def box(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I4s", 8 + len(data), kind) + data

    held = box(b"iprp", box(b"ipco", b"") + box(b"ipma", table))
    return box(b"meta", bytes(4) + box(b"pitm", bytes(4) + b"\0\1") + held)


def decoded(data: bytes) -> Photo:
    return decode_photo(data, "")


WORK: dict[str, tuple[Callable[[bytes], object], Callable[[int], bytes], int]] = {
    "chunks of a PNG": (read_chunks, lambda n: png_with(_chunk(b"juNk", b"") * n), 2000),
    "texts of a PNG": (read_chunks, lambda n: png_with(_chunk(b"tEXt", b"a\0b") * n), 2000),
    "pieces of a PNG's pixels": (read_chunks, lambda n: png_with(_chunk(b"IDAT", b"") * n), 5000),
    "blocks in a PNG's texts": (
        read_chunks,
        lambda n: png_with(packed(b"Raw profile type exif", b"\nexif\n 9\n00" + b" " * 99) * n),
        500,
    ),
    "a block in a PNG's text": (
        read_chunks,
        lambda n: png_with(packed(b"Raw profile type exif", b"\nexif\n 9\n" + b"00 " * n)),
        100_000,
    ),
    "texts of a 16-bit PNG, written": (
        lambda texts: png.encode(Picture(DEEP, False, None, Metadata(texts=texts))),
        lambda n: ((b"tEXt", b"Title\0" + bytes(10_000)),) * n,
        300,
    ),
    "segments of a JPEG": (
        lambda data: megapixels_of(io.BytesIO(data)),
        lambda n: jpeg_with(*((0xE4, b""),) * n),
        2000,
    ),
    "what is behind a JPEG": (decoded, lambda n: jpeg_with(behind=bytes(n)), 10**6),
    "films that are none": (
        decoded,
        lambda n: jpeg_with(behind=b"\0\0\0 ftyx" * n),
        100_000,
    ),
    "Photoshop's resources in a JPEG": (
        decoded,
        lambda n: jpeg_with(*((0xED, PHOTOSHOP + bytes(1000)),) * n),
        1000,
    ),
    "comments of a JPEG": (
        decoded,
        lambda n: jpeg_with(*((0xFE, b"by Anna"),) * n),
        1000,
    ),
    "Photoshop's resources": (
        lambda data: upright(Metadata(resources=data), turned=False),
        lambda n: RESOURCE * n,
        10_000,
    ),
    "pages of a TIFF": (directories.count_pages, pages, 2000),
    "chunks of a WebP": (
        lambda data: webp.parse(data, ""),
        lambda n: encoded("WEBP") + b"junk\0\0\0\0" * n,
        2000,
    ),
    "boxes of an AVIF": (
        lambda data: holds_film(read_boxes(data, "")),
        lambda n: encoded("AVIF") + b"\0\0\0\x08free" * n,
        2000,
    ),
    "items of an AVIF": (lambda data: code_points(read_boxes(data, "")), items, 2000),
    "large boxes of an AVIF": (
        lambda data: [len(box.data) for box in read_boxes(data, "").within],
        lambda n: struct.pack(">I4s", 8 + n, b"mdat") + bytes(n) + b"\0\0\0\x08free" * 9,
        10**6,
    ),
    "tags of EXIF": (
        lambda data: Exif(data).upright(turned=True),
        lambda n: b"II*\0\x08\0\0\0" + struct.pack("<H", n) + bytes(12 * n + 4),
        10_000,
    ),
}


@pytest.mark.parametrize("part", WORK)
def test_reading_takes_as_long_as_a_part_is_long(part: str) -> None:
    work, make, size = WORK[part]
    assert grows_linearly(work, make, size)


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
    turned = Exif(bytes(exif)).upright(turned=True).block
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
