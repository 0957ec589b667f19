"""What a photograph carries comes back in a result, or a word says that it does not."""

import io
import struct

import imagecodecs
import numpy as np
import pytest
import tifffile
from PIL import Image

from brushctl.errors import PhotoError
from brushctl.photos.formats.png import _chunk
from brushctl.photos.metadata.directories import EXIF_IFD
from brushctl.photos.metadata.exif import Exif
from brushctl.photos.photo import decode_photo, open_photo
from tests.photos import makers
from tests.photos.heif_makers import box

MAKER_NOTE = 0x927C
SIGNED = "its Content Credentials, which sign the unedited picture, are left out"


def saved(kind: str, **how: object) -> bytes:
    stream = io.BytesIO()
    Image.fromarray(makers.picture()).save(stream, kind, **how)
    return stream.getvalue()


def noted(note: bytes, order: str = "<", comment: bytes = b"UNICODE\0") -> bytes:
    """An EXIF block with a maker note that counts from the block's beginning, as Canon's does."""
    text = b"EF24-105mm f/4L IS USM\0\0"

    def directory(at: int, entries: list[tuple[int, int, bytes]]) -> bytes:
        head, behind = struct.pack(order + "H", len(entries)), b""
        end = at + 2 + 12 * len(entries) + 4
        for tag, kind, raw in entries:
            size = {2: 1, 4: 4, 7: 1}[kind]
            value = raw.ljust(4, b"\0")
            if len(raw) > 4:
                value = struct.pack(order + "I", end + len(behind))
                behind += raw + bytes(len(raw) % 2)
            head += struct.pack(order + "HHI", tag, kind, len(raw) // size) + value
        return head + bytes(4) + behind

    mark = {"<": b"II*\0", ">": b"MM\0*"}[order] + struct.pack(order + "I", 8)
    main = [(0x10F, 2, b"Canon\0"), (EXIF_IFD, 4, struct.pack(order + "I", 0))]
    below = 8 + len(directory(8, main))
    main[1] = (EXIF_IFD, 4, struct.pack(order + "I", below))
    place = 0
    for _ in range(2):  # the second time at the place that it has
        inner = directory(place, [(0x95, 2, text)]) + note
        capture = directory(below, [(MAKER_NOTE, 7, inner), (0x9286, 7, comment)])
        place = below + capture.index(inner)
    return mark + directory(8, main) + capture


def pointed_at(block: Exif) -> bytes:
    """The text that the maker note points at."""
    order = "<" if block.block[:2] == b"II" else ">"
    place = block.capture.entries[MAKER_NOTE].place
    (at,) = struct.unpack_from(order + "I", block.block, place + 10)
    return block.block[at : at + 22]


FORMATS = ("jpg", "png", "tif", "webp", "avif", "heic")


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("through", [(a, b) for a in FORMATS for b in ("jpg", "tif")])
def test_a_maker_note_is_found_where_it_points(tmp_path, through, order):
    """Canon counts from the TIFF header; ExifTool and exiv2 read such notes from the file alone."""
    exif = noted(bytes(100), order)
    (tmp_path / "in.jpg").write_bytes(saved("JPEG", exif=b"Exif\0\0" + exif))
    photo = open_photo(tmp_path / "in.jpg")
    assert pointed_at(photo.metadata.exif) == b"EF24-105mm f/4L IS USM"
    for number, suffix in enumerate(through):
        makers.save(tmp_path / f"{number}.{suffix}", photo.pixels, photo)
        photo = open_photo(tmp_path / f"{number}.{suffix}")
        kept = photo.metadata.exif
        assert pointed_at(kept) == b"EF24-105mm f/4L IS USM"
        assert kept.capture.entries[0x9286].kind == 7
        assert kept.capture.raw(0x9286) == b"UNICODE\0"
    if suffix == "tif":
        with tifffile.TiffFile(tmp_path / f"{number}.tif") as file:
            assert file.byteorder == order
            assert file.pages[0].tags[271].value == "Canon"
            np.testing.assert_array_equal(file.asarray().shape, (64, 96, 3))


@pytest.mark.parametrize("order", ["<", ">"])
def test_16_bits_are_whole_in_the_byte_order_of_exif(tmp_path, order):
    codes = makers.deep_picture()
    png = bytes(imagecodecs.png_encode(codes))
    chunk = _chunk(b"eXIf", noted(b"", order))
    (tmp_path / "in.png").write_bytes(png[:33] + chunk + png[33:])
    photo = open_photo(tmp_path / "in.png")
    makers.save(tmp_path / "out.tif", photo.pixels, photo)
    np.testing.assert_array_equal(tifffile.imread(tmp_path / "out.tif"), codes)
    makers.save(tmp_path / "again.tif", photo.pixels, open_photo(tmp_path / "out.tif"))
    np.testing.assert_array_equal(tifffile.imread(tmp_path / "again.tif"), codes)


@pytest.mark.parametrize("suffix", FORMATS)
def test_names_beyond_ascii_come_back_in_every_format(tmp_path, suffix):
    """Whatever the standard says, programs write UTF-8."""
    block = saved_exif(makers.exif())
    block = block.replace(b"Kamera AG\0", "Jörg 山\0".encode())
    (tmp_path / "in.jpg").write_bytes(saved("JPEG", exif=b"Exif\0\0" + block))
    photo = open_photo(tmp_path / "in.jpg")
    makers.save(tmp_path / f"out.{suffix}", photo.pixels, photo)
    assert open_photo(tmp_path / f"out.{suffix}").metadata.exif.main.text(271) == "Jörg 山".encode()


def saved_exif(exif: Image.Exif) -> bytes:
    return exif.tobytes().removeprefix(b"Exif\0\0")


def test_exif_that_a_segment_has_no_room_for_goes_on_in_further_ones(tmp_path):
    """As ExifTool and Pillow put them together."""
    block = noted(np.random.default_rng(0).bytes(150_000))
    png = bytes(imagecodecs.png_encode(makers.picture()))
    photo = decode_photo(png[:33] + _chunk(b"eXIf", block) + png[33:], "in.png")
    makers.save(tmp_path / "out.jpg", photo.pixels, photo)
    assert open_photo(tmp_path / "out.jpg").metadata.exif.block == block
    with Image.open(tmp_path / "out.jpg") as image:
        assert image.info["exif"] == b"Exif\0\0" + block


def test_a_preview_that_is_not_compressed_is_overwritten():
    block = bytearray(saved_exif(makers.exif()))
    order = "<" if block[:2] == b"II" else ">"
    (count,) = struct.unpack_from(order + "H", block, 8)
    struct.pack_into(order + "I", block, 10 + 12 * count, len(block))
    samples = np.random.default_rng(0).bytes(300)
    at = len(block) + 2 + 24 + 4
    block += struct.pack(order + "HHHIIHHIII", 2, 273, 4, 1, at, 279, 4, 1, 300, 0) + samples
    assert samples not in Exif(bytes(block)).upright(1, (96, 64)).block


DENSITIES = {"jpg": (2, 1), "png": (2, 1), "tif": (2.5, 1.5)}


@pytest.mark.parametrize("target", DENSITIES)
@pytest.mark.parametrize("source", DENSITIES)
def test_a_resolution_without_a_unit_is_kept(tmp_path, source, target):
    path = tmp_path / f"in.{source}"
    if source == "jpg":
        data = saved("JPEG")
        path.write_bytes(data[:13] + struct.pack(">BHH", 0, 2, 1) + data[18:])
    elif source == "png":
        data = saved("PNG")
        path.write_bytes(data[:33] + _chunk(b"pHYs", struct.pack(">IIB", 2, 1, 0)) + data[33:])
    else:
        tifffile.imwrite(path, makers.picture(), resolution=(2.5, 1.5), resolutionunit=1)
    photo = open_photo(path)
    assert (photo.metadata.dpi, photo.metadata.aspect) == (None, DENSITIES[source])
    makers.save(tmp_path / f"out.{target}", photo.pixels, photo)
    again = open_photo(tmp_path / f"out.{target}").metadata
    whole = target != "tif"
    expected = tuple(map(round, DENSITIES[source])) if whole else DENSITIES[source]
    assert (again.dpi, again.aspect) == (None, expected)


def test_a_jpeg_that_states_no_resolution_has_a_result_that_states_none(tmp_path):
    (tmp_path / "in.jpg").write_bytes(saved("JPEG", exif=makers.exif()))
    photo = open_photo(tmp_path / "in.jpg")
    assert photo.metadata.dpi is photo.metadata.aspect is None


def test_what_stands_in_front_of_a_heifs_exif_is_not_written_into_a_pngs():
    """ImageMagick copies four bytes of the item into a raw profile (ISO/IEC 23008-12, A.2.1)."""
    block = saved_exif(makers.exif())
    said = b"\nexif\n%8d\n" % (len(block) + 4) + (bytes(4) + block).hex().encode()
    png = bytes(imagecodecs.png_encode(makers.picture()))
    text = _chunk(b"tEXt", b"Raw profile type exif\0" + said)
    assert decode_photo(png[:33] + text + png[33:], "").metadata.exif.block == block


def signed(kind: str) -> bytes:
    """A file with a C2PA manifest, or what stands for one, where the specification puts it."""
    data, manifest = saved(kind), b"\0\0\0\x40jumb\0\0\0\x20jumdc2pa" + bytes(44)
    if kind == "JPEG":
        segment = b"JP\0\1\0\0\0\1" + manifest
        return data[:2] + b"\xff\xeb" + struct.pack(">H", len(segment) + 2) + segment + data[2:]
    if kind == "PNG":
        return data[:33] + _chunk(b"caBX", manifest) + data[33:]
    if kind == "WEBP":
        chunk = b"C2PA" + struct.pack("<I", len(manifest)) + manifest
        return data[:4] + struct.pack("<I", len(data) + len(chunk) - 8) + data[8:] + chunk
    if kind == "TIFF":
        stream = io.BytesIO()
        tag = (52545, 7, len(manifest), manifest, True)
        tifffile.imwrite(stream, makers.picture(), photometric="rgb", extratags=[tag])
        return stream.getvalue()
    uuid = bytes.fromhex("d8fec3d61b0e483c92975828877ec481")
    return data + box(b"uuid", uuid + manifest)


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "TIFF", "AVIF", "HEIF"])
def test_content_credentials_go_with_a_word(tmp_path, kind):
    """C2PA 2.1, annex A; a manifest of the unedited picture would be false of the edited one."""
    data = signed(kind)
    assert b"c2pa" in data
    photo = decode_photo(data, "in.file")
    assert photo.warnings == (SIGNED,)
    for suffix in FORMATS:
        makers.save(tmp_path / f"out.{suffix}", photo.pixels, photo)
        assert b"c2pa" not in (tmp_path / f"out.{suffix}").read_bytes()


@pytest.mark.parametrize("suffix", ["avif", "heic"])
def test_half_a_file_is_damaged(tmp_path, suffix):
    Image.fromarray(makers.picture()).save(tmp_path / f"in.{suffix}")
    data = (tmp_path / f"in.{suffix}").read_bytes()
    with pytest.raises(PhotoError, match="the file is damaged"):
        decode_photo(data[: len(data) // 4], "in.file")


def test_of_two_exif_blocks_in_a_jpeg_the_first_counts():
    """Each in a segment of its own; what goes on in further segments begins with no header."""
    jpegs = []
    for maker, orientation in (("First", 1), ("Second", 6)):
        said, stream = Image.Exif(), io.BytesIO()
        said[271], said[274] = maker, orientation
        Image.fromarray(makers.picture()).save(stream, "JPEG", exif=said)
        jpegs.append(stream.getvalue())
    start, end = (jpegs[1].index(name) for name in (b"\xff\xe1", b"\xff\xdb"))
    at = jpegs[0].index(b"\xff\xdb")
    photo = decode_photo(jpegs[0][:at] + jpegs[1][start:end] + jpegs[0][at:], "in.jpg")
    assert photo.metadata.exif == decode_photo(jpegs[0], "in.jpg").metadata.exif
    assert photo.size == (96, 64)
