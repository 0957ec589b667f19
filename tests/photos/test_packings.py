"""Packings that few programs read are read here, or refused by their names."""

import io
import struct

import imagecodecs
import numpy as np
import pytest
import tifffile
from PIL import Image

from brushctl.errors import PhotoError
from brushctl.photos.photo import decode_photo
from tests.photos import makers

DEEP = makers.deep_picture()
PILLOWS = {
    "1": "L", "L": "L", "P": "RGB", "RGB": "RGB", "YCbCr": "RGB", "CMYK": "CMYK"
}  # fmt: skip
"""Pillow's modes of TIFFs that it writes, and as what they are read."""


def tiff(codes: np.ndarray, packing: str | None, **how: object) -> bytes:
    stream = io.BytesIO()
    settings = {"photometric": "rgb" if codes.ndim == 3 else "minisblack", **how}
    tifffile.imwrite(stream, codes, compression=packing, metadata=None, **settings)
    return stream.getvalue()


def written(data: bytes, tmp_path, suffix: str) -> np.ndarray:
    """The samples of a result, as another program reads them."""
    photo = decode_photo(data, "in.file")
    assert photo.warnings == ()
    makers.save(tmp_path / f"out.{suffix}", photo.pixels, photo)
    if suffix == "tif":
        return tifffile.imread(tmp_path / "out.tif")
    return np.asarray(Image.open(tmp_path / f"out.{suffix}"))


@pytest.mark.parametrize("packing", ["jpegxl", "jpeg2000", "lerc", "png", "zstd", "lzma", "zlib"])
@pytest.mark.parametrize("codes", [makers.picture(), makers.picture()[..., 0], DEEP], ids="abc")
def test_a_tiff_is_read_however_it_is_packed(tmp_path, packing, codes):
    np.testing.assert_array_equal(written(tiff(codes, packing), tmp_path, "tif"), codes)


def test_a_tiff_packed_with_webp_is_read(tmp_path):
    data = tiff(makers.picture(), "webp", compressionargs={"lossless": True})
    np.testing.assert_array_equal(written(data, tmp_path, "tif"), makers.picture())


@pytest.mark.parametrize("packing", [None, "zlib", "lzw"])
@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("codes", [makers.picture(), DEEP], ids=["8", "16"])
def test_a_bigtiff_is_read_in_either_byte_order(tmp_path, packing, order, codes):
    data = tiff(codes, packing, bigtiff=True, byteorder=order)
    np.testing.assert_array_equal(written(data, tmp_path, "tif"), codes)


@pytest.mark.parametrize("packing", [None, "zlib", "lzw"])
@pytest.mark.parametrize("kinds", [(0, 2), (2, 0), (0, 0), (0, 2, 0)])
def test_masks_beside_colours_of_8_bits_leave_them_and_transparency(packing, kinds):
    further = np.full((64, 96, len(kinds)), 50, np.uint8)
    if 2 in kinds:
        further[..., kinds.index(2)] = 100
    codes = np.concatenate([makers.picture(), further], 2)
    photo = decode_photo(tiff(codes, packing, extrasamples=kinds), "in.tif")
    np.testing.assert_array_equal(photo.codes, makers.picture())
    assert (photo.alpha is not None) == (2 in kinds)
    assert photo.alpha is None or np.allclose(photo.alpha, 100 / 255)
    assert "masks" in photo.auxiliary[0]


def test_transparency_beside_colours_of_8_bits_is_read_in_such_packings(tmp_path):
    alpha = np.full((64, 96, 1), 100, np.uint8)
    codes = np.concatenate([makers.picture(), alpha], 2)
    data = tiff(codes, "jpegxl", extrasamples=["unassalpha"])
    np.testing.assert_array_equal(written(data, tmp_path, "tif"), codes)


@pytest.mark.parametrize(
    ("mode", "packing"),
    [
        *((mode, packing) for mode in PILLOWS for packing in ("tiff_lzw", "tiff_adobe_deflate")),
        *((mode, "jpeg") for mode in ("L", "RGB", "YCbCr", "CMYK")),
        *(("1", packing) for packing in ("group3", "group4", "tiff_ccitt")),
    ],
)
def test_every_kind_of_samples_is_read_as_pillow_reads_it(mode, packing):
    stream = io.BytesIO()
    Image.fromarray(makers.picture()).convert(mode).save(stream, "TIFF", compression=packing)
    with Image.open(stream) as image:
        expected = np.asarray(image.convert(PILLOWS[mode]))
    codes = decode_photo(stream.getvalue(), "in.tif").codes
    np.testing.assert_array_equal(codes.squeeze(), expected)


def test_a_jpeg_of_the_first_kind_is_read():
    stream = io.BytesIO()
    Image.fromarray(makers.picture()).save(stream, "JPEG", quality=95, subsampling=0)
    jpeg = stream.getvalue()
    behind = 8 + 2 + 12 * 12 + 4  # the header, and a directory of 12 tags
    tags = [
        *((256, 96), (257, 64), (258, behind, 3), (259, 6), (262, 6), (273, behind + 6)),
        *((277, 3), (278, 64), (279, len(jpeg)), (513, behind + 6), (514, len(jpeg))),
        (530, 0x10001, 2),  # no subsampling
    ]
    entries = (
        struct.pack("<HHII", tag, 3 if count or value < 99 else 4, *(count or [1]), value)
        for tag, value, *count in tags
    )
    head = b"II*\0" + struct.pack("<IH", 8, len(tags)) + b"".join(entries) + bytes(4)
    codes = decode_photo(head + struct.pack("<3H", 8, 8, 8) + jpeg, "in.tif").codes
    with Image.open(stream) as image:
        np.testing.assert_allclose(codes.astype(int), np.asarray(image), atol=1)


@pytest.mark.parametrize("tile", [None, (32, 48)])
def test_a_tiff_whose_jpeg_is_cut_short_is_damaged(tile):
    how = {"tile": tile, "compressionargs": {"level": 90}}
    data = tiff(makers.picture(), "jpeg", **how)
    assert decode_photo(data, "in.tif").codes.shape == (64, 96, 3)
    end = data.rindex(b"\xff\xd9")
    with pytest.raises(PhotoError, match="its samples are cut short"):
        decode_photo(data[:end] + bytes(2) + data[end + 2 :], "in.tif")


@pytest.mark.parametrize("bits", [2, 4])
@pytest.mark.parametrize("model", [0, 1, 3], ids=["white is 0", "grey", "palette"])
def test_samples_of_fewer_than_8_bits_are_read(bits, model):
    codes = makers.picture()[..., 0] >> (8 - bits)
    each = np.unpackbits(codes[..., None], axis=2)[..., -bits:]
    packed = np.packbits(each.reshape(64, -1), axis=1)
    colours = np.random.default_rng(0).integers(0, 65536, (3, 2**bits)).astype(np.uint16)
    data = tiff(packed, "lzw", extratags=[(320, 3, colours.size, colours)])
    width = struct.pack("<HHI", 256, 4, 1)
    for head, before, after in (
        (width, struct.pack("<I", 96 * bits // 8), struct.pack("<I", 96)),
        (struct.pack("<HHI", 258, 3, 1), b"\x08", bytes([bits])),
        (struct.pack("<HHI", 262, 3, 1), b"\x01", bytes([model])),
    ):
        assert head + before in data
        data = data.replace(head + before, head + after)
    grey = codes * np.uint8(255 // (2**bits - 1))
    expected = {0: 255 - grey, 1: grey, 3: (colours >> 8).T[codes]}[model]
    np.testing.assert_array_equal(decode_photo(data, "in.tif").codes.squeeze(), expected)


def test_a_packing_that_is_not_read_is_refused_by_its_number():
    packed = b"\x03\1\3\0\1\0\0\0"  # tag 259, one number
    data = tiff(makers.picture(), "zlib").replace(packed + b"\x08\0", packed + b"\x07\xf0")
    with pytest.raises(PhotoError, match=r"packed in a way that is not read \(compression 61447\)"):
        decode_photo(data, "in.tif")


@pytest.mark.parametrize("packing", [33003, 33004])
def test_jpeg_2000_that_may_hold_other_colours_than_it_says_is_refused(packing):
    """Libvips 8.14 writes YCbCr and says RGB, Bio-Formats RGB."""
    packed = struct.pack("<HHIHH", 259, 3, 1, 34712, 0)
    for codes in (makers.picture(), makers.picture()[..., 0]):
        data = tiff(codes, "jpeg2000")
        assert packed in data
        data = data.replace(packed, struct.pack("<HHIHH", 259, 3, 1, packing, 0))
        if codes.ndim == 2:
            np.testing.assert_array_equal(decode_photo(data, "in.tif").codes[..., 0], codes)
            continue
        with pytest.raises(PhotoError, match="does not tell whether it holds RGB"):
            decode_photo(data, "in.tif")


def test_a_lossless_jpeg_is_read_and_written(tmp_path):
    data = imagecodecs.jpeg8_encode(makers.picture(), lossless=True)
    result = written(bytes(data), tmp_path, "jpg")
    assert np.abs(result.astype(int) - makers.picture()).mean() < 2


@pytest.mark.parametrize("how", [{"level": 98}, {"lossless": True}], ids=["lossy", "lossless"])
@pytest.mark.parametrize("bits", [12, 16])
@pytest.mark.parametrize("channels", [1, 3])
def test_a_jpeg_of_more_than_8_bits_keeps_them_where_a_format_can(tmp_path, bits, channels, how):
    if bits == 16 and "lossless" not in how:
        return  # there are none
    smooth = np.linspace(0, 2**bits - 1, 96 * 64).reshape(64, 96).astype(np.uint16)
    codes = np.stack([smooth] * channels, -1) if channels > 1 else smooth
    data = bytes(imagecodecs.jpeg8_encode(codes, bitspersample=bits, **how))
    photo = decode_photo(data, "in.jpg")
    assert photo.depth == 16
    assert written(data, tmp_path, "jpg").dtype == np.uint8
    result = written(data, tmp_path, "tif").astype(float)
    expected = codes * (65535 / (2**bits - 1))
    assert np.abs(result - expected).max() <= (1 if "lossless" in how else 400)


@pytest.mark.parametrize("orientation", range(2, 9))
@pytest.mark.parametrize(("mode", "packing"), [("L", "jpeg"), ("YCbCr", "jpeg"), ("P", "tiff_lzw"),
                                               ("YCbCr", "tiff_lzw"), ("RGB", "raw")])  # fmt: skip
def test_a_packed_tiff_is_turned_once(mode, packing, orientation):
    stream = io.BytesIO()
    image = Image.fromarray(makers.picture()).convert(mode)
    image.save(stream, "TIFF", compression=packing, tiffinfo={274: orientation})
    with Image.open(stream) as opened:
        opened.load()  # which turns it
        expected = np.asarray(opened.convert(PILLOWS[mode]))
    codes = decode_photo(stream.getvalue(), "in.tif").codes
    np.testing.assert_array_equal(codes.squeeze(), expected)
